"""What can be refused about automations, beside what `tieline.automations.library.errors` names."""

from __future__ import annotations

from tieline.core.errors import BadInput


class InvalidUsageQuery(BadInput):
    """A usage request that names no metric or day that there is."""

    code = "invalid-usage-query"
    title = "Invalid usage query"
