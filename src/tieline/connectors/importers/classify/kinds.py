"""What an operation does to the things it is about: list, get, create, update, delete, search, or an action.

The rules stand in the order in which they are asked; the first one that answers decides.
"""

from __future__ import annotations

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.kinds_reading import reading
from tieline.connectors.importers.classify.kinds_writing import changing, posting
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.surroundings import Surroundings, Verdict

_READING = ("GET", "HEAD", "QUERY")


def decide(case: Case, shapes: Shapes, around: Surroundings) -> Verdict:
    """The kind of one operation, how sure it is, and why."""
    method = case.op.method
    if method in _READING:
        return reading(case, shapes, around)
    if method == "POST":
        return posting(case, around)
    if method == "DELETE":
        return Verdict("delete", 0.97, "DELETE")
    if method in ("PUT", "PATCH"):
        return changing(case)
    return Verdict("action", 0.5, f"the method {method}")
