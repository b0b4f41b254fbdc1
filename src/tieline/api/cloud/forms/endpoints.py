"""Forms: ``/automations/{id}/form``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.forms.schemas import AutomationForm
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.automations.runs.forms import forms_of, kept_answers, shown_form

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]


@router.get(
    "/automations/{id:uuid}/form",
    **documented("Get the form of an automation", name="getAutomationForm", answer=AutomationForm, errors=[404]),
)
async def get_form(call: Reader, automation_id: AutomationId) -> Response:
    """The questions of the form blocks of the version that would run, with defaults and the answers that are kept."""
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        version, forms = await forms_of(unit, automation)
        kept = await kept_answers(unit, automation_id) if any(form.persists for form in forms) else {}
    shown = [shown_form(form, kept.get(form.block_id, {}) if form.persists else {}) for form in forms]
    return Json({"version": version, "forms": shown})
