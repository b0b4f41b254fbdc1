"""Every kind of block of every vertical, through imported connectors, against servers that keep what they are given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.verticals.driver import Driver
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block
from tieline.connectors.runtime.errors import UpstreamRefused
from tieline.sandbox import Running
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio

UPSTREAM = {
    "event": "event",
    "attendee_category": "attendee_category",
    "attendee": "attendee",
    "session": "session",
    "registration": "registration",
    "check_in": "check_in",
    "telephony_contact": "contact",
    "group": "group",
    "call": "call",
    "company": "company",
    "crm_contact": "contact",
    "deal": "deal",
}
CHANGES = {
    "name": "changed",
    "title": "changed",
    "first_name": "changed",
    "status": "changed",
    "checked_in_at": "2027-06-01T08:00:00Z",
}


async def imported(egress: Egress, address: str, **options: Any) -> Driver:
    document = (await egress.request("GET", address)).body
    return Driver(import_document(document, address=address), egress, **options)


def one(driver: Driver, kind: str, of: str) -> Block:
    found = driver.blocks(kind, of=of)
    assert found, f"no {kind} block of {of}"
    return found[0]


def path_inputs(block: Block, identity: str) -> dict[str, Any]:
    return {spec.id: identity for spec in block.inputs if spec.location == "path"}


async def through(driver: Driver, thing: str, change: str) -> None:
    """Make, read, list, find, change, ask for news and remove one object with its own blocks."""
    made = await driver.call(one(driver, "create", thing))
    identity = made["id"]
    get = one(driver, "get", thing)
    assert (await driver.call(get, **path_inputs(get, identity)))["id"] == identity
    assert identity in {record["id"] for record in await driver.records(one(driver, "list", thing))}
    for update in driver.blocks("update", of=thing):
        if "external" in update.path:
            continue
        known = {spec.id: made.get(spec.name.strip("/")) for spec in update.inputs if spec.location == "body"}
        kept = {name: value for name, value in known.items() if value is not None}
        answer = await driver.call(update, **{**kept, **path_inputs(update, identity), change: CHANGES[change]})
        assert answer[change] == CHANGES[change]
    for block in driver.blocks("incremental", of=thing):
        news = await driver.records(block, since=made["created_at"])
        assert identity in {record["id"] for record in news}
        assert len({record["id"] for record in news}) == len(news)
        assert await driver.records(block, since="2090-01-01T00:00:00Z") == []


async def removed(driver: Driver, thing: str, identity: str) -> None:
    remove, get = one(driver, "delete", thing), one(driver, "get", thing)
    await driver.call(remove, **path_inputs(remove, identity))
    with pytest.raises(UpstreamRefused):
        await driver.call(get, **path_inputs(get, identity))


@pytest.mark.parametrize("document", ["openapi.json", "swagger.json"])
async def test_upstreams_three_apis(egress: Egress, upstream: str, document: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    probe = await imported(egress, f"{upstream}/{document}", secrets={})
    field = probe.manifest.auth[0].fields[0].id
    driver = await imported(egress, f"{upstream}/{document}", secrets={field: "key-123"})
    for thing, name in UPSTREAM.items():
        made = await driver.call(one(driver, "create", thing))
        driver.ids[name] = made["id"]
    for thing in UPSTREAM:
        changeable = {spec.name.strip("/") for spec in one(driver, "update", thing).inputs}
        change = next(name for name in CHANGES if name in changeable)
        await through(driver, thing, change)
    by = one(driver, "get_by", "attendee")
    ada = await driver.call(one(driver, "create", "attendee"), email="grace@example.com")
    found = await driver.call(by, **{by.inputs[0].id: "email", by.inputs[1].id: "grace@example.com"})
    assert found["id"] == ada["id"]
    searched = await driver.records(one(driver, "list", "attendee"), q="grace")
    assert [record["id"] for record in searched] == [ada["id"]]
    for thing, name in UPSTREAM.items():
        if name != "contact":
            await removed(driver, thing, driver.ids[name])
    assert set(driver.done) >= {"list", "get", "get_by", "create", "update", "delete", "incremental"}


async def test_the_sandboxs_events(egress: Egress, sandbox: Running) -> None:
    driver = await imported(egress, sandbox.events.openapi, secrets={"api_key": sandbox.events.api_key})
    for thing in ("event", "attendee_category", "attendee", "session", "registration", "check_in"):
        given = {"event_id": driver.ids["event"]} if thing == "registration" else {}
        if thing == "registration":
            given |= {"attendee_id": driver.ids["attendee"], "category_id": driver.ids["attendee_category"]}
        block = one(driver, "create", thing)
        taken = {spec.id for spec in block.inputs}
        driver.ids[thing] = (await driver.call(block, **{k: v for k, v in given.items() if k in taken}))["id"]
    for thing, change in (
        ("event", "name"),
        ("attendee_category", "name"),
        ("attendee", "first_name"),
        ("session", "title"),
    ):
        await through(driver, thing, change)
    types = await driver.records(one(driver, "list_types", "object_type"))
    assert types
    fields = one(driver, "list_fields", "field")
    kind = types[0] if isinstance(types[0], str) else types[0].get("name") or types[0]["id"]
    assert await driver.records(fields, **{fields.inputs[0].id: kind})
    await webhooks(driver, ["registration.created"])
    await removed(driver, "check_in", driver.ids["check_in"])
    assert set(driver.done) == {
        *("list", "get", "create", "update", "delete", "incremental", "list_types", "list_fields"),
        *("webhook_add", "webhook_list", "webhook_remove"),
    }


async def test_the_sandboxs_telephony(egress: Egress, sandbox: Running) -> None:
    secrets = {"client_id": sandbox.telephony.client_id, "client_secret": sandbox.telephony.client_secret}
    driver = await imported(egress, sandbox.telephony.openapi, secrets=secrets)
    for thing in ("directory", "contact"):
        await through(driver, thing, "name")
    upsert = next(block for block in driver.blocks("update", of="contact") if "external" in block.path)
    ours = await driver.call(upsert, external_id="ours-1", name="Grace")
    again = await driver.call(upsert, external_id="ours-1", name="Grace Hopper")
    assert again["id"] == ours["id"]
    found = await driver.call(one(driver, "get_by", "contact"), external_id="ours-1")
    assert (found["id"], found["name"]) == (ours["id"], "Grace Hopper")
    assert ours["id"] in {record["id"] for record in await driver.records(one(driver, "search", "contact"), q="Hopper")}
    number = (await driver.records(one(driver, "list", "number")))[0]
    call = await driver.call(one(driver, "create", "call"), number_id=number["id"])
    live = one(driver, "update", "call")
    settable = {spec.id for spec in live.inputs}
    assert settable & {"route_to", "status", "note", "transfer_to", "tags"}, settable
    assert (await driver.call(one(driver, "get", "call"), call_id=call["id"]))["id"] == call["id"]
    await webhooks(driver, ["call.incoming"])
    await removed(driver, "contact", ours["id"])
    assert set(driver.done) >= {
        *("list", "get", "get_by", "search", "create", "update", "delete", "incremental"),
        *("webhook_add", "webhook_list", "webhook_remove"),
    }


async def webhooks(driver: Driver, events: list[str]) -> None:
    add, remove = driver.blocks("webhook_add")[0], driver.blocks("webhook_remove")[0]
    made = await driver.call(add, url="http://127.0.0.1:9/nowhere", events=events)
    assert made["id"] in {record["id"] for record in await driver.records(driver.blocks("webhook_list")[0])}
    await driver.call(remove, **path_inputs(remove, made["id"]))
    assert made["id"] not in {record["id"] for record in await driver.records(driver.blocks("webhook_list")[0])}
