"""Inputs: a form whose answers start a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tieline.automations.blocks.listing import raw
from tieline.automations.blocks.values import decoded, flag, items, pairs
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.formulas import text_of
from tieline.automations.store import FormAnswers

KINDS = ("input", "select", "object", "multi_select", "field_mapping", "button")
MOST_FIELDS = 200
WITHOUT_FORM = ("webhook", "schedule", "automation")  # contexts of runs in which nobody fills a form in


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a form. ``label`` is what formulas read it by."""

    id: str
    kind: str
    label: str
    required: bool
    fallback: Any
    options: tuple[str, ...]  # values of a select that may be chosen; () = any

    def read(self, value: Any, *, given: bool) -> Any:
        """An answer in the shape of the field's kind; raises `BlockInputInvalid` that names the field. What nobody has
        ``given`` (a default) may be none of the options."""
        if self.kind in ("object", "field_mapping"):
            value = decoded(pairs(value))
            if value in (None, "", []):
                return {}
            if not isinstance(value, dict):
                raise BlockInputInvalid(f"the answer “{self.label}” must be an object of names and values")
            return value
        if self.kind == "multi_select":
            chosen = items(value)
            for entry in chosen if given else ():
                self._known(entry)
            return chosen
        if self.kind == "select" and given and value not in (None, ""):
            self._known(value)
        return value

    def _known(self, value: Any) -> None:
        if self.options and text_of(value) not in self.options:
            allowed = ", ".join(self.options[:20])
            raise BlockInputInvalid(f"the answer “{self.label}” must be one of {allowed}, not {text_of(value)[:60]!r}")


@register
class FormBlock(BlockType):
    type = "FormBlock"
    doc = "Inputs: asks the person who starts the run; `{$.inputs.Name}` reads the answer, else the field's default."
    reads = True

    def compile(self, context: CompileContext) -> Any:
        listed = [field for field, _ in fields_of(context.block.get("form"))]
        persist = flag(context.block.get("persistData")) or flag(raw(context, "persist_data"))
        return listed, persist

    def effect(self, program: Any) -> bool:
        return bool(program[1])

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        fields, persist = program
        given = context.run.inputs if isinstance(context.run.inputs, dict) else {}
        answered = {field.label: given_answer(field, given) for field in fields}
        kept: dict[str, Any] = {}
        if persist:
            run = context.run
            kept = await context.services.get(FormAnswers).load(run.tenant_id, run.automation_id, context.step.id)
        asked = context.run.inputs is not None and context.run.context not in WITHOUT_FORM
        found: dict[str, Any] = {}
        for field in fields:
            there, value = answered[field.label]
            if not there:
                value = kept.get(field.label, field.fallback)
            value = field.read(value, given=there)
            if asked and field.required and value in (None, "", [], {}):
                raise BlockInputInvalid(f"the answer “{field.label}” is missing; the form requires it")
            found[field.label] = value
        if persist and any(there for there, _ in answered.values()):
            buttons = {field.label for field in fields if field.kind == "button"}
            keep = {label: value for label, value in found.items() if label not in buttons}
            await context.services.get(FormAnswers).save(context.run, context.step.id, keep)
        return found


def fields_of(form: Any) -> list[tuple[Field, dict[str, Any]]]:
    """The fields of a form with what the document says of each. Raises `PlanError` for one that cannot be asked."""
    listed = [(_field(entry, index), entry) for index, entry in enumerate(form if isinstance(form, list) else [])]
    if len(listed) > MOST_FIELDS:
        raise PlanError(f"form has {len(listed)} fields; at most {MOST_FIELDS} are allowed")
    return [(field, entry) for field, entry in listed if field is not None]


def given_answer(field: Field, given: dict[str, Any]) -> tuple[bool, Any]:
    """Whether there is an answer to a field, under its label or its id, and the answer."""
    for name in (field.label, field.id):
        if name in given:
            return True, given[name]
    return False, None


def _field(entry: Any, index: int) -> Field | None:
    if not isinstance(entry, dict):
        return None
    kind = entry.get("type", "input")
    if not isinstance(kind, str):
        raise PlanError(f"form[{index}].type must be one of {', '.join(KINDS)}")
    label = str(entry.get("label") or entry.get("id") or f"field {index + 1}")
    return Field(
        id=str(entry.get("id")),
        kind=kind,
        label=label,
        required=flag(entry.get("isRequired")),
        fallback=entry.get("values") if kind != "button" else None,
        options=tuple(_options(entry.get("options"))) if kind in ("select", "multi_select") else (),
    )


def _options(value: Any) -> list[str]:
    """The values that may be chosen: a list of values or {value, label}, or an object that holds such a list.

    Anything else (options that the editor fetches) leaves the choice open.
    """
    if isinstance(value, dict):
        value = next((entry for entry in (value.get(name) for name in ("values", "options", "items")) if entry), None)
    if isinstance(value, str):
        value = [part.strip() for part in value.replace("\r", "").replace(",", "\n").split("\n") if part.strip()]
    if not isinstance(value, list):
        return []
    found = [
        entry.get("value", entry.get("id", entry.get("label"))) if isinstance(entry, dict) else entry for entry in value
    ]
    return [text_of(entry) for entry in found if isinstance(entry, (str, int, float, bool))]
