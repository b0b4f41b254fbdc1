"""A live account settles what the documentation left open, and nothing of what a person has said."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from tests.connectors.runtime.api import Api, answer
from tests.connectors.verticals.driver import Driver
from tieline.connectors.importers import import_document, merge
from tieline.connectors.manifest.model import Block, Fact, Incremental, Input, Manifest, ObjectType, Paging, Server
from tieline.connectors.probe import Finding, Outcome, probe
from tieline.sandbox import Running
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio


async def gather(sandbox: Running, egress: Egress) -> Manifest:
    address = sandbox.events.openapi
    return import_document((await egress.request("GET", address)).body, address=address)


async def probed(manifest: Manifest, egress: Egress, *, writes: bool = False, **secrets: str) -> Outcome:
    return await probe(Driver(manifest, egress, secrets=secrets).client, writes=writes)


def block(manifest: Manifest, identity: str) -> Block:
    return next(one for one in manifest.blocks if one.id == identity)


def found(outcome: Outcome, identity: str, what: str) -> Finding:
    return next(one for one in outcome.findings if (one.block, one.what) == (identity, what))


async def test_a_good_document_is_confirmed_and_only_read(egress: Egress, sandbox: Running) -> None:
    manifest = await gather(sandbox, egress)
    sandbox.reset_ledger()
    outcome = await probed(manifest, egress, api_key=sandbox.events.api_key)
    assert outcome.counts()["doubtful"] == outcome.counts()["corrected"] == 0
    assert outcome.counts()["confirmed"] >= 28
    listed = block(outcome.manifest, "list_attendees")
    assert listed.facts["records"].by == "probe"
    assert listed.facts["records"].evidence[0].startswith("GET /attendees on ")
    assert listed.paging is not UNSET
    assert listed.paging.facts["style"].by == "probe"
    assert {entry["method"] for entry in sandbox.requests("events")} == {"GET"}


async def test_what_was_wrong_is_corrected_and_survives_another_import(egress: Egress, sandbox: Running) -> None:
    manifest = await gather(sandbox, egress)
    listed = block(manifest, "list_attendees")
    listed.records, listed.facts["records"] = "$.attendees", Fact(confidence=0.2)
    listed.paging = Paging(facts={"style": Fact(confidence=0.3)})
    thing = next(one for one in manifest.objects if one.name == "attendee")
    thing.primary_key, thing.updated_field = ["number"], ""
    listed.inputs.append(Input(id="cursor", name="cursor", location="query"))
    outcome = await probed(manifest, egress, api_key=sandbox.events.api_key)
    after = block(outcome.manifest, "list_attendees")
    assert after.records == "$.data"
    assert after.paging is not UNSET
    assert (after.paging.style, after.paging.param, after.paging.next) == ("cursor", "cursor", "$.paging.next_cursor")
    assert found(outcome, "list_attendees", "primary_key").after == ["id"]
    merged = merge(outcome.manifest, await gather(sandbox, egress))
    assert block(merged, "list_attendees").facts["records"].by == "probe"
    assert next(one for one in merged.objects if one.name == "attendee").primary_key == ["id"]


async def test_a_persons_word_is_not_touched(egress: Egress, sandbox: Running) -> None:
    manifest = await gather(sandbox, egress)
    listed = block(manifest, "list_events")
    listed.records, listed.facts["records"] = "$.mine", Fact(by="human")
    outcome = await probed(manifest, egress, api_key=sandbox.events.api_key)
    after = block(outcome.manifest, "list_events")
    assert (after.records, after.facts["records"].by) == ("$.mine", "human")
    assert found(outcome, "list_events", "records").verdict == "doubtful"


def people(api: Api, *blocks: Block) -> Manifest:
    return Manifest(name="x", servers=[Server(url=api.base)], objects=[ObjectType(name="person")], blocks=list(blocks))


async def test_a_parameter_that_is_not_looked_at_is_found_out(egress: Egress, api: Api) -> None:
    rows = [{"id": number, "updated_at": "2020-01-01T00:00:00Z"} for number in range(3)]
    api.handler = lambda request: answer({"items": rows})
    listed = Block(id="list", kind="list", object="person", path="/people", records="$.items", paging=Paging())
    changed = Block(
        id="changed",
        kind="incremental",
        object="person",
        path="/people",
        records="$.items",
        paging=Paging(),
        incremental=Incremental(param="since", field="updated_at"),
    )
    outcome = await probed(people(api, listed, changed), egress)
    told = found(outcome, "changed", "incremental")
    assert (told.verdict, "'since' is not looked at" in told.said) == ("doubtful", True)


async def test_pages_that_repeat_are_doubtful(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"items": [{"id": 1}, {"id": 2}, {"id": 3}]})
    paging = Paging(style="page", param="p", size_param="n", size=3)
    listed = Block(id="list", kind="list", object="person", path="/people", records="$.items", paging=paging)
    outcome = await probed(people(api, listed), egress)
    assert found(outcome, "list", "paging").verdict in ("doubtful", "unknown")


@pytest.mark.parametrize(
    "body", [None, [], {}, "text", {"error": "no"}, {"items": []}, [[1]], {"a": {"b": {"c": {}}}}], ids=str
)
async def test_odd_answers_end_in_a_finding(egress: Egress, api: Api, body: Any) -> None:
    api.handler = lambda request: answer(body)
    listed = Block(id="list", kind="list", object="person", path="/people", records="$.items", paging=Paging())
    outcome = await probed(people(api, listed), egress)
    assert {one.verdict for one in outcome.findings} <= {"unknown", "doubtful", "confirmed"}
    assert outcome.findings


async def test_an_api_that_refuses_everything_is_unknown(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"error": "no"}, 403)
    listed = Block(id="list", kind="list", object="person", path="/people", records="$.items", paging=Paging())
    outcome = await probed(people(api, listed), egress)
    assert [one.verdict for one in outcome.findings] == ["unknown"]
    assert "403" in outcome.findings[0].said


async def test_told_so_it_makes_a_record_and_deletes_it_again(egress: Egress, sandbox: Running) -> None:
    manifest = await gather(sandbox, egress)
    for spec in block(manifest, "create_attendee").inputs:
        if spec.required:
            spec.example = {"email": "probe@example.com"}.get(spec.id, "Probe")
    outcome = await probed(manifest, egress, writes=True, api_key=sandbox.events.api_key)
    assert found(outcome, "create_attendee", "records").verdict == "confirmed"
    assert found(outcome, "delete_attendee", "call").verdict == "confirmed"
