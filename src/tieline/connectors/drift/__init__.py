"""Documents change: what that means for the connectors made of them, and who should know."""

from tieline.connectors.drift.changes import Change, Diff, Level
from tieline.connectors.drift.compare import compare
from tieline.connectors.drift.newer import against, read_state

__all__ = ["Change", "Diff", "Level", "against", "compare", "read_state"]
