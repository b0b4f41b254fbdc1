"""Authenticated instances of connectors: what a tenant has entered, sealed, and the state that its processes share."""

from tieline.connectors.connections.budget import DatabaseBudget
from tieline.connectors.connections.service import Connections
from tieline.connectors.connections.tokens import DatabaseTokens

__all__ = ["Connections", "DatabaseBudget", "DatabaseTokens"]
