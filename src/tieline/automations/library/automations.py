"""The automations of a tenant: kept with every version of their workspace.

    automations = Automations(database, vault)
    async with database.tenant(tenant_id) as unit:
        row = await automations.create(unit, owner_id=user, name="My sync", workspace=b'{"blocks":[]}')
        row = await automations.update(unit, row["id"], name="Our sync", saved_by=user)

A row is the one of table ``automations`` with ``workspace`` (the document's bytes, as they came) of its newest version.
``run_mode`` and ``start_settings`` are those of the version that is live, see `versions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy import select

from tieline.automations.library import schedules as schedule_rules
from tieline.automations.library.conflicts import check_unchanged
from tieline.automations.library.detached import detach
from tieline.automations.library.errors import TooManyConcurrentRuns
from tieline.automations.library.telling import tell
from tieline.automations.library.versions import Versions, check_own
from tieline.automations.library.workspaces import EMPTY, inspect, same
from tieline.automations.runs import usage
from tieline.automations.triggers import starts, timings
from tieline.core.clock import now
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.security import resealing, tokens
from tieline.security.resealing import Place
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.documents import workspace_of
from tieline.storage.tables import automation_versions, automations, journal, pointers, run_blobs, runs, tenants
from tieline.storage.unit import Unit
from tieline.tenancy import notices, spaces, standing, users

TOKEN_PREFIX = "tlx_"  # noqa: S105 - how an execution token begins
DEFAULT_MAX_CONCURRENT_RUNS = 10
DETACHED = "Connections of the former owner were taken out."

_WORKSPACE = automation_versions.c.workspace


class Listener(Protocol):
    """Told of automations that were saved, enabled, disabled or deleted, in the transaction that does it."""

    async def changed(self, unit: Unit, automation: Mapping[str, Any]) -> None:
        """``automation`` is its row as it is now."""

    async def deleted(self, unit: Unit, automation_id: UUID) -> None:
        """It is gone."""


class Automations:
    """Creates, changes, copies and removes automations; every method is part of the caller's transaction."""

    def __init__(self, database: Database, vault: Vault, *, listeners: Sequence[Listener] = ()) -> None:
        self._database = database
        self._vault = vault
        self._listeners = listeners
        self.versions = Versions(self)

    async def create(
        self,
        unit: Unit,
        *,
        owner_id: UUID,
        name: str,
        description: str = "",
        space_id: UUID | None = None,
        schedules: Sequence[dict[str, Any]] = (),
        workspace: bytes = EMPTY,
        max_concurrent_runs: int = 1,
        concurrency_limit: int = DEFAULT_MAX_CONCURRENT_RUNS,
        saved_by: UUID | None = None,
        follows: Sequence[Mapping[str, Any]] = (),
        note: str = "",
        priority: int = 0,
        template: tuple[UUID, int] | None = None,
        connections: Mapping[str, str] | None = None,
        enabled: bool = True,
    ) -> dict[str, Any]:
        """A new automation. Raises `BadInput` for a space, schedule, figure or document that cannot be.

        With a ``template`` (id, version) it runs that one's document, which ``workspace`` is, and keeps none.
        """
        await spaces.check(unit, space_id)
        _check_concurrency(max_concurrent_runs, concurrency_limit)
        says = self.start_of(workspace, connections)
        automation_id = new_id()
        token = tokens.new_token(TOKEN_PREFIX)
        await unit.insert(
            automations,
            id=automation_id,
            name=name,
            description=description,
            owner_id=owner_id,
            space_id=space_id,
            **says,
            state="available" if enabled else "disabled",
            version=1 if template is None else template[1],
            template_id=None if template is None else template[0],
            priority=priority,
            schedules=schedule_rules.check(schedules),
            follows=await starts.check_follows(unit, automation_id, follows),
            max_concurrent_runs=max_concurrent_runs,
            execution_token=self._vault.seal(token.encode(), context=_token_context(unit.tenant_id, automation_id)),
            execution_token_hash=tokens.hash_token(token),
        )
        if template is None:
            await self._save_version(unit, automation_id, 1, workspace, saved_by or owner_id, note)
        await self._changed(unit, automation_id, "created", saved_by or owner_id)
        return await self.get(unit, automation_id)

    async def row(self, unit: Unit, automation_id: UUID, *, lock: bool = False) -> dict[str, Any]:
        """The row without its workspace; ``lock`` keeps others from changing it meanwhile. Raises `NotFound`."""
        statement = unit.select(automations).where(automations.c.id == automation_id)
        row = await unit.one(statement.with_for_update() if lock else statement)
        if row is None:
            raise NotFound("There is no such automation.")
        return row

    async def get(self, unit: Unit, automation_id: UUID, *, lock: bool = False) -> dict[str, Any]:
        """The row with its newest workspace; ``lock`` keeps others from changing it meanwhile. Raises `NotFound`."""
        statement = (
            unit.select(automations, *automations.c, _WORKSPACE)
            .outerjoin(
                automation_versions,
                (automation_versions.c.tenant_id == automations.c.tenant_id)
                & (automation_versions.c.automation_id == automations.c.id)
                & (automation_versions.c.version == automations.c.version),
            )
            .where(automations.c.id == automation_id)
        )
        row = await unit.one(statement.with_for_update(of=automations) if lock else statement)
        if row is None:
            raise NotFound("There is no such automation.")
        if row["workspace"] is None:
            row["workspace"] = await workspace_of(unit, automation_id, row["version"]) or EMPTY
        return row

    async def update(
        self,
        unit: Unit,
        automation_id: UUID,
        *,
        saved_by: UUID,
        expected: str | None = None,
        name: str | UnsetType = UNSET,
        description: str | UnsetType = UNSET,
        schedules: Sequence[dict[str, Any]] | UnsetType = UNSET,
        workspace: bytes | UnsetType = UNSET,
        max_concurrent_runs: int | UnsetType = UNSET,
        concurrency_limit: int = DEFAULT_MAX_CONCURRENT_RUNS,
        follows: Sequence[Mapping[str, Any]] | UnsetType = UNSET,
        note: str = "",
        priority: int | UnsetType = UNSET,
    ) -> dict[str, Any]:
        """Changes what is given; another workspace makes a new version, which ``note`` is about.

        ``expected`` is what `state_tag` said when the caller read the automation. Raises `VersionConflict` where it
        says something else by now.
        """
        row = await self.get(unit, automation_id, lock=True)
        await check_unchanged(unit, row, expected)
        changes: dict[str, Any] = {}
        if name is not UNSET:
            changes["name"] = name
        if description is not UNSET:
            changes["description"] = description
        if schedules is not UNSET:
            changes["schedules"] = schedule_rules.check(schedules, row["schedules"])
        if follows is not UNSET:
            changes["follows"] = await starts.check_follows(unit, automation_id, follows)
        if max_concurrent_runs is not UNSET:
            if max_concurrent_runs != row["max_concurrent_runs"]:
                _check_concurrency(max_concurrent_runs, concurrency_limit)
            changes["max_concurrent_runs"] = max_concurrent_runs
        if priority is not UNSET:
            changes["priority"] = priority
        if workspace is not UNSET and not same(workspace, row["workspace"]):
            return await self.save(unit, row, workspace, saved_by=saved_by, note=note, **changes)
        if changes:
            await self._change(unit, automation_id, **changes)
            await self._changed(unit, automation_id, by=saved_by)
        return await self.get(unit, automation_id)

    async def save(
        self,
        unit: Unit,
        row: Mapping[str, Any],
        workspace: bytes,
        *,
        saved_by: UUID,
        note: str = "",
        restored_from: int | None = None,
        **changes: Any,
    ) -> dict[str, Any]:
        """The next version of an automation whose ``row`` was read with a lock; live where none is pinned.

        ``changes`` are made to the row besides. Raises `BadInput` for a document that cannot be.
        """
        check_own(row)
        says = _start_of(workspace)
        number = row["version"] + 1
        await self._save_version(unit, row["id"], number, workspace, saved_by, note, restored_from)
        if row["live_version"] is None:
            changes |= says
        await self._change(unit, row["id"], version=number, **changes)
        await self._changed(unit, row["id"], by=saved_by)
        return await self.get(unit, row["id"])

    async def go_live(self, unit: Unit, automation_id: UUID, workspace: bytes, *, pinned: int | None) -> dict[str, Any]:
        """What starts the automation follows ``workspace`` from now on, the document of the version that is live."""
        await self._change(unit, automation_id, live_version=pinned, **_start_of(workspace))
        await self._changed(unit, automation_id)
        return await self.get(unit, automation_id)

    @staticmethod
    def start_of(workspace: bytes, connections: Mapping[str, str] | None = None) -> dict[str, Any]:
        """``run_mode`` and ``start_settings`` of a document; ``connections`` of an integration, by connector, serve a
        start block that names a connector and no connection.
        """
        says = _start_of(workspace)
        start: dict[str, Any] = says["start_settings"]
        given = (connections or {}).get(start.get("connector", ""))
        if start.get("event") and given and not start.get("connection"):
            says["start_settings"] = {**start, "connection": given}
        return says

    async def follow(
        self, unit: Unit, automation_id: UUID, version: int, workspace: bytes, *, connections: Mapping[str, str]
    ) -> None:
        """An integration runs this version of its template from now on, with these connections by connector."""
        await self._change(unit, automation_id, version=version, **self.start_of(workspace, connections))
        await self._changed(unit, automation_id)

    async def make_own(self, unit: Unit, automation_id: UUID, *, saved_by: UUID, note: str = "") -> dict[str, Any]:
        """Detaches an integration from its template: the document becomes its own, and so do those of earlier runs."""
        row = await self.get(unit, automation_id, lock=True)
        if row["template_id"] is None:
            return row
        used = unit.select(runs, runs.c.version).where(runs.c.automation_id == automation_id).distinct()
        for version in sorted({row["version"], *(one["version"] for one in await unit.all(used))}):
            document = await workspace_of(unit, automation_id, version)
            if document is not None:
                await self._save_version(unit, automation_id, version, document, saved_by, note)
        await self._change(unit, automation_id, template_id=None)
        await self._changed(unit, automation_id)
        return await self.get(unit, automation_id)

    async def delete(self, unit: Unit, automation_id: UUID, *, told: Mapping[str, Any] | None = None) -> None:
        """Removes the automation with everything that is its own: versions, runs, schedules, pointers, answers of
        forms, subscriptions. A run under way loses its claim and ends. ``told``: what its partner is told besides.
        """
        await usage.keep_all(unit, automation_id)
        row = await self.row(unit, automation_id)
        mine = unit.select(runs, runs.c.id).where(runs.c.automation_id == automation_id)
        await unit.delete(journal, journal.c.run_id.in_(mine))
        await unit.delete(run_blobs, run_blobs.c.run_id.in_(mine))
        if not await unit.delete(automations, automations.c.id == automation_id):
            raise NotFound("There is no such automation.")
        await starts.forget(unit, automation_id)
        await notices.close(unit, f"automation-circle/automation:{automation_id}")
        for listener in self._listeners:
            await listener.deleted(unit, automation_id)
        await tell(unit, row, "deleted", told=told)

    async def copy(self, unit: Unit, automation_id: UUID, *, name: str, owner_id: UUID) -> dict[str, Any]:
        """A new automation in the owner's personal space with the newest workspace, without schedules and history.

        Connections that its owner may not use are not copied.
        """
        row = await self.get(unit, automation_id)
        return await self.create(
            unit,
            owner_id=owner_id,
            name=name,
            description=row["description"],
            workspace=await detach(unit, row["workspace"], owner_id),
            priority=row["priority"],
            max_concurrent_runs=row["max_concurrent_runs"],
            concurrency_limit=row["max_concurrent_runs"],
        )

    async def set_enabled(self, unit: Unit, automation_id: UUID, enabled: bool) -> None:
        """A disabled automation starts no runs; those under way go on."""
        await self._change(unit, automation_id, state="available" if enabled else "disabled")
        await self._changed(unit, automation_id, "enabled" if enabled else "disabled")

    async def change_owner(self, unit: Unit, automation_id: UUID, owner_id: UUID, *, changed_by: UUID) -> None:
        """Gives the automation to another user, into their personal space. Raises `NotFound` for an unknown user.

        Versions, runs and journals stay; a run keeps the owner as whom it ran. Connections that the new owner may not
        use are taken out of the newest workspace, which makes a version; an earlier one that names them cannot use
        them either, because a run reaches only what the automation's owner may use.
        """
        await users.get(unit, owner_id)
        row = await self.get(unit, automation_id, lock=True)
        if row["owner_id"] == owner_id:
            return
        # A template's document names no connection.
        mine = row["template_id"] is None
        detached = await detach(unit, row["workspace"], owner_id) if mine else row["workspace"]
        owned: dict[str, Any] = {"owner_id": owner_id, "space_id": None}
        if detached is not row["workspace"]:
            await self.save(unit, row, detached, saved_by=changed_by, note=DETACHED, **owned)
            return
        await self._change(unit, automation_id, **owned)
        await self._changed(unit, automation_id, by=changed_by)

    async def change_space(self, unit: Unit, automation_id: UUID, space_id: UUID | None) -> None:
        """Moves the automation; None is its owner's personal space. Raises `NotFound` for an unknown space."""
        if space_id is not None:
            await spaces.get(unit, space_id)
        await self._change(unit, automation_id, space_id=space_id)
        await tell(unit, await self.row(unit, automation_id), "updated")

    async def pointers(self, unit: Unit, automation_id: UUID) -> list[dict[str, Any]]:
        """Where its incremental blocks stand."""
        statement = unit.select(pointers).where(pointers.c.automation_id == automation_id)
        return await unit.all(statement.order_by(pointers.c.block_id, pointers.c.inputs_hash))

    async def reset_pointers(self, unit: Unit, automation_id: UUID, block_id: str | None = None) -> int:
        """Lets one or all incremental blocks begin from the start again; the number of pointers removed."""
        where = [pointers.c.automation_id == automation_id]
        if block_id is not None:
            where.append(pointers.c.block_id == block_id)
        return await unit.delete(pointers, *where)

    def execution_token(self, row: dict[str, Any], tenant_id: UUID) -> str | None:
        """The token that starts this automation from outside."""
        if row["execution_token"] is None:
            return None
        return self._vault.open(row["execution_token"], context=_token_context(tenant_id, row["id"])).decode()

    async def find_by_token(self, automation_id: UUID, token: str) -> dict[str, Any] | None:
        """The automation that this token starts, or None. The caller learns nothing about ids that exist.

        Of a tenant that is deactivated no token opens anything, as no key of it does.
        """
        if not tokens.is_well_formed(token, TOKEN_PREFIX):
            return None
        mine = (automations.c.id == automation_id, automations.c.execution_token_hash == tokens.hash_token(token))
        joined = select(automations).join(tenants, tenants.c.id == automations.c.tenant_id)
        statement = joined.where(*mine, tenants.c.status == standing.ACTIVE)
        async with self._database.system() as unit:
            return await unit.one(statement)

    async def _changed(self, unit: Unit, automation_id: UUID, what: str = "updated", by: UUID | None = None) -> None:
        """What starts it by itself is brought in step, and who listens is told ``what`` was done."""
        row = await self.row(unit, automation_id)
        await timings.keep_in_step(unit, row)
        for listener in self._listeners:
            await listener.changed(unit, row)
        await tell(unit, row, what, by)

    async def _change(self, unit: Unit, automation_id: UUID, **values: Any) -> None:
        if not await unit.update(automations, automations.c.id == automation_id, updated_at=now(), **values):
            raise NotFound("There is no such automation.")

    async def _save_version(
        self,
        unit: Unit,
        automation_id: UUID,
        version: int,
        workspace: bytes,
        by: UUID,
        note: str,
        restored_from: int | None = None,
    ) -> None:
        await unit.insert(
            automation_versions,
            automation_id=automation_id,
            version=version,
            workspace=workspace,
            saved_by=by,
            note=note,
            restored_from=restored_from,
        )


def _start_of(workspace: bytes) -> dict[str, Any]:
    """What the start block says, as the automation's row has it. Raises `BadInput` for what is no workspace."""
    return {"run_mode": inspect(workspace).run_mode, "start_settings": starts.read(workspace)}


def _token_context(tenant_id: UUID | None, automation_id: UUID) -> bytes:
    return f"automations/{tenant_id}/{automation_id}/execution_token".encode()


def _check_concurrency(wanted: int, limit: int) -> None:
    if not 1 <= wanted <= limit:
        raise TooManyConcurrentRuns(
            f"maxConcurrentRuns has to be between 1 and {limit}; the tenant's automation settings can raise that.",
            pointer="/maxConcurrentRuns",
        )


resealing.register(
    Place(automations, automations.c.execution_token, lambda row: _token_context(row["tenant_id"], row["id"]))
)
