"""The data store: atomic, once, bounded, and of one tenant."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.automations.blocks.conftest import Place
from tests.automations.engine.documents import block, chain, document
from tests.automations.engine.world import World, run_with_crashes
from tests.automations.runs.conftest import Bench
from tieline.automations.engine.context import RunInfo
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.store import DataStore, DataStoreFull
from tieline.automations.store.data import ROW, VALUE, Writing
from tieline.automations.store.limits import LARGEST_VALUE, Quota
from tieline.core import clock
from tieline.core.ids import new_id
from tieline.storage.errors import FenceLost
from tieline.storage.tables import data_store_writes, partners, runs, tenants, users

pytestmark = pytest.mark.anyio


def store_block(name: str = "", /, *, kind: str = "DataStoreBlock", **inputs: Any) -> dict[str, Any]:
    return block(kind, name, inputs=inputs)


def show(value: Any) -> dict[str, Any]:
    return block("ShowBlock", inputs={"input": value})


async def a_run(bench: Bench, *, tenant: UUID | None = None, fence: int = 1) -> RunInfo:
    """A run's row, as a claim would have it."""
    automation = await bench.automation(document())
    run_id = new_id()
    async with bench.database.tenant(tenant or bench.tenant) as unit:
        await unit.insert(
            runs,
            id=run_id,
            automation_id=automation["id"],
            version=1,
            status="running",
            context="api_async",
            owner_id=bench.user,
            fence=fence,
            scheduled_at=clock.now(),
        )
    return RunInfo(bench.tenant, run_id, automation["id"], fence=fence)


def key(number: int) -> str:
    return f"{number:032x}"


async def put(store: DataStore, run: RunInfo, name: str, value: Any, *, once: str, **options: Any) -> Any:
    async def change(to: Writing) -> Any:
        return await to.put(VALUE, "default", name, value, **options)

    return await store.write(run, once, change)


@pytest.mark.parametrize("crash", range(1, 13))
async def test_each_write_happens_once_wherever_the_run_is_interrupted(bench: Bench, crash: int) -> None:
    run = await a_run(bench)
    services = [(DataStore, DataStore(bench.database))]
    loop = (
        block("ForEachBlock", "loop", inputs={"input": "[1, 2, 3]"}),
        {
            "loopBlockId": chain(
                store_block("n", operation="increment", key="n"),
                store_block("r", kind="DataTableBlock", operation="insert", table="t", row={"i": "{$.loop.item}"}),
            )
        },
    )
    whole = document(loop, store_block("end", operation="get", key="n"), show("{$.end}"))
    # The world dies before it writes down what a block has done: the write is in the store, its result is not.
    _, interpreter, _ = await run_with_crashes(World(), whole, [crash, crash], services=services, run=run)
    assert interpreter.state.shown == [3]
    assert len(await services[0][1].page(bench.tenant, ROW, "t")) == 3


async def test_a_repeated_write_gives_the_first_result_and_writes_nothing(bench: Bench) -> None:
    store, run = DataStore(bench.database), await a_run(bench)
    assert await put(store, run, "a", 1, once=key(1)) is True
    assert await put(store, run, "a", 2, once=key(2)) is False
    assert await put(store, run, "a", 1, once=key(1)) is True
    assert await store.get(bench.tenant, VALUE, "default", "a") == (True, 2)


async def test_notes_of_old_writes_are_forgotten(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.store.data.WRITES_KEPT", 3)
    store, run = DataStore(bench.database), await a_run(bench)
    for number in range(1, 9):
        await put(store, run, "a", number, once=key(number << 120))
    await put(store, run, "a", 0, once=key(0))
    async with bench.database.tenant(bench.tenant) as unit:
        left = await unit.all(unit.select(data_store_writes))
    assert len(left) == 3
    assert key(0) in {row["key"] for row in left}


async def test_a_worker_that_lost_its_run_writes_nothing(bench: Bench) -> None:
    store, run = DataStore(bench.database), await a_run(bench, fence=5)
    late = RunInfo(run.tenant_id, run.run_id, run.automation_id, fence=4)
    with pytest.raises(FenceLost):
        await put(store, late, "a", 1, once=key(1))
    assert await store.get(bench.tenant, VALUE, "default", "a") == (False, None)


async def test_increments_at_the_same_time_all_count(bench: Bench) -> None:
    store, run = DataStore(bench.database), await a_run(bench)

    async def one(number: int) -> Any:
        return await store.write(
            run, key(number), lambda to: to.change(VALUE, "s", "n", lambda there, old: (old or 0) + 1)
        )

    assert sorted(await asyncio.gather(*(one(number) for number in range(40)))) == list(range(1, 41))


async def test_of_two_that_add_the_same_key_at_the_same_time_one_wins(bench: Bench) -> None:
    store, run = DataStore(bench.database), await a_run(bench)
    added = await asyncio.gather(
        *(store.write(run, key(n), lambda to, n=n: to.add(VALUE, "s", "k", n)) for n in range(10))  # type: ignore[misc]
    )
    assert sum(added) == 1


async def test_other_tenants_data_cannot_be_reached(bench: Bench) -> None:
    store, run = DataStore(bench.database), await a_run(bench)
    await put(store, run, "a", "mine", once=key(1))
    partner, tenant, user = new_id(), new_id(), new_id()
    async with bench.database.system() as unit:
        await unit.insert(partners, id=partner, name="q", app_id=str(partner))
        await unit.insert(tenants, id=tenant, partner_id=partner, external_id="o", name="o")
        await unit.insert(users, tenant_id=tenant, id=user, external_id="u")
    other = Bench(bench.database, tenant, user, bench.runs)
    theirs = await a_run(other)
    assert await store.get(tenant, VALUE, "default", "a") == (False, None)
    assert await store.page(tenant, VALUE, "default") == []
    assert await store.write(theirs, key(1), lambda to: to.remove(VALUE, "default", prefix="")) == 0
    assert await put(store, theirs, "a", "theirs", once=key(2)) is True
    assert await store.get(bench.tenant, VALUE, "default", "a") == (True, "mine")


async def test_an_entry_is_gone_when_its_time_is_over(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    store, run = DataStore(bench.database), await a_run(bench)
    await put(store, run, "a", 5, once=key(1), ttl=60)
    await put(store, run, "b", 1, once=key(2))

    def more(to: Writing) -> Any:
        return to.change(VALUE, "default", "a", lambda there, old: (old if there else 0) + 1, ttl=60)

    assert await store.write(run, key(3), more) == 6
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=61))
    assert await store.get(bench.tenant, VALUE, "default", "a") == (False, None)
    assert [entry["key"] for entry in await store.page(bench.tenant, VALUE, "default")] == ["b"]
    assert await store.write(run, key(4), more) == 1  # a counter begins anew, and so does its time
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=130))
    assert await store.purge() == 1
    assert await store.purge() == 0


async def test_run_data_comes_back_as_it_was(place: Place) -> None:
    odd = {"z": 1, "a": [None, True, 1.5, 2**70, "nul\0", "half \ud800", "{$.start}"], "é": {"": {}}}
    row = await place.run(
        store_block(operation="set", key="k", value="{$.start.v}"),
        store_block("back", operation="get", key="k"),
        show("{$.back.a}"),
        block("CompareObjectBlock", "same", inputs={"object1": "{$.start.v}", "object2": "{$.back}"}),
        show("{$.same.equal}"),
        inputs={"v": {**odd, "a": odd["a"][:4] + odd["a"][6:]}},  # type: ignore[index]
    )
    assert row["shown"] == [[None, True, 1.5, 2**70, "{$.start}"], True]
    store, run = DataStore(place.database), await a_run(place.bench)
    await put(store, run, "odd", odd, once=key(1))
    found, value = await store.get(place.bench.tenant, VALUE, "default", "odd")
    assert (found, value, list(value)) == (True, odd, ["z", "a", "é"])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"operation": "get", "key": ""}, "key is empty"),
        ({"operation": "get", "key": "x" * 301}, "key has 301 characters"),
        ({"operation": "get", "key": "a\nb"}, "key holds a control character"),
        ({"operation": "get", "key": ["a"]}, "key is empty; give it a text"),
        ({"operation": "set", "key": "k", "value": "x" * (LARGEST_VALUE + 1)}, "value has"),
        ({"operation": "set", "key": "k", "value": "v", "ttl": "soon"}, "ttl must be a number"),
        ({"operation": "set", "key": "k", "value": "v", "ttl": "-1"}, "ttl must be more than 0"),
        ({"operation": "set", "key": "k", "value": "v", "store": "x" * 101}, "store has 101 characters"),
        ({"operation": "increment", "key": "k", "by": "much"}, "by must be a number"),
        ({"operation": "list", "limit": "0"}, "limit must be a whole number"),
        ({"operation": "list", "limit": "5000"}, "limit must be a whole number from 1 to 1000"),
        ({"operation": "delete"}, "key (or prefix) is empty"),
        ({"operation": "drop"}, "operation must be one of get, list, set"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_cannot_be_is_said_in_one_sentence(place: Place, inputs: dict[str, Any], said: str) -> None:
    error = await place.error(store_block("it", **inputs))
    assert said in error["detail"]
    assert error["block"] == "it"


async def test_a_value_that_is_no_number_is_not_incremented(place: Place) -> None:
    error = await place.error(
        store_block(operation="set", key="k", value="five"), store_block("it", operation="increment", key="k")
    )
    assert "is no number" in error["detail"]


async def test_a_tenant_has_room_for_so_much(bench: Bench) -> None:
    run = await a_run(bench)
    few = DataStore(bench.database, Quota(entries=3, size=10**6))
    for number in range(3):
        await put(few, run, f"k{number}", 1, once=key(number))
    with pytest.raises(DataStoreFull, match="3 keys and rows"):
        await put(few, run, "k3", 1, once=key(3))
    await put(few, run, "k2", 2, once=key(4))  # what is there may be changed
    await few.write(run, key(5), lambda to: to.remove(VALUE, "default", key="k0"))
    await put(few, run, "k3", 1, once=key(6))
    small = DataStore(bench.database, Quota(entries=100, size=1000))
    with pytest.raises(DataStoreFull, match="bytes"):
        await put(small, run, "big", list(range(1000)), once=key(7))


async def test_deep_values_are_refused(bench: Bench) -> None:
    store, run = DataStore(bench.database), await a_run(bench)
    deep: Any = []
    for _ in range(150):
        deep = [deep]
    with pytest.raises(BlockInputInvalid, match="nested more than 100 deep"):
        await put(store, run, "deep", deep, once=key(1))


async def test_a_body_runs_over_more_entries_than_one_page(place: Place) -> None:
    store, run = DataStore(place.database), await a_run(place.bench)

    async def fill(to: Writing) -> Any:
        for number in range(450):
            await to.put(VALUE, "many", f"k/{number:04}", number)
            await to.put(VALUE, "many", f"other/{number:04}", number)

    await store.write(run, key(1), fill)
    body = (
        store_block("all", operation="list", store="many", prefix="k/", after="k/0009"),
        {"loopBlockId": [block("VariableBlock", "n", variableGuid="guid-n", operations=[{"id": "add", "value": 1}])]},
    )
    row = await place.run(body, show("{$.n} {$.all.item.key}"), variables={"n": "number"})
    assert row["shown"] == ["440 k/0449"]


async def test_prefixes_are_no_patterns(place: Place) -> None:
    row = await place.run(
        store_block(operation="set", key="a%b", value="1"),
        store_block(operation="set", key="axb", value="2"),
        store_block("found", operation="list", prefix="a%"),
        show("{$.found[*].key}"),
        store_block("gone", operation="delete", prefix="a_"),
        show("{$.gone.deleted}"),
    )
    assert row["shown"] == [["a%b"], 0]


def rows(name: str = "", /, **inputs: Any) -> dict[str, Any]:
    return store_block(name, kind="DataTableBlock", table="t", **inputs)


def older_than(age: int) -> dict[str, Any]:
    return {"mode": "all", "conditions": [{"input1": "age", "operator": ">", "input2": age}]}


async def test_rows_are_found_changed_and_deleted_by_conditions(place: Place) -> None:
    row = await place.run(
        *(rows(operation="insert", id=f"p{age}", row={"age": age}) for age in (10, 20, 30)),
        rows("put", operation="upsert", id="p20", row={"town": "Ghent"}),
        show("{$.put}"),
        rows("made", operation="update", row={"old": True}, conditions=older_than(15)),
        rows("count", operation="count", conditions=older_than(15)),
        rows("one", operation="update", id="p10", row={"age": 11}),
        rows("none", operation="update", id="nobody", row={"age": 11}),
        rows("gone", operation="delete", conditions=older_than(25)),
        rows("left", operation="find"),
        show("{$.made.updated} {$.count} {$.one.updated} {$.none.updated} {$.gone.deleted}"),
        show("{$.left}"),
    )
    assert row["shown"] == [
        {"id": "p20", "age": 20, "town": "Ghent"},
        "2 2 1 0 1",
        [{"id": "p10", "age": 11}, {"id": "p20", "age": 20, "town": "Ghent", "old": True}],
    ]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"operation": "update", "row": {"a": 1}}, "update needs an id or conditions"),
        ({"operation": "delete"}, "delete needs an id or conditions"),
        ({"operation": "upsert", "row": {"a": 1}}, "id is empty"),
        ({"operation": "insert", "row": "text"}, "row must be an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_rows_are_not_changed_by_mistake(place: Place, inputs: dict[str, Any], said: str) -> None:
    assert said in (await place.error(rows(**inputs)))["detail"]


async def test_a_row_is_not_inserted_twice(place: Place) -> None:
    error = await place.error(*(rows(operation="insert", id="a", row={"n": n}) for n in (1, 2)))
    assert "has a row with id 'a' already" in error["detail"]


async def test_a_search_looks_at_so_many_rows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.blocks.data_store.SCANNED", 300)
    store, run = DataStore(place.database), await a_run(place.bench)

    async def fill(to: Writing) -> Any:
        for number in range(500):
            await to.put(ROW, "t", f"{number:04}", {"age": number})

    await store.write(run, key(1), fill)
    error = await place.error(rows(operation="find", conditions=older_than(1000)))
    assert error["code"] == "data-store-scan-limit"
    row = await place.run(rows("f", operation="find", conditions=older_than(3), limit=2), show("{$.f[*].id}"))
    assert row["shown"] == [["0004", "0005"]]
