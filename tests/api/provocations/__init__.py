"""Error statuses that need something of their own to be brought about, and those that nothing here brings about."""

from __future__ import annotations

from tests.api.provocations import automations, connectors, partners, people, sign_on
from tests.api.provocations.common import OUT_OF_REACH, SPECIAL, out_of_reach
from tests.api.provocations.connectors import least_document
from tests.api.provocations.furnishing import furnish

__all__ = ["FAMILIES", "OUT_OF_REACH", "SPECIAL", "furnish", "least_document", "out_of_reach"]

FAMILIES = (automations, connectors, partners, people, sign_on)
"""Each registers what it knows."""
