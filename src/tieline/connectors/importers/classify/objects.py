"""The things that an API keeps, and which operation is about which."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tieline.connectors.importers.classify import fields, verbs
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import singular_name, snake, title
from tieline.connectors.manifest.model import Fact, ObjectType

_FALLBACK = "record"


def name_cases(cases: list[Case], shapes: Shapes) -> None:
    """Fill in ``object`` and ``parent`` of every case; two things of one name get the word before it."""
    for case in cases:
        nouns = case.route.nouns
        if nouns:
            case.object = nouns[-1][0]
            owner = next((noun for noun, valued in reversed(nouns[:-1]) if valued), "")
            case.parent = owner if owner != case.object else ""
        else:
            case.object = _named_elsewhere(case)
    _tell_apart(cases, shapes)


def _named_elsewhere(case: Case) -> str:
    words = [word for word in case.words if verbs.of_word(word) is None or verbs.is_noun(word)]
    cut = next((index for index, word in enumerate(words) if word in ("by", "for", "of", "with", "in")), len(words))
    if words[:cut]:
        return singular_name("_".join(words[:cut]))
    return singular_name(case.op.tags[0]) if case.op.tags and snake(case.op.tags[0]) else _FALLBACK


def _tell_apart(cases: list[Case], shapes: Shapes) -> None:
    """``/telephony/contacts`` and ``/crm/contacts`` are two things if their schemas differ."""
    by_name: dict[str, dict[str, list[Case]]] = {}
    for case in cases:
        if len(case.route.nouns) > 1:
            before = case.route.nouns[-2]
            qualifier = before[0] if not before[1] else ""
        else:
            qualifier = ""
        by_name.setdefault(case.object, {}).setdefault(qualifier, []).append(case)
    taken = set(by_name)
    for name, groups in by_name.items():
        if len(groups) < 2:
            continue
        shown = {
            qualifier: {ref for case in group if (ref := _shown(case, shapes))} for qualifier, group in groups.items()
        }
        times = Counter(ref for refs in shown.values() for ref in refs)
        for qualifier, group in groups.items():
            own = shown[qualifier]
            shared = any(times[ref] > 1 for ref in own)
            if not qualifier or not own or shared or len(own) == len(times):
                continue
            full = f"{qualifier}_{name}"
            if full in taken and full not in by_name:
                continue
            for case in group:
                case.object = full


def _shown(case: Case, shapes: Shapes) -> str:
    """The name of the shared schema that an operation brings back."""
    node = case.found.item if case.found is not None else case.schema
    return shapes.references.name(node) if node is not None else ""


def collect(cases: list[Case], shapes: Shapes) -> list[ObjectType]:
    """One object type a name, with what its readers tell about keys and moments."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.object, []).append(case)
    found: list[ObjectType] = []
    for name, group in groups.items():
        record, at = _record(group)
        if record is None and not any(
            case.kind in ("list", "get", "create", "update", "delete", "search") for case in group
        ):
            continue
        found.append(_object(name, group, record, at, shapes))
    return found


def _record(group: list[Case]) -> tuple[Any, str]:
    """The schema of a record: what one is read as, else what lists and creates bring."""
    for kinds in (
        ("get",),
        ("list", "search", "webhook_list", "incremental"),
        ("get_by",),
        ("create", "update", "webhook_add"),
    ):
        best: Case | None = None
        for case in group:
            if case.kind in kinds and case.found is not None and case.found.item not in (None, {}):
                if kinds == ("get",) and not case.route.ends_in_value and best is not None:
                    continue
                if best is None or len(case.route.path) < len(best.route.path):
                    best = case
        if best is not None and best.found is not None:
            return best.found.item, best.schema_pointer
    return None, ""


def _object(name: str, group: list[Case], record: Any, at: str, shapes: Shapes) -> ObjectType:
    members = shapes.members(record) if record is not None else {}
    keyed = [
        case
        for case in group
        if case.kind in ("get", "update", "delete", "webhook_remove") and case.route.ends_in_value
    ]
    keyed.sort(key=lambda case: (case.kind != "get", len(case.route.path)))
    params = [case.route.tail.params[-1] for case in keyed if case.route.tail and case.route.tail.params]
    one = ObjectType(name=name, label=title(name))
    key, sure = fields.primary_key(shapes, members, name, params)
    if key:
        one.primary_key = key
        one.facts["primary_key"] = Fact(
            evidence=[keyed[0].op.pointer] if keyed and sure >= 0.95 else [at], confidence=sure
        )
    created, updated = fields.created(shapes, members), fields.updated(shapes, members)
    if created.name:
        one.created_field = created.name
        one.facts["created_field"] = Fact(evidence=[at], confidence=created.confidence)
    if updated.name:
        one.updated_field = updated.name
        one.facts["updated_field"] = Fact(evidence=[at], confidence=updated.confidence)
    parents = {case.parent for case in group}
    if len(parents) == 1 and (parent := parents.pop()):
        one.parent = parent
        one.facts["parent"] = Fact(evidence=[group[0].op.pointer], confidence=0.85)
    if record is not None:
        one.schema = record
        one.facts["schema"] = Fact(evidence=[at], confidence=0.95)
    return one
