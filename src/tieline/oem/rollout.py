"""Which version of a template an integration runs.

A pinned integration runs the version that it is pinned to. Of the others those whose share lies below the template's
canary share run the canary version, and the rest the live one. Shares are spread evenly, so that a canary share of a
quarter is a quarter of the integrations. What an integration runs stands in its automation's ``version``: it is brought
in step in the transaction that changes the template, and whatever starts after that runs the new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog

from tieline.automations.library import Automations
from tieline.core.clock import now
from tieline.core.errors import BadInput, Conflict
from tieline.oem import templates
from tieline.storage.database import Database
from tieline.storage.errors import AlreadyQueued
from tieline.storage.queue import Queue
from tieline.storage.tables import automations, integrations
from tieline.storage.tables import templates as table
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.partner_keys import PartnerCaller

log = structlog.get_logger(__name__)

HISTORY: Final = 20
FOLLOW: Final = "template_follow"
LATER_SECONDS: Final = 15
IN_A_CALL: Final = 200
"""What is more than these, the worker does."""
_BITS: Final = 30
_PLACES: Final = 1 << _BITS


def version_for(template: Mapping[str, Any], integration: Mapping[str, Any]) -> int:
    """The version that an integration of this template runs."""
    if integration["pinned_version"] is not None:
        pinned: int = integration["pinned_version"]
        return pinned
    live: int = template["live_version"]
    canary: int | None = template["canary_version"]
    return canary if canary is not None and integration["share"] < template["canary_share"] else live


def share_of(number: int) -> float:
    """The share of the ``number``-th integration of a template: 0, 0.5, 0.25, 0.75, 0.125 ... (van der Corput)."""
    backwards = int(f"{number % _PLACES:0{_BITS}b}"[::-1], 2)
    return backwards / _PLACES


class Rollout:
    """Moves templates between versions, and their integrations with them."""

    def __init__(self, database: Database, library: Automations) -> None:
        self._database = database
        self._library = library

    async def canary(
        self, partner_id: UUID, name: str, version: int, share: float, *, by: PartnerCaller | None = None
    ) -> dict[str, Any]:
        """Lets a share (0 to 1) of the integrations run ``version``. Raises `NotFound`."""
        if not 0 <= share <= 1:
            raise BadInput("share must be between 0 and 1: the part of the integrations that run it.", pointer="/share")
        values: dict[str, Any] = {"canary_version": version, "canary_share": share}
        return await self._change(partner_id, name, version=version, by=by, **values)

    async def promote(
        self, partner_id: UUID, name: str, version: int | None = None, *, by: PartnerCaller | None = None
    ) -> dict[str, Any]:
        """Lets all integrations that are not pinned run ``version``; by default the canary, or the newest."""
        return await self._change(partner_id, name, version=version, promote=True, by=by)

    async def roll_back(
        self, partner_id: UUID, name: str, version: int | None = None, *, by: PartnerCaller | None = None
    ) -> dict[str, Any]:
        """Ends a canary; without one, or for a given ``version``, goes back to what was live before.

        Raises `Conflict` where nothing was.
        """
        return await self._change(partner_id, name, version=version, back=True, by=by)

    async def _change(
        self,
        partner_id: UUID,
        name: str,
        *,
        version: int | None,
        promote: bool = False,
        back: bool = False,
        by: PartnerCaller | None,
        **values: Any,
    ) -> dict[str, Any]:
        async with self._database.system() as unit:
            row = await templates.find(unit, partner_id, name, lock=True)
            was, action = row, "rolled-back" if back else "promoted" if promote else "canary-set"
            before: list[int] = list(row["source"].get("liveBefore", []))
            if version is not None:
                await templates.document(unit, row, version)  # NotFound where there is no such version
            if promote:
                live = version or row["canary_version"] or row["version"]
                values = {"live_version": live, "canary_version": None, "canary_share": 0.0}
            if back:
                live = version
                if live is None and row["canary_version"] is None:
                    if not before:
                        raise Conflict("Nothing was live before this version; name the one to go back to in version.")
                    live = before.pop()
                values = {"canary_version": None, "canary_share": 0.0}
                if live is not None:
                    values["live_version"] = live
            if values.get("live_version", row["live_version"]) != row["live_version"] and not (
                back and version is None
            ):
                before.append(row["live_version"])
            source = {**row["source"], "liveBefore": before[-HISTORY:]}
            await unit.update(table, table.c.id == row["id"], updated_at=now(), source=source, **values)
            row = await templates.find(unit, partner_id, str(row["id"]))
            if by is not None:
                told = audit.changes(was, row, only=("live_version", "canary_version", "canary_share"))
                about = {"subject": f"template:{row['id']}", "name": row["name"], "detail": told}
                await audit.record_of_partner(unit, by.id, by, action=f"template.{action}", **about)
            if await bring_in_step(unit, row):
                # What is not done here, or when this process dies, is done by a worker.
                with suppress(AlreadyQueued):
                    await unit.defer(
                        FOLLOW,
                        at=now() + timedelta(seconds=LATER_SECONDS),
                        queueing_lock=f"{FOLLOW} {row['id']} {row['updated_at'].timestamp()}",
                        template_id=str(row["id"]),
                    )
        await self.follow_up(row, most=IN_A_CALL)
        return row

    def register(self, queue: Queue) -> None:
        """Gives a worker the task."""
        queue.register(FOLLOW, self.follow)

    async def follow(self, *, template_id: str) -> None:
        """The task: what a roll-out left undone."""
        async with self._database.system() as unit:
            row = await unit.one(sa.select(table).where(table.c.id == UUID(template_id)))
        if row is not None:
            await self.follow_up(row)

    async def follow_up(self, template: Mapping[str, Any], *, most: int | None = None) -> None:
        """What starts an integration by itself follows its version: schedules, webhooks. Most versions change none."""
        async with self._database.system() as unit:
            behind = await lagging(unit, template)
            documents = {
                one: await templates.document(unit, template, one) for one in {row["version"] for row in behind}
            }
        for one in behind[:most]:
            workspace = documents[one["version"]]
            try:
                async with self._database.tenant(one["tenant_id"]) as unit:
                    row = await self._library.row(unit, one["automation_id"], lock=True)
                    # Another roll-out may have come in between: that one follows up itself.
                    if row["version"] != one["version"] or row["template_id"] != template["id"]:
                        continue
                    await self._library.follow(
                        unit, one["automation_id"], one["version"], workspace, connections=one["connections"]
                    )
            except Exception as error:
                log.warning("template.follow_failed", automation=str(one["automation_id"]), exc_info=error)


async def bring_in_step(unit: Unit, template: Mapping[str, Any]) -> int:
    """Sets the version of every integration; a system unit is needed. Gives how many got another one."""
    canary = sa.and_(
        sa.literal(template["canary_version"] is not None), integrations.c.share < float(template["canary_share"])
    )
    wanted = sa.func.coalesce(
        integrations.c.pinned_version,
        sa.case((canary, template["canary_version"] or 0), else_=template["live_version"]),
    )
    statement = (
        sa.update(automations)
        .where(*_following(template), automations.c.version != wanted)
        .values(version=wanted, updated_at=now())
    )
    result = await unit.connection.execute(statement)
    return result.rowcount


async def lagging(unit: Unit, template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The integrations that still start as another version of the template says; a system unit is needed."""
    rows = await unit.all(
        sa.select(
            automations.c.tenant_id,
            automations.c.id.label("automation_id"),
            automations.c.version,
            automations.c.run_mode,
            automations.c.start_settings,
            integrations.c.connections,
        ).where(*_following(template))
    )
    starts: dict[int, dict[str, Any]] = {}
    for version in {row["version"] for row in rows}:
        starts[version] = Automations.start_of(await templates.document(unit, template, version))
    return [row for row in rows if _start(row) != _start(starts[row["version"]])]


def _following(template: Mapping[str, Any]) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        automations.c.tenant_id == integrations.c.tenant_id,
        automations.c.id == integrations.c.automation_id,
        automations.c.template_id == template["id"],
        integrations.c.template_id == template["id"],
        integrations.c.detached_at.is_(None),
    )


def _start(says: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return says["run_mode"], {name: value for name, value in says["start_settings"].items() if name != "connection"}


async def counts(unit: Unit, template_id: UUID) -> list[dict[str, Any]]:
    """{version, pinned, count} of the integrations of a template; a system unit is needed."""
    pinned = integrations.c.pinned_version.is_not(None)
    return await unit.all(
        sa.select(automations.c.version, pinned.label("pinned"), sa.func.count().label("count"))
        .join(
            integrations,
            (integrations.c.tenant_id == automations.c.tenant_id) & (integrations.c.automation_id == automations.c.id),
        )
        .where(integrations.c.template_id == template_id, automations.c.template_id == template_id)
        .group_by(automations.c.version, pinned)
    )
