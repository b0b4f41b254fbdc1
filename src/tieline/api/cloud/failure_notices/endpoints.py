"""Failure notices: ``/automations/{id}/failure-notice``, and the tenant's ``/automations/settings/failure-notice``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import update
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.failure_notices.schemas import (
    FailureNotice,
    FailureNoticeBody,
    TrialList,
    show_notice_rule,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.automations.alerts.rules import TENANT_SETTING, checked, place_of, rule_of
from tieline.automations.alerts.sending import Sender, rule_for
from tieline.automations.alerts.wording import Told
from tieline.core.clock import iso, now
from tieline.core.errors import NotFound, TielineError
from tieline.core.ids import new_id
from tieline.storage.tables import automations, tenants
from tieline.tenancy import audit
from tieline.tenancy.tenants import put_settings, settings_of

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]
Writer = Annotated[Call, Depends(access("automations", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
Wanted = Annotated[Incoming[FailureNoticeBody], Depends(json_body(FailureNoticeBody))]


@router.get(
    "/automations/settings/failure-notice",
    **documented("Get the tenant's failure notice", name="getTenantFailureNotice", answer=FailureNotice),
)
async def get_of_tenant(call: Reader) -> Response:
    """Who is told of runs of automations that say nothing themselves."""
    async with call.unit() as unit:
        stored = await settings_of(unit)
    return Json(show_notice_rule(rule_of(None, stored.get(TENANT_SETTING))))


@router.put(
    "/automations/settings/failure-notice",
    **documented(
        "Set the tenant's failure notice", name="putTenantFailureNotice", answer=FailureNotice, body=FailureNoticeBody
    ),
)
async def put_of_tenant(call: Writer, body: Wanted) -> Response:
    """Replaces it. The secret of a new webhook is in this answer and never shown again. For tenant administrators."""
    call.principal.require_admin()
    tenant_id = call.principal.tenant_id
    async with call.unit() as unit:
        before = (await settings_of(unit)).get(TENANT_SETTING) or {}
    kept, secret = await _checked(call, place_of(tenant_id, None), before, body.model)
    async with call.services.database.system() as system:
        await put_settings(system, tenant_id, **{TENANT_SETTING: kept})
        told = audit.changes(_told(before), _told(kept))
        await call.record(system, "failure-notice.updated", tenant_id, detail=told)
    return Json(show_notice_rule(rule_of(None, kept), secret=secret))


@router.delete(
    "/automations/settings/failure-notice",
    **documented("Remove the tenant's failure notice", name="deleteTenantFailureNotice", status=204),
)
async def delete_of_tenant(call: Writer) -> Response:
    """Nobody is told but who an automation's own names. For tenant administrators."""
    call.principal.require_admin()
    async with call.services.database.system() as system:
        await system.connection.execute(
            update(tenants)
            .where(tenants.c.id == call.principal.tenant_id)
            .values(settings=tenants.c.settings.op("-")(TENANT_SETTING))
        )
        await call.record(system, "failure-notice.deleted", call.principal.tenant_id)
    return Empty()


@router.get(
    "/automations/{id:uuid}/failure-notice",
    **documented(
        "Get the failure notice of an automation", name="getFailureNotice", answer=FailureNotice, errors=[404]
    ),
)
async def get_notice(call: Reader, automation_id: AutomationId) -> Response:
    """Who is told when a run of it ends badly; where it says nothing itself, the tenant's, and `inherited` is true."""
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id)
        rule = await rule_for(unit, automation_id)
    if rule is None:
        raise NotFound("There is no such automation.")
    return Json(show_notice_rule(rule, row))


@router.put(
    "/automations/{id:uuid}/failure-notice",
    **documented(
        "Set the failure notice of an automation",
        name="putFailureNotice",
        answer=FailureNotice,
        body=FailureNoticeBody,
        errors=[404],
    ),
)
async def put_notice(call: Writer, automation_id: AutomationId, body: Wanted) -> Response:
    """Replaces it. The secret of a new webhook is in this answer and never shown again."""
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id)
    # A name is looked up, which may take a while: not inside a transaction.
    place = place_of(call.principal.tenant_id, automation_id)
    kept, secret = await _checked(call, place, row["failure_notice"], body.model)
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id, lock=True)
        await unit.update(automations, automations.c.id == automation_id, failure_notice=kept)
        told = audit.changes(_told(row["failure_notice"]), _told(kept))
        await call.record(unit, "automation.failure-notice-updated", automation_id, row["name"], told)
    return Json(show_notice_rule(rule_of(kept, None), row, secret))


@router.delete(
    "/automations/{id:uuid}/failure-notice",
    **documented("Remove the failure notice of an automation", name="deleteFailureNotice", status=204, errors=[404]),
)
async def delete_notice(call: Writer, automation_id: AutomationId) -> Response:
    """From now on the tenant's holds."""
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id, lock=True)
        await unit.update(automations, automations.c.id == automation_id, failure_notice={})
        await call.record(unit, "automation.failure-notice-deleted", automation_id, row["name"])
    return Empty()


@router.post(
    "/automations/{id:uuid}/failure-notice/actions/test",
    **documented("Test a failure notice", name="testFailureNotice", answer=TrialList, errors=[404]),
)
async def test_notice(call: Writer, automation_id: AutomationId) -> Response:
    """Sends one now, in each way that is set, and says what became of it. Counts towards no limit but the API's own."""
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id)
        rule = await rule_for(unit, automation_id)
        await call.record(unit, "automation.failure-notice-tested", automation_id, row["name"])
    services = call.services
    sender = Sender(
        services.database,
        services.vault,
        services.egress,
        base_url=services.settings.base_url,
        mail_url=services.settings.mail_url,
    )
    about = Told(
        automation_id=str(automation_id), name=row["name"], run_id=str(new_id()), fence=0, status="test", at=iso(now())
    )
    tried: list[dict[str, Any]] = []
    for channel, there in (("mail", rule and rule.mail), ("webhook", rule and rule.url)):
        if rule is None or not there:
            continue
        try:
            await sender.deliver(call.principal.tenant_id, about, rule, channel)
        except TielineError as error:
            tried.append({"channel": channel, "ok": False, "detail": error.detail})
        else:
            tried.append({"channel": channel, "ok": True})
    return Json({"data": tried})


def _told(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log may tell of a stored rule: its settings as the API shows them."""
    return show_notice_rule(rule_of(dict(kept), None)) if kept else {}


async def _checked(
    call: Call, place: bytes, before: dict[str, Any], wanted: FailureNoticeBody
) -> tuple[dict[str, Any], str | None]:
    return await checked(
        call.services.vault,
        call.services.egress.policy,
        place,
        before,
        on=wanted.on,
        mail=wanted.mail,
        url=wanted.webhook.url if wanted.webhook else "",
        every_seconds=wanted.every_seconds,
        new_secret=wanted.webhook.new_secret if wanted.webhook else False,
        mail_served=call.services.settings.mail_url is not None,
    )
