"""Asking a live account what the documentation left open; read-only unless told otherwise."""

from __future__ import annotations

from tieline.connectors.probe.run import Outcome, probe
from tieline.connectors.probe.told import Finding

__all__ = ["Finding", "Outcome", "probe"]
