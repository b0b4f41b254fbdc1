"""Updates whose body is only "an object": the fields that the same thing takes elsewhere.

Many documents describe a PATCH as a merge patch (RFC 7396) of anything. What may be in it is what a PUT of the same
record or the POST that makes one takes.
"""

from __future__ import annotations

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.description import Body
from tieline.connectors.manifest.model import Fact


def borrow_bodies(cases: list[Case], shapes: Shapes) -> None:
    """Give each update with an empty body schema the body of its PUT, else of its create; none of it is required."""
    replacing: dict[str, Body] = {}
    making: dict[str, Body] = {}
    for case in cases:
        body = case.op.body
        if body is None or "json" not in body.media or not shapes.members(body.schema):
            continue
        if case.op.method == "PUT":
            replacing.setdefault(case.op.path, body)
        elif case.kind == "create":
            making.setdefault(case.route.collection, body)
    for case in cases:
        body = case.op.body
        if case.kind != "update" or body is None or "json" not in body.media or "json-patch" in body.media:
            continue
        if shapes.members(body.schema) or shapes.types(body.schema) - {"object"}:
            continue
        donor = replacing.get(case.op.path) or making.get(case.route.collection)
        if donor is not None:
            case.donor = donor
            note = "the update's own body is not described; these are the fields of the same record elsewhere"
            case.facts["inputs"] = Fact(evidence=[donor.pointer], confidence=0.65, note=note)
