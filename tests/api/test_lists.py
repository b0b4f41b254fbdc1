"""Lists: pages that hold still while rows come and go, filters, sorts, and links."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.ids import new_id
from tieline.storage.tables import automations, runs

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"
NAMES = ["alpha", "Beta", "beta", "", "gamma %_\\", "ünïcode 🎈", "zz", "alpha"]


async def fill(parts: Parts, tenant: Tenant, count: int, **values: Any) -> list[str]:
    made = []
    async with parts.database.tenant(tenant.id) as unit:
        # Of ids made in the same millisecond any may be the smaller one.
        for number, identity in enumerate(sorted(new_id() for _ in range(count))):
            made.append(str(identity))
            row = {"name": NAMES[number % len(NAMES)], "owner_id": tenant.admin_id, "version": 1, **values}
            await unit.insert(automations, id=identity, **row)
    return made


async def walk(api: httpx.AsyncClient, where: str, to: str = "next", **params: Any) -> list[list[dict[str, Any]]]:
    """All pages, by following the links as they are."""
    pages = []
    url: str | None = str(httpx.URL(where, params=params)) if params else where
    while url:
        answer = await api.get(url)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["data"])
        url = answer.json()["links"][to]["href"]
        assert len(pages) < 100
    return pages


SORTS = ["id", "name", "runMode", "state", "createdAt", "updatedAt", "lastRunAt", "lastRunStatus", "maxConcurrentRuns"]


@pytest.mark.parametrize("sort", [sign + field for field in SORTS for sign in ("", "-")])
async def test_every_order_gives_each_row_once(api: httpx.AsyncClient, parts: Parts, tenant: Tenant, sort: str) -> None:
    made = await fill(parts, tenant, 5) + await fill(parts, tenant, 6, last_run_status="failed", state="disabled")
    made += await fill(parts, tenant, 2, last_run_status="finished", max_concurrent_runs=3, run_mode="webhook")
    pages = await walk(api, BASE, sort=sort, limit=4)
    assert [len(page) for page in pages] == [4, 4, 4, 1]
    ids = [item["id"] for page in pages for item in page]
    assert sorted(ids) == sorted(made)
    field = sort.lstrip("-")
    keys = [(item.get(field) is not None, item.get(field), item["id"]) for page in pages for item in page]
    if field != "name":  # the database has its own idea of the order of letters
        assert keys == sorted(keys, reverse=sort.startswith("-"))
    mirrored = await walk(api, BASE, sort=field if sort.startswith("-") else f"-{sort}", limit=200)
    assert [item["id"] for item in mirrored[0]] == ids[::-1]


async def test_back_is_the_way_one_came(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    await fill(parts, tenant, 10)
    forth = await walk(api, BASE, sort="-name", limit=3)
    last = await api.get(BASE, params={"sort": "-name", "limit": 3})
    while (following := last.json()["links"]["next"]["href"]) is not None:
        last = await api.get(following)
    back = await walk(api, last.json()["links"]["prev"]["href"], "prev")
    assert back == forth[-2::-1]


async def test_pages_hold_still_while_rows_come_and_go(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    chance = random.Random(7)
    stay = await fill(parts, tenant, 30)
    go = await fill(parts, tenant, 20)
    for sort in ("id", "-id", "name", "-name"):
        seen: list[str] = []
        url: str | None = f"{BASE}?sort={sort}&limit=7"
        while url:
            answer = (await api.get(url)).json()
            seen += [item["id"] for item in answer["data"]]
            await fill(parts, tenant, 2)
            if go:
                assert (await api.delete(f"{BASE}/{go.pop(chance.randrange(len(go)))}")).status_code == 204
            url = answer["links"]["next"]["href"]
        assert len(seen) == len(set(seen)), "a row was shown twice"
        assert set(stay) <= set(seen), "a row that was there all the time was missed"


async def test_the_row_that_a_cursor_stands_beside_may_go(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await fill(parts, tenant, 6)
    first = (await api.get(BASE, params={"limit": 3})).json()
    await api.delete(f"{BASE}/{made[2]}")
    assert [item["id"] for item in (await api.get(first["links"]["next"]["href"])).json()["data"]] == made[3:]


async def test_an_empty_list(api: httpx.AsyncClient) -> None:
    nothing = {"data": [], "links": {"next": {"href": None}, "prev": {"href": None}}}
    assert (await api.get(BASE)).json() == nothing


@pytest.mark.parametrize("base, name", [("/api/v1/automations", "next"), ("/api/workflows/automations", "cursor")])
async def test_links_carry_what_clients_look_for(
    api: httpx.AsyncClient, address: str, parts: Parts, tenant: Tenant, base: str, name: str
) -> None:
    made = await fill(parts, tenant, 3)
    asked = {"limit": "2", "sort": "+id", "filter": 'name co "a" or name pr or not (name pr)', "listAll": "true"}
    answer = await api.get(base, params=asked)
    link = urlsplit(answer.json()["links"]["next"]["href"])
    assert f"{link.scheme}://{link.netloc}{link.path}" == f"{address}{base}"
    query = {key: values[0] for key, values in parse_qs(link.query).items()}
    assert {**asked, name: query[name]} == query
    # The vendor's Python client takes the cursor out of the link and sends it with parameters of its own.
    for parameter in ("next", "cursor"):
        again = await api.get(base, params={"sort": "id", "limit": 100, parameter: query[name]})
        assert [item["id"] for item in again.json()["data"]] == made[2:]


async def test_a_link_with_its_query_once_more(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    """The vendor's older JavaScript client adds the query to the link, as it is."""
    await fill(parts, tenant, 4)
    asked = {"limit": "2", "sort": "+name", "filter": "name pr or not (name pr)"}
    link = (await api.get(BASE, params=asked)).json()["links"]["next"]["href"]
    again = await api.get(link + "&" + "&".join(f"{name}={value}" for name, value in asked.items()))
    assert again.json() == (await api.get(link)).json()
    previous = urlsplit(again.json()["links"]["prev"]["href"]).query
    assert [len(values) for values in parse_qs(previous).values()] == [1, 1, 1, 1]
    for twice in ("limit=2&limit=3", "sort=%2Bname&sort=-name", "filter=name%20pr&filter=id%20pr"):
        refused = await api.get(f"{BASE}?{twice}")
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["source"]["parameter"] == twice.partition("=")[0]


async def test_a_cursor_remembers_the_question(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    await fill(parts, tenant, 8)
    first = (await api.get(BASE, params={"limit": 1, "sort": "-name", "filter": 'name sw "b"'})).json()
    cursor = parse_qs(urlsplit(first["links"]["next"]["href"]).query)["cursor"][0]
    alone = (await api.get(BASE, params={"cursor": cursor})).json()
    assert [item["name"].lower() for item in first["data"] + alone["data"]] == ["beta", "beta"]
    for other in ({"sort": "name"}, {"filter": 'name sw "a"'}, {"listAll": "false"}):
        answer = await api.get(BASE, params={"cursor": cursor, **other})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "invalid-cursor"


async def test_a_cursor_opens_nowhere_else(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, parts: Parts, tenant: Tenant, world: World
) -> None:
    made = await fill(parts, tenant, 3)
    link = (await api.get(BASE, params={"limit": 1})).json()["links"]["next"]["href"]
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]
    _, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        assert (await colleague.get(link)).status_code == 400
    assert (await other.get(link)).status_code == 400
    for elsewhere in ("/api/workflows/automation-connections", f"{BASE}/{made[0]}/runs"):
        assert (await api.get(elsewhere, params={"cursor": cursor})).status_code == 400


@pytest.mark.parametrize(
    "query, parameter",
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("sort=owner", "sort"),
        ("sort=", "sort"),
        ("sort=--id", "sort"),
        ("cursor=garbage", "cursor"),
        ("next=garbage", "next"),
        ("cursor=eyJpZCI6MjIwMjA5MDgsIl9wb2ludHNUb05leHRJdGVtcyI6dHJ1ZX0", "cursor"),
        ("cursor=a&next=b", "next"),
        ("cursor=%00", "cursor"),
        ("cursor=%ff", "cursor"),
        ("filter=name", "filter"),
        ("filter=name+eq+%00", "filter"),
        ("filter=name+eq+%22%00%22", "filter"),
        ("filter=%ff%fe", "filter"),
        ("filter=duration+gt+5", "filter"),
        ("filter=tenantId+eq+%22x%22", "filter"),
        ("listAll=maybe", "listAll"),
        ("listAll=1", "listAll"),
    ],
)
async def test_bad_queries_are_named(api: httpx.AsyncClient, query: str, parameter: str) -> None:
    answer = await api.get(f"{BASE}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"] == {"parameter": parameter}


@pytest.mark.parametrize(
    "query", ["sort=+name", "sort=%2Bname", "filter=", "cursor=", "unknown=1", "listAll=TRUE", "_=1"]
)
async def test_what_is_let_through(api: httpx.AsyncClient, query: str) -> None:
    assert (await api.get(f"{BASE}?{query}")).status_code == 200


@pytest.mark.parametrize(
    "expression, found",
    [
        ('name eq "ALPHA"', {0, 7}),
        ('name eq "beta"', {1, 2}),
        ('name eq ""', {3}),
        ('name ne "alpha"', {1, 2, 3, 4, 5, 6}),
        ('name co "%"', {4}),
        ('name co "_"', {4}),
        ('name co "\\\\"', {4}),
        ('name ew "\\\\"', {4}),
        ('name sw "ü"', {5}),
        ('name co "🎈"', {5}),
        ('name sw ""', set(range(8))),
        ("name pr", {0, 1, 2, 4, 5, 6, 7}),
        ("not (name pr)", {3}),
        ('name eq "zz" or name eq "gamma %_\\\\"', {4, 6}),
        ('name sw "a" and not (name eq "alpha")', set()),
        ('lastRunStatus eq "failed"', {0}),
        ('lastRunStatus ne "failed"', set(range(1, 8))),
        ("lastRunStatus eq null", set(range(1, 8))),
        ("lastRunStatus pr", {0}),
        ('not (lastRunStatus eq "failed")', set(range(1, 8))),
        ('not (lastRunStatus gt "a")', set(range(1, 8))),
        ('runMode eq "Webhook"', {1}),
        ('ownerId eq "sWYAHxZxhtcmBT7Ptc5xJ5I6N7HxwnEy"', set()),
        ('ownerId ne "sWYAHxZxhtcmBT7Ptc5xJ5I6N7HxwnEy"', set(range(8))),
        ('ownerId eq "{admin}"', set(range(8))),
        ('ownerId sw "{admin}"', set(range(8))),
        ('spaceId eq "x"', set()),
        ("spaceId eq null", set(range(8))),
        ("spaceId pr", set()),
        ('name eq "x\'; DROP TABLE automations; --"', set()),
    ],
)
async def test_filters(api: httpx.AsyncClient, parts: Parts, tenant: Tenant, expression: str, found: set[int]) -> None:
    made = await fill(parts, tenant, 1, last_run_status="failed")
    async with parts.database.tenant(tenant.id) as unit:
        for number in range(1, 8):
            identity = new_id()
            made.append(str(identity))
            mode = "webhook" if number == 1 else "manual"
            await unit.insert(
                automations, id=identity, name=NAMES[number], owner_id=tenant.admin_id, version=1, run_mode=mode
            )
    asked = expression.replace("{admin}", str(tenant.admin_id))
    answer = await api.get(BASE, params={"filter": asked})
    assert answer.status_code == 200, answer.text
    assert {made.index(item["id"]) for item in answer.json()["data"]} == found


async def test_runs_have_their_own_limits_and_fields(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    [made] = await fill(parts, tenant, 1)
    where = f"{BASE}/{made}/runs"
    async with parts.database.tenant(tenant.id) as unit:
        for number, identity in enumerate(sorted(new_id() for _ in range(12))):
            await unit.insert(
                runs,
                id=identity,
                automation_id=made,
                version=1,
                status="finished" if number % 2 else "failed",
                context="api_async",
                title=f"run {number}",
                owner_id=tenant.admin_id,
            )
    assert [len(page) for page in await walk(api, where)] == [10, 2]
    newest = (await api.get(where, params={"sort": "-id", "limit": 1})).json()["data"][0]
    assert newest["title"] == "run 11"
    for expression, count in (
        ('status eq "failed"', 6),
        ('title eq "Run 3"', 1),
        ('context eq "api_async" and startTime pr', 0),
        ("billable eq false", 12),
        ("billable eq true", 0),
        ('executedById eq "nobody"', 0),
        (f'ownerId eq "{tenant.admin_id}"', 12),
        ('startTime gt "2020-01-01T00:00:00Z"', 0),
    ):
        answer = await api.get(where, params={"filter": expression, "limit": 200})
        assert len(answer.json()["data"]) == count, expression
    assert (await api.get(where, params={"sort": "title"})).status_code == 400
    assert (await api.get(where, params={"filter": 'name eq "x"'})).status_code == 400
