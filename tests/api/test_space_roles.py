"""What each role in a space lets its holder do with the automations and connections that lie there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Tenant, World, client
from tests.api.test_connections import connector
from tests.api.test_spaces import assign
from tieline.storage.tables import automations
from tieline.tenancy import notices

pytestmark = pytest.mark.anyio

SPACES = "/api/v1/spaces"
AUTOMATIONS = "/api/v1/automations"
CONNECTIONS = "/api/v1/automation-connections"

# Type of the space, role, and what it gives beside seeing.
ROLES = [
    ("shared", "consumer", {"run"}),
    ("shared", "dataconsumer", {"use"}),
    ("shared", "producer", {"run", "use", "edit"}),
    ("shared", "codeveloper", {"run", "use", "edit"}),
    ("shared", "facilitator", {"run", "use", "edit"}),
    ("managed", "basicconsumer", {"run"}),
    ("managed", "contributor", {"run", "use", "edit"}),
    ("managed", "publisher", {"run", "use", "edit"}),
    ("data", "operator", {"run"}),
    ("data", "datapreview", set()),
]


class Place:
    """A space with an automation and a connection of its owner, and a colleague who has nothing to do with it."""

    def __init__(self, owner: httpx.AsyncClient, colleague: httpx.AsyncClient, colleague_id: UUID) -> None:
        self.owner, self.colleague, self.colleague_id = owner, colleague, colleague_id
        self.space = self.automation = self.connection = ""

    async def furnish(self, kind: str) -> None:
        made = await self.owner.post(SPACES, json={"name": "Team", "type": kind})
        self.space = made.json()["id"]
        body = {"name": "shared", "spaceId": self.space}
        self.automation = (await self.owner.post(AUTOMATIONS, json=body)).json()["id"]
        body = {"connectorId": await connector(self.owner), "spaceId": self.space, "name": "shared"}
        self.connection = (await self.owner.post(CONNECTIONS, json=body)).json()["id"]

    async def listed(self) -> list[int]:
        return [
            len((await self.colleague.get(path)).json()["data"])
            for path in (SPACES, AUTOMATIONS, CONNECTIONS, "/api/v1/items")
        ]

    async def reached(self) -> dict[str, set[int]]:
        """The statuses of what the colleague tries, by what it takes."""
        automation, connection = f"{AUTOMATIONS}/{self.automation}", f"{CONNECTIONS}/{self.connection}"
        run = (await self.owner.post(f"{automation}/runs", json={"context": "api"})).json()["id"]
        attempts: dict[str, list[tuple[str, str, Any]]] = {
            "see": [
                ("GET", automation, None),
                ("GET", f"{automation}/runs", None),
                ("GET", f"{automation}/runs/{run}", None),
                ("POST", f"{automation}/runs/{run}/actions/export", {}),
                ("GET", f"{automation}/versions", None),
                ("POST", f"{automation}/actions/copy", {"name": "copy"}),
                ("GET", f"/api/v1/items/{self.automation}", None),
                ("GET", connection, None),
                ("GET", f"{SPACES}/{self.space}", None),
            ],
            "run": [
                ("POST", f"{automation}/runs", {"context": "api"}),
                ("POST", f"{automation}/runs/{run}/actions/stop", {}),
                ("POST", f"{automation}/runs/{run}/actions/rerun", {}),
            ],
            "use": [("POST", f"{connection}/actions/check", {})],
            "edit": [
                ("PUT", automation, {"name": "shared"}),
                ("POST", f"{automation}/actions/disable", {}),
                ("POST", f"{automation}/actions/enable", {}),
                ("POST", f"{automation}/versions/1/actions/publish", {}),
                ("PUT", f"/api/v1/items/{self.automation}", {"resourceType": "automation", "name": "shared"}),
                ("POST", f"{automation}/actions/change-space", {"spaceId": self.space}),
                ("PUT", connection, {"name": "shared"}),
                ("POST", f"{connection}/actions/change-space", {"spaceId": self.space}),
                ("POST", "/api/v1/connect-sessions", {"connectionId": self.connection}),
            ],
        }
        found: dict[str, set[int]] = {}
        for ability, those in attempts.items():
            for method, path, body in those:
                answer = await self.colleague.request(method, path, json=body)
                found.setdefault(ability, set()).add(answer.status_code)
        return found

    async def made_there(self) -> int:
        made = await self.colleague.post(AUTOMATIONS, json={"name": "mine", "spaceId": self.space})
        return made.status_code


@pytest.fixture
async def place(address: str, world: World, tenant: Tenant) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        people = [await world.user(tenant.id) for _ in range(2)]
        clients = [await stack.enter_async_context(client(address, key)) for _, key in people]
        yield Place(clients[0], clients[1], people[1][0])


def good(statuses: set[int]) -> bool:
    return all(status < 400 for status in statuses)


@pytest.mark.parametrize(("kind", "role", "gives"), ROLES)
async def test_a_role_gives_what_it_says(place: Place, kind: str, role: str, gives: set[str]) -> None:
    await place.furnish(kind)
    await assign(place.owner, place.space, place.colleague_id, role)
    assert await place.listed() == [1, 1, 1, 1]
    for ability, statuses in (await place.reached()).items():
        if ability == "see" or ability in gives:
            assert good(statuses) or statuses == {400}, (ability, statuses)
        else:
            assert statuses == {403}, (ability, statuses)
    assert await place.made_there() == (201 if "edit" in gives else 403)
    shown = (await place.colleague.get(f"{AUTOMATIONS}/{place.automation}")).json()
    assert ("executionToken" in shown) is False or "edit" in gives


async def test_who_is_not_in_a_space_does_not_know_of_it(place: Place) -> None:
    await place.furnish("shared")
    assert await place.listed() == [0, 0, 0, 0]
    reached = await place.reached()
    assert reached.pop("edit") <= {404, 400}, "a session names the connection in its body"
    assert all(statuses == {404} for statuses in reached.values()), reached
    assert await place.made_there() == 400
    mine = (await place.colleague.post(AUTOMATIONS, json={"name": "mine"})).json()["id"]
    moved = await place.colleague.post(f"{AUTOMATIONS}/{mine}/actions/change-space", json={"spaceId": place.space})
    assert moved.status_code == 404


async def test_a_role_that_is_taken_away_is_gone_at_once(place: Place) -> None:
    await place.furnish("shared")
    one = await assign(place.owner, place.space, place.colleague_id, "producer")
    assert (await place.colleague.get(f"{AUTOMATIONS}/{place.automation}")).status_code == 200
    await place.owner.delete(f"{SPACES}/{place.space}/assignments/{one['id']}")
    assert (await place.colleague.get(f"{AUTOMATIONS}/{place.automation}")).status_code == 404
    assert await place.listed() == [0, 0, 0, 0]


async def test_only_an_editor_gets_what_starts_an_automation(
    place: Place, world: World, tenant: Tenant, api: httpx.AsyncClient
) -> None:
    from tests.api.test_automations import workspace

    await place.furnish("shared")
    where = f"{AUTOMATIONS}/{place.automation}"
    assert "executionToken" in (await place.owner.put(where, json={"workspace": workspace("triggered")})).json()
    one = await assign(place.owner, place.space, place.colleague_id, "consumer")
    assert "executionToken" not in (await place.colleague.get(where)).json()
    await place.owner.put(f"{SPACES}/{place.space}/assignments/{one['id']}", json={"roles": ["producer"]})
    assert "executionToken" in (await place.colleague.get(where)).json()
    assert "executionToken" in (await api.get(where)).json()


async def test_administrators_may_everything_in_every_space(place: Place, api: httpx.AsyncClient) -> None:
    await place.furnish("managed")
    place.colleague = api
    for ability, statuses in (await place.reached()).items():
        assert good(statuses) or statuses == {400}, (ability, statuses)
    assert await place.made_there() == 201


async def test_notices_are_seen_by_those_who_see_what_they_are_about(
    place: Place, world: World, tenant: Tenant
) -> None:
    await place.furnish("shared")
    async with world.database.tenant(tenant.id) as unit:
        row = await unit.one(unit.select(automations))
        assert row is not None
        for kind, identity in (("connection", place.connection), ("automation", place.automation)):
            await notices.open(unit, kind="x", subject=f"{kind}:{identity}", title="Look")

    async def seen() -> list[str]:
        return [notice["id"] for notice in (await place.colleague.get("/api/workflows/notices")).json()["data"]]

    assert await seen() == []
    one = await assign(place.owner, place.space, place.colleague_id, "consumer")
    first, second = await seen()
    dismiss = f"/api/workflows/notices/{first}/actions/dismiss"
    assert (await place.colleague.post(dismiss)).status_code == 404
    await place.owner.put(f"{SPACES}/{place.space}/assignments/{one['id']}", json={"roles": ["producer"]})
    assert (await place.colleague.post(dismiss)).status_code == 204
    assert await seen() == [second]
