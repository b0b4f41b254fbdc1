"""Connector blocks of imported connectors, on the sandbox: exact, incremental, limited, honest about credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest

from tests.automations.engine.documents import block, chain, document
from tests.automations.runs.conftest import Bench, working
from tieline.connectors.connections import Connections
from tieline.connectors.importers import import_document
from tieline.connectors.library import Library
from tieline.connectors.manifest.guids import input_guid
from tieline.core import json
from tieline.sandbox import Running, running
from tieline.security.vault import Vault, parse_keys

pytestmark = pytest.mark.anyio

REGISTRATIONS = 120


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(registrations=REGISTRATIONS) as started:
        yield started


@dataclass
class Connected:
    """A bench whose tenant has connections to both products of the sandbox."""

    bench: Bench
    connections: Connections
    gather: UUID
    dialbook: UUID


@pytest.fixture
async def connected(bench: Bench, sandbox: Running) -> AsyncIterator[Connected]:
    sandbox.reset(registrations=REGISTRATIONS)
    vault = Vault(parse_keys(Vault.generate_key()))
    connections, library = Connections(bench.database, vault), Library(bench.database)
    made = []
    async with bench.database.tenant(bench.tenant) as unit:
        for name, product, answers in (
            ("gather", sandbox.events, {"api_key": sandbox.events.api_key}),
            (
                "dialbook",
                sandbox.telephony,
                {"client_id": sandbox.telephony.client_id, "client_secret": sandbox.telephony.client_secret},
            ),
        ):
            with urlopen(product.openapi, timeout=10) as answer:
                row = await library.save(unit, import_document(answer.read(), address=product.openapi, name=name))
            connection = await connections.create(
                unit, connector_id=row["id"], name=name, owner_id=bench.user, params=answers
            )
            made.append(connection["id"])
    async with working(bench.database, vault=vault):
        yield Connected(bench, connections, *made)


def call(
    name: str, operation: str, role: str, connection: UUID, inputs: dict[str, Any] | None = None, **settings: Any
) -> dict[str, Any]:
    """A connector block."""
    return block(
        "EndpointBlock",
        name,
        inputs=inputs,
        settings={"datasource": str(connection), **settings},
        endpoint_guid=operation,
        endpoint_role=role,
    )


def sync(connected: Connected) -> dict[str, Any]:
    """New and updated registrations to contacts."""
    contact = call(
        "contact",
        "contacts_upsert",
        "update",
        connected.dialbook,
        {
            "external_id": "{$.reg.item.id}",
            "name": "{$.reg.item.attendee.name}",
            "email": "{$.reg.item.attendee.email}",
        },
    )
    listing = call("reg", "list_registrations_incremental", "listupdated", connected.gather)
    return document((listing, {"loopBlockId": chain(contact)}))


async def test_an_incremental_sync_takes_everything_once_and_then_only_what_changed(
    connected: Connected, sandbox: Running
) -> None:
    automation = await connected.bench.automation(sync(connected))
    for expected in (REGISTRATIONS, 0, 7, 0):
        if expected == 7:
            sandbox.touch(7)
        sandbox.reset_ledger()
        row = await connected.bench.ended(await connected.bench.start(automation))
        assert (row["status"], row["error"]) == ("finished", None)
        assert row["metrics"]["items"] == expected
        ledger = sandbox.ledger("telephony")
        writes = sum(ledger[kind].get("contact", 0) for kind in ("created", "updated", "unchanged"))
        assert writes == expected
    assert sandbox.report()["lost"] == 0


async def test_a_list_can_be_limited_and_read_as_a_whole(connected: Connected) -> None:
    shown = document(
        call("people", "list_attendees", "list", connected.gather, maxitemcount="7"),
        block("ShowBlock", inputs={"input": "{count: {$.people}}"}),
    )
    row = await connected.bench.run(shown)
    assert (row["status"], json.loads(row["output"])) == ("finished", [7])


async def test_what_a_get_gives_can_be_sent_on(connected: Connected) -> None:
    shown = document(
        call("events", "list_events", "list", connected.gather, maxitemcount="1"),
        call("event", "get_event", "get", connected.gather, {"event_id": "{$.events[0].id}"}),
        block("ShowBlock", inputs={"input": "{if: {$.event.name} = {$.events[0].name}, 'same', 'other'}"}),
    )
    row = await connected.bench.run(shown)
    assert (row["error"], json.loads(row["output"])) == (None, ["same"])


async def test_a_block_that_names_only_its_connector_finds_the_one_connection_there_is(connected: Connected) -> None:
    bench = connected.bench
    account = await connected.connections.account(bench.tenant, connected.gather)
    listing = next(entry for entry in account.manifest.blocks if entry.id == "list_attendees")
    placeholder = block(
        "EndpointBlock",
        "people",
        displayName="People",
        settings={"maxitemcount": "3"},
        datasourcetype_guid=account.manifest.guid,
        endpoint_guid=listing.guid or listing.id,
        endpoint_role="list",
    )
    shown = document(placeholder, block("ShowBlock", inputs={"input": "{count: {$.people}}"}))
    row = await bench.run(shown)
    assert (row["error"], json.loads(row["output"])) == (None, [3])
    async with bench.database.tenant(bench.tenant) as unit:
        connector = (await connected.connections.get(unit, connected.gather))["connector_id"]
        await connected.connections.create(
            unit, connector_id=connector, name="second", owner_id=bench.user, params={"api_key": "x"}
        )
    for guid, said in ((account.manifest.guid, "there are 2 connections of"), ("61a87510-c7a3", "is not known here")):
        placeholder["datasourcetype_guid"] = guid
        (error,) = (await bench.run(shown))["error"]
        assert error["code"] == "block-unbound"
        assert error["detail"].startswith("block “People” has no connection: ") and said in error["detail"]


async def test_inputs_may_be_named_by_the_guids_that_the_api_shows(connected: Connected) -> None:
    bench = connected.bench
    account = await connected.connections.account(bench.tenant, connected.gather)
    listing = next(entry for entry in account.manifest.blocks if entry.id == "list_registrations")
    by_guid = call("some", listing.guid, "list", connected.gather, {input_guid(listing, "status").upper(): "confirmed"})
    by_name = call("same", "list_registrations", "list", connected.gather, {"status": "confirmed"})
    shown = block("ShowBlock", inputs={"input": "{if: {count: {$.some}} = {count: {$.same}}, 'same', 'other'}"})
    row = await bench.run(document(by_guid, by_name, shown))
    assert (row["error"], json.loads(row["output"])) == (None, ["same"])


async def test_credentials_that_stopped_working_show_at_the_connection(connected: Connected) -> None:
    bench, connections = connected.bench, connected.connections
    async with bench.database.tenant(bench.tenant) as unit:
        await connections.update(unit, connected.gather, secrets={"api_key": "revoked"})
    row = await bench.run(sync(connected))
    assert row["status"] == "failed"
    assert row["error"][0]["code"] == "reconnect-needed"
    async with bench.database.tenant(bench.tenant) as unit:
        shown = await connections.get(unit, connected.gather)
    assert shown["is_connected"] is False
    assert shown["error"]
    assert "revoked" not in str(row["error"]) + str(shown)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"settings": []}, "has no connection"),
        ({"settings": [{"id": "datasource", "value": "x"}]}, "is not a connection's id"),
        ({"settings": [{"id": "datasource", "value": str(UUID(int=9))}]}, "does not exist in this tenant"),
        ({"endpoint_guid": "fly"}, "wants operation 'fly'"),
    ],
    ids=["no connection", "not an id", "another tenant's", "no such operation"],
)
async def test_an_unbound_block_is_refused_by_name(connected: Connected, change: dict[str, Any], says: str) -> None:
    loose = call("event", "get_event", "get", connected.gather, {"event_id": "x"}) | change | {"displayName": "Get it"}
    row = await connected.bench.run(document(loose))
    assert row["status"] == "failed"
    assert row["error"][0]["code"] == "block-unbound"
    assert "“Get it”" in row["error"][0]["detail"]
    assert says in row["error"][0]["detail"]
