"""Choices and fields come from the connected account, through the blocks that the connector names for them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client as make
from tests.connectors.verticals.driver import Driver
from tieline.connectors import metadata
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block, Input, Manifest, ObjectType, Paging, Server
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.errors import UpstreamRefused
from tieline.core.errors import BadInput, NotFound
from tieline.core.ids import new_id
from tieline.sandbox import Running
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio


STATES = Block(
    id="states",
    kind="list",
    object="state",
    path="/projects/{project}/states",
    records="$.states",
    inputs=[Input(id="project", location="path", required=True)],
    paging=Paging(),
)
MOVE = Block(
    id="move",
    kind="update",
    method="PATCH",
    path="/issues/{id}",
    inputs=[
        Input(id="project", location="body", name="/project"),
        Input(id="state", location="body", name="/state", options_from="states"),
        Input(id="rank", location="body", name="/rank", choices=["high", "low"]),
    ],
)


def connected(api: Api, egress: Egress, *blocks: Block, objects: list[ObjectType] | None = None) -> Client:
    manifest = Manifest(name="x", servers=[Server(url=api.base)], blocks=list(blocks), objects=objects or [])
    made = make(manifest, egress)
    made.account.connection_id = str(new_id())
    return made


async def test_choices_hang_on_what_was_chosen_before(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"states": [{"id": 7, "name": "In progress"}, {"id": 8, "name": "Done"}]})
    client = connected(api, egress, STATES, MOVE)
    found = await metadata.options(client, MOVE, "state", {"project": "P 1"})
    assert [(one.value, one.label) for one in found] == [(7, "In progress"), (8, "Done")]
    assert api.asked[0].target == "/projects/P%201/states"
    assert [one.value for one in await metadata.options(client, MOVE, "state", {"project": "P 1"}, "don")] == [8]
    assert len(api.asked) == 1, "a form asks often"
    with pytest.raises(BadInput, match="choose 'project' first"):
        await metadata.options(client, MOVE, "state", {})
    assert [one.value for one in await metadata.options(client, MOVE, "rank", {})] == ["high", "low"]
    with pytest.raises(NotFound, match="'colour'"):
        await metadata.options(client, MOVE, "colour", {})


async def test_a_refusal_is_the_apis(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"message": "not yours"}, 403)
    with pytest.raises(UpstreamRefused, match="not yours"):
        await metadata.options(connected(api, egress, STATES, MOVE), MOVE, "state", {"project": "P"})


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"name": "vip", "type": "bool", "required": True}, ("vip", "vip", "boolean", True)),
        ({"apiName": "Size__c", "label": "Size", "dataType": "double"}, ("Size__c", "Size", "number", False)),
        ({"key": "k", "title": "Key", "type": {"type": "integer"}}, ("k", "Key", "integer", False)),
        ("plain", ("plain", "plain", "string", False)),
    ],
    ids=["plain", "camel", "nested", "text"],
)
async def test_fields_in_every_spelling(egress: Egress, api: Api, row: Any, told: tuple[Any, ...]) -> None:
    api.handler = lambda request: answer({"fields": [row, 7, None, {}]})
    source = Block(id="fields", kind="list_fields", path="/fields", records="$.fields", paging=Paging())
    thing = ObjectType(name="guest", primary_key=["id"], schema={"properties": {"id": {"type": "integer"}}})
    client = connected(api, egress, source, objects=[thing])
    thing.fields_block = "fields"
    found = {one.name: one for one in await metadata.fields(client, "guest")}
    assert found["id"].read_only
    assert not found["id"].dynamic
    one = found[told[0]]
    assert (one.name, one.label, one.type, one.required, one.dynamic) == (*told, True)


async def test_the_sandbox_tells_its_own(egress: Egress, sandbox: Running) -> None:
    address = sandbox.events.openapi
    document = (await egress.request("GET", address)).body
    driver = Driver(import_document(document, address=address), egress, secrets={"api_key": sandbox.events.api_key})
    names = {one.value for one in await metadata.types(driver.client)}
    assert {"event", "attendee", "registration"} <= names
    found = {one.name: one for one in await metadata.fields(driver.client, "attendee")}
    assert found["email"].type == "string"
    assert any(one.dynamic for one in found.values())
    with pytest.raises((NotFound, UpstreamRefused)):
        await metadata.fields(driver.client, "unicorn")


async def test_a_block_that_changes_something_gives_no_choices(api: Api, egress: Egress) -> None:
    wipe = Block(id="wipe", kind="delete", method="DELETE", path="/everything")
    form = Block(id="form", kind="update", method="PATCH", path="/x", inputs=[Input(id="a", options_from="wipe")])
    known = make(Manifest(name="x", servers=[Server(url=api.base)], blocks=[wipe, form]), egress)
    with pytest.raises(BadInput, match="changes something"):
        await metadata.options(known, form, "a", {})
    assert api.asked == []


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": [], "required": True},
        {"properties": {"id": True, "a": {"enum": 7, "title": ["x"], "type": ["string", "null"]}}, "required": [[], 1]},
        {"allOf": [{"properties": 3}, None, {"$ref": "#/schemas/none"}, {"required": "x"}]},
        {"$ref": "#/schemas/wide"},
        {"$ref": "#/schemas/loop"},
    ],
    ids=["lists", "values", "parts", "wide", "loop"],
)
async def test_odd_schemas_give_the_fields_that_can_be_read(api: Api, egress: Egress, schema: dict[str, Any]) -> None:
    thing = ObjectType(name="guest", schema=schema)
    schemas = {
        "wide": {"allOf": [{"$ref": "#/schemas/wide"}] * 400, "properties": {"id": {"type": "integer"}}},
        "loop": {"$ref": "#/schemas/loop"},
    }
    known = make(Manifest(name="x", servers=[Server(url=api.base)], objects=[thing], schemas=schemas), egress)
    assert {one.name for one in await metadata.fields(known, "guest")} <= {"id", "a"}


async def test_a_schema_is_put_together_from_its_parts(api: Api, egress: Egress) -> None:
    base = {"properties": {"id": {"type": "integer"}, "name": {"type": "integer"}}, "required": ["id"]}
    own = {"allOf": [{"$ref": "#/schemas/base"}], "properties": {"name": {"type": "string", "enum": ["a"]}}}
    thing = ObjectType(name="guest", schema=own)
    known = make(Manifest(name="x", servers=[Server(url=api.base)], objects=[thing], schemas={"base": base}), egress)
    told = [(one.name, one.type, one.required, one.choices) for one in await metadata.fields(known, "guest")]
    assert told == [("id", "integer", True, []), ("name", "string", False, ["a"])]
