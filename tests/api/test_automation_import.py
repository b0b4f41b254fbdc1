"""Documents through the real API: what goes in comes out, and the report says what is missing here."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Parts, Tenant
from tests.automations.engine.documents import block, document
from tests.automations.workspace.documents import document as generated
from tieline.automations.workspace.fields import same
from tieline.automations.workspace.yaml_form import from_yaml, to_yaml
from tieline.connectors.importers import import_document

pytestmark = pytest.mark.anyio

LIST = {"operationId": "listNotes", "responses": {"200": {"description": "ok"}}}
API = {
    "openapi": "3.0.3",
    "info": {"title": "Petty Cash", "version": "1"},
    "servers": [{"url": "https://cash.example.com/v1"}],
    "paths": {"/notes": {"get": LIST}},
}


async def round_trip(api: httpx.AsyncClient, workspace: Any) -> None:
    """In and out again, as JSON and as YAML."""
    made = await api.post("/api/v1/automations", json={"name": "A", "workspace": workspace})
    assert made.status_code == 201, made.text
    where = f"/api/v1/automations/{made.json()['id']}"
    out = json.loads((await api.get(where)).text)["workspace"]
    assert same(out, workspace)
    back = from_yaml(to_yaml(out))
    assert same(back, workspace)
    assert (await api.put(where, json={"workspace": back})).json()["version"] == 1  # nothing new
    assert (await api.delete(where)).status_code == 204


async def test_the_example_comes_out_as_it_went_in(api: httpx.AsyncClient, example_workspace: bytes) -> None:
    await round_trip(api, json.loads(example_workspace))


@pytest.mark.parametrize("seed", range(4))
async def test_generated_documents_come_out_as_they_went_in(api: httpx.AsyncClient, seed: int) -> None:
    await round_trip(api, generated(Random(seed), 40))


@pytest.mark.battery
@pytest.mark.timeout(1200)
async def test_200_generated_documents_of_up_to_300_blocks_come_out_as_they_went_in(api: httpx.AsyncClient) -> None:
    made: list[Any] = []

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**64), st.integers(0, 300))
    def collect(seed: int, count: int) -> None:
        made.append(generated(Random(seed), count))

    collect()
    assert len(made) >= 200 and max(len(one["blocks"]) for one in made) > 150
    for one in made:
        await round_trip(api, one)


async def connector(parts: Parts, tenant: Tenant) -> tuple[UUID, str, str]:
    """(id, GUID, an operation) of a connector of the tenant."""
    async with parts.database.tenant(tenant.id) as unit:
        row = await parts.connectors.save(unit, import_document(json.dumps(API).encode(), name="cash"))
        manifest = await parts.connectors.manifest(unit, row["id"])
    return row["id"], row["guid"], manifest.blocks[0].id


async def connect(parts: Parts, tenant: Tenant, connector_id: UUID, owner: UUID) -> str:
    async with parts.database.tenant(tenant.id) as unit:
        made = await parts.connections.create(unit, connector_id=connector_id, name="c", owner_id=owner)
    return str(made["id"])


async def test_a_placeholder_is_bound_where_there_is_exactly_one_connection(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, world: Any
) -> None:
    connector_id, guid, operation = await connector(parts, tenant)
    about: dict[str, Any] = {"datasourcetype_guid": guid, "endpoint_guid": operation, "endpoint_role": "list"}
    workspace = document(
        block("EndpointBlock", "notes", **about),
        block("EndpointBlock", "odd", **{**about, "endpoint_guid": "gone"}),
        block("EndpointBlock", "foreign", **{**about, "datasourcetype_guid": "61a87510-c7a3-11ea-95da-0fb0c241e75c"}),
    )

    async def report() -> tuple[list[tuple[str, str]], dict[str, str]]:
        made = (await api.post("/api/v1/automations", json={"name": "A", "workspace": workspace})).json()
        assert made["workspace"] == workspace
        found = made["importReport"]
        return [(one["block"], one["connection"]) for one in found["bound"]], {
            one["block"]: one["detail"] for one in found["unbound"]
        }

    bound, unbound = await report()
    assert bound == []
    assert "connector “Petty Cash” has no connection that" in unbound["notes"]
    assert "has no operation 'gone'" in unbound["odd"]
    assert "'61a87510-c7a3-11ea-95da-0fb0c241e75c' is not known here" in unbound["foreign"]
    stranger, _ = await world.user(tenant.id)
    await connect(parts, tenant, connector_id, stranger)
    assert (await report())[0] == []  # another person's own is not reachable
    mine = await connect(parts, tenant, connector_id, tenant.admin_id)
    assert (await report())[0] == [("notes", mine)]
    await connect(parts, tenant, connector_id, tenant.admin_id)
    bound, unbound = await report()
    assert bound == []
    assert "there are 2 connections of “Petty Cash”; choose one" in unbound["notes"]


async def test_a_saved_version_is_reported_on_too(api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/v1/automations", json={"name": "A"})).json()
    bad = document(block("ShowBlock", "o", inputs={"input": "{nofn: 1}"}))
    answer = await api.put(f"/api/v1/automations/{made['id']}", json={"workspace": bad})
    (error,) = answer.json()["importReport"]["errors"]
    assert {name: error[name] for name in ("block", "input", "position")} == {
        "block": "o",
        "input": "input",
        "position": 1,
    }
