"""Versions of automations over HTTP: history, diff, rollback, live and draft, and two people at one automation."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.ids import new_id
from tieline.storage.tables import automation_versions, journal, runs, schedules, users

pytestmark = pytest.mark.anyio

BASES = ["/api/workflows/automations", "/api/v1/automations"]
BASE = BASES[0]
JSON = {"content-type": "application/json"}


def workspace(mode: str = "manual", *notes: str, **start: str) -> dict[str, Any]:
    inputs = [{"id": "run_mode", "value": mode}, *({"id": name, "value": value} for name, value in start.items())]
    blocks: list[dict[str, Any]] = [{"id": "A", "type": "StartBlock", "name": "Start", "inputs": inputs}]
    for number, note in enumerate(notes):
        blocks[-1]["childId"] = f"B{number}"
        shown = [{"id": "input", "value": note}]
        blocks.append({"id": f"B{number}", "type": "ShowBlock", "name": f"Show {number}", "inputs": shown})
    return {"blocks": blocks, "variables": []}


async def make(api: httpx.AsyncClient, *more: dict[str, Any], **values: Any) -> str:
    """An automation that was saved with each of these workspaces; its path."""
    answer = await api.post(BASE, json={"name": "Sync", "workspace": workspace(), **values})
    assert answer.status_code == 201, answer.text
    where = f"{BASE}/{answer.json()['id']}"
    for number, document in enumerate(more):
        saved = await api.put(where, json={"workspace": document})
        assert saved.json()["version"] == number + 2
    return where


async def numbers(api: httpx.AsyncClient, where: str) -> list[int]:
    return [item["version"] for item in (await api.get(f"{where}/versions")).json()["data"]]


async def pinned_to(parts: Parts, tenant: Tenant, run: dict[str, Any]) -> int:
    """The version that a run runs."""
    async with parts.database.tenant(tenant.id) as unit:
        found: int = await unit.scalar(unit.select(runs, runs.c.version).where(runs.c.id == UUID(run["id"])))
    return found


@pytest.mark.parametrize("base", BASES)
async def test_each_save_of_another_workspace_is_kept(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, base: str
) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(users, users.c.id == tenant.admin_id, name="Åsa")
    odd = b'{"blocks" : [ ],"n":1.0,"big":123456789012345678901234567890,"u":"\\u00e9"}'
    made = await api.post(base, content=b'{"name":"x","note":"First","workspace":' + odd + b"}", headers=JSON)
    where = f"{base}/{made.json()['id']}"
    await api.put(where, json={"workspace": workspace("manual", "a", "b"), "note": "Shows two"})
    await api.put(where, json={"name": "no version of its own", "note": "lost with the save that made none"})
    newest, first = (await api.get(f"{where}/versions")).json()["data"]
    assert newest.pop("createdAt") >= first.pop("createdAt")
    by = {"savedBy": str(tenant.admin_id), "savedByName": "Åsa"}
    assert newest == {"version": 2, "note": "Shows two", "isLive": True, "blocks": 3, **by}
    assert first == {"version": 1, "note": "First", "isLive": False, "blocks": 0, **by}
    one = await api.get(f"{where}/versions/1")
    assert odd in one.content
    assert (one.json()["version"], one.json()["blocks"]) == (1, 0)


async def test_the_list_goes_on_where_it_ended(api: httpx.AsyncClient) -> None:
    where = await make(api, *(workspace("manual", str(number)) for number in range(6)))
    found: list[int] = []
    answer = await api.get(f"{where}/versions", params={"limit": 3})
    while True:
        page = answer.json()
        found += [item["version"] for item in page["data"]]
        if page["links"]["next"]["href"] is None:
            break
        if len(found) == 3:
            await api.put(where, json={"workspace": workspace("manual", "meanwhile")})  # moves nothing that follows
        answer = await api.get(page["links"]["next"]["href"])
    assert found == [7, 6, 5, 4, 3, 2, 1]
    before = await api.get(page["links"]["prev"]["href"])
    assert [item["version"] for item in before.json()["data"]] == [4, 3, 2]
    oldest = await api.get(f"{where}/versions", params={"sort": "version", "limit": 2})
    assert [item["version"] for item in oldest.json()["data"]] == [1, 2]
    for wrong in ({"sort": "note"}, {"limit": "0"}, {"limit": "101"}, {"cursor": "x"}, {"filter": 'note eq "x"'}):
        assert (await api.get(f"{where}/versions", params=wrong)).status_code == 400


async def test_what_changed_is_told_in_data_and_in_words(api: httpx.AsyncClient) -> None:
    where = await make(api, workspace("manual", "a"), workspace("manual", "b"))
    told = (await api.get(f"{where}/versions/3/diff")).json()
    assert (told["version"], told["against"]) == (3, 2)
    [change] = told["changes"]
    assert (change["kind"], change["blockId"], change["old"], change["new"]) == ("changed", "B0", "a", "b")
    assert told["text"] == [change["text"]]
    assert "Show 0" in told["text"][0]
    back = (await api.get(f"{where}/versions/1/diff", params={"against": 3})).json()
    assert "removed" in {change["kind"] for change in back["changes"]}
    begun = (await api.get(f"{where}/versions/1/diff")).json()
    assert (begun["against"], [change["kind"] for change in begun["changes"]]) == (0, ["added"])
    same = (await api.get(f"{where}/versions/2/diff", params={"against": "2"})).json()
    assert (same["changes"], same["text"]) == ([], [])
    for against, status in (("4", 404), ("-1", 400), ("x", 400), ("", 400), ("1" * 30, 400), ("²", 400), ("1.0", 400)):
        answer = await api.get(f"{where}/versions/3/diff", params={"against": against})
        assert answer.status_code == status, against


async def test_rolling_back_adds_a_version(api: httpx.AsyncClient) -> None:
    where = await make(api, workspace("manual", "a"), workspace("triggered", "b"))
    restored = await api.post(f"{where}/versions/1/actions/restore", json={"note": "It was better"})
    assert restored.status_code == 201
    shown = restored.json()
    assert (shown["version"], shown["restoredFrom"], shown["note"], shown["isLive"]) == (4, 1, "It was better", True)
    assert shown["workspace"] == workspace()
    now = await api.get(where)
    assert (now.json()["version"], now.json()["workspace"], now.json()["runMode"]) == (4, workspace(), "manual")
    assert now.headers["etag"] == restored.headers["etag"]
    assert (await api.post(f"{where}/versions/3/actions/restore")).json()["restoredFrom"] == 3
    assert await numbers(api, where) == [5, 4, 3, 2, 1]


async def test_published_is_what_runs_and_saving_makes_drafts(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant
) -> None:
    where = await make(api, workspace("triggered", "two"))
    token = (await api.get(where)).json()["executionToken"]
    assert (await api.post(f"{where}/versions/2/actions/publish")).status_code == 204
    draft = (await api.put(where, json={"workspace": workspace("manual", "draft")})).json()
    assert (draft["version"], draft["liveVersion"], draft["pinned"]) == (3, 2, True)
    assert draft["runMode"] == "triggered", "what starts it is what the live version says"
    assert draft["workspace"] == workspace("manual", "draft"), "the editor sees the newest"
    assert [item["isLive"] for item in (await api.get(f"{where}/versions")).json()["data"]] == [False, True, False]

    by_hand = (await api.post(f"{where}/runs", json={"context": "api"})).json()
    outside = await api.post(f"{where}/actions/execute", headers={"x-execution-token": token})
    assert outside.status_code == 201
    assert [await pinned_to(parts, tenant, run) for run in (by_hand, outside.json())] == [2, 2]
    async with parts.database.tenant(tenant.id) as unit:
        row = await parts.automations.row(unit, UUID(where.rpartition("/")[2]))
        for context, test, wanted in (("test_run", True, 3), ("editor", False, 3), ("webhook", False, 2)):
            run = await parts.runs.start(unit, automation=row, context=context, test=test)
            assert run["version"] == wanted, context

    assert (await api.post(f"{where}/actions/unpin")).status_code == 204
    free = (await api.get(where)).json()
    assert (free["liveVersion"], free["pinned"], free["runMode"]) == (3, False, "manual")
    assert (await api.post(f"{where}/actions/execute", headers={"x-execution-token": token})).status_code == 409
    assert await pinned_to(parts, tenant, by_hand) == 2, "a run keeps its version for good"
    await parts_stop(parts, tenant, by_hand)
    assert (await api.post(f"{where}/runs/{by_hand['id']}/actions/retry")).status_code == 204
    assert await pinned_to(parts, tenant, by_hand) == 2


async def parts_stop(parts: Parts, tenant: Tenant, run: dict[str, Any]) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        await parts.runs.request_stop(unit, UUID(run["id"]))


async def test_schedules_and_subscriptions_follow_the_live_version(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant
) -> None:
    where = await make(api, schedules=[{"interval": 3600}])

    async def due() -> bool:
        async with parts.database.tenant(tenant.id) as unit:
            mine = schedules.c.automation_id == UUID(where.rpartition("/")[2])
            found: bool = await unit.scalar(unit.select(schedules, schedules.c.enabled).where(mine))
        return found

    assert not await due()
    await api.post(f"{where}/versions/1/actions/publish")
    await api.put(where, json={"workspace": workspace("scheduled")})
    assert not await due(), "a draft starts nothing"
    await api.post(f"{where}/versions/2/actions/publish")
    assert await due()
    await api.put(where, json={"workspace": workspace("webhook")})
    assert await due()
    assert "webhook" not in (await api.get(where)).json()
    await api.post(f"{where}/actions/unpin")
    assert not await due()
    subscription = (await api.get(where)).json()["webhook"]
    assert subscription["url"]
    await api.put(where, json={"workspace": workspace("manual")})
    assert "webhook" not in (await api.get(where)).json()
    await api.post(f"{where}/versions/3/actions/publish")
    assert (await api.get(where)).json()["webhook"]["url"]


async def test_who_comes_second_is_told_who_was_first(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant, parts: Parts
) -> None:
    space = await world.space(tenant.id)
    where = await make(api, spaceId=str(space))
    read = await api.get(where)
    colleague_id, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        saved = await colleague.put(where, json={"workspace": workspace("manual", "theirs"), "note": "Mine"})
        assert saved.status_code == 200
    stale = {"if-match": read.headers["etag"]}
    tries = [
        ("PUT", where, {"workspace": workspace("manual", "ours")}),
        ("PUT", where, {"name": "ours"}),
        ("POST", f"{where}/versions/1/actions/restore", {}),
        ("POST", f"{where}/versions/1/actions/publish", None),
        ("POST", f"{where}/actions/unpin", None),
    ]
    meta: dict[str, Any] = {}
    for method, path, body in tries:
        refused = await api.request(method, path, json=body, headers=stale)
        assert refused.status_code == 409, path
        [error] = refused.json()["errors"]
        assert error["code"] == "version-conflict"
        assert "Person saved version 2 at 20" in error["detail"]
        assert "read version 1" in error["detail"]
        meta = error["meta"]
        assert (meta["version"], meta["yours"], meta["note"]) == (2, 1, "Mine")
        assert (meta["savedBy"], meta["savedByName"]) == (str(colleague_id), "Person")
        assert meta["savedAt"] in error["detail"]
    # What the studio shows then: the difference between the two.
    shown = await api.get(f"{where}/versions/{meta['version']}/diff", params={"against": meta["yours"]})
    assert len(shown.json()["text"]) >= 1
    assert await numbers(api, where) == [2, 1]
    fresh = {"if-match": (await api.get(where)).headers["etag"]}
    for method, path, body in tries[2:]:
        done = await api.request(method, path, json=body, headers=fresh)
        assert done.status_code in {201, 204}
        fresh = {"if-match": done.headers["etag"]}

    tag = (await api.get(where)).headers["etag"]
    await api.put(where, json={"name": "other"})
    [error] = (await api.put(where, json={}, headers={"if-match": tag})).json()["errors"]
    assert "settings were changed" in error["detail"]
    for odd in ("0-x", "999999999", "9" * 400, "²", "x" * 4000):
        refused = await api.put(where, json={}, headers={b"if-match": odd.encode()})
        assert refused.status_code == 409
        assert "yours" not in refused.json()["errors"][0]["meta"]


async def test_a_note_has_its_own_tag(api: httpx.AsyncClient) -> None:
    where = await make(api)
    read = await api.get(f"{where}/versions/1")
    automation = (await api.get(where)).headers["etag"]
    first = await api.patch(f"{where}/versions/1", json={"note": "a ✓"}, headers={"if-match": read.headers["etag"]})
    assert (first.status_code, first.content) == (204, b"")
    late = await api.patch(f"{where}/versions/1", json={"note": "b"}, headers={"if-match": read.headers["etag"]})
    assert late.status_code == 409
    assert late.json()["errors"][0]["meta"] == {"version": 1, "note": "a ✓"}
    again = await api.patch(f"{where}/versions/1", json={"note": ""}, headers={"if-match": first.headers["etag"]})
    assert again.status_code == 204
    assert (await api.get(f"{where}/versions/1")).json()["note"] == ""
    assert (await api.get(where)).headers["etag"] == automation, "a note is no change of the automation"


@pytest.mark.parametrize("note", [None, 5, ["x"], "x" * 2001, "a\0b", {}], ids=lambda note: repr(note)[:12])
async def test_what_is_no_note_is_refused(api: httpx.AsyncClient, note: Any) -> None:
    where = await make(api)
    for answer in (
        await api.patch(f"{where}/versions/1", json={"note": note}),
        await api.put(where, json={"note": note}),
        await api.post(f"{where}/versions/1/actions/restore", json={"note": note}),
    ):
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["source"]["pointer"] == "/note"
    assert (await api.patch(f"{where}/versions/1", json={})).status_code == 400
    assert await numbers(api, where) == [1]


async def test_of_many_who_save_at_once_none_is_lost(api: httpx.AsyncClient, address: str, tenant: Tenant) -> None:
    where = await make(api)
    count = 12

    async def save(number: int) -> int:
        async with client(address, tenant.key) as person:
            if number % 4 == 3:
                answer = await person.post(f"{where}/versions/1/actions/restore", json={"note": str(number)})
            else:
                document = workspace("manual", f"by {number}")
                answer = await person.put(where, json={"workspace": document, "note": str(number)})
        assert answer.status_code in {200, 201}, answer.text
        return int(answer.json()["version"])

    made = await asyncio.gather(*(save(number) for number in range(count)))
    assert sorted(made) == list(range(2, count + 2))
    kept = (await api.get(f"{where}/versions")).json()["data"]
    assert {item["note"]: item["version"] for item in kept if item["note"]} == {
        str(number): version for number, version in enumerate(made)
    }
    assert [item["version"] for item in kept if item["isLive"]] == [count + 1]


async def test_of_many_with_the_same_tag_one_wins(api: httpx.AsyncClient, address: str, tenant: Tenant) -> None:
    where = await make(api)
    tag = {"if-match": (await api.get(where)).headers["etag"]}
    work: list[tuple[str, str, Any]] = [
        *(("PUT", where, {"workspace": workspace("manual", str(number))}) for number in range(4)),
        ("POST", f"{where}/versions/1/actions/restore", {}),
        ("POST", f"{where}/versions/1/actions/publish", None),
    ]

    async def send(method: str, path: str, body: Any) -> int:
        async with client(address, tenant.key) as person:
            return (await person.request(method, path, json=body, headers=tag)).status_code

    answers = await asyncio.gather(*(send(*one) for one in work))
    assert sorted(answers)[1:] == [409] * (len(work) - 1)


@pytest.mark.parametrize(
    "number", ["0", "00", "2", "999999999", "9999999999", "9" * 5000, "-1", "1.0", "x", "%00", "1 "]
)
async def test_what_is_no_version_is_nothing(api: httpx.AsyncClient, number: str) -> None:
    where = f"{await make(api)}/versions/{number}"
    for method, path, body in (
        ("GET", where, None),
        ("PATCH", where, {"note": "x"}),
        ("GET", f"{where}/diff", None),
        ("POST", f"{where}/actions/restore", {}),
        ("POST", f"{where}/actions/publish", None),
    ):
        answer = await api.request(method, path, json=body)
        assert answer.status_code == 404, path


ALL = [
    ("GET", "/versions", None),
    ("GET", "/versions/1", None),
    ("GET", "/versions/2/diff", None),
    ("PATCH", "/versions/1", {"note": "x"}),
    ("POST", "/versions/1/actions/restore", {}),
    ("POST", "/versions/1/actions/publish", None),
    ("POST", "/actions/unpin", None),
]


@pytest.mark.parametrize("method, path, body", ALL)
async def test_who_may_do_it(
    api: httpx.AsyncClient,
    other: httpx.AsyncClient,
    address: str,
    world: World,
    tenant: Tenant,
    method: str,
    path: str,
    body: Any,
) -> None:
    where = await make(api, workspace("manual", "a"))
    before = (await api.get(where)).json(), (await api.get(f"{where}/versions")).json()
    _, private = await world.user(tenant.id)
    small = await world.key(tenant.id, tenant.admin_id, ["automations:read", "connections"])
    none = await world.key(tenant.id, tenant.admin_id, ["connections"])
    unknown = where.replace(where.rpartition("/")[2], str(new_id()))
    async with (
        client(address, private) as colleague,
        client(address, none) as connector,
        client(address) as nobody,
    ):
        assert (await nobody.request(method, where + path, json=body)).status_code == 401
        assert (await connector.request(method, where + path, json=body)).status_code == 403
        missing = await api.request(method, unknown + path, json=body)
        assert missing.status_code == 404
        for stranger in (other, colleague):
            answer = await stranger.request(method, where + path, json=body)
            assert answer.status_code == 404
            assert answer.json()["errors"] == missing.json()["errors"], "the two must look the same"
    if method != "GET":
        async with client(address, small) as reader:
            assert (await reader.request(method, where + path, json=body)).status_code == 403
    assert ((await api.get(where)).json(), (await api.get(f"{where}/versions")).json()) == before
    # In a space, a colleague works with it; a key that may read reads.
    space = await world.space(tenant.id)
    await api.post(f"{where}/actions/change-space", json={"spaceId": str(space)})
    async with client(address, private) as colleague:
        done = await colleague.request(method, where + path, json=body)
        assert done.status_code in {200, 201, 204}
        reading = await world.key(tenant.id, tenant.admin_id, ["user_default"])
        async with client(address, reading) as reader:
            assert (await reader.request(method, where + path, json=body)).status_code in {200, 201, 204}


async def test_another_space_or_owner_keeps_the_history(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant, parts: Parts
) -> None:
    where = await make(api, workspace("manual", "a"), workspace("manual", "b"))
    run = (await api.post(f"{where}/runs", json={"context": "api"})).json()
    async with parts.database.tenant(tenant.id) as unit:
        await unit.insert(journal, run_id=UUID(run["id"]), seq=1, kind=1, path="", data=b"")
    await api.post(f"{where}/versions/2/actions/publish")
    before = (await api.get(f"{where}/versions")).json()
    space = await world.space(tenant.id)
    user, key = await world.user(tenant.id)
    for action, body in (
        ("change-space", {"spaceId": str(space)}),
        ("change-space", {"spaceId": ""}),
        ("change-owner", {"userId": str(user)}),
        ("move", {"userId": str(tenant.admin_id)}),
        ("change-owner", {"userId": str(user)}),
    ):
        assert (await api.post(f"{where}/actions/{action}", json=body)).status_code == 204
        assert (await api.get(f"{where}/versions")).json() == before, action
        [kept] = (await api.get(f"{where}/runs")).json()["data"]
        assert (kept["id"], kept["ownerId"]) == (run["id"], str(tenant.admin_id))
        assert (await api.get(where)).json()["liveVersion"] == 2
        async with parts.database.tenant(tenant.id) as unit:
            mine = unit.select(journal, sa.func.count()).where(journal.c.run_id == UUID(run["id"]))
            assert await unit.scalar(mine) == 1
    async with client(address, key) as owner:
        assert (await owner.post(f"{where}/versions/1/actions/restore")).status_code == 201


async def test_a_copy_begins_its_own_history(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    where = await make(api, workspace("manual", "a"), workspace("triggered", "b"), priority="high")
    await api.post(f"{where}/versions/1/actions/publish")
    copied = (await api.post(f"{where}/actions/copy", json={"name": "Copy"})).json()["id"]
    shown = (await api.get(f"{BASE}/{copied}")).json()
    assert (shown["version"], shown["liveVersion"], shown["pinned"]) == (1, 1, False)
    assert (shown["workspace"], shown["runMode"], shown["priority"]) == (
        workspace("triggered", "b"),
        "triggered",
        "high",
    )
    assert await numbers(api, f"{BASE}/{copied}") == [1]
    follower = (await api.post(BASE, json={"name": "f", "follows": [{"automationId": copied}]})).json()["id"]
    assert (await api.delete(f"{BASE}/{copied}")).status_code == 204
    assert "follows" not in (await api.get(f"{BASE}/{follower}")).json()
    async with parts.database.tenant(tenant.id) as unit:
        left = unit.select(automation_versions, sa.func.count())
        assert await unit.scalar(left.where(automation_versions.c.automation_id == UUID(copied))) == 0
    assert await numbers(api, where) == [3, 2, 1]


async def test_the_priority_is_kept_and_checked(api: httpx.AsyncClient) -> None:
    where = await make(api)
    assert (await api.get(where)).json()["priority"] == "normal"
    assert (await api.put(where, json={"priority": "high"})).json()["priority"] == "high"
    assert (await api.put(where, json={"name": "x"})).json()["priority"] == "high"
    echoed = await api.put(where, json=(await api.get(where)).json())
    assert (echoed.status_code, echoed.json()["priority"]) == (200, "high")
    wrongs: list[Any] = [1, "urgent", None, "", "HIGH", []]
    for wrong in wrongs:
        refused = await api.put(where, json={"priority": wrong})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["source"]["pointer"] == "/priority"


async def test_what_was_read_can_be_sent_back(api: httpx.AsyncClient) -> None:
    where = await make(api, workspace("manual", "a"))
    await api.post(f"{where}/versions/1/actions/publish")
    read = (await api.get(where)).json()
    forged = {**read, "liveVersion": 2, "pinned": False, "version": 9}
    assert (await api.put(where, content=json.dumps(forged), headers=JSON)).json()["liveVersion"] == 1
