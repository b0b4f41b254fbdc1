"""Integrations: a template version with the settings and the connections of one account, and no copy of it.

    done = await integrations.install(partner_id, account, "sync-contacts", inputs={"Project": "A"}, datasources=[guid])
    await integrations.set_inputs(partner_id, account, done["automation_id"], {"Project": "B"})
    await integrations.detach(partner_id, account, done["automation_id"])       # from now on a copy of its own

An integration is an automation of the account whose ``template_id`` is set. Its ``guid`` is the automation's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from tieline.automations.library import Automations
from tieline.automations.library.telling import integration
from tieline.automations.runs import Runs
from tieline.automations.workspace.flows import DELETE, key_of
from tieline.connectors.library import Library
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound, TielineError
from tieline.core.ids import new_id
from tieline.oem import accounts, bindings, settings, templates
from tieline.oem.accounts import as_uuid
from tieline.oem.errors import DeleteFlowFailed, SetupIncomplete, UnknownInput
from tieline.oem.rollout import share_of, version_for
from tieline.oem.shapes import Shape
from tieline.storage.database import Database
from tieline.storage.documents import workspace_of
from tieline.storage.tables import automations, form_answers, integrations
from tieline.storage.tables import templates as template_table
from tieline.storage.unit import Unit
from tieline.tenancy.events import partners

WAIT_SECONDS: Final = 55.0
DETACHED: Final = "Detached from its template."
_MINE = tuple(integrations.c[name].label(f"i_{name}") for name in integrations.c.keys() if name != "tenant_id")  # noqa: SIM118

Account = Mapping[str, Any]
Row = dict[str, Any]


def listed(unit: Unit) -> sa.Select[Any]:
    """SELECT of the account's integrations: the automation's columns, and the integration's as ``i_...``."""
    return (
        unit.select(automations, *automations.c, *_MINE)
        .join(
            integrations,
            (integrations.c.tenant_id == automations.c.tenant_id) & (integrations.c.automation_id == automations.c.id),
        )
        .order_by(automations.c.id)
    )


def part(row: Mapping[str, Any]) -> Row:
    """The columns of ``integrations`` out of a row of `listed`."""
    return {name[2:]: value for name, value in row.items() if name.startswith("i_")}


async def find(unit: Unit, name: str, *, by_name: bool = False, lock: bool = False) -> Row:
    """The integration of this GUID, or of this name where that is allowed. Raises `NotFound`."""
    identity = as_uuid(name)
    statement = listed(unit)
    if identity is not None:
        statement = statement.where(automations.c.id == identity)
    elif by_name and name and "\0" not in name:
        statement = statement.where(automations.c.name == name)
    else:
        raise NotFound("There is no such integration.")
    row = await unit.one(statement.with_for_update(of=integrations) if lock else statement)
    if row is None:
        raise NotFound("There is no such integration.")
    return row


class Integrations:
    """Installs, changes and removes integrations. Methods open their own units of work."""

    def __init__(self, database: Database, library: Automations, connectors: Library, runs: Runs) -> None:
        self._database = database
        self._library = library
        self._connectors = connectors
        self._runs = runs

    async def install(
        self,
        partner_id: UUID,
        account: Account,
        name: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        datasources: Sequence[str] = (),
        prevent_duplicates: bool | None = None,
        owner_id: UUID | None = None,
        offered: bool = False,
        once: UUID | None = None,
    ) -> Row:
        """The new integration (its row), started by itself from now on unless something required lacks.

        With ``prevent_duplicates`` (default: what the template says) an integration of the same template with the same
        inputs is brought up to date in its place. Of a bundle each member is installed. ``owner_id`` is whose it is
        (default: the account's first user's); asked for again with the same ``once`` it is the same one.

        Raises `NotFound` for the template, and with ``offered`` for one that is hidden; `TemplateNotLive` for one that
        is still to come; `UnknownInput`, and `BadInput` for a datasource of another account.
        """
        async with self._database.system() as unit:
            template = await templates.find(unit, partner_id, name)
            templates.check_offered(template, hidden=not offered)
            parts = [await self._prepared(unit, one) for one in await templates.members(unit, template)]
            whole = await self._prepared(unit, template)
        prevent = template["prevent_duplicates"] if prevent_duplicates is None else prevent_duplicates
        wanted = {name: value for name, value in (inputs or {}).items() if name != "template_prevent_duplicates"}
        everything = [whole, *parts]
        _check_known(everything, wanted)
        needed = sorted({one for _, _, shape, _ in everything for one in shape.connectors})
        await bindings.provide(self._database, self._connectors, partner_id, account["id"], needed)
        async with self._database.tenant(account["id"]) as unit:
            key = {"key": f"install/{account['id']}"}
            await unit.connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7))"), key)
            owner = owner_id or await accounts.owner(unit)
            pointer = "/datasources" if owner_id is None else "/connections"
            given = await bindings.bind(unit, datasources, owner_id=owner_id, pointer=pointer)
            if once is not None:
                known = await unit.one(listed(unit).where(integrations.c.id == once))
                if known is not None:
                    return known
            bundle = await self._install_one(unit, whole, wanted, given, prevent, owner, None, once)
            made = [bundle]
            for one in parts:
                made.append(await self._install_one(unit, one, wanted, given, prevent, owner, bundle["i_id"]))
        for row in made:
            await self._catch_up(account, row)
        return bundle

    async def _catch_up(self, account: Account, row: Row) -> None:
        """While the integration was not there yet, its template may have been rolled out further, and others may have
        taken the share that was expected.
        """
        async with self._database.system() as unit:
            template = await unit.one(sa.select(template_table).where(template_table.c.id == row["i_template_id"]))
        if template is not None and version_for(template, part(row)) != row["version"]:
            await self._move(account, template, str(row["id"]), pinned=row["i_pinned_version"])

    async def _prepared(self, unit: Unit, template: Row) -> tuple[Row, int, Shape, bytes]:
        share = share_of(await templates.expected_number(unit, template["id"]))
        version = version_for(template, {"pinned_version": None, "share": share})
        shape = await templates.shape(unit, template["id"], version)
        return template, version, shape, await templates.document(unit, template, version)

    async def _install_one(
        self,
        unit: Unit,
        prepared: tuple[Row, int, Shape, bytes],
        wanted: Mapping[str, Any],
        given: dict[str, str],
        prevent: bool,
        owner: UUID,
        bundle: UUID | None,
        once: UUID | None = None,
    ) -> Row:
        template, version, shape, workspace = prepared
        values = settings.checked(shape, {n: v for n, v in wanted.items() if shape.resolve(n)}, pointer="/inputs")
        mine = given if not shape.connectors else {n: v for n, v in given.items() if n in shape.connectors}
        complete = not settings.lacking(shape, values)
        inputs_hash = settings.digest(values)
        if prevent:
            same = (
                integrations.c.template_id == template["id"],
                integrations.c.inputs_hash == inputs_hash,
                integrations.c.detached_at.is_(None),
                integrations.c.bundle_id.is_(None) if bundle is None else integrations.c.bundle_id == bundle,
            )
            known = await unit.one(listed(unit).where(*same).limit(1))
            if known is not None:
                connections = {**known["i_connections"], **mine}
                await unit.update(
                    integrations, integrations.c.id == known["i_id"], connections=connections, updated_at=now()
                )
                current = version_for(template, part(known))
                document = workspace if current == version else None
                if document is not None:
                    await self._library.follow(unit, known["id"], current, document, connections=connections)
                return await find(unit, str(known["id"]))
        row = await self._library.create(
            unit,
            owner_id=owner,
            name=template["name"],
            description=template["texts"].get("shortDescription", ""),
            schedules=template["source"].get("schedules", []),
            workspace=workspace,
            template=(template["id"], version),
            connections=mine,
            enabled=complete,
        )
        async with unit.beyond() as partner:
            number = await templates.next_number(partner, template["id"])
        await unit.insert(
            integrations,
            id=once or new_id(),
            template_id=template["id"],
            automation_id=row["id"],
            bundle_id=bundle,
            share=share_of(number),
            inputs=values,
            inputs_hash=inputs_hash,
            connections=mine,
            setup_complete=complete,
        )
        await tell(unit, row, "installed")
        return await find(unit, str(row["id"]))

    async def set_inputs(self, account: Account, name: str, inputs: Mapping[str, Any]) -> None:
        """Sets persisted inputs; of a bundle those of its parts that have them. Raises `UnknownInput`, `BadInput`."""
        shapes: dict[UUID, Shape] = {}
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name)
            parts = await unit.all(listed(unit).where(integrations.c.bundle_id == row["i_id"]))
        for one in (row, *parts):
            shapes[one["id"]] = await self.shape(one)
        async with self._database.tenant(account["id"]) as unit:
            everything = [await find(unit, str(one["id"]), lock=True) for one in (row, *parts)]
            known: list[tuple[Row, int, Shape, bytes]] = [({}, 0, shapes[one["id"]], b"") for one in everything]
            _check_known(known, inputs, pointer="")
            for one in everything:
                shape = shapes[one["id"]]
                values = settings.checked(shape, {n: v for n, v in inputs.items() if shape.resolve(n)})
                if not values:
                    continue
                kept = await settings.keep(unit, part(one), shape, values)
                await tell(unit, one, "settings-changed", inputs=sorted(values))
                if not one["i_setup_complete"] and not settings.lacking(shape, kept):
                    await self._library.set_enabled(unit, one["id"], True)

    async def shape(self, row: Mapping[str, Any]) -> Shape:
        """What the version that the integration runs says of itself; of a detached one, its template's live version."""
        async with self._database.system() as unit:
            version = row["version"]
            if row["template_id"] is None:
                version = await unit.scalar(
                    sa.select(template_table.c.live_version).where(template_table.c.id == row["i_template_id"])
                )
            return await templates.shape(unit, row["i_template_id"], version or 0)

    async def settle(self, account: Account, name: str) -> None:
        """After a setup or settings flow: the setup is complete where nothing required lacks any more."""
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name)
        shape = await self.shape(row)
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name, lock=True)
            kept = await settings.keep(unit, part(row), shape, {})
            await tell(unit, row, "settings-changed", inputs=sorted(kept))
            if not row["i_setup_complete"] and not settings.lacking(shape, kept):
                await self._library.set_enabled(unit, row["id"], True)

    async def push(self, partner_id: UUID, account: Account, template: str, name: str) -> Row:
        """Lets an integration follow its template again, and gives it the current version. Another template's guid is
        a `BadInput`.
        """
        async with self._database.system() as unit:
            row = await templates.find(unit, partner_id, template)
        return await self._move(account, row, name, pinned=None)

    async def pin(self, partner_id: UUID, account: Account, name: str, version: int | None) -> Row:
        """Keeps an integration at a version of its template, whatever is rolled out; None lets it follow again."""
        async with self._database.tenant(account["id"]) as unit:
            known = await find(unit, name)
        async with self._database.system() as unit:
            row = await templates.find(unit, partner_id, str(known["i_template_id"]))
        return await self._move(account, row, name, pinned=version)

    async def _move(self, account: Account, template: Row, name: str, *, pinned: int | None) -> Row:
        while True:
            async with self._database.tenant(account["id"]) as unit:
                row = await find(unit, name)
            if row["i_template_id"] != template["id"]:
                raise BadInput("The integration was made of another template; only its own can be pushed to it.")
            if row["template_id"] is None:
                raise BadInput("The integration was detached from its template; it has a document of its own.")
            mine = {"pinned_version": pinned, "share": row["i_share"]}
            version = version_for(template, mine)
            async with self._database.system() as unit:
                workspace = await templates.document(unit, template, version)
            async with self._database.tenant(account["id"]) as unit:
                row = await find(unit, name, lock=True)
                await unit.update(
                    integrations, integrations.c.id == row["i_id"], pinned_version=pinned, updated_at=now()
                )
                await self._library.follow(unit, row["id"], version, workspace, connections=row["i_connections"])
                row = await find(unit, name)
            # A roll-out that was committed in between has seen what the integration was before.
            async with self._database.system() as unit:
                newer = await unit.one(sa.select(template_table).where(template_table.c.id == template["id"]))
            if newer is None or version_for(newer, mine) == version:
                return row
            template = newer

    async def detach(self, account: Account, name: str) -> Row:
        """Makes the document the account's own, with its connections and settings; the template is followed no more."""
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name)
        if row["template_id"] is None:
            return row
        shape = await self.shape(row)
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name, lock=True)
            made = await self._library.make_own(unit, row["id"], saved_by=row["owner_id"], note=DETACHED)
            document = bindings.with_connections(made["workspace"], row["i_connections"])
            await self._library.update(unit, row["id"], saved_by=row["owner_id"], workspace=document, note=DETACHED)
            kept = await settings.values_of(unit, row["id"])
            for block in {one.block_id for one in shape.inputs if one.persisted}:
                names = {one.name for one in shape.inputs if one.block_id == block}
                answers = {name: value for name, value in kept.items() if name in names}
                await unit.delete(
                    form_answers, form_answers.c.automation_id == row["id"], form_answers.c.block_id == block
                )
                await unit.insert(form_answers, automation_id=row["id"], block_id=block, answers=answers)
            await unit.update(integrations, integrations.c.id == row["i_id"], detached_at=now(), updated_at=now())
            await tell(unit, row, "detached")
            return await find(unit, name)

    async def bind(self, account: Account, name: str, given: Sequence[str]) -> Row:
        """Gives an integration, and the parts of a bundle, other connections: each in place of its connector's.

        Raises `BadInput` for one that its owner may not use, or that no block of it works with.
        """
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name)
            parts = await unit.all(listed(unit).where(integrations.c.bundle_id == row["i_id"]))
        shapes = {one["id"]: await self.shape(one) for one in (row, *parts)}
        async with self._database.tenant(account["id"]) as unit:
            found = await bindings.bind(unit, given, owner_id=row["owner_id"], pointer="/connections")
            needed = {name for shape in shapes.values() for name in shape.connectors}
            if given and not needed & set(found):
                raise BadInput("No block of this integration works with these connections.", pointer="/connections")
            for one in (row, *parts):
                one = await find(unit, str(one["id"]), lock=True)
                mine = {n: v for n, v in found.items() if n in shapes[one["id"]].connectors}
                connections = {**one["i_connections"], **mine}
                if connections == one["i_connections"]:
                    continue
                await unit.update(
                    integrations, integrations.c.id == one["i_id"], connections=connections, updated_at=now()
                )
                if one["template_id"] is not None:
                    document = await workspace_of(unit, one["id"], one["version"]) or b"{}"
                    await self._library.follow(unit, one["id"], one["version"], document, connections=connections)
            return await find(unit, str(row["id"]))

    async def enable(self, account: Account, name: str, *, enabled: bool) -> Row:
        """Lets an integration start runs, or no more; of a bundle its parts too. Raises `SetupIncomplete` where
        something required lacks.
        """
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name)
            parts = await unit.all(listed(unit).where(integrations.c.bundle_id == row["i_id"]))
            for one in (row, *parts):
                if enabled and not one["i_setup_complete"]:
                    raise SetupIncomplete(
                        f"The setup of “{one['name']}” is not complete: a required input has no value yet."
                    )
                if (one["state"] == "available") != enabled:
                    await self._library.set_enabled(unit, one["id"], enabled)
            return await find(unit, str(row["id"]))

    async def remove(
        self, account: Account, name: str, *, force: bool = False, strict: bool = False, wait: float = WAIT_SECONDS
    ) -> dict[str, str]:
        """Runs what the template does on removal, then removes the integration; of a bundle its parts first.

        It is removed whatever becomes of that run: nobody must be kept from leaving because an API is gone. What became
        of it, by GUID, is given back, recorded and told to the partner. With ``strict`` a run that does not come to a
        good end raises `DeleteFlowFailed` and nothing is removed; ``force`` does not run it.
        """
        async with self._database.tenant(account["id"]) as unit:
            row = await find(unit, name)
            parts = await unit.all(listed(unit).where(integrations.c.bundle_id == row["i_id"]))
        outcomes: dict[str, str] = {}
        for one in (*parts, row):
            said = "left out" if force else await self._say_goodbye(account, one, wait, strict=strict)
            async with self._database.tenant(account["id"]) as unit:
                # Whoever removed it meanwhile has told of it.
                if await unit.one(listed(unit).where(automations.c.id == one["id"])) is not None:
                    told = {"template_guid": one["i_template_id"], "deleteFlow": said}
                    await self._library.delete(unit, one["id"], told=told)
                    outcomes[str(one["id"])] = said
        return outcomes

    async def _say_goodbye(self, account: Account, row: Row, wait: float, *, strict: bool) -> str:
        if row["template_id"] is None or not (await self.shape(row)).has_delete:
            return "none"
        try:
            async with self._database.tenant(account["id"]) as unit:
                run = await self._runs.start(
                    unit,
                    automation={**row, "state": "available"},
                    context="api_sync",
                    key=key_of(DELETE, str(new_id())),
                )
                # Nothing starts it any more while it says goodbye.
                await self._library.set_enabled(unit, row["id"], False)
        except TielineError as error:
            if strict:
                raise
            return f"not started: {error.detail}"[:500]
        run = await self._runs.wait(account["id"], run["id"], wait)
        if run["status"].startswith("finished"):
            return "finished"
        detail = f"{run['status']}: {(run['error'] or [{}])[0].get('detail', '')}"[:500]
        if strict:
            raise DeleteFlowFailed(
                f"The delete flow of “{row['name']}” is {detail} Nothing was removed; leave strict out to remove it"
                " all the same.",
                meta={"run": str(run["id"])},
            )
        return detail


async def tell(unit: Unit, row: Mapping[str, Any], what: str, **more: Any) -> None:
    """The partner's webhooks are told that an integration was installed, removed and the like."""
    about = {**integration(row), "template_guid": row.get("i_template_id", row["template_id"]), **more}
    await partners.tell(unit, f"com.tieline.integration.{what}", f"integration:{row['id']}", about)


def _check_known(
    everything: Sequence[tuple[Row, int, Shape, bytes]], inputs: Mapping[str, Any], *, pointer: str = "/inputs"
) -> None:
    for name in inputs:
        if not any(shape.resolve(name) for _, _, shape, _ in everything):
            known = sorted({one for _, _, shape, _ in everything for one in shape.settings()})
            raise UnknownInput(
                f"{name[:100]!r} is no persisted top input; there are: {', '.join(known)[:500] or 'none'}.",
                pointer=f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"[:200],
            )
