"""What the other operations of a document say about one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.manifest.model import BlockKind


class Verdict(NamedTuple):
    """A kind, how sure it is (0..1), and why."""

    kind: BlockKind
    confidence: float
    why: str


@dataclass(slots=True)
class Surroundings:
    """Methods by path, and what the lists of each collection hold."""

    methods: dict[str, set[str]] = field(default_factory=dict)
    collections: Counter[str] = field(default_factory=Counter)  # collection -> number of operations
    listed: dict[str, str] = field(default_factory=dict)  # collection -> name of the schema of its records

    @classmethod
    def of(cls, cases: Iterable[Case], shapes: Shapes) -> Surroundings:
        """Read them off all operations, once their lists were looked for."""
        around = cls()
        for case in cases:
            around.methods.setdefault(case.op.path, set()).add(case.op.method)
            around.collections[case.route.collection] += 1
            if case.op.method == "GET" and case.found is not None and not case.route.ends_in_value:
                around.listed.setdefault(case.route.collection, shapes.references.name(case.found.item))
        return around

    def also(self, case: Case, method: str) -> bool:
        """True where the same path offers another method."""
        return method in self.methods.get(case.op.path, ())

    def alone(self, case: Case) -> bool:
        """True where the document has other operations and none of them is about the same collection."""
        return sum(self.collections.values()) > 1 and self.collections[case.route.collection] <= 1

    def lists_the_same(self, case: Case, shapes: Shapes) -> bool:
        """True for ``/countries/{id}`` if ``/countries`` lists records of the very same schema."""
        name = shapes.references.name(case.found.item) if case.found is not None else ""
        return bool(name) and self.listed.get(case.route.collection) == name
