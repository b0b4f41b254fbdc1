"""Answers in the shape that a block describes: records put where the runtime looks for them."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from tieline.connectors.conformance.samples import Schemas, resolve, sample, type_of
from tieline.connectors.manifest.model import Block, ErrorRule, Manifest, ObjectType
from tieline.connectors.manifest.paths import MISSING, Step, get, parse


def place(body: Any, steps: tuple[Step, ...], value: Any) -> Any:
    """``body`` with ``value`` at a path; objects and lists on the way are made. Gives the new body."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if step is None:
        if not rest:
            return value if isinstance(value, list) else [value]
        entries = value if isinstance(value, list) else [value]
        return [place(None, rest, entry) for entry in entries]
    if isinstance(step, int):
        entries = list(body) if isinstance(body, list) else []
        if step >= len(entries) or (step < 0 and not entries):
            entries.append(None)
            step = -1 if step < 0 else len(entries) - 1
        entries[step] = place(entries[step], rest, value)
        return entries
    holder = dict(body) if isinstance(body, dict) else {}
    holder[step] = place(holder.get(step), rest, value)
    return holder


def put(body: Any, path: str, value: Any) -> Any:
    """As `place`, by a ``$``-path. A name like ``@odata.nextLink`` is one member, as the runtime reads it."""
    steps = parse(path)
    for at, step in enumerate(steps):
        if isinstance(step, str) and step.startswith("@") and all(isinstance(one, str) for one in steps[at:]):
            steps = (*steps[:at], ".".join(map(str, steps[at:])))
            break
    return place(body, steps, value)


def listing(block: Block, records: list[Any], *, with_members: bool) -> Any:
    """The body of one page. ``with_members``: something else of the answer stands beside the list."""
    entries = [put(None, block.item_path, one) for one in records] if block.item_path not in ("", "$") else records
    if not block.records:
        return {"data": entries} if with_members else entries
    return put({}, block.records, entries) if parse(block.records) else entries


def single(block: Block, record: Any) -> Any:
    """The body of an answer with one record, or with none."""
    return put(None, block.records, record) if block.records else record


def object_of(block: Block, manifest: Manifest) -> ObjectType | None:
    """The object type that a block is about."""
    return next((one for one in manifest.objects if one.name == block.object), None)


def record_schema(block: Block, manifest: Manifest) -> dict[str, Any]:
    """What a block's record looks like: its own output, else the object's schema."""
    if block.output:
        return resolve(block.output, manifest.schemas)
    known = object_of(block, manifest)
    return resolve(known.schema, manifest.schemas) if known is not None else {}


def records_of(block: Block, manifest: Manifest, count: int, key: str = "") -> list[Any]:
    """``count`` records that differ in their primary key, or in ``key`` where that is what tells them apart."""
    schema = record_schema(block, manifest)
    kind = type_of(schema)
    if kind in ("string", "integer", "number", "boolean"):
        return [f"r{at:06}" if kind == "string" else at + 1 for at in range(count)]
    if kind == "array":
        return [[f"r{at:06}"] for at in range(count)]
    template = sample(schema, manifest.schemas)
    if not isinstance(template, dict):
        template = {}
    template = _harmless(template, block, manifest)
    known = object_of(block, manifest)
    names = list(known.primary_key) if known is not None else []
    names = [name for name in names if "." not in name and not name.startswith("$")] or ["id"]
    if block.transport == "soap":
        # An envelope has no place for what its type does not declare.
        names = [name for name in names if name in template] or [
            name for name, value in template.items() if value == "text"
        ][:1]
    made = [
        {**template, **{name: _marked(schema, manifest.schemas, template, name, at) for name in names}}
        for at in range(count)
    ]
    if key and key not in names:
        made = [put(one, key, _ordered(get(one, key), at)) for at, one in enumerate(made)]
    elif key:
        made = [{**one, key: _ordered(one[key], at)} for at, one in enumerate(made)]
    return made


def _marked(schema: dict[str, Any], schemas: Schemas, template: dict[str, Any], name: str, at: int) -> Any:
    declared = type_of(resolve((schema.get("properties") or {}).get(name), schemas))
    if declared in ("integer", "number") or (not declared and isinstance(template.get(name), int)):
        return 1001 + at
    return f"r{at:06}"


def _ordered(old: Any, at: int) -> Any:
    """A key that grows with its position, of the type that stood there."""
    if isinstance(old, bool) or old is MISSING or old is None or isinstance(old, str):
        if isinstance(old, str) and len(old) >= 20 and old[4:5] == "-" and "T" in old:
            return f"2024-03-04T{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}Z"
        return f"r{at:06}"
    return 1001 + at


def _harmless(body: dict[str, Any], block: Block, manifest: Manifest) -> dict[str, Any]:
    """The record without members by which an error rule would take a good answer for an error."""
    if block.records not in ("", "$") or block.iterable:
        return body
    cleaned: dict[str, Any] = clean(body, (*block.errors, *manifest.errors))
    return cleaned


def clean(body: Any, rules: tuple[ErrorRule, ...]) -> Any:
    """A body to which no rule about status 200 applies."""
    for rule in rules:
        if not rule.path or (rule.status and 200 not in rule.status) or not isinstance(body, dict):
            continue
        found = get(body, rule.path)
        if found is MISSING:
            continue
        if rule.equals is UNSET:
            body = without(body, parse(rule.path))
        elif found == rule.equals:
            body = put(body, rule.path, not found if isinstance(found, bool) else None)
    return body


def without(body: Any, steps: tuple[Step, ...]) -> Any:
    """``body`` without the member at a path."""
    if not steps or not isinstance(body, dict) or steps[0] not in body:
        return body
    if len(steps) == 1:
        return {name: value for name, value in body.items() if name != steps[0]}
    name = str(steps[0])
    return {**body, name: without(body[name], steps[1:])}
