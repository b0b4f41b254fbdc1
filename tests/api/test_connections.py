"""Connections over HTTP: secrets go in and never come out."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tests.api.test_connectors import manifest
from tieline.api.cloud.connections.schemas import show_detail
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Server, ServerVariable
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.tenancy import notices

pytestmark = pytest.mark.anyio

BASES = ["/api/workflows/automation-connections", "/api/v1/automation-connections"]
BASE = BASES[0]
SECRET = "s3cr3t-of-the-test"

METHODS = [
    AuthMethod(
        id="basic",
        kind="basic",
        fields=[
            Input(id="username", label="User", required=True),
            Input(id="password", type="password", required=True),
        ],
    ),
    AuthMethod(id="token", kind="bearer", fields=[Input(id="token", label="Token", secret=True, required=True)]),
]


async def connector(api: httpx.AsyncClient, **values: Any) -> str:
    document = io.dump(manifest(auth=METHODS, **values), "json")
    made = await api.post("/api/workflows/automation-connectors", json={"document": document})
    assert made.status_code == 201, made.text
    identity: str = made.json()["id"]
    return identity


def answers(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def param(connection: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in connection["params"] if item["name"] == name)
    return found


@pytest.mark.parametrize("base", BASES)
async def test_a_life(api: httpx.AsyncClient, tenant: Tenant, base: str) -> None:
    wanted = {
        "connectorId": await connector(api),
        "name": "Mine",
        "params": answers(auth_method="basic", username="me", password=SECRET),
    }
    made = await api.post(base, json=wanted)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["name"], shown["isConnected"], shown["ownerId"]) == ("Mine", True, str(tenant.admin_id))
    assert param(shown, "username")["value"] == "me"
    assert param(shown, "auth_method")["value"] == "basic"
    assert "value" not in param(shown, "password")
    where = f"{base}/{shown['id']}"
    assert (await api.get(where)).json() == shown
    [listed] = (await api.get(base)).json()["data"]
    assert listed["connectorId"] == wanted["connectorId"]

    echoed = await api.put(where, json={**shown, "name": "Ours"})
    assert echoed.status_code == 200, echoed.text
    assert echoed.json()["name"] == "Ours"
    assert echoed.json()["isConnected"] is True
    assert param(echoed.json(), "username")["value"] == "me"

    gone = await api.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(where)).status_code == 404
    assert (await api.delete(where)).status_code == 404


async def test_secrets_never_come_out(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await api.post(
        BASE, json={"connectorId": await connector(api), "params": answers(auth_method="token", token=SECRET)}
    )
    where = f"{BASE}/{made.json()['id']}"
    texts = [made.text, (await api.get(where)).text, (await api.get(BASE)).text]
    texts.append((await api.put(where, json={"name": "x"})).text)
    texts.append((await api.put(where, json={"params": answers(token=SECRET + "2")})).text)
    texts.append((await api.put(where, json={"params": [{"name": "token", "value": {"x": SECRET}}]})).text)
    assert not any(SECRET in text for text in texts)
    account = await parts.connections.account(tenant.id, UUID(made.json()["id"]))
    assert account.secrets == {"token": SECRET + "2"}


async def test_params_are_named_by_their_ids_too(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = (await api.post(BASE, json={"connectorId": await connector(api)})).json()
    by_id = {item["name"]: item["id"] for item in made["params"]}
    changed = await api.put(
        f"{BASE}/{made['id']}",
        json={"params": [{"id": by_id["username"], "value": "me"}, {"id": by_id["password"], "value": SECRET}]},
    )
    assert changed.status_code == 200, changed.text
    assert param(changed.json(), "username")["value"] == "me"
    account = await parts.connections.account(tenant.id, UUID(made["id"]))
    assert account.secrets == {"password": SECRET}
    kept = await api.put(f"{BASE}/{made['id']}", json={"params": [{"id": by_id["username"], "value": "you"}]})
    assert param(kept.json(), "username")["value"] == "you"
    assert kept.json()["isConnected"] is True


async def test_what_is_missing_is_said(api: httpx.AsyncClient) -> None:
    made = (await api.post(BASE, json={"connectorId": await connector(api)})).json()
    assert made["isConnected"] is False
    assert "User" in made["error"]["message"]
    assert made["name"] == "Tele"


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"connectorId": None}, "/connectorId"),
        ({"connectorId": 5}, "/connectorId"),
        ({"connectorId": "x"}, "/connectorId"),
        ({"connectorId": str(new_id())}, "/connectorId"),
        ({"spaceId": "x"}, "/spaceId"),
        ({"spaceId": str(new_id())}, "/spaceId"),
        ({"spaceId": None}, "/spaceId"),
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "x" * 300}, "/name"),
        ({"params": {}}, "/params"),
        ({"params": [5]}, "/params/0"),
        ({"params": [{"name": "nonsense", "value": "x"}]}, "/params/0"),
        ({"params": [{"value": "x"}]}, "/params/0"),
        ({"params": [{"name": "username", "value": 5}]}, "/params/0/value"),
        ({"params": [{"name": "username", "value": None}]}, "/params/0/value"),
        ({"params": [{"name": "username", "value": "x" * 100_001}]}, "/params/0/value"),
        ({"params": [{"name": "username", "value": "x"}] * 201}, "/params"),
        ({"params": [{"name": "auth_method", "value": "nonsense"}]}, None),
        ({"params": [{"name": "server", "value": "nonsense"}]}, None),
        ({"params": [{"name": "server", "value": "http://user:pass@x"}]}, None),
    ],
)
async def test_bad_fields_are_named(api: httpx.AsyncClient, change: dict[str, Any], pointer: str | None) -> None:
    answer = await api.post(BASE, json={"connectorId": await connector(api), **change})
    assert answer.status_code == 400, answer.text
    if pointer is not None:
        assert answer.json()["errors"][0]["source"] == {"pointer": pointer}
    assert (await api.get(BASE)).json()["data"] == []


async def test_nobody_sets_what_is_ours_to_set(api: httpx.AsyncClient, tenant: Tenant) -> None:
    wanted = {
        "id": str(new_id()),
        "ownerId": str(new_id()),
        "tenantId": str(new_id()),
        "isConnected": True,
        "createdAt": "2001-01-01T00:00:00Z",
        "secrets": {"token": "x"},
        "error": {"message": "x"},
    }
    made = (await api.post(BASE, json={"connectorId": await connector(api), **wanted})).json()
    assert made["id"] != wanted["id"]
    assert (made["ownerId"], made["isConnected"]) == (str(tenant.admin_id), False)
    changed = (await api.put(f"{BASE}/{made['id']}", json={**wanted, "connectorId": str(new_id())})).json()
    assert {name: changed[name] for name in ("id", "ownerId", "connectorId", "isConnected", "createdAt")} == {
        name: made[name] for name in ("id", "ownerId", "connectorId", "isConnected", "createdAt")
    }


async def test_server_variables_are_asked_for(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    servers = [
        Server(
            url="https://{region}.example.com", variables={"region": ServerVariable(default="eu", choices=["eu", "us"])}
        )
    ]
    made = await api.post(
        BASE,
        json={
            "connectorId": await connector(api, servers=servers),
            "params": answers(auth_method="token", region="us"),
        },
    )
    assert made.status_code == 201, made.text
    assert param(made.json(), "region")["value"] == "us"
    assert [option["value"] for option in param(made.json(), "region")["paramOptions"]] == ["eu", "us"]


@pytest.mark.parametrize("status, connected", [(200, True), (401, False)])
async def test_a_check_calls_the_connected_api(
    api: httpx.AsyncClient, address: str, tenant: Tenant, status: int, connected: bool
) -> None:
    """The connected API is ourselves: the connection's token is an API key."""
    blocks = [
        Block(id="list_automations", kind="list", path="/api/v1/automations", records="$.data"),
        Block(id="add_hook", kind="webhook_add", method="POST", path="/hooks"),
    ]
    made = await api.post(
        BASE,
        json={
            "connectorId": await connector(api, servers=[Server(url=address)], blocks=blocks),
            "params": answers(auth_method="token", token=tenant.key if status == 200 else "wrong"),
        },
    )
    checked = await api.post(f"{BASE}/{made.json()['id']}/actions/check")
    assert checked.status_code == 200, checked.text
    assert (checked.json()["connected"], checked.json()["is_connected"]) == (connected, connected), checked.text
    shown = (await api.get(f"{BASE}/{made.json()['id']}")).json()
    assert shown["isConnected"] is connected
    assert ("error" in shown) is not connected


async def test_a_check_that_goes_well_settles_the_notice(
    api: httpx.AsyncClient, address: str, parts: Parts, tenant: Tenant
) -> None:
    blocks = [
        Block(id="list_automations", kind="list", path="/api/v1/automations", records="$.data"),
        Block(id="add_hook", kind="webhook_add", method="POST", path="/hooks"),
    ]
    wish = {
        "connectorId": await connector(api, servers=[Server(url=address)], blocks=blocks),
        "params": answers(auth_method="token", token="wrong"),
    }
    where = f"{BASE}/{(await api.post(BASE, json=wish)).json()['id']}"

    async def still_open() -> int:
        async with parts.database.tenant(tenant.id) as unit:
            return len(await notices.still_open(unit, subject=f"connection:{where.rpartition('/')[2]}"))

    assert (await api.post(f"{where}/actions/check")).json()["connected"] is False
    assert await still_open() == 1
    # New answers: it looks connected already, and nobody has tried them out.
    changed = await api.put(where, json={"params": answers(token=tenant.key)})
    assert (changed.json()["isConnected"], await still_open()) == (True, 1)
    assert (await api.post(f"{where}/actions/check")).json()["connected"] is True
    assert await still_open() == 0


async def test_that_a_secret_is_kept_is_said_and_no_more(api: httpx.AsyncClient) -> None:
    made = (
        await api.post(
            BASE, json={"connectorId": await connector(api), "params": answers(auth_method="token", token=SECRET)}
        )
    ).json()
    where = f"{BASE}/{made['id']}"
    wish = {"connectorId": made["connectorId"], "params": answers(auth_method="token")}
    empty = (await api.post(BASE, json=wish)).json()
    changed = (await api.put(where, json={"name": "Two"})).json()
    for shown in (made, changed, (await api.get(where)).json()):
        assert param(shown, "token")["isSet"] is True
        assert "value" not in param(shown, "token")
        assert SECRET not in str(shown)
    assert param(empty, "token")["isSet"] is False
    # Another base URL takes the secret away.
    moved = (await api.put(where, json={"params": answers(server="https://elsewhere.example")})).json()
    assert param(moved, "token")["isSet"] is False


async def test_a_connection_in_use_is_not_deleted_by_accident(api: httpx.AsyncClient) -> None:
    made = (await api.post(BASE, json={"connectorId": await connector(api)})).json()
    block = {"id": "A", "type": "EndpointBlock", "settings": [{"id": "datasource", "value": made["id"].upper()}]}
    automation = await api.post("/api/v1/automations", json={"name": "User of it", "workspace": {"blocks": [block]}})
    assert automation.status_code == 201, automation.text
    refused = await api.delete(f"{BASE}/{made['id']}")
    assert refused.status_code == 400
    assert "User of it" in refused.json()["errors"][0]["detail"]
    assert (await api.delete(f"{BASE}/{made['id']}", params={"forced": "maybe"})).status_code == 400
    assert (await api.delete(f"{BASE}/{made['id']}", params={"forced": "true"})).status_code == 204


async def test_owner_and_space(api: httpx.AsyncClient, address: str, world: World, tenant: Tenant) -> None:
    made = (await api.post(BASE, json={"connectorId": await connector(api)})).json()
    where = f"{BASE}/{made['id']}"
    space = await world.space(tenant.id)
    user, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        assert (await colleague.get(where)).status_code == 404
        assert (await api.post(f"{where}/actions/change-space", json={"spaceId": str(space)})).status_code == 204
        assert (await colleague.get(where)).json()["spaceId"] == str(space)
        taken = await colleague.post(f"{where}/actions/change-owner", json={"userId": str(user)})
        assert taken.status_code == 403
        assert (await api.post(f"{where}/actions/change-owner", json={"userId": str(user)})).status_code == 204
        assert (await api.post(f"{where}/actions/change-space", json={})).status_code == 204
        assert (await colleague.get(where)).json()["ownerId"] == str(user)
        assert (await colleague.get(BASE)).json()["data"][0]["id"] == made["id"]
        assert (await colleague.get(BASE, params={"listAll": "true"})).status_code == 403
    assert (await api.get(BASE)).json()["data"] == []
    assert len((await api.get(BASE, params={"listAll": "true"})).json()["data"]) == 1
    for missing in (str(new_id()), "x"):
        assert (await api.post(f"{where}/actions/change-owner", json={"userId": missing})).status_code == 404
        assert (await api.post(f"{where}/actions/change-space", json={"spaceId": missing})).status_code == 404


async def test_filters(api: httpx.AsyncClient, world: World, tenant: Tenant) -> None:
    one, space = await connector(api), await world.space(tenant.id)
    two = await connector(api, name="other", title="Other")
    await api.post(BASE, json={"connectorId": one, "name": "A", "spaceId": str(space)})
    await api.post(BASE, json={"connectorId": two, "name": "B"})

    async def names(expression: str) -> list[str]:
        answer = await api.get(BASE, params={"filter": expression, "sort": "-name"})
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["data"]]

    assert await names(f'connectorId eq "{one}"') == ["A"]
    assert await names(f'spaceId eq "{space}"') == ["A"]
    assert await names(f'ownerId eq "{tenant.admin_id}"') == ["B", "A"]
    assert await names(f'ownerId eq "{tenant.admin_id}" and name eq "b"') == ["B"]
    assert (await api.get(BASE, params={"filter": 'secrets co "x"'})).status_code == 400


async def test_another_tenant_sees_and_changes_nothing(
    api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    connector_id = await connector(api)
    made = (await api.post(BASE, json={"connectorId": connector_id, "name": "Ours"})).json()
    where = f"{BASE}/{made['id']}"
    for method, path, body in (
        ("GET", where, None),
        ("PUT", where, {"name": "theirs"}),
        ("DELETE", where, None),
        ("DELETE", f"{where}?forced=true", None),
        ("POST", f"{where}/actions/check", None),
        ("POST", f"{where}/actions/change-owner", {"userId": str(tenant.admin_id)}),
        ("POST", f"{where}/actions/change-space", {}),
    ):
        assert (await other.request(method, path, json=body)).status_code == 404, path
    stolen = await other.post(BASE, json={"connectorId": connector_id})
    assert stolen.status_code == 400
    assert (await other.get(BASE, params={"listAll": "true"})).json()["data"] == []
    assert (await api.get(where)).json()["name"] == "Ours"
    key = await world.key(tenant.id, tenant.admin_id, ["connections:read"])
    async with client(str(api.base_url), key) as reader:
        assert (await reader.post(f"{where}/actions/check")).status_code == 403


async def test_only_one_of_two_savers_wins(api: httpx.AsyncClient) -> None:
    made = (await api.post(BASE, json={"connectorId": await connector(api)})).json()
    where = f"{BASE}/{made['id']}"
    read = {"if-match": (await api.get(where)).headers["etag"]}
    answers = await asyncio.gather(*(api.put(where, json={"name": f"by {n}"}, headers=read) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await api.put(where, json={}, headers={"if-match": "*"})).status_code == 200


def test_an_answer_that_turned_out_to_be_secret_is_not_shown() -> None:
    """Another revision of the connector may call a field secret that was entered while it was none."""
    row = {
        **dict.fromkeys(("id", "name", "owner_id", "connector_id", "space_id", "auth_method", "server", "error")),
        "is_connected": True,
        "created_at": now(),
        "updated_at": now(),
        "params": {"pin": SECRET, "region": "eu"},
    }
    asked = [("1", Input(id="pin", secret=True)), ("2", Input(id="region"))]
    shown = show_detail(row, asked)
    assert SECRET not in str(shown)
    assert [item.get("value") for item in shown["params"]] == [None, "eu"]
    assert shown["params"][0]["isSet"] is True


async def test_metadata_and_probe_are_for_those_who_see_the_connection(
    api: httpx.AsyncClient, other: httpx.AsyncClient, upstream: str
) -> None:
    document = (await api.get(f"{upstream}/openapi.json")).text
    made = await api.post("/api/workflows/automation-connectors", json={"document": document, "name": "all"})
    assert made.status_code == 201, made.text
    body = {"connectorId": made.json()["id"], "name": "All", "params": answers(api_key="key-123")}
    connection = (await api.post(BASE, json=body)).json()
    where = f"{BASE}/{connection['id']}"
    listed = await api.get(f"{where}/objects")
    assert {"attendee", "deal"} <= {one["value"] for one in listed.json()["data"]}
    found = {one["name"]: one for one in (await api.get(f"{where}/objects/attendee/fields")).json()["data"]}
    assert (found["email"]["dynamic"], found["id"]["readOnly"]) == (False, True)
    assert (await api.get(f"{where}/objects/unicorn/fields")).status_code == 404
    options = "blocks/create_eventtech_attendee/inputs/email/actions/options"
    assert (await api.post(f"{where}/{options}", json={})).json() == {"data": []}
    assert (await api.post(f"{where}/{options.replace('email', 'x')}", json={})).status_code == 404
    report = (await api.post(f"{where}/actions/probe", json={})).json()
    assert sum(report["counts"].values()) == len(report["findings"]) > 0
    for path in ("objects", "objects/attendee/fields"):
        assert (await other.get(f"{where}/{path}")).status_code == 404
    assert (await other.post(f"{where}/actions/probe", json={})).status_code == 404
