"""Spaces over HTTP: their properties, who is in them, and what is refused how."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.conftest import Tenant, World, client
from tieline.core.ids import new_id
from tieline.storage.tables import audit_log, space_assignments, spaces

pytestmark = pytest.mark.anyio

BASE = "/api/v1/spaces"


async def make(api: httpx.AsyncClient, name: str = "Team", **more: Any) -> dict[str, Any]:
    answer = await api.post(BASE, json={"name": name, "type": "shared", **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def assign(api: httpx.AsyncClient, space: str, user: UUID, *roles: str) -> dict[str, Any]:
    body = {"type": "user", "assigneeId": str(user), "roles": roles}
    answer = await api.post(f"{BASE}/{space}/assignments", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class People:
    """Clients of users of one tenant, made when they are asked for."""

    def __init__(self, stack: AsyncExitStack, address: str, world: World, tenant: Tenant) -> None:
        self._stack, self._address, self._world, self._tenant = stack, address, world, tenant

    async def one(self) -> tuple[UUID, httpx.AsyncClient]:
        user, key = await self._world.user(self._tenant.id)
        return user, await self._stack.enter_async_context(client(self._address, key))


@pytest.fixture
async def people(address: str, world: World, tenant: Tenant) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(stack, address, world, tenant)


async def test_life_of_a_space(api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, "Finance (dev)", type="managed", description="For all.")
    where = f"{BASE}/{made['id']}"
    assert (made["name"], made["type"], made["description"]) == ("Finance (dev)", "managed", "For all.")
    assert made["ownerId"] == made["createdBy"] == str(tenant.admin_id)
    assert made["tenantId"] == str(tenant.id)
    assert made["meta"]["assignableRoles"] == made["meta"]["roles"]
    assert set(made["meta"]["actions"]) == {"read", "create", "publish", "update", "delete", "change_owner"}
    assert made["links"]["assignments"]["href"] == f"{made['links']['self']['href']}/assignments"
    assert (await api.get(made["links"]["self"]["href"])).json() == made

    put = await api.put(where, json={"name": "Finance", "unknown": 1})
    assert (put.status_code, put.json()["name"], put.json()["description"]) == (200, "Finance", "For all.")
    changes = [{"op": "replace", "path": "/name", "value": "F"}, {"op": "replace", "path": "/description", "value": ""}]
    patched = await api.patch(where, json=changes)
    assert (patched.json()["name"], patched.json()["description"]) == ("F", "")
    assert (await api.get(where)).json() == patched.json()
    gone = await api.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(where)).status_code == 404
    assert (await api.get(f"{BASE}/types")).json() == {"data": ["data", "managed", "shared"]}


async def test_names_are_unique(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    await make(api, "One")
    two = await make(api, "Two")
    await make(other, "One")
    again = await api.post(BASE, json={"name": "One", "type": "data"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "space-exists")
    renamed = await api.put(f"{BASE}/{two['id']}", json={"name": "One"})
    assert (renamed.status_code, renamed.json()["errors"][0]["code"]) == (403, "space-name-taken")
    assert (await api.put(f"{BASE}/{two['id']}", json={"name": "Two"})).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *({"name": name, "type": "shared"} for name in ("", "a" * 257, "a/b", 'a"b', "a:b", "a\0b", 7, None)),
        *({"name": "a", "type": kind} for kind in ("personal", "", None)),
        {"name": "a"},
        {"type": "shared"},
        {"name": "a", "type": "shared", "description": 1},
        [],
        "text",
    ],
)
async def test_what_breaks_a_rule_is_denied(api: httpx.AsyncClient, body: Any) -> None:
    """The document knows no 400 for this operation."""
    refused = await api.post(BASE, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "space-request-denied")
    assert refused.json()["errors"][0]["status"] == "403"
    assert (await api.get(BASE)).json()["meta"]["count"] == 0


@pytest.mark.parametrize(
    "patch",
    [
        {},
        [{"op": "add", "path": "/name", "value": "x"}],
        [{"op": "replace", "path": "/type", "value": "data"}],
        [{"op": "replace", "path": "/name"}],
        [{"op": "replace", "path": "/name", "value": ["x"]}],
        [{"op": "replace", "path": "/name", "value": "x"}, {"op": "replace", "path": "/ownerId", "value": "nobody"}],
        [{"op": "replace", "path": "/ownerId", "value": str(new_id())}],
    ],
)
async def test_a_patch_happens_as_a_whole_or_not(api: httpx.AsyncClient, patch: Any) -> None:
    made = await make(api)
    assert (await api.patch(f"{BASE}/{made['id']}", json=patch)).status_code == 403
    assert (await api.get(f"{BASE}/{made['id']}")).json() == made


async def test_pages_both_ways(api: httpx.AsyncClient) -> None:
    names = [(await make(api, f"Space {number}"))["name"] for number in range(5)]
    page = (await api.get(BASE, params={"limit": 2, "sort": "-name", "name": "PACE"})).json()
    seen = [space["name"] for space in page["data"]]
    assert "prev" not in page["links"]
    while "next" in page["links"]:
        page = (await api.get(page["links"]["next"]["href"])).json()
        assert page["meta"] == {"count": 5}
        seen += [space["name"] for space in page["data"]]
    assert seen == sorted(names, reverse=True)
    back = (await api.get(page["links"]["prev"]["href"])).json()
    assert [space["name"] for space in back["data"]] == ["Space 2", "Space 1"]
    for limit, shown in ((0, 1), (-7, 1), (2**31 - 1, 5), (3, 3)):
        assert len((await api.get(BASE, params={"limit": limit})).json()["data"]) == shown, limit
    for bad in (
        {"limit": "x"},
        {"limit": 2**31},
        {"sort": "id"},
        {"next": "x"},
        {"next": "x", "prev": "y"},
        {"action": "read"},
    ):
        assert (await api.get(BASE, params=bad)).status_code == 400, bad
    assert (await api.get(BASE, params={"roles": "owner"})).status_code == 400


async def test_filters(api: httpx.AsyncClient, people: People, tenant: Tenant) -> None:
    user, person = await people.one()
    shared, managed = await make(api, "Griffin"), await make(api, "Final_%", type="managed")
    await make(person, "Theirs", type="data")
    await assign(api, shared["id"], user, "consumer")
    await assign(api, managed["id"], user, "publisher", "consumer")

    async def names(caller: httpx.AsyncClient, **asked: str) -> list[str]:
        answer = await caller.get(BASE, params={"sort": "name", **asked})
        assert answer.status_code == 200, answer.text
        assert answer.json()["meta"]["count"] == len(answer.json()["data"])
        return [space["name"] for space in answer.json()["data"]]

    assert await names(api) == await names(person) == ["Final_%", "Griffin", "Theirs"]
    assert await names(api, name="FIN") == ["Final_%", "Griffin"]
    assert await names(api, name="nal") == ["Final_%"]
    assert await names(api, name="iff") == ["Griffin"]
    assert await names(api, name="_%") == ["Final_%"]
    assert await names(api, type="shared,data") == ["Griffin", "Theirs"]
    assert await names(api, type="personal") == []
    assert await names(api, ownerId=str(tenant.admin_id)) == ["Final_%", "Griffin"]
    assert await names(api, ownerId="nobody") == []
    assert await names(person, roles="publisher") == ["Final_%", "Theirs"], "owners have all roles of the type"
    assert await names(person, roles="consumer,publisher") == ["Final_%", "Griffin", "Theirs"]
    assert await names(person, action="publish") == ["Final_%"]
    assert await names(api, environmentId="x") == []
    assert len(await names(api, **{"environment.name": ""})) == 3
    assert len(await names(api, action="", sort="", roles="", type="", ownerId="", name="")) == 3


async def test_assignments(api: httpx.AsyncClient, people: People, tenant: Tenant, world: World) -> None:
    user, person = await people.one()
    space = (await make(api))["id"]
    where = f"{BASE}/{space}/assignments"
    assert (await person.get(f"{BASE}/{space}")).status_code == 404
    made = await assign(api, space, user, "consumer")
    assert (made["roles"], made["assigneeId"], made["createdBy"]) == (["consumer"], str(user), str(tenant.admin_id))
    assert (await api.get(made["links"]["self"]["href"])).json() == made
    seen = (await person.get(f"{BASE}/{space}")).json()
    assert seen["meta"]["roles"] == ["consumer"]
    assert seen["meta"]["actions"] == ["read"]

    body = {"type": "user", "assigneeId": str(user), "roles": ["producer"]}
    again = await api.post(where, json=body)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "assignment-exists"), again.text
    wrong: dict[str, Any]
    for wrong in ({"roles": []}, {"roles": ["publisher"]}, {"roles": ["owner"]}, {"roles": "consumer"}, {"type": "x"}):
        assert (await api.post(where, json={**body, **wrong})).status_code == 403, wrong
    for nobody in ({"assigneeId": str(new_id())}, {"assigneeId": "x"}, {"type": "group"}, {"type": "bot"}):
        assert (await api.post(where, json={**body, **nobody})).status_code == 404, nobody

    put = await api.put(f"{where}/{made['id']}", json={"roles": ["producer", "consumer", "producer"]})
    assert put.json()["roles"] == ["producer", "consumer"]
    assert (await api.put(f"{where}/{made['id']}", json={"roles": []})).status_code == 403
    assert (await api.put(f"{where}/{made['id']}", json={})).json()["roles"] == ["producer", "consumer"]

    assert (await person.get(where)).json()["meta"] == {"count": 1}
    for asked, count in (({"assigneeId": str(user)}, 1), ({"assigneeId": "x"}, 0), ({"type": "group"}, 0)):
        assert (await api.get(where, params=asked)).json()["meta"] == {"count": count}
    assert (await api.get(where, params={"type": "x"})).status_code == 403
    second, _ = await people.one()
    await assign(api, space, second, "facilitator")
    page = (await api.get(where, params={"limit": 1})).json()
    after = (await api.get(page["links"]["next"]["href"])).json()
    assert [page["data"][0]["assigneeId"], after["data"][0]["assigneeId"]] == [str(user), str(second)]
    assert (await api.get(after["links"]["prev"]["href"])).json()["data"] == page["data"]
    assert (await api.delete(f"{where}/{made['id']}")).status_code == 204
    assert (await api.get(f"{where}/{made['id']}")).status_code == 404
    assert (await person.get(where)).status_code == 404


async def test_who_manages(api: httpx.AsyncClient, people: People) -> None:
    """Facilitators keep members and properties; the owner and administrators also delete and give away."""
    (boss_id, boss), (member_id, member), (third, _) = [await people.one() for _ in range(3)]
    space = (await make(boss))["id"]
    where = f"{BASE}/{space}"
    one = (await assign(boss, space, member_id, "producer"))["id"]
    body = {"type": "user", "assigneeId": str(third), "roles": ["consumer"]}

    async def attempts() -> list[int]:
        answers = [
            await member.put(where, json={"description": "x"}),
            await member.post(f"{where}/assignments", json=body),
            await member.put(f"{where}/assignments/{one}", json={"roles": ["facilitator"]}),
            await member.delete(where),
            await member.put(where, json={"ownerId": str(member_id)}),
        ]
        return [answer.status_code for answer in answers]

    assert await attempts() == [403] * 5, "a producer raises no one, least of all themself"
    await boss.put(f"{where}/assignments/{one}", json={"roles": ["facilitator"]})
    assert await attempts() == [200, 201, 200, 403, 403]
    given = await boss.put(where, json={"ownerId": str(member_id)})
    assert (given.status_code, given.json()["ownerId"]) == (200, str(member_id))
    assert (await boss.get(where)).status_code == 404
    assert (await api.put(where, json={"ownerId": str(boss_id)})).status_code == 200
    assert (await boss.delete(where)).status_code == 204


async def test_a_space_that_holds_something_stays(api: httpx.AsyncClient) -> None:
    space = (await make(api))["id"]
    made = (await api.post("/api/v1/automations", json={"name": "a", "spaceId": space})).json()
    refused = await api.delete(f"{BASE}/{space}")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (412, "space-not-empty")
    assert (await api.delete(f"/api/v1/automations/{made['id']}")).status_code == 204
    assert (await api.delete(f"{BASE}/{space}")).status_code == 204


async def test_a_space_without_an_owner_is_open_until_somebody_is_assigned(
    api: httpx.AsyncClient, people: People, world: World, tenant: Tenant
) -> None:
    (user, person), (_, stranger) = [await people.one() for _ in range(2)]
    space = str(await world.space(tenant.id))
    seen = (await stranger.get(f"{BASE}/{space}")).json()
    assert "ownerId" not in seen
    assert seen["meta"]["actions"] == ["read", "create"]
    body = {"type": "user", "assigneeId": str(user), "roles": ["consumer"]}
    assert (await stranger.post(f"{BASE}/{space}/assignments", json=body)).status_code == 403
    made = await assign(api, space, user, "consumer")
    assert (await api.get(f"{BASE}/{space}")).json()["ownerId"] == str(tenant.admin_id)
    assert (await stranger.get(f"{BASE}/{space}")).status_code == 404
    assert (await api.delete(f"{BASE}/{space}/assignments/{made['id']}")).status_code == 204
    assert [(await one.get(f"{BASE}/{space}")).status_code for one in (person, stranger)] == [404, 404]


async def test_there_are_no_shares(api: httpx.AsyncClient) -> None:
    where = f"{BASE}/{(await make(api))['id']}/shares"
    listed = (await api.get(where, params={"type": "link", "limit": 3})).json()
    assert (listed["data"], listed["meta"]) == ([], {"count": 0})
    body = {"type": "user", "assigneeId": "u", "roles": ["consumer"], "resourceType": "app", "resourceId": "a"}
    assert (await api.post(where, json=body)).status_code == 404
    assert (await api.post(where, json={**body, "type": "x"})).status_code == 403
    share = f"{where}/{new_id()}"
    patch = [{"op": "replace", "path": "/disabled", "value": "true"}]
    for answer in (await api.get(share), await api.patch(share, json=patch), await api.delete(share)):
        assert answer.status_code == 404


async def test_others_change_nothing_and_learn_nothing(
    api: httpx.AsyncClient, other: httpx.AsyncClient, people: People, world: World, tenant: Tenant, address: str
) -> None:
    """Every operation by another tenant's administrator, and by a colleague who is not in the space."""
    user, stranger = await people.one()
    space = (await make(api))["id"]
    one = (await assign(api, space, tenant.admin_id, "consumer"))["id"]
    patch = [{"op": "replace", "path": "/name", "value": "x"}]
    shared = {"type": "user", "assigneeId": "u", "roles": ["consumer"], "resourceType": "app", "resourceId": "a"}
    assigned = {"type": "user", "assigneeId": str(user), "roles": ["consumer"]}
    operations: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("PATCH", "", patch),
        ("DELETE", "", None),
        ("GET", "/assignments", None),
        ("POST", "/assignments", assigned),
        ("GET", f"/assignments/{one}", None),
        ("PUT", f"/assignments/{one}", {"roles": ["producer"]}),
        ("DELETE", f"/assignments/{one}", None),
        ("GET", "/shares", None),
        ("POST", "/shares", shared),
        ("GET", f"/shares/{one}", None),
        ("PATCH", f"/shares/{one}", [{"op": "replace", "path": "/disabled", "value": "x"}]),
        ("DELETE", f"/shares/{one}", None),
    ]
    before = await _rows(world, tenant)
    for caller in (other, stranger):
        for method, rest, body in operations:
            met = await caller.request(method, f"{BASE}/{space}{rest}", json=body)
            unknown = await caller.request(method, f"{BASE}/{new_id()}{rest}", json=body)
            assert met.status_code == unknown.status_code == 404, (method, rest)
            assert met.json()["errors"] == unknown.json()["errors"]
        assert (await caller.get(BASE)).json()["data"] == []
    async with client(address, await world.key(tenant.id, tenant.admin_id, ["spaces:read", "automations"])) as reader:
        for method, rest, body in operations:
            if method != "GET":
                assert (await reader.request(method, f"{BASE}/{space}{rest}", json=body)).status_code == 403, rest
    async with client(address) as nobody:
        for method, rest, body in operations:
            assert (await nobody.request(method, f"{BASE}/{space}{rest}", json=body)).status_code == 401
    assert await _rows(world, tenant) == before


async def test_the_audit_log_tells_of_every_change(
    api: httpx.AsyncClient, people: People, world: World, tenant: Tenant
) -> None:
    user, _ = await people.one()
    space = (await make(api))["id"]
    one = (await assign(api, space, user, "consumer"))["id"]
    await api.put(f"{BASE}/{space}/assignments/{one}", json={"roles": ["producer"]})
    await api.delete(f"{BASE}/{space}/assignments/{one}")
    await api.put(f"{BASE}/{space}", json={"name": "Other"})
    await api.delete(f"{BASE}/{space}")
    async with world.database.tenant(tenant.id) as unit:
        told = await unit.all(unit.select(audit_log).order_by(audit_log.c.id))
    assert [row["action"] for row in told if row["action"].startswith("space")] == [
        "space.created",
        "space-assignment.created",
        "space-assignment.updated",
        "space-assignment.deleted",
        "space.updated",
        "space.deleted",
    ]
    assert told[-2]["detail"] == {"name": ["Team", "Other"]}


async def _rows(world: World, tenant: Tenant) -> list[Any]:
    async with world.database.tenant(tenant.id) as unit:
        found = [await unit.all(unit.select(table).order_by(table.c.id)) for table in (spaces, space_assignments)]
        return [*found, await unit.scalar(sa.select(sa.func.count()).select_from(spaces))]
