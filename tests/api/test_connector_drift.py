"""A stored connector against newer documents, over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.api.conftest import Tenant, World, client
from tests.api.test_connectors import BASE, DOCUMENT, bring
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.tenancy import notices

pytestmark = pytest.mark.anyio

NOTICES = "/api/workflows/notices"
AUTOMATIONS = "/api/workflows/automations"
NEWER: dict[str, Any] = deepcopy(DOCUMENT)
NEWER["paths"]["/animals"] = {"post": NEWER["paths"]["/pets"].pop("post")}
NEWER["paths"]["/animals"]["post"]["operationId"] = "createAnimal"


def workspace(connector: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    return {
        "blocks": [
            {
                "id": "b1",
                "type": "EndpointBlock",
                "name": "makePet",
                "datasourcetype_guid": connector["guid"],
                "endpoint_guid": block["guid"],
                "inputs": [],
                "settings": [],
                "childId": None,
            }
        ],
        "variables": [],
    }


async def automation(api: httpx.AsyncClient, document: dict[str, Any], name: str) -> str:
    answer = await api.post(AUTOMATIONS, json={"name": name, "workspace": document})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def block_of(api: httpx.AsyncClient, connector: dict[str, Any], name: str) -> dict[str, Any]:
    manifest = (await api.get(f"{BASE}/{connector['id']}/manifest")).json()
    found: dict[str, Any] = next(one for one in manifest["blocks"] if one["id"] == name)
    return found


async def test_a_diff_names_the_automations_that_it_touches(api: httpx.AsyncClient) -> None:
    connector = await bring(api)
    making, listing = await block_of(api, connector, "create_pet"), await block_of(api, connector, "list_pets")
    touched = await automation(api, workspace(connector, making), "Makes pets")
    await automation(api, workspace(connector, listing), "Lists pets")
    answer = await api.post(f"{BASE}/{connector['id']}/diff", json={"document": NEWER})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["bump"], found["version"], found["next_version"]) == ("major", "1.2.0", "2.0.0")
    assert found["blocks"] == ["create_pet"]
    assert [(one["id"], one["name"], one["blocks"]) for one in found["automations"]] == [
        (touched, "Makes pets", ["create_pet"])
    ]
    again = await api.post(f"{BASE}/{connector['id']}/diff", json={"document": DOCUMENT})
    assert (again.json()["bump"], again.json()["automations"]) == ("none", [])
    # Nothing was kept.
    assert (await api.get(f"{BASE}/{connector['id']}")).json()["revision"] == 1


async def test_what_breaks_everything_touches_every_user_of_the_connector(api: httpx.AsyncClient) -> None:
    connector = await bring(api)
    listing = await block_of(api, connector, "list_pets")
    await automation(api, workspace(connector, listing), "Lists pets")
    newer = {**DOCUMENT, "servers": [{"url": "https://elsewhere.example"}]}
    found = (await api.post(f"{BASE}/{connector['id']}/diff", json={"document": newer})).json()
    assert [one["name"] for one in found["automations"]] == ["Lists pets"]


async def test_the_drift_of_a_connector_whose_document_has_an_address(api: httpx.AsyncClient) -> None:
    kept = {"document": DOCUMENT}

    async def give(_: web.Request) -> web.Response:
        return web.json_response(kept["document"])

    app = web.Application()
    app.router.add_get("/api.json", give)
    async with TestServer(app) as server:
        connector = await bring(api, source=str(server.make_url("/api.json")))
        first = await api.get(f"{BASE}/{connector['id']}/drift")
        assert first.status_code == 200, first.text
        assert first.json()["changes"] == []
        kept["document"] = NEWER
        assert (await api.get(f"{BASE}/{connector['id']}/drift")).json()["blocks"] == ["create_pet"]
        kept["document"] = {"not": "an api"}
        assert (await api.get(f"{BASE}/{connector['id']}/drift")).status_code == 422


async def test_a_connector_without_an_address_says_so(api: httpx.AsyncClient) -> None:
    connector = await bring(api)
    answer = await api.get(f"{BASE}/{connector['id']}/drift")
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "conflict"


@pytest.mark.parametrize(
    "body", [{}, {"document": "{", "source": "x"}, {"document": {"no": "api"}}, {"source": "ftp://x"}]
)
async def test_what_cannot_be_compared_is_refused(body: dict[str, Any], api: httpx.AsyncClient) -> None:
    connector = await bring(api)
    answer = await api.post(f"{BASE}/{connector['id']}/diff", json=body)
    assert answer.status_code in (400, 422), answer.text


async def test_other_tenants_and_unknown_ids_are_not_found(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    connector = await bring(api)
    for path in (f"{connector['id']}", f"{new_id()}"):
        assert (await other.post(f"{BASE}/{path}/diff", json={"document": NEWER})).status_code == 404
        assert (await other.get(f"{BASE}/{path}/drift")).status_code == 404


async def test_private_automations_of_others_are_not_named(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    connector = await bring(api)
    making = await block_of(api, connector, "create_pet")
    await automation(api, workspace(connector, making), "The administrator's own")
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        answer = await person.post(f"{BASE}/{connector['id']}/diff", json={"document": NEWER})
    assert answer.status_code == 200, answer.text
    assert answer.json()["automations"] == []


async def test_the_command_line_compares_a_stored_connector(
    api: httpx.AsyncClient, address: str, tenant: Tenant, tmp_path: Path
) -> None:
    connector = await bring(api)
    making = await block_of(api, connector, "create_pet")
    touched = await automation(api, workspace(connector, making), "Makes pets")
    (tmp_path / "newer.json").write_text(json.dumps(NEWER))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tieline", "connectors", "diff", connector["slug"], "newer.json"),
        *("--url", address, "--api-key", tenant.key),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err
    assert f"touches automation 'Makes pets' ({touched}): create_pet" in out.decode()


async def test_notices_are_listed_and_dismissed(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, world: World, tenant: Tenant, database: Database
) -> None:
    async with database.tenant(tenant.id) as unit:
        await notices.open(unit, kind="document-changed", subject="connector:x", title="Changed", detail="Much.")
        await notices.open(unit, kind="reconnect", subject="connection:y", title="Renew it")
    listed = (await api.get(NOTICES)).json()["data"]
    assert {one["subject"] for one in listed} == {"connector:x", "connection:y"}
    assert (await other.get(NOTICES)).json()["data"] == []
    _, key = await world.user(tenant.id)
    by_subject = {one["subject"]: one["id"] for one in listed}
    async with client(address, key) as person:
        assert [one["subject"] for one in (await person.get(NOTICES)).json()["data"]] == ["connector:x"]
        hidden = await person.post(f"{NOTICES}/{by_subject['connection:y']}/actions/dismiss")
        assert hidden.status_code == 404
        assert (await person.post(f"{NOTICES}/{by_subject['connector:x']}/actions/dismiss")).status_code == 204
    assert [one["subject"] for one in (await api.get(NOTICES)).json()["data"]] == ["connection:y"]
    assert (await other.post(f"{NOTICES}/{by_subject['connection:y']}/actions/dismiss")).status_code == 404
    assert (await api.post(f"{NOTICES}/{new_id()}/actions/dismiss")).status_code == 404
