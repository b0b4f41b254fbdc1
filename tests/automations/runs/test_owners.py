"""Whose connections a run may work with, over changes of owner, rollbacks, copies and ids that somebody has guessed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest

from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import Bench, working
from tieline.automations.library import Automations
from tieline.connectors.connections import Connections
from tieline.connectors.importers import import_document
from tieline.connectors.library import Library
from tieline.core import json
from tieline.core.ids import new_id
from tieline.sandbox import Running, running
from tieline.security.vault import Vault, parse_keys
from tieline.storage.tables import connections as connections_table
from tieline.storage.tables import journal, runs, space_assignments
from tieline.storage.tables import users as users_table
from tieline.tenancy import spaces, users

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(registrations=3) as started:
        yield started


@dataclass
class Firm:
    """Ann, who has connections, and Bob, who has one of his own."""

    bench: Bench
    automations: Automations
    ann: UUID
    bob: UUID
    anns: UUID
    bobs: UUID
    shared: UUID

    async def row(self, automation: UUID) -> dict[str, Any]:
        async with self.bench.database.tenant(self.bench.tenant) as unit:
            return await self.automations.get(unit, automation)

    async def make(self, connection: UUID | str, owner: UUID | None = None, **values: Any) -> UUID:
        async with self.bench.database.tenant(self.bench.tenant) as unit:
            row = await self.automations.create(
                unit, owner_id=owner or self.ann, name="sync", workspace=reading(connection), **values
            )
        found: UUID = row["id"]
        return found

    async def save(self, automation: UUID, workspace: bytes, by: UUID) -> None:
        async with self.bench.database.tenant(self.bench.tenant) as unit:
            await self.automations.update(unit, automation, saved_by=by, workspace=workspace)

    async def give(self, automation: UUID, to: UUID) -> None:
        async with self.bench.database.tenant(self.bench.tenant) as unit:
            await self.automations.change_owner(unit, automation, to, changed_by=self.ann)

    async def run(self, automation: UUID) -> str:
        """The status, or the code of the error and its detail."""
        row = await self.bench.ended(await self.bench.start(await self.row(automation)))
        return row["status"] if not row["error"] else f"{row['error'][0]['code']}: {row['error'][0]['detail']}"


def reading(connection: UUID | str) -> bytes:
    listing = block(
        "EndpointBlock",
        "people",
        settings={"datasource": str(connection)},
        endpoint_guid="list_attendees",
        endpoint_role="list",
    )
    return json.dumps(document(listing))


@pytest.fixture
async def firm(bench: Bench, sandbox: Running) -> AsyncIterator[Firm]:
    vault = Vault(parse_keys(Vault.generate_key()))
    library, connections = Library(bench.database), Connections(bench.database, vault)
    made = []
    async with bench.database.tenant(bench.tenant) as unit:
        ann = await users.create(unit, external_id="ann")
        bob = await users.create(unit, external_id="bob")
        space = await spaces.create(unit, name="Team")
        with urlopen(sandbox.events.openapi, timeout=10) as answer:
            row = await library.save(
                unit, import_document(answer.read(), address=sandbox.events.openapi, name="gather")
            )
        for owner, where in ((ann, None), (bob, None), (ann, space)):
            connection = await connections.create(
                unit,
                connector_id=row["id"],
                name="x",
                owner_id=owner,
                space_id=where,
                params={"api_key": sandbox.events.api_key},
            )
            made.append(connection["id"])
    async with working(bench.database, vault=vault):
        yield Firm(bench, Automations(bench.database, vault), ann, bob, *made)


async def test_a_new_owner_does_not_act_under_the_old_ones_name(firm: Firm) -> None:
    """Not by the newest version, a rollback, a version that is put live, an id that is entered again, or a retry."""
    automation = await firm.make(firm.anns)
    assert await firm.run(automation) == "finished"
    await firm.give(automation, firm.bob)
    row = await firm.row(automation)
    assert (row["owner_id"], row["version"]) == (firm.bob, 2)
    assert str(firm.anns).encode() not in row["workspace"]
    assert (await firm.run(automation)).startswith("block-unbound: block “people” has no connection")

    refused = f"block-unbound: block “people” uses connection {firm.anns}, which is another person's own"
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        await firm.automations.versions.restore(unit, automation, 1, saved_by=firm.bob)
    assert (await firm.run(automation)).startswith(refused)
    for spelling in (str(firm.anns).upper(), firm.anns.hex, f"{{{firm.anns}}}", f"urn:uuid:{firm.anns}"):
        await firm.save(automation, reading(spelling), firm.bob)
        assert (await firm.run(automation)).startswith(refused), spelling
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        await firm.automations.versions.publish(unit, automation, 1)
    assert (await firm.run(automation)).startswith(refused)

    await firm.save(automation, reading(firm.bobs), firm.bob)
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        await firm.automations.versions.unpin(unit, automation)
    assert await firm.run(automation) == "finished"


async def test_an_old_run_that_is_retried_is_no_way_around(firm: Firm) -> None:
    automation = await firm.make(firm.anns)
    run = await firm.bench.ended(await firm.bench.start(await firm.row(automation)))
    await firm.give(automation, firm.bob)
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        # As if it had failed as Ann's before the first block.
        await unit.update(runs, runs.c.id == run["id"], status="failed")
        await unit.delete(journal, journal.c.run_id == run["id"])
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        await firm.bench.runs.retry(unit, await firm.bench.runs.get(unit, run["id"]))
    again = await firm.bench.ended(run["id"])
    assert (again["owner_id"], again["version"], again["status"]) == (firm.ann, 1, "failed")
    assert "another person's own" in again["error"][0]["detail"]


async def test_what_lies_in_a_space_or_is_the_new_owners_stays(firm: Firm) -> None:
    for connection in (firm.shared, firm.bobs):
        automation = await firm.make(connection)
        before = (await firm.row(automation))["workspace"]
        await firm.give(automation, firm.bob)
        row = await firm.row(automation)
        assert (row["version"], row["workspace"]) == (1, before)
        assert await firm.run(automation) == "finished"


async def test_nothing_but_the_connection_is_taken_out(firm: Firm) -> None:
    ann, odd = str(firm.anns), b'{"n" : 1.0, "big":123456789012345678901234567890,'
    text = odd + f'"blocks":[], "{ann}":1, "x":["{ann.upper()}", "about {ann}", "{firm.shared}", "{ann}" ]}}'.encode()
    automation = await firm.make("")
    await firm.save(automation, text, firm.ann)
    await firm.give(automation, firm.bob)
    kept = odd + f'"blocks":[], "{ann}":1, "x":["", "about {ann}", "{firm.shared}", "" ]}}'.encode()
    assert (await firm.row(automation))["workspace"] == kept
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        version = await firm.automations.versions.get(unit, automation, 3)
    assert (version["saved_by"], version["note"]) == (firm.ann, "Connections of the former owner were taken out.")


async def test_a_guessed_id_and_a_copy_give_no_access(firm: Firm) -> None:
    assert "another person's own" in await firm.run(await firm.make(firm.anns, firm.bob))
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        source = await firm.automations.create(unit, owner_id=firm.ann, name="a", workspace=reading(firm.anns))
        copied = await firm.automations.copy(unit, source["id"], name="b", owner_id=firm.bob)
    assert str(firm.anns).encode() not in copied["workspace"]
    assert (await firm.row(source["id"]))["workspace"] == reading_of(source)


def reading_of(row: dict[str, Any]) -> bytes:
    found: bytes = row["workspace"]
    return found


async def test_a_connection_that_changes_hands_is_gone_for_its_former_owner(firm: Firm) -> None:
    automation = await firm.make(firm.anns)
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        await unit.update(connections_table, connections_table.c.id == firm.anns, owner_id=firm.bob)
    assert "another person's own" in await firm.run(automation)
    async with firm.bench.database.tenant(firm.bench.tenant) as unit:
        space = await spaces.create(unit, name="Team 2")
        await unit.update(connections_table, connections_table.c.id == firm.anns, space_id=space)
    assert await firm.run(automation) == "finished"


async def test_calls_and_mails_ask_the_same(firm: Firm) -> None:
    url = {"url": "http://127.0.0.1:9/", "method": "GET"}
    mail = {"to": "a@example.com", "subject": "x", "body": "x"}
    for kind, inputs in (("CallUrlBlock", url), ("MailBlock", mail)):
        one = block(kind, "it", inputs=inputs, settings={"datasource": str(firm.anns)})
        automation = await firm.make("", firm.bob)
        await firm.save(automation, json.dumps(document(one)), firm.bob)
        assert "another person's own" in await firm.run(automation), kind


async def test_a_run_uses_the_connections_of_a_space_only_while_its_owner_may(firm: Firm) -> None:
    """Bob's automation and a connection of Ann's in a space of hers: each role, and a role that is taken away."""
    database, tenant = firm.bench.database, firm.bench.tenant
    async with database.tenant(tenant) as unit:
        space = await spaces.create(unit, name="Ann's", owner_id=firm.ann)
        await unit.update(connections_table, connections_table.c.id == firm.shared, space_id=space)
    automation = await firm.make(firm.shared, firm.bob)
    refused = "another person's own"
    assert refused in await firm.run(automation)
    assignment = new_id()
    for roles, usable in ((["consumer"], False), (["dataconsumer"], True), (["producer"], True), (["operator"], False)):
        async with database.tenant(tenant) as unit:
            await unit.delete(space_assignments, space_assignments.c.space_id == space)
            about = {"space_id": space, "type": "user", "assignee_id": firm.bob}
            await unit.insert(space_assignments, id=assignment, roles=roles, **about)
        assert (await firm.run(automation) == "finished") is usable, roles
    async with database.tenant(tenant) as unit:
        await unit.delete(space_assignments, space_assignments.c.space_id == space)
        await unit.update(users_table, users_table.c.id == firm.bob, roles=["TenantAdmin"])
    assert await firm.run(automation) == "finished", "administrators use what lies in any space"
    async with database.tenant(tenant) as unit:
        await unit.update(connections_table, connections_table.c.id == firm.shared, space_id=None)
    assert refused in await firm.run(automation), "but nobody's own"
