"""Parameters that ask for what is new or changed since a moment."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tieline.connectors.importers.classify import fields
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.incremental_sort import by_sort
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain, split
from tieline.connectors.importers.description import Param
from tieline.connectors.importers.values import escape
from tieline.connectors.manifest.model import Fact, Incremental

_CHANGED = (
    r"(?:updated?|modified|modification|modify|changed?|edited|mod|upd|touched"
    r"|last(?:mod|modified|update|updated|change|changed|edit|edited))"
)
_MADE = r"(?:created?|creation|inserted|added)"
# Possessive (*+): "datetime" is one word or two, and no name may make a match try all the ways to split it.
_PLACE = r"(?:_?(?:at|on|datetime|date|timestamp|time|utc))*+"
_LOWER = (
    r"(?:since|after|from|gte?|ge|min|start|begin|newer|greater(?:_than)?(?:_or_equal(?:_to)?)?|later(?:_than)?"
    r"|lower_bound)"
)
_AFTER_NAME = r"(?:_?(?:datetime|date|timestamp|time|utc|at|than|or_equal))*+"
_SINCE_CHANGED = re.compile(
    rf"(?:(?:filter|filters|where|query|params|date|last|is|if|min|start|from|since|time)_)*"
    rf"{_CHANGED}{_PLACE}_{_LOWER}{_AFTER_NAME}"
    rf"|(?:filter_)?{_LOWER}_(?:last_)?{_CHANGED}{_PLACE}"
    rf"|(?:last_)?(?:update|modified|change|edit)_?(?:since|after|from)|{_CHANGED}_?since"
)
_SINCE_MADE = re.compile(
    rf"(?:(?:filter|filters|where|query|params|date|time)_)*{_MADE}{_PLACE}_{_LOWER}{_AFTER_NAME}"
    rf"|(?:filter_)?{_LOWER}_{_MADE}{_PLACE}"
)
_BARE = frozenset("since sincedate sincetime sincetimestamp datesince changessince newerthan modifiedsince".split())
_SAYS_CHANGED = re.compile(
    r"\b(?:updated?|modified|changed|edited|modification|last[- ]?(?:update|change|modified))\b[^.]{0,60}\b(?:after"
    r"|since|later|from|on or after|newer|at or after|greater)\b"
    r"|\b(?:after|since|newer than)\b[^.]{0,60}\b(?:updated?|modified|changed|modification)\b|\bmodified since\b",
    re.IGNORECASE,
)
_SAYS_MADE = re.compile(
    r"\b(?:created|added|creation)\b[^.]{0,60}\b(?:after|since|later|from|on or after|newer|greater)\b|\b(?:after"
    r"|since)\b[^.]{0,60}\b(?:created|creation)\b",
    re.IGNORECASE,
)
_MILLISECONDS = re.compile(r"\bmilli-?seconds?\b|\bin ms\b|\bepoch ms\b|unix ?ms", re.IGNORECASE)
_SECONDS = re.compile(r"\bunix\b|\bepoch\b|\bseconds since\b|\btimestamp in seconds\b", re.IGNORECASE)
_DATE = re.compile(r"\bYYYY-MM-DD\b(?![T ]?HH)|\bdate only\b|\bYYYY/MM/DD\b", re.IGNORECASE)
_EXCLUSIVE = re.compile(r"(?:^|_)(?:gt|after|newer|greater|later)(?:_than)?$")


class Since(NamedTuple):
    """A parameter and what it compares."""

    param: Param
    name: str
    wire: str
    location: str
    made: bool  # compares with the moment of creation
    confidence: float
    schema: dict[str, Any]
    said: str


def detect(case: Case, shapes: Shapes) -> Incremental | None:
    """The incremental configuration of a list operation, None where it has no such parameter."""
    if case.op.transport == "graphql":
        return None
    found = [since for since in _candidates(case, shapes) if since is not None]
    if not found:
        return by_sort(case, shapes)
    changed = [one for one in found if not one.made]
    since = max(changed or found, key=lambda one: one.confidence)
    members = shapes.members(case.found.item) if case.found is not None else {}
    updated, created = fields.updated(shapes, members), fields.created(shapes, members)
    field = _compared(since, members) or (created.name if since.made else updated.name)
    filtered = "" if field else _filtered(case, shapes, since)
    shown = field or filtered or ("created_at" if since.made else "updated_at")
    incremental = Incremental(
        by="param",
        param=since.name,
        location=since.location,  # type: ignore[arg-type]
        format=_format(since, shapes),
        field=shown,
        created_field=created.name if created.name != shown and not since.made else "",
        inclusive=not _EXCLUSIVE.search("_".join(split(since.wire))),
    )
    evidence = [since.param.pointer]
    incremental.facts["param"] = Fact(evidence=evidence, confidence=since.confidence)
    incremental.facts["format"] = Fact(evidence=evidence, confidence=0.85 if _said_format(since, shapes) else 0.6)
    note = "" if field else "the record's schema does not show which field is compared"
    place = [case.schema_pointer] if field else [case.op.pointer] if filtered else []
    incremental.facts["field"] = Fact(evidence=place, confidence=0.9 if field else 0.7 if filtered else 0.3, note=note)
    _sorted(case, incremental, shapes)
    return incremental


def _filtered(case: Case, shapes: Shapes, since: Since) -> str:
    """A field that the list can be filtered by, where the records' schema is silent: it is one of the records'."""
    offered = {one.name: one.schema for one in case.op.params if one.location == "query" and one is not since.param}
    return (fields.created if since.made else fields.updated)(shapes, offered).name


def _candidates(case: Case, shapes: Shapes) -> list[Since | None]:
    found: list[Since | None] = []
    for param in case.op.params:
        if param.location not in ("query", "header"):
            continue
        found.append(_judge(param, param.name, param.name, param.location, param.schema, param.description, shapes))
        if param.location == "query" and shapes.is_object(param.schema):
            # Stripe: created = {gt, gte, lt, lte} as one object parameter.
            for inner, one in list(shapes.members(param.schema).items())[:12]:
                wire = f"{param.name}[{inner}]"
                found.append(_judge(param, wire, wire, "query", shapes.resolve(one), shapes.said(one), shapes))
    body = case.op.body
    if body is not None and case.op.method in ("POST", "QUERY"):
        for name, one in shapes.members(body.schema).items():
            at = Param(name, "query", shapes.resolve(one), description=shapes.said(one), pointer=body.pointer)
            found.append(_judge(at, "/" + escape(name), name, "body", at.schema, at.description, shapes))
    return found


def _judge(
    param: Param, name: str, wire: str, location: str, schema: dict[str, Any], said: str, shapes: Shapes
) -> Since | None:
    said = (said or shapes.said(schema))[:600]
    words = [word for word in split(wire) if word not in ("x", "ms", "param")]
    joined, word = "_".join(words), plain(wire)
    types = shapes.types(schema)
    if (types and not types & {"string", "integer", "number"}) or "enum" in schema:
        return None
    if location == "header" and word != "ifmodifiedsince" and "since" not in word:
        return None
    if (
        word in ("unmodifiedsince", "ifunmodifiedsince")
        or "until" in words
        or "before" in words
        or "unmodified" in words
    ):
        return None
    if word == "ifmodifiedsince":
        return Since(param, name, wire, location, False, 0.85, schema, said)
    if _SINCE_CHANGED.fullmatch(joined):
        return Since(param, name, wire, location, False, 0.95, schema, said)
    if _SINCE_MADE.fullmatch(joined):
        return Since(param, name, wire, location, True, 0.9, schema, said)
    if word in _BARE and (not _identifier(said) or shapes.is_time(schema)):
        made = bool(_SAYS_MADE.search(said)) and not _SAYS_CHANGED.search(said)
        return Since(
            param,
            name,
            wire,
            location,
            made,
            0.85 if _SAYS_CHANGED.search(said) or shapes.is_time(schema) else 0.7,
            schema,
            said,
        )
    lower = (bool(words) and words[-1] in ("since", "after", "from", "start", "gt", "gte", "min", "begin")) or words[
        :1
    ] in (["from"], ["since"], ["after"], ["start"], ["min"])
    timed = shapes.is_time(schema) or bool(re.search(r"date|time", joined))
    if lower and timed and _SAYS_CHANGED.search(said):
        return Since(param, name, wire, location, False, 0.8, schema, said)
    if lower and timed and _SAYS_MADE.search(said):
        return Since(param, name, wire, location, True, 0.75, schema, said)
    return None


def _identifier(said: str) -> bool:
    """``since`` may also be the id of the last record seen."""
    return bool(re.search(r"\b(?:id|identifier|cursor|sequence|token)\b", said, re.IGNORECASE)) and not re.search(
        r"\b(?:time|date|timestamp|ISO)\b", said, re.IGNORECASE
    )


def _compared(since: Since, members: dict[str, Any]) -> str:
    """The field whose name the parameter carries: ``updated_at[gte]`` and ``updated_since`` with ``updated_at``."""
    stems = set(split(since.wire))
    best = ""
    for name in members:
        words = split(name)
        if stems.issuperset(words) and len(words) > len(split(best)):
            best = name
    if best and split(best)[0] in ("date", "time", "id", "start", "from", "filter", "type"):
        return ""
    return best


def _said_format(since: Since, shapes: Shapes) -> str:
    schema, said = since.schema, since.said + " " + str(since.schema.get("description", ""))[:300]
    if schema.get("format") in ("date-time", "datetime"):
        return "iso"
    if schema.get("format") == "date":
        return "date"
    numeric = bool(shapes.types(schema) & {"integer", "number"})
    digits = (
        isinstance(schema.get("pattern"), str) and re.match(r"\^?\(?(?:\[0-9\]|\\d)", schema["pattern"]) is not None
    )
    example = since.param.example if since.param.example is not None else schema.get("example")
    if plain(since.wire) == "ifmodifiedsince":
        return "%a, %d %b %Y %H:%M:%S GMT"
    if numeric or (
        digits and "T" not in schema["pattern"] and "-" not in schema["pattern"].replace("[0-9]", "").replace("0-9", "")
    ):
        large = isinstance(example, int) and example > 10**11
        return "unix_ms" if large or _MILLISECONDS.search(said) else "unix"
    if _MILLISECONDS.search(said) and not re.search(r"ISO|RFC|YYYY", said):
        return "unix_ms"
    if re.search(r"ISO[ -]?8601|RFC[ -]?3339|date-?time|YYYY-MM-DD(?:T| ?HH)", said, re.IGNORECASE):
        return "iso"
    if _SECONDS.search(said):
        return "unix"
    if _DATE.search(said):
        return "date"
    if isinstance(example, str):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", example):
            return "date"
        if re.match(r"\d{4}-\d\d-\d\dT", example):
            return "iso"
        if re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", example):
            return "%Y-%m-%d %H:%M:%S"
    return ""


def _format(since: Since, shapes: Shapes) -> str:
    return _said_format(since, shapes) or "iso"


def _sorted(case: Case, incremental: Incremental, shapes: Shapes) -> None:
    """Oldest change first, where the API offers exactly that: a sync that breaks off then loses nothing."""
    for param in case.op.params:
        if param.location != "query" or plain(param.name) not in ("sort", "orderby", "order", "sortby", "ordering"):
            continue
        choices = [one for one in shapes.resolve(param.schema).get("enum") or [] if isinstance(one, str)]
        wanted = plain(incremental.field)
        for choice in choices:
            if plain(choice) in (wanted, wanted + "asc", "asc" + wanted) and not choice.startswith("-"):
                incremental.sort_param, incremental.sort_value = param.name, choice
                incremental.facts["sort_param"] = Fact(evidence=[param.pointer], confidence=0.8)
                return
