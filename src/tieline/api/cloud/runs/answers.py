"""Answers that a run is started with, held against its forms before there is a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tieline.api.edge.bodies import MAX_POINTER, InvalidField
from tieline.api.edge.envelope import Several
from tieline.automations.runs.forms import forms_of, kept_answers, problems
from tieline.storage.unit import Unit


async def check_answers(unit: Unit, automation: Mapping[str, Any], inputs: Any) -> None:
    """Raises an error with a pointer for each answer that is wrong or missing. Other inputs pass."""
    _, forms = await forms_of(unit, automation)
    if not forms:
        return
    kept = await kept_answers(unit, automation["id"]) if any(form.persists for form in forms) else {}
    found = problems(forms, inputs, kept)
    if found:
        raise Several(
            [InvalidField(f"{one.detail[:1].upper()}{one.detail[1:]}.", pointer=_pointer(one.name)) for one in found]
        )


def _pointer(name: str | None) -> str:
    if name is None:
        return "/inputs"
    return f"/inputs/{name.replace('~', '~0').replace('/', '~1')}"[:MAX_POINTER]
