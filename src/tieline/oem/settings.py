"""The settings of an integration: its persisted top inputs, checked, kept, and shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import cast, func, text
from sqlalchemy.dialects.postgresql import JSONB

from tieline.automations.engine import codec
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.runs.masking import secret_name
from tieline.automations.store.answers import LARGEST_ANSWERS
from tieline.automations.store.settings import settings_of
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import BadInput
from tieline.oem.errors import UnknownInput
from tieline.oem.shapes import Shape
from tieline.storage.tables import automations, form_answers, integrations
from tieline.storage.unit import Unit

_NONE: Final[tuple[Any, ...]] = (None, "", [], {})


def checked(shape: Shape, inputs: Mapping[str, Any], *, pointer: str = "") -> dict[str, Any]:
    """The inputs by their names, in the form that their kinds have.

    Raises `UnknownInput` for one that the template does not persist, `BadInput` for a value that cannot be.
    """
    settings = shape.settings()
    found: dict[str, Any] = {}
    for given, value in inputs.items():
        name = shape.resolve(given)
        where = f"{pointer}/{given.replace('~', '~0').replace('/', '~1')}"[:200]
        if name is None:
            known = ", ".join(settings) or "none"
            raise UnknownInput(f"{given[:100]!r} is no persisted top input; there are: {known[:500]}.", pointer=where)
        if value is None and settings[name].required:
            raise BadInput(f"The input {name!r} is required and cannot be null.", pointer=where)
        try:
            found[name] = None if value is None else settings[name].read(value, given=True)
        except BlockInputInvalid as error:
            raise BadInput(f"{error.detail[:1].upper()}{error.detail[1:]}.", pointer=where) from None
    if codec.size(found) > LARGEST_ANSWERS:
        raise BadInput(f"The inputs have more than {LARGEST_ANSWERS} bytes.", pointer=pointer or None)
    return found


def digest(inputs: Mapping[str, Any]) -> str:
    """Two integrations with the same inputs have the same one."""
    given = sorted((name, value) for name, value in inputs.items() if value not in _NONE)
    return hashlib.sha256(json.dumps(given)).hexdigest()


def lacking(shape: Shape, inputs: Mapping[str, Any]) -> list[str]:
    """Names of required inputs that have no answer, not even one that the template gives."""
    settings = shape.settings()
    return sorted(
        name for name in shape.required() if name in settings and inputs.get(name, settings[name].fallback) in _NONE
    )


async def keep(unit: Unit, row: Mapping[str, Any], shape: Shape, values: Mapping[str, Any]) -> dict[str, Any]:
    """Sets some settings of an integration whose ``row`` is locked, and gives all of them.

    The setup is complete when nothing that is required lacks; it then starts by itself.
    """
    given = {**row["inputs"], **values}
    mine = form_answers.c.automation_id == row["automation_id"]
    for name, value in values.items():
        changed = func.jsonb_set(form_answers.c.answers, text(":path").bindparams(path=[name]), cast(value, JSONB))
        await unit.update(form_answers, mine, form_answers.c.answers.has_key(name), answers=changed)
    await unit.update(integrations, integrations.c.id == row["id"], inputs=given, updated_at=now())
    found = await settings_of(unit, row["automation_id"]) or {}
    complete = not lacking(shape, found)
    await unit.update(integrations, integrations.c.id == row["id"], inputs_hash=digest(found), setup_complete=complete)
    await unit.update(automations, automations.c.id == row["automation_id"], updated_at=now())
    return found


def shown(shape: Shape, values: Mapping[str, Any], row: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The top inputs as the partner's API shows them. What looks like a password is not handed out again."""
    return [
        {
            "id": one.id,
            "block_id": one.block_id,
            "label": one.flow,
            "prompt": one.prompt,
            "field_name": one.name,
            "persisted_value": values.get(one.name) if one.persisted and not secret_name(one.name) else None,
            "is_required": one.field.required,
            "is_top_input": True,
            "is_persisted": one.persisted,
            "order": one.order,
            "created_at": None if row is None else row["created_at"],
            "updated_at": None if row is None else row["updated_at"],
            "type": one.field.kind,
            "options": list(one.field.options),
            "has_value": values.get(one.name) not in _NONE,
        }
        for one in shape.inputs
    ]


async def values_of(unit: Unit, automation_id: UUID) -> dict[str, Any]:
    """The settings by name."""
    return await settings_of(unit, automation_id) or {}
