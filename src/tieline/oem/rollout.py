"""Which version of a template an integration runs.

A pinned integration runs the version that it is pinned to. Of the others those whose share lies below the template's
canary share run the canary version, and the rest the live one. Shares are spread evenly, so that a canary share of a
quarter is a quarter of the integrations. What an integration runs stands in its automation's ``version``: it is brought
in step in the transaction that changes the template, and whatever starts after that runs the new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog

from tieline.automations.library import Automations
from tieline.core.clock import now
from tieline.core.errors import BadInput, Conflict, TielineError
from tieline.oem import templates
from tieline.storage.database import Database
from tieline.storage.tables import automations, integrations
from tieline.storage.tables import templates as table
from tieline.storage.unit import Unit

log = structlog.get_logger(__name__)

HISTORY: Final = 20
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

    async def canary(self, partner_id: UUID, name: str, version: int, share: float) -> dict[str, Any]:
        """Lets a share (0 to 1) of the integrations run ``version``. Raises `NotFound`."""
        if not 0 <= share <= 1:
            raise BadInput("share must be between 0 and 1: the part of the integrations that run it.", pointer="/share")
        return await self._change(partner_id, name, version=version, canary_version=version, canary_share=share)

    async def promote(self, partner_id: UUID, name: str, version: int | None = None) -> dict[str, Any]:
        """Lets all integrations that are not pinned run ``version``; by default the canary, or the newest."""
        return await self._change(partner_id, name, version=version, promote=True)

    async def roll_back(self, partner_id: UUID, name: str, version: int | None = None) -> dict[str, Any]:
        """Ends a canary; without one, or for a given ``version``, goes back to what was live before.

        Raises `Conflict` where nothing was.
        """
        return await self._change(partner_id, name, version=version, back=True)

    async def _change(
        self,
        partner_id: UUID,
        name: str,
        *,
        version: int | None,
        promote: bool = False,
        back: bool = False,
        **values: Any,
    ) -> dict[str, Any]:
        async with self._database.system() as unit:
            row = await templates.find(unit, partner_id, name, lock=True)
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
            moved = await bring_in_step(unit, row)
        await self.follow_up(row, moved)
        return row

    async def follow_up(self, template: Mapping[str, Any], moved: list[dict[str, Any]]) -> None:
        """What starts an integration by itself follows its version: schedules, webhooks. Most versions change none."""
        for one in moved:
            try:
                async with self._database.system() as unit:
                    workspace = await templates.document(unit, template, one["version"])
                async with self._database.tenant(one["tenant_id"]) as unit:
                    await self._library.follow(
                        unit, one["automation_id"], one["version"], workspace, connections=one["connections"]
                    )
            except TielineError as error:
                log.warning("template.follow_failed", automation=str(one["automation_id"]), detail=error.detail)


async def bring_in_step(unit: Unit, template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sets the version of every integration; a system unit is needed. Gives those whose start is another one now."""
    canary = sa.and_(
        sa.literal(template["canary_version"] is not None), integrations.c.share < float(template["canary_share"])
    )
    wanted = sa.func.coalesce(
        integrations.c.pinned_version,
        sa.case((canary, template["canary_version"] or 0), else_=template["live_version"]),
    )
    statement = (
        sa.update(automations)
        .where(
            automations.c.tenant_id == integrations.c.tenant_id,
            automations.c.id == integrations.c.automation_id,
            automations.c.template_id == template["id"],
            integrations.c.template_id == template["id"],
            integrations.c.detached_at.is_(None),
            automations.c.version != wanted,
        )
        .values(version=wanted, updated_at=now())
        .returning(
            automations.c.tenant_id,
            automations.c.id.label("automation_id"),
            automations.c.version,
            automations.c.run_mode,
            automations.c.start_settings,
            integrations.c.connections,
        )
    )
    moved = await unit.all(statement)
    starts: dict[int, dict[str, Any]] = {}
    for version in {row["version"] for row in moved}:
        starts[version] = Automations.start_of(await templates.document(unit, template, version))
    return [row for row in moved if _start(row) != _start(starts[row["version"]])]


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
