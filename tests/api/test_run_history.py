"""What a run did, seen over HTTP: blocks, executions, items of loops, data kept aside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiohttp import web

from tests.api.conftest import Parts, Tenant
from tests.automations.engine.documents import block, chain, condition, document, variable
from tests.automations.runs.conftest import working
from tieline.automations.engine import codec
from tieline.automations.engine.journal import GROUP
from tieline.automations.runs import history, reading
from tieline.automations.runs.iterations import label_of
from tieline.automations.runs.masking import hidden
from tieline.core.ids import new_id
from tieline.storage.tables import journal, run_blobs, runs

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"
CANARY = "canary7Zq4Wv9s"


@pytest.fixture(scope="module")
async def worker(parts: Parts) -> AsyncIterator[None]:
    async with working(parts.database, vault=parts.vault):
        yield


async def ran(api: httpx.AsyncClient, parts: Parts, tenant: Tenant, entries: Any, **more: Any) -> tuple[str, Any]:
    """A new automation, run once; gives the address of the run and the workspace."""
    workspace = document(*entries, variables=more.get("variables"))
    automation = (await api.post(BASE, json={"name": "A", "workspace": workspace})).json()["id"]
    body = {"context": "api", **({"inputs": more["inputs"]} if "inputs" in more else {})}
    run = (await api.post(f"{BASE}/{automation}/runs", json=body)).json()["id"]
    row = await parts.runs.wait(tenant.id, UUID(run), 30)
    assert row["status"] in ("finished", "finished with warnings", "failed"), row["status"]
    return f"{BASE}/{automation}/runs/{run}", workspace["blocks"]


def output(value: Any, name: str = "shown", **settings: Any) -> dict[str, Any]:
    return block("ShowBlock", name, inputs={"input": value}, settings=settings)


def loop(over: Any, name: str = "loop", **settings: Any) -> dict[str, Any]:
    return block("ForEachBlock", name, inputs={"input": over}, settings=settings)


async def failing_url() -> tuple[str, web.AppRunner]:
    """A server that refuses every second number, and sets cookies."""

    async def answer(request: web.Request) -> web.Response:
        number = int(request.query.get("n", "0"))
        headers = {"set-cookie": f"sid={CANARY}", "x-api-key": CANARY}
        body = {"n": number, "access_token": CANARY, "note": "fine"}
        return web.json_response(body, status=400 if number % 2 else 200, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner


@pytest.fixture
async def site() -> AsyncIterator[str]:
    url, runner = await failing_url()
    yield url
    await runner.cleanup()


async def get(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def everything(api: httpx.AsyncClient, path: str, **query: Any) -> list[Any]:
    """All entries of a list, by its links."""
    found = []
    page = await get(api, path, **query)
    for _ in range(500):
        found += page["data"]
        if page["complete"]:
            assert page["links"]["next"]["href"] is None
            return found
        answer = await api.get(page["links"]["next"]["href"])
        assert answer.status_code == 200, answer.text
        page = answer.json()
    raise AssertionError("the list does not end")


async def test_blocks_executions_and_items_of_a_loop_with_failures(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, site: str
) -> None:
    call = block(
        "CallUrlBlock",
        "call",
        inputs={"url": site + "/x?n={$.loop.item.n}&api_key=" + CANARY, "method": "GET", "retries": 0},
        settings={"blendr_on_error": "warning"},
    )
    people = [{"n": n, "name": f"Person {n}", "password": CANARY} for n in range(7)]
    run, blocks = await ran(
        api,
        parts,
        tenant,
        [output("{count: $.start.people}"), (loop("{$.start.people}"), {"loopBlockId": [call]})],
        inputs={"people": people},
    )
    found = await get(api, f"{run}/blocks")
    assert found["complete"]
    by_name = {one["name"]: one for one in found["data"]}
    assert list(by_name) == ["start", "shown", "loop", "call"]
    made = by_name["call"]
    assert (made["executions"], made["failed"], made["warnings"], made["apiCalls"]) == (7, 3, 3, 7)
    assert (made["firstStatus"], made["lastStatus"], made["running"]) == ("ok", "ok", False)
    assert made["rxBytes"] > 0
    assert made["firstAt"] <= made["lastAt"]
    assert (by_name["loop"]["pages"], by_name["loop"]["records"], by_name["loop"]["executions"]) == (1, 7, 1)

    looping, calling = blocks[2]["id"], blocks[3]["id"]
    items = await everything(api, f"{run}/blocks/{looping}/iterations", limit=3)
    assert [(one["index"], one["label"], one["status"]) for one in items] == [
        (n, f"Person {n}", "failed" if n % 2 else "ok") for n in range(7)
    ]
    failed = await everything(api, f"{run}/blocks/{looping}/iterations", limit=2, status="failed")
    assert [one["index"] for one in failed] == [1, 3, 5]

    listed = await everything(api, f"{run}/blocks/{calling}/executions", limit=2)
    assert [one["path"] for one in listed] == [f"b2.{n}/b3" for n in range(7)]
    assert [one["status"] for one in listed] == ["ok", "failed"] * 3 + ["ok"]
    assert listed[3]["iteration"] == [{"blockId": looping, "name": "loop", "index": 3}]
    assert listed[3]["onError"] == "warning"
    assert listed[3]["error"]["code"] == "call-refused"
    assert listed[2]["output"]["n"] == 2
    assert listed[2]["exchanges"][0]["status"] == 200
    one = await everything(api, f"{run}/blocks/{calling}/executions", iteration=failed[1]["path"])
    assert [entry["path"] for entry in one] == ["b2.3/b3"]
    assert len(await everything(api, f"{run}/blocks/{calling}/executions", status="failed", limit=1)) == 3
    page = (await api.get(f"{run}/records", params={"loop": "b2"})).json()
    assert (page["page"], page["cut"], [one["name"] for one in page["data"]]) == (
        0,
        False,
        [f"Person {n}" for n in range(7)],
    )
    rest = (await api.get(f"{run}/records", params={"loop": "b2", "after": page["after"]})).json()
    assert (rest["page"], rest["data"], rest["complete"]) == (None, [], True)
    for path in (
        "blocks",
        "records?loop=b2",
        f"blocks/{calling}/executions",
        f"blocks/{looping}/iterations",
        f"blocks/{blocks[0]['id']}/executions",
    ):
        answer = await api.get(f"{run}/{path}")
        assert CANARY not in answer.text, path


@pytest.mark.parametrize("path", ["", "x", "b2/b3", "b4#1", "b" * 3000, "b2&after=x"])
async def test_records_are_of_a_loop_that_is_named(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, path: str
) -> None:
    run, _ = await ran(api, parts, tenant, [output("x")])
    answer = await api.get(f"{run}/records?loop={path.replace('#', '%23')}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"]["parameter"] in ("loop", "after")


async def test_nested_loops_are_picked_item_by_item(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None
) -> None:
    inner = chain((loop("{$.outer.item.list}", "inner"), {"loopBlockId": [output("{$.inner.item}")]}))
    run, blocks = await ran(
        api,
        parts,
        tenant,
        [(loop("{$.start.rows}", "outer"), {"loopBlockId": inner})],
        inputs={"rows": [{"id": n, "list": [f"v{n}-{m}" for m in range(n)]} for n in range(4)]},
    )
    inside, shown = blocks[2]["id"], blocks[3]["id"]
    labels = await everything(api, f"{run}/blocks/{inside}/iterations", iteration="b1.3")
    assert [one["label"] for one in labels] == ["v3-0", "v3-1", "v3-2"]
    assert (await everything(api, f"{run}/blocks/{inside}/iterations", iteration="b1.0")) == []
    found = await everything(api, f"{run}/blocks/{shown}/executions", iteration="b1.2")
    assert [one["path"] for one in found] == ["b1.2/b2.0/b3", "b1.2/b2.1/b3"]
    found = await everything(api, f"{run}/blocks/{shown}/executions", iteration="b1.2/b2.1")
    assert [entry["index"] for entry in found[0]["iteration"]] == [2, 1]
    assert [entry["path"] for entry in found] == ["b1.2/b2.1/b3"]


async def test_large_data_comes_by_reference(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None
) -> None:
    rows = [{"n": n, "text": "x" * 100} for n in range(20_000)]
    run, blocks = await ran(
        api,
        parts,
        tenant,
        [
            variable("some", "set_value", "{repeat: 'y', 40000}"),
            block("LimitBlock", "cut", inputs={"list": "{$.start.rows}", "limit": 5000}),
        ],
        variables={"some": "string"},
        inputs={"rows": rows[:8000]},
    )
    start = (await get(api, f"{run}/blocks/{blocks[0]['id']}/executions"))["data"][0]
    assert start["output"] is None
    assert start["outputRef"]["bytes"] > 800_000
    whole = (await api.get(start["outputRef"]["href"])).json()
    assert (whole["items"], whole["cut"]) == (None, False)
    assert len(whole["value"]["rows"]) == 8000
    kept = (await get(api, f"{run}/blocks/{blocks[1]['id']}/executions"))["data"][0]
    assert (await api.get(kept["outputRef"]["href"])).json()["value"] == ["y" * 40000]
    for wrong in ("executions/999999.0/output", "executions/x/output", f"executions/{start['id']}/secrets"):
        assert (await api.get(f"{run}/{wrong}")).status_code == 404


def test_a_list_that_is_too_large_is_cut() -> None:
    packed = codec.encode([{"text": "z" * 1000}] * 5000)
    found = history.fitting(packed, 5_000_000)
    assert found["cut"]
    assert found["items"] == 5000
    assert 0 < len(found["value"]) < 5000
    assert history.fitting(codec.encode("z" * 3_000_000), 3_000_000) == {
        "bytes": 3_000_000,
        "items": None,
        "cut": True,
        "value": None,
    }


async def synthetic(
    parts: Parts, tenant: Tenant, api: httpx.AsyncClient, items: int, **settings: Any
) -> tuple[str, str, str]:
    """A run of a loop over that many items, written straight into the journal; each hundredth item fails."""
    workspace = document((loop("{$.start}", **settings), {"loopBlockId": [output("{$.loop.item.n}")]}))
    automation = (await api.post(BASE, json={"name": "A", "workspace": workspace})).json()["id"]
    run = str(new_id())
    lines: list[dict[str, Any]] = []
    notes: list[Any] = []
    seq = 0

    def flush(path: str) -> None:
        nonlocal notes, seq
        seq += 1
        lines.append({"seq": seq, "kind": GROUP, "path": path, "data": codec.encode(notes)})
        notes = []

    for index in range(items):
        if index % 1000 == 0:
            records = [{"n": n, "title": f"Item {n}"} for n in range(index, min(index + 1000, items))]
            notes.append(("p", f"b1#{index // 1000}", {"c": None, "x": None, "r": codec.encode(records)}))
        error = {"code": "call-refused", "detail": "no"} if index % 100 == 99 else None
        note = {"t": 1.5, "e": error, "o": None} if error else {"t": 1.5, "o": "x" * 50}
        notes.append(("r", f"b1.{index}/b2", note))
        if len(notes) >= 200:
            flush(f"b1.{index}/b2")
    notes.append(("r", "b1", {"t": 5.0, "o": None}))
    flush("b1")
    async with parts.database.tenant(tenant.id) as unit:
        about = {"automation_id": UUID(automation), "version": 1, "owner_id": tenant.admin_id}
        await unit.insert(runs, id=UUID(run), status="finished", context="api_async", **about)
        for begin in range(0, len(lines), 500):
            rows = [{"tenant_id": tenant.id, "run_id": UUID(run), **line} for line in lines[begin : begin + 500]]
            await unit.connection.execute(journal.insert(), rows)
    blocks = workspace["blocks"]
    return f"{BASE}/{automation}/runs/{run}", blocks[1]["id"], blocks[2]["id"]


@pytest.mark.parametrize("how", [{}, {"parallel": 4}], ids=["one by one", "side by side"])
async def test_a_long_loop_is_listed_page_by_page(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, looping, body = await synthetic(parts, tenant, api, 5000, **how)
    read: list[int] = []
    notes_of = reading.notes_of

    def counting(data: bytes, kind: type[Any]) -> Any:
        read.append(len(data))
        return notes_of(data, kind)

    monkeypatch.setattr("tieline.automations.runs.iterations.notes_of", counting)
    page = await get(api, f"{run}/blocks/{looping}/iterations", limit=50)
    assert len(page["data"]) == 50
    assert len(read) < (4 if not how else 80), "a page reads only the rows it lies in"
    items = await everything(api, f"{run}/blocks/{looping}/iterations", limit=200)
    assert [one["index"] for one in items] == list(range(5000))
    assert all(one["label"] == f"Item {one['index']}" for one in items)
    assert [one["page"] for one in items] == [n // 1000 for n in range(5000)]
    failed = await everything(api, f"{run}/blocks/{looping}/iterations", limit=7, status="failed")
    assert [one["index"] for one in failed] == list(range(99, 5000, 100))
    at = await everything(api, f"{run}/blocks/{body}/executions", iteration="b1.4321")
    assert [one["path"] for one in at] == ["b1.4321/b2"]
    overview = (await get(api, f"{run}/blocks"))["data"]
    assert [(one["executions"], one["failed"], one["records"]) for one in overview] == [(1, 0, 5000), (5000, 50, 0)]


async def test_one_call_reads_a_bounded_piece(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, looping, body = await synthetic(parts, tenant, api, 3000)
    tight = lambda **_: reading.Budget(seconds=0.0)  # noqa: E731
    for module in ("history", "iterations"):
        monkeypatch.setattr(f"tieline.automations.runs.{module}.Budget", tight)
    seen = 0
    while not (found := await get(api, f"{run}/blocks"))["complete"]:
        now = sum(one["executions"] for one in found["data"])
        assert now > seen, "each call goes on where the last one ended"
        seen = now
    assert {one["type"]: one["executions"] for one in found["data"]} == {"ForEachBlock": 1, "ShowBlock": 3000}
    items = await everything(api, f"{run}/blocks/{looping}/iterations", limit=200)
    assert [one["index"] for one in items] == list(range(3000))
    assert all(one["label"] for one in items)
    failed = await everything(api, f"{run}/blocks/{body}/executions", status="failed", limit=200)
    assert [one["path"] for one in failed] == [f"b1.{n}/b2" for n in range(99, 3000, 100)]


async def test_a_failed_run_that_was_retried_shows_both_attempts(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, site: str
) -> None:
    call = block("CallUrlBlock", "call", inputs={"url": site + "/x?n=1", "method": "GET", "retries": 0})
    run, blocks = await ran(api, parts, tenant, [condition("1", "=", "1"), call])
    assert (await api.post(f"{run}/actions/retry")).status_code == 204
    await parts.runs.wait(tenant.id, UUID(run.rpartition("/")[2]), 30)
    found = await everything(api, f"{run}/blocks/{blocks[2]['id']}/executions")
    assert [(one["status"], one["onError"]) for one in found] == [("failed", "stop"), ("failed", "stop")]
    went = await everything(api, f"{run}/blocks/{blocks[1]['id']}/executions")
    assert went[0]["went"] == ["branch", 0]


def paths(run: str, block_id: str) -> list[str]:
    return [
        f"{run}/blocks",
        f"{run}/blocks/{block_id}/executions",
        f"{run}/blocks/{block_id}/iterations",
        f"{run}/executions/1.0/output",
        f"{run}/events",
        f"{run.rpartition('/runs')[0]}/form",
    ]


async def test_other_tenants_and_keys_without_the_scope_see_nothing(
    api: httpx.AsyncClient,
    other: httpx.AsyncClient,
    parts: Parts,
    tenant: Tenant,
    worker: None,
    world: Any,
    address: str,
) -> None:
    run, blocks = await ran(api, parts, tenant, [output("hello")])
    weak = await world.key(tenant.id, tenant.admin_id, ["connections"])
    strange = f"{BASE}/{new_id()}/runs/{run.rpartition('/')[2]}"
    for path in paths(run, blocks[1]["id"]):
        assert (await other.get(path)).status_code == 404, path
        assert (await api.get(path, headers={"authorization": f"Bearer {weak}"})).status_code == 403, path
        assert (await api.get(path, headers={"authorization": "Bearer x"})).status_code == 401, path
    for path in paths(strange, blocks[1]["id"]):
        assert (await api.get(path)).status_code == 404, path
    preview = {"formula": "{$.shown}", "runId": run.rpartition("/")[2]}
    assert (await other.post("/api/workflows/formulas/actions/preview", json=preview)).status_code == 404
    assert (await api.get(f"{run}/blocks/{new_id()}/executions")).status_code == 404


@pytest.mark.parametrize("query", [
    {"after": "x"}, {"after": "1.2.3"}, {"after": "-1"}, {"after": "9" * 40}, {"after": "١"},
    {"limit": "0"}, {"limit": "201"}, {"limit": "ten"}, {"limit": "1e2"}, {"status": "done"}, {"status": ""},
    {"iteration": "b1"}, {"iteration": "b1.x"}, {"iteration": "b1.1/"}, {"iteration": "b1.1'; DROP TABLE runs"},
    {"iteration": "b" + "1" * 4000 + ".1"}, {"iteration": "%"}, {"limit": ["1", "2"]}, {"after": "\0"},
])  # fmt: skip
@pytest.mark.parametrize("which", ["executions", "iterations"])
async def test_hostile_parameters_are_refused(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, which: str, query: dict[str, Any]
) -> None:
    run, blocks = await ran(api, parts, tenant, [output("hello")])
    answer = await api.get(f"{run}/blocks/{blocks[1]['id']}/{which}", params=query)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"]["parameter"] == next(iter(query))


async def test_marks_that_nobody_gave_end_well(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    run, looping, _ = await synthetic(parts, tenant, api, 300)
    for mark in ("0.0.0.1.9.0", "2.5.100.1.0.7", "999999999999999999.0.0.0.0.0", "1.999999.1.2.3.4"):
        assert (await api.get(f"{run}/blocks/{looping}/iterations", params={"after": mark})).status_code == 200


async def test_data_that_is_gone_is_said_to_be_gone(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None
) -> None:
    run, blocks = await ran(api, parts, tenant, [output("x")], inputs={"big": "w" * 400_000})
    async with parts.database.tenant(tenant.id) as unit:
        await unit.delete(run_blobs, run_blobs.c.run_id == UUID(run.rpartition("/")[2]))
    start = (await get(api, f"{run}/blocks/{blocks[0]['id']}/executions"))["data"][0]
    assert (await api.get(start["outputRef"]["href"])).json()["cut"]


@pytest.mark.parametrize("data", [
    {"headers": {"Authorization": f"Bearer {CANARY}", "Cookie": f"a={CANARY}", "X-Api-Key": CANARY}},
    {"headers": [{"key": "Authorization", "value": CANARY}, {"name": "x-auth-token", "value": CANARY}]},
    {"headers": [["Set-Cookie", CANARY], ["accept", "x"]]},
    {"params": [{"id": "client_secret", "value": {"a": CANARY}}]},
    {"url": f"https://user:{CANARY}@x.io/a?token={CANARY}&b=1#frag"},
    {"body": f'{{"user":"ada","password":"{CANARY}","list":[{{"apiKey":"{CANARY}"}}]}}'},
    {"body": f"grant_type=password&password={CANARY}&x=1"},
    {"body": f"client_secret={CANARY}"},
    {"body": {"deep": {"deep": {"credentials": {"user": CANARY, "list": [CANARY]}}}}},
    {"text": f"GET / HTTP/1.1\r\nCookie: sid={CANARY}\r\nHost: x"},
    {"text": f"the server answered {{\"access_token\": \"{CANARY}\", 'secret': '{CANARY}'}} and more"},
    {"text": f"Authorization: Basic {CANARY}"},
    {"cookies": [CANARY], "password": [CANARY], "session_token": CANARY},
    [[[["set-cookie", CANARY]]]],
])  # fmt: skip
def test_secrets_are_masked_wherever_a_request_carries_them(data: Any) -> None:
    assert CANARY not in str(hidden(data))


def test_what_is_no_secret_stays() -> None:
    data = {"session": {"title": "Opening"}, "tokens": 17, "key": None, "text": "a=b&c=d", "name": "Ada", "n": [1.5]}
    assert hidden(data) == data
    assert hidden('{"name":"Ada"}') == '{"name":"Ada"}'


@pytest.mark.parametrize("item, label", [
    ({"id": 7, "Name": "Ada"}, "Ada"), ({"email": "a@x.io", "id": 1}, "a@x.io"), ({"ID": 12}, "12"), ("text", "text"),
    (5, "5"), (None, ""), ([1, 2], "2 items"), ({"a": 1, "b": {"c": 2}, "d": "x"}, "a: 1, d: x"), ({}, ""),
    ({"title": "x" * 500}, "x" * 117 + "..."), ({"name": f"password={CANARY}"}, "password=***"), ("a\n b", "a b"),
])  # fmt: skip
def test_items_are_known_by_a_few_words(item: Any, label: str) -> None:
    assert label_of(item) == label
