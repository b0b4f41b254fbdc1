"""What changed between two OpenAPI documents, and for whom that matters: pure functions over documents.

A **surface** is what programs rely on, without words and examples: operations, parameters, bodies and answers with
their fields. It is what two versions are compared by, and small enough to be kept under version control.
"""

from tieline.api.published.changes.compare import Change, compare
from tieline.api.published.changes.report import line, markdown, summary
from tieline.api.published.changes.surface import Surface, is_surface, surface, written
from tieline.api.published.changes.types import BREAKING, COMPATIBLE, DOCUMENTATION

__all__ = [
    "BREAKING",
    "COMPATIBLE",
    "DOCUMENTATION",
    "Change",
    "Surface",
    "compare",
    "is_surface",
    "line",
    "markdown",
    "summary",
    "surface",
    "written",
]
