"""Runs of integrations as a partner starts and sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from tieline.automations.runs import Runs
from tieline.automations.runs.forms import forms_of, kept_answers, problems
from tieline.automations.runs.masking import hidden
from tieline.automations.runs.service import ENDED
from tieline.automations.workspace.flows import MAIN, key_of
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.core.ids import new_id
from tieline.storage.tables import runs
from tieline.storage.unit import Unit
from tieline.tenancy.principal import Principal

WAIT_SECONDS: Final = 55.0
COLUMNS: Final = tuple(
    runs.c[name]
    for name in ("id", "status", "context", "scheduled_at", "started_at", "stopped_at", "created_at", "updated_at")
)


async def start(
    unit: Unit,
    service: Runs,
    automation: Mapping[str, Any],
    inputs: Any,
    *,
    waits: bool,
    flow: str = MAIN,
    by: Principal | None = None,
) -> dict[str, Any]:
    """Starts a run, of ``by`` (None = the partner). Raises `BadInput` for answers that its forms refuse, and what
    `Runs.start` raises.
    """
    credential = None if by is None else by.credential
    name = str(new_id()) if credential is None else f"{credential}:{new_id()}"
    if flow == MAIN:
        await _check(unit, automation, inputs)
    return await service.start(
        unit,
        automation=automation if flow == MAIN else {**automation, "state": "available"},
        context="api_sync" if waits else "api_async",
        inputs=inputs,
        key=None if flow == MAIN else key_of(flow, name),
        executed_by=None if by is None else by.user_id,
        credential=credential,
    )


async def _check(unit: Unit, automation: Mapping[str, Any], inputs: Any) -> None:
    _, forms = await forms_of(unit, automation)
    if not forms or inputs is None:
        return
    kept = await kept_answers(unit, automation["id"]) if any(form.persists for form in forms) else {}
    for one in problems(forms, inputs, kept):
        name = (one.name or "").replace("~", "~0").replace("/", "~1")[:150]
        raise BadInput(f"{one.detail[:1].upper()}{one.detail[1:]}.", pointer=f"/inputs/{name}")


def output(row: Mapping[str, Any]) -> Any:
    """What a run has put out: the one thing, or a list of several."""
    shown = json.loads(row["output"]) if row["output"] is not None else []
    return shown[0] if isinstance(shown, list) and len(shown) == 1 else shown


def of_automation(unit: Unit, automation_id: UUID, *, finished: bool = False) -> sa.Select[Any]:
    """SELECT of the runs of an automation, newest first."""
    statement = unit.select(runs, *COLUMNS).where(runs.c.automation_id == automation_id).order_by(runs.c.id.desc())
    return statement.where(runs.c.status.in_(ENDED)) if finished else statement


def parts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs, outputs and errors of a run, secrets masked."""
    shown = json.loads(row["output"]) if row["output"] is not None else []
    return {
        "inputs": hidden(json.loads(row["inputs"])) if row["inputs"] is not None else None,
        "outputs": hidden(shown if isinstance(shown, list) else [shown]),
        "errors": [
            {name: one.get(name) for name in ("code", "title", "detail", "block") if one.get(name)}
            for one in row["error"] or []
            if isinstance(one, dict)
        ],
    }


__all__ = ["COLUMNS", "ENDED", "WAIT_SECONDS", "of_automation", "output", "parts", "start"]
