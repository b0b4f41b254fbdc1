"""Verticals: canonical models of a trade, and what an API has of them."""

from __future__ import annotations

from tieline.connectors.verticals.conformance import Report, check
from tieline.connectors.verticals.mapping import Mapping, mapping_of
from tieline.connectors.verticals.model import Vertical, verticals

__all__ = ["Mapping", "Report", "Vertical", "check", "mapping_of", "verticals"]
