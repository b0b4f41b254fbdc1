"""The forms that a run asks for before it starts: what they ask, and whether answers are right."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from tieline.automations.blocks.form import Field, fields_of, given_answer
from tieline.automations.blocks.values import flag
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import lookup
from tieline.automations.library.versions import live
from tieline.automations.runs.masking import secret_name
from tieline.automations.store.settings import settings_of
from tieline.automations.workspace import document as reading
from tieline.automations.workspace.flows import arranged
from tieline.core import json
from tieline.storage.documents import workspace_of
from tieline.storage.tables import automations, form_answers
from tieline.storage.unit import Unit

KEPT = 64


@dataclass(frozen=True, slots=True)
class Form:
    """One form block. ``always``: every run comes to it, so that its required answers can be asked for beforehand.
    ``error``: why it cannot be shown."""

    block_id: str
    name: str
    label: str
    always: bool
    persists: bool
    fields: list[tuple[Field, dict[str, Any]]]
    error: str = ""


class Problem(NamedTuple):
    """An answer that is wrong; ``name`` is None where all of them are."""

    name: str | None
    detail: str


_forms: OrderedDict[tuple[UUID, UUID, int], list[Form]] = OrderedDict()


async def forms_of(unit: Unit, automation: Mapping[str, Any]) -> tuple[int, list[Form]]:
    """The version that a run started now would have, and its forms in the order of the document."""
    assert unit.tenant_id is not None
    version = live(automation)
    name = (unit.tenant_id, automation["id"], version)
    found = _forms.get(name)
    if found is None:
        workspace = await workspace_of(unit, automation["id"], version)
        found = _forms[name] = read(json.loads(workspace) if workspace else {})
        if len(_forms) > KEPT:
            _forms.popitem(last=False)
    _forms.move_to_end(name)
    return version, found


def read(document: Any) -> list[Form]:
    """The enabled forms of a document; none where it is no workspace."""
    try:
        document = arranged(document)
        listed = reading.blocks(document)
        start = reading.start_block(document)
    except PlanError:
        return []
    main = set(_main_chain({block["id"]: block for block in listed}, start))
    return [
        _form(block, block["id"] in main)
        for block in listed
        if block["type"] == "FormBlock" and not block.get("disabled")
    ]


def _main_chain(blocks: Mapping[str, Mapping[str, Any]], start: Mapping[str, Any] | None) -> Iterator[str]:
    """Ids of the blocks that every run comes to, as long as none before them ends it."""
    seen: set[str] = set()
    block = start
    while block is not None and block["id"] not in seen:
        seen.add(block["id"])
        yield block["id"]
        if block["type"] in ("GotoBlock", "StopBlock") and not block.get("disabled"):
            return
        following = block.get("childId")
        block = blocks.get(following) if isinstance(following, str) else None


def _form(block: Mapping[str, Any], always: bool) -> Form:
    fields: list[tuple[Field, dict[str, Any]]] = []
    error = ""
    try:
        fields = fields_of(block.get("form"))
    except PlanError as problem:
        error = problem.detail
    persist = lookup(block.get("inputs"), "persist_data", lookup(block.get("settings"), "persist_data"))
    name = reading.name_of(block)
    return Form(
        block_id=block["id"],
        name=name,
        label=str(block.get("displayName") or name),
        always=always,
        persists=flag(block.get("persistData")) or flag(persist),
        fields=sorted(fields, key=lambda entry: _order(entry[1])),
        error=error,
    )


def _order(entry: Mapping[str, Any]) -> float:
    order = entry.get("order")
    return float(order) if isinstance(order, (int, float)) and not isinstance(order, bool) else 0.0


async def kept_answers(unit: Unit, automation_id: UUID) -> dict[str, dict[str, Any]]:
    """The answers that forms keep for the next run, by block id and label."""
    row = await unit.one(unit.select(automations).where(automations.c.id == automation_id))
    if row is not None and row["template_id"] is not None:
        settings = await settings_of(unit, automation_id) or {}
        return {form.block_id: settings for form in (await forms_of(unit, row))[1]}
    rows = await unit.all(unit.select(form_answers).where(form_answers.c.automation_id == automation_id))
    return {row["block_id"]: row["answers"] for row in rows if isinstance(row["answers"], dict)}


def problems(forms: list[Form], inputs: Any, kept: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """What is wrong with the answers that a run is to be started with."""
    if not forms:
        return []
    if not isinstance(inputs, dict):
        return [Problem(None, "inputs must be an object of answers by the labels of the form")]
    found = []
    for form in forms:
        before = kept.get(form.block_id, {}) if form.persists else {}
        for field, _ in form.fields:
            there, value = given_answer(field, inputs)
            name = field.label if not there or field.label in inputs else field.id
            try:
                value = field.read(value if there else before.get(field.label, field.fallback), given=there)
            except BlockInputInvalid as error:
                if there:
                    found.append(Problem(name, error.detail))
                continue
            if form.always and field.required and value in (None, "", [], {}):
                found.append(Problem(name, f"the answer “{field.label}” is missing; the form requires it"))
    return found


def shown_form(form: Form, kept: Mapping[str, Any]) -> dict[str, Any]:
    """A form as a person fills it in."""
    return {
        "blockId": form.block_id,
        "name": form.name,
        "displayName": form.label,
        "always": form.always,
        "persists": form.persists,
        "error": form.error or None,
        "fields": [_shown_field(field, entry, kept) for field, entry in form.fields],
    }


def _shown_field(field: Field, entry: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    remembered = field.kind != "button" and field.label in kept
    secret = secret_name(field.label)
    options, source = _choices(field, entry.get("options"))
    help_text = entry.get("helpText")
    return {
        "id": field.id,
        "kind": field.kind,
        "label": field.label,
        "required": field.required,
        "helpText": help_text if isinstance(help_text, str) else "",
        "default": field.fallback,
        "options": options,
        "optionsFrom": source,
        "kept": remembered,
        # A password that is kept is not handed out again.
        "answer": kept[field.label] if remembered and not secret else None,
    }


def _choices(field: Field, given: Any) -> tuple[list[dict[str, Any]] | None, Any]:
    """({value, label} of what can be chosen, or None where that is open; where to ask for it, as the document says)."""
    if not field.options:
        return None, given if given not in (None, "", [], {}) else None
    listed = given
    if isinstance(given, dict):
        listed = next((one for one in (given.get(name) for name in ("values", "options", "items")) if one), None)
    labels = {}
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            value = one.get("value", one.get("id", one.get("label")))
            labels[str(value)] = str(one.get("label", one.get("name", value)))
    return [{"value": value, "label": labels.get(value, value)} for value in field.options], None
