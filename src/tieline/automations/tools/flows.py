"""Automations as tools: what they ask for, and how an agent's arguments become the inputs of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from tieline.automations.blocks.form import Field
from tieline.automations.engine.registry import lookup
from tieline.automations.library.versions import live
from tieline.automations.runs.forms import Form, forms_of, kept_answers, problems
from tieline.automations.tools import names
from tieline.automations.tools.schemas import Schema
from tieline.automations.workspace import document as reading
from tieline.core import json
from tieline.core.errors import TielineError
from tieline.storage.documents import workspace_of
from tieline.storage.unit import Unit

LONGEST_TEXT: Final = 300
MOST_FIELDS: Final = 100
KEPT: Final = 512

# A version never changes, and a list of tools asks for many.
_kept: dict[tuple[UUID, UUID, int, str], Schema | None] = {}


async def schema_of(unit: Unit, automation: Mapping[str, Any]) -> Schema | None:
    """What the automation asks for; None where it cannot be a tool: it is run by hand and asks nothing, or is started
    by a schedule or a webhook.
    """
    assert unit.tenant_id is not None
    if automation["run_mode"] not in ("triggered", "manual"):
        return None
    key = (unit.tenant_id, automation["id"], live(automation), automation["run_mode"])
    if key not in _kept:
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[key] = await _read(unit, automation)
    return _kept[key]


async def _read(unit: Unit, automation: Mapping[str, Any]) -> Schema | None:
    _, forms = await forms_of(unit, automation)
    fields = _fields(forms)
    if fields:
        named = names.arguments(fields)
        schema: Schema = {
            "type": "object",
            "properties": {name: _schema(fields[label][0]) for name, label in named.items()},
            "additionalProperties": False,
        }
        required = [name for name, label in named.items() if fields[label][1]]
        if required:
            schema["required"] = required
        return schema
    if automation["run_mode"] != "triggered":
        return None
    example = await _payload(unit, automation)
    return {"type": "object", "properties": {name: _like(value) for name, value in example.items()}}


async def inputs_of(unit: Unit, automation: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The inputs of the run, by the labels of the form."""
    fields = _fields((await forms_of(unit, automation))[1])
    named = names.arguments(fields)
    return {named.get(name, name): value for name, value in given.items()}


async def wrong(unit: Unit, automation: Mapping[str, Any], inputs: dict[str, Any]) -> list[tuple[str, str]]:
    """What the forms themselves refuse: (JSON pointer, sentence)."""
    _, forms = await forms_of(unit, automation)
    found = problems(forms, inputs, await kept_answers(unit, automation["id"]))
    known = {label: name for name, label in names.arguments(_fields(forms)).items()}
    return [(f"/{known.get(one.name or '', one.name or '')}", one.detail) for one in found]


def _fields(forms: list[Form]) -> dict[str, tuple[Field, bool]]:
    """What is asked, by label: forms that ask the same share the answer. With whether an answer has to be given."""
    found: dict[str, tuple[Field, bool]] = {}
    for form in forms:
        for field, _ in form.fields:
            if field.kind == "button" or len(found) >= MOST_FIELDS:
                continue
            needed = form.always and field.required and not form.persists and field.fallback in (None, "", [], {})
            known = found.get(field.label)
            found[field.label] = (field, needed or (known is not None and known[1]))
    return found


def _schema(field: Field) -> Schema:
    text = {"description": names.clean(field.label, LONGEST_TEXT)}
    options = {"enum": list(field.options)} if field.options else {}
    if field.kind == "multi_select":
        return {"type": "array", "items": {"type": "string", **options}, **text}
    if field.kind in ("object", "field_mapping"):
        return {"type": "object", **text}
    return {"type": "string", **options, **text}


async def _payload(unit: Unit, automation: Mapping[str, Any]) -> dict[str, Any]:
    """The example that the start block has of what it is started with; {} without one."""
    try:
        start = reading.start_block(json.loads(await workspace_of(unit, automation["id"], live(automation)) or b"{}"))
        example = lookup(start.get("inputs"), "test_payload") if start is not None else None
        example = json.loads(example) if isinstance(example, str) else example
    except (TielineError, ValueError):
        return {}
    found = example if isinstance(example, dict) else {}
    return {name: found[name] for name in list(found)[:MOST_FIELDS] if names.arguments([name]).get(name) == name}


def _like(value: Any) -> Schema:
    """Only a hint: an automation that is started by a program takes whatever it is sent."""
    kinds = ((bool, "a boolean"), (str, "a text"), ((int, float), "a number"), (list, "a list"), (dict, "an object"))
    kind = next((word for kind, word in kinds if isinstance(value, kind)), "")
    return {"description": f"In the example: {kind}."} if kind else {}
