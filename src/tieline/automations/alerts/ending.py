"""What happens when a run ends, in the transaction in which it ends and under its automation's lock.

The lock is what makes the limit exact: whoever ends a run sees when somebody was told last, and either tells now, and
writes that down, or counts. Where it counts, one job waits for the time to be over, to tell what was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, exists, select

from tieline.automations.alerts import wording
from tieline.automations.alerts.rules import TENANT_SETTING, Rule, rule_of
from tieline.automations.alerts.telling import told_of_end, told_partner_of_failure
from tieline.automations.alerts.wording import Told
from tieline.automations.runs.belongings import NOTICE
from tieline.core import clock
from tieline.storage.errors import AlreadyQueued
from tieline.storage.tables import automations, tenants
from tieline.storage.tables import notices as table
from tieline.storage.unit import Unit
from tieline.tenancy import notices
from tieline.tenancy.events.emitting import listens
from tieline.tenancy.events.types import RUN_TYPES

DIGEST: Final = "failures_digest"
SEND: Final = "failure_notice"

_KINDS: Final = {
    "failed": "failed",
    "exceeded limit": "exceeded limit",
    "stopped": "stopped",
    "finished with warnings": "warnings",
}
_NOTED: Final = ("failed", "exceeded limit")  # of these there is a notice in any case


def columns(tenant_id: UUID, automation_id: UUID) -> tuple[ColumnElement[Any], ...]:
    """What `ended` wants to know, for a statement that locks the automation's row."""
    of_tenant = select(tenants.c.settings[TENANT_SETTING]).where(tenants.c.id == tenant_id)
    troubled = exists().where(
        table.c.tenant_id == tenant_id,
        table.c.key == notice_key(automation_id),
        table.c.data["state"].as_string() == "bad",
    )
    return (
        automations.c.name,
        automations.c.template_id,
        automations.c.failure_notice,
        automations.c.failure_told_at,
        automations.c.failures_untold,
        of_tenant.scalar_subquery().label("tenant_notice"),
        troubled.label("troubled"),
        listens(tenant_id, RUN_TYPES).label("listened"),
    )


async def ended(
    unit: Unit, row: Mapping[str, Any], status: str, fence: int, errors: Any, known: Mapping[str, Any]
) -> None:
    """The run of ``row`` has ended with ``status``. ``known``: what `columns` gave, in this transaction."""
    mine = Unit(unit.connection, row["tenant_id"])
    if known["listened"]:
        await told_of_end(mine, row, known["name"], status, errors)
    if status in _NOTED and known["template_id"] is not None and not row["is_test"]:
        await told_partner_of_failure(mine, row, known, status, errors)
    if row["is_test"] or (status == "finished" and not known["troubled"]):
        return
    rule, moment = rule_of(known["failure_notice"], known["tenant_notice"]), clock.now()
    about = wording.told(row, known["name"], status, fence, errors, moment)
    kind = _KINDS.get(status)
    if kind is None or (kind == "warnings" and kind not in rule.on):
        if known["troubled"]:
            await _over(mine, about, rule, known, moment)
        return
    if kind in rule.on or kind in _NOTED:
        await _note(mine, about)
    if kind in rule.on and rule.reaches_somebody:
        if _due(known, rule, moment):
            await tell(mine, msgspec.structs.replace(about, suppressed=known["failures_untold"]), rule, moment)
        else:
            await mine.update(
                automations,
                automations.c.id == row["automation_id"],
                failures_untold=automations.c.failures_untold + 1,
            )
            await _later(mine, row["automation_id"], known, rule)


async def digest(unit: Unit, automation_id: UUID) -> None:
    """The time is over: tell what was counted meanwhile, if anything was."""
    known = await unit.one(
        unit.select(automations, *columns(unit.tenant_id or UUID(int=0), automation_id))
        .where(automations.c.id == automation_id)
        .with_for_update(of=automations)
    )
    notice = await unit.one(unit.select(table, table.c.data).where(table.c.key == notice_key(automation_id)))
    if known is None or notice is None:
        return
    rule, data = rule_of(known["failure_notice"], known["tenant_notice"]), notice["data"]
    recovery, untold = bool(data.get("untoldRecovery")), known["failures_untold"]
    if not rule.reaches_somebody or not (untold or recovery):
        return
    moment = clock.now()
    if not _due(known, rule, moment):
        await _later(unit, automation_id, known, rule)
        return
    about = msgspec.convert(data["told"], Told)
    if untold:
        about.suppressed, about.recovered = untold - 1, not known["troubled"]
    await tell(unit, about, rule, moment)
    if recovery:
        await unit.update(table, table.c.key == notice_key(automation_id), data={**data, "untoldRecovery": False})


async def tell(unit: Unit, about: Told, rule: Rule, moment: datetime) -> None:
    """Queues the notice, for each way there is, and writes down that it was told."""
    await unit.update(
        automations,
        automations.c.id == UUID(about.automation_id),
        failure_told_at=moment,
        failures_untold=0,
    )
    for channel, there in (("mail", rule.mail), ("webhook", rule.url)):
        if there:
            await unit.defer(
                SEND,
                tenant_id=str(unit.tenant_id),
                run_id=about.run_id,
                channel=channel,
                about=msgspec.to_builtins(about),
                attempt=1,
            )


def notice_key(automation_id: UUID | str) -> str:
    """The key of the notice that an automation's runs end badly."""
    return f"{NOTICE}/automation:{automation_id}"


def _due(known: Mapping[str, Any], rule: Rule, moment: datetime) -> bool:
    told_at: datetime | None = known["failure_told_at"]
    return told_at is None or told_at + timedelta(seconds=rule.every_seconds) <= moment


async def _later(unit: Unit, automation_id: UUID, known: Mapping[str, Any], rule: Rule) -> None:
    with suppress(AlreadyQueued):
        await unit.defer(
            DIGEST,
            at=known["failure_told_at"] + timedelta(seconds=rule.every_seconds),
            queueing_lock=f"{DIGEST} {automation_id}",
            tenant_id=str(unit.tenant_id),
            automation_id=str(automation_id),
        )


async def _note(unit: Unit, about: Told) -> None:
    where = f"Block “{about.block}”: " if about.block else ""
    await notices.open(
        unit,
        kind=NOTICE,
        subject=f"automation:{about.automation_id}",
        title=wording.subject(about),
        detail=f"{where}{about.title or about.status}. Look at the run, mend what is wrong and retry it.",
        data={"state": "bad", "runId": about.run_id, "status": about.status, "told": msgspec.to_builtins(about)},
    )


async def _over(unit: Unit, about: Told, rule: Rule, known: Mapping[str, Any], moment: datetime) -> None:
    """A run went well after one that did not."""
    key = notice_key(about.automation_id)
    wanted = "recovered" in rule.on and rule.reaches_somebody
    due = _due(known, rule, moment)
    # What is counted is told with the run that ended badly; else the run that went well is what there is to tell of.
    untold = known["failures_untold"]
    data = await unit.scalar(unit.select(table, table.c.data).where(table.c.key == key)) or {}
    data = {**data, "state": "good", "untoldRecovery": wanted and not due}
    if not untold:
        data["told"] = msgspec.to_builtins(about)
    await unit.update(table, table.c.key == key, data=data)
    await notices.close(unit, key)
    if wanted and due:
        await tell(unit, msgspec.structs.replace(about, suppressed=untold), rule, moment)
    elif wanted:
        await _later(unit, UUID(about.automation_id), known, rule)
