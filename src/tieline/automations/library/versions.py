"""The versions of an automation: read, annotated, compared, brought back, and put live.

    await automations.versions.publish(unit, automation_id, 3)       # triggers start version 3 from now on
    await automations.versions.restore(unit, automation_id, 2, saved_by=user)    # version 2 again, as a new version

While nothing was published the newest version is live: what is saved is what runs. From the first `publish` on, saving
makes drafts, until `unpin`. A version is never changed but for its note, and goes only with its automation.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import Select

from tieline.automations.library.conflicts import check_unchanged
from tieline.automations.library.errors import FollowsTemplate, VersionConflict
from tieline.automations.workspace.diff import Change, compare
from tieline.core import json
from tieline.core.errors import NotFound
from tieline.storage.tables import automation_versions, users
from tieline.storage.unit import Unit

if TYPE_CHECKING:
    from tieline.automations.library.automations import Automations

BEGINNING = b'{"blocks":[],"variables":[]}'
COUNTS_KEPT = 10_000
COLUMNS = tuple(column for column in automation_versions.c if column.name not in {"workspace", "tenant_id"})


class Versions:
    """Part of `Automations`; every method is part of the caller's transaction."""

    def __init__(self, automations: Automations) -> None:
        self._automations = automations
        self._counts: OrderedDict[tuple[UUID, int], int] = OrderedDict()

    def all(self, unit: Unit, automation_id: UUID) -> Select[Any]:
        """SELECT of an automation's versions without their workspaces; ``saver`` is the name of who saved one."""
        return (
            unit.select(automation_versions, *COLUMNS, users.c.name.label("saver"))
            .outerjoin(
                users,
                (users.c.tenant_id == automation_versions.c.tenant_id) & (users.c.id == automation_versions.c.saved_by),
            )
            .where(automation_versions.c.automation_id == automation_id)
        )

    async def get(self, unit: Unit, automation_id: UUID, version: int) -> dict[str, Any]:
        """One version with its ``workspace``. Raises `NotFound`."""
        statement = self.all(unit, automation_id).add_columns(automation_versions.c.workspace)
        row = await unit.one(statement.where(automation_versions.c.version == version))
        if row is None:
            raise NotFound("The automation has no such version.")
        return row

    async def workspace(self, unit: Unit, automation_id: UUID, version: int) -> bytes:
        """The document of a version; 0 is the empty one that everything begins with. Raises `NotFound`."""
        if version == 0:
            return BEGINNING
        found: bytes = (await self.get(unit, automation_id, version))["workspace"]
        return found

    async def blocks(self, unit: Unit, automation_id: UUID, version: int) -> int:
        """How many blocks a version has. A version never changes, so that it is counted once."""
        key = automation_id, version
        if key not in self._counts:
            # One document in memory at a time: a page of them may be large.
            self._counts[key] = count_blocks(await self.workspace(unit, automation_id, version))
            if len(self._counts) > COUNTS_KEPT:
                self._counts.popitem(last=False)
        return self._counts[key]

    async def annotate(
        self, unit: Unit, automation_id: UUID, version: int, note: str, *, expected: str | None = None
    ) -> dict[str, Any]:
        """Another note. ``expected`` is what `note_tag` said. Raises `NotFound` and `VersionConflict`."""
        await self._automations.row(unit, automation_id, lock=True)
        row = await self.get(unit, automation_id, version)
        if expected is not None and expected != note_tag(row):
            raise VersionConflict(
                f"Somebody changed the note of version {version} since you read it; read it again, then change it.",
                meta={"version": version, "note": row["note"]},
            )
        mine = (automation_versions.c.automation_id == automation_id, automation_versions.c.version == version)
        await unit.update(automation_versions, *mine, note=note)
        return {**row, "note": note}

    async def restore(
        self,
        unit: Unit,
        automation_id: UUID,
        version: int,
        *,
        saved_by: UUID,
        note: str = "",
        expected: str | None = None,
    ) -> dict[str, Any]:
        """A new version with the document of an earlier one; gives the automation. What came between stays.

        Raises `NotFound` and `VersionConflict`.
        """
        row = await self._automations.row(unit, automation_id, lock=True)
        check_own(row)
        await check_unchanged(unit, row, expected)
        workspace = (await self.get(unit, automation_id, version))["workspace"]
        return await self._automations.save(unit, row, workspace, saved_by=saved_by, note=note, restored_from=version)

    async def publish(
        self, unit: Unit, automation_id: UUID, version: int, *, expected: str | None = None
    ) -> dict[str, Any]:
        """Puts a version live and keeps it there: what is saved from now on is a draft. Gives the automation.

        Raises `NotFound` and `VersionConflict`.
        """
        row = await self._automations.row(unit, automation_id, lock=True)
        check_own(row)
        await check_unchanged(unit, row, expected)
        found = await self.get(unit, automation_id, version)
        return await self._automations.go_live(unit, automation_id, found["workspace"], pinned=version)

    async def unpin(self, unit: Unit, automation_id: UUID, *, expected: str | None = None) -> dict[str, Any]:
        """The newest version is live again, now and after each save. Gives the automation. Raises `VersionConflict`."""
        row = await self._automations.row(unit, automation_id, lock=True)
        check_own(row)
        await check_unchanged(unit, row, expected)
        newest = await self.workspace(unit, automation_id, row["version"])
        return await self._automations.go_live(unit, automation_id, newest, pinned=None)


def changes(old: bytes, new: bytes) -> list[Change]:
    """What leads from one document to another."""
    return compare(json.loads(old), json.loads(new))


def check_own(automation: Mapping[str, Any]) -> None:
    """Raises `FollowsTemplate` for an integration, whose versions are its template's."""
    if automation["template_id"] is not None:
        raise FollowsTemplate


def live(automation: Mapping[str, Any]) -> int:
    """The version that whatever starts the automation by itself, or from outside, runs."""
    found: int = automation["version"] if automation["live_version"] is None else automation["live_version"]
    return found


def note_tag(row: Mapping[str, Any]) -> str:
    """Changes with the note: the ETag of a version."""
    seed = f"{row['automation_id']}/{row['version']}/{row['note']}"
    return hashlib.sha256(seed.encode()).hexdigest()[:20]


class _Counted(msgspec.Struct):
    blocks: list[msgspec.Raw] = []


def count_blocks(workspace: bytes) -> int:
    """How many blocks a document lists."""
    try:
        return len(msgspec.json.decode(workspace, type=_Counted).blocks)
    except msgspec.MsgspecError:
        return 0
