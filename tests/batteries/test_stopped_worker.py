"""A worker that is stopped (SIGSTOP) for longer than its claims hold, and then wakes: it writes nothing.

It was in the midst of effects whose answers came, or whose connections broke, while it was stopped.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from tests.automations.triggers.conftest import Office, opened
from tieline.automations.engine import codec
from tieline.automations.runs import Runs
from tieline.automations.runs.service import ENDED
from tieline.core import json
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.tables import (
    data_store,
    data_store_writes,
    form_answers,
    journal,
    pointers,
    run_blobs,
    runs,
)

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(400)]

RUNS = 6
ITEMS = 30
HELD = 12  # the item at which the ledger holds back the answers of all runs but two
FREE = (4, 5)
POINTER = "the block whose pointer is moved"
WRITTEN = (runs, journal, run_blobs, pointers, data_store, data_store_writes, form_answers)


@dataclass
class Ledger:
    """POST /{token}/{item}; answers after a moment, and at `HELD` only when `release` says so."""

    url: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    held: set[str] = field(default_factory=set)
    going: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, request: web.Request) -> web.StreamResponse:
        token, item = request.match_info["token"], request.match_info["item"]
        self.requests[token] += 1
        self.keys.setdefault(request.headers["Idempotency-Key"], f"{token}/{item}")
        await asyncio.sleep(0.02)
        if int(item) == HELD and int(token) not in FREE and not self.going.is_set():
            self.held.add(token)
            await self.going.wait()
            if int(token) % 2 and request.transport is not None:
                request.transport.close()
        return web.json_response({"n": int(item)}, status=201)


@asynccontextmanager
async def serving() -> AsyncIterator[Ledger]:
    ledger, app = Ledger(), web.Application()
    app.router.add_post("/{token}/{item}", ledger.write)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ledger.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield ledger
    await runner.cleanup()


def writing(url: str) -> dict[str, Any]:
    """For each item an effect, a write to the data store, a pointer, the answers of a form, and an item put aside."""

    def block(identity: str, kind: str, inputs: dict[str, Any], after: str | None, **more: Any) -> dict[str, Any]:
        given = [{"id": name, "value": value} for name, value in inputs.items()]
        return {"id": identity, "type": kind, "name": identity.lower(), "inputs": given, "childId": after, **more}

    form = [{"id": "answer", "type": "input", "label": "answer"}]
    count = {"operation": "increment", "store": "stopped", "key": "{$.s.token}"}
    return {
        "blocks": [
            block("S", "StartBlock", {"run_mode": "manual"}, "L"),
            block("L", "ForEachBlock", {"input": json.dumps(list(range(ITEMS))).decode()}, None, loopBlockId="U"),
            block("U", "CallUrlBlock", {"url": url + "/{$.s.token}/{$.l.item}", "method": "POST", "body": "{}"}, "D"),
            block("D", "DataStoreBlock", count, "P"),
            block("P", "UpdatePointerBlock", {"pointer_block_id": POINTER, "value": "{$.l.item}"}, "F"),
            block("F", "FormBlock", {}, None, form=form, persistData=True),
        ],
        "variables": [],
    }


class Workers:
    """Processes of `tieline worker` on the database of the test."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._environment = {
            **os.environ,
            "TIELINE_DATABASE_URL": dsn,
            "TIELINE_DATA_DIR": str(folder),
            "TIELINE_SECRET_KEYS": Vault.generate_key(),
            "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
            "TIELINE_LOG_LEVEL": "warning",
        }
        self._all: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tieline", "worker", "--concurrency", "8"]
        self._all.append(subprocess.Popen(command, env=self._environment))
        return self._all[-1]

    def end(self) -> None:
        for process in self._all:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._all:
            process.wait(30)


async def begin(office: Office, url: str) -> None:
    """Automations with a run and two pointers each."""
    for number in range(RUNS):
        automation = await office.automation(writing(url))
        async with office.database.tenant(office.tenant) as unit:
            for key in ("one", "two"):
                where = {"automation_id": automation, "block_id": POINTER, "inputs_hash": key}
                await unit.insert(pointers, value={"since": None}, **where)
            row = await office.library.row(unit, automation)
            inputs = {"token": str(number), "answer": f"of {number}"}
            await Runs(office.database).start(unit, automation=row, context="api_async", inputs=inputs)


async def written(office: Office) -> dict[str, list[dict[str, Any]]]:
    """Every row that a run may write, as it is now."""
    found = {}
    async with office.database.tenant(office.tenant) as unit:
        for table in WRITTEN:
            keys = [column.name for column in table.primary_key]
            rows = await unit.all(unit.select(table))
            found[table.name] = sorted(rows, key=lambda row: [str(row[key]) for key in keys])
    return found


async def until(met: Any, what: str, seconds: float = 120) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await met():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"not within {seconds} s: {what}")


async def numbers_of(database: Database, pid: int) -> set[int]:
    rows = await database.autocommit("SELECT worker_id FROM procrastinate.tieline_workers WHERE pid = %s", pid)
    return {row[0] for row in rows}


async def statuses(office: Office) -> Counter[str]:
    async with office.database.tenant(office.tenant) as unit:
        return Counter(row["status"] for row in await unit.all(unit.select(runs, runs.c.status)))


@pytest.mark.parametrize("wakes", ["when all is done", "while they go on"])
async def test_a_worker_that_was_stopped_for_too_long_writes_nothing(
    database: Database, database_dsn: str, tmp_path: Path, wakes: str
) -> None:
    office, workers = await opened(database), Workers(database_dsn, tmp_path)
    async with serving() as ledger:
        await begin(office, ledger.url)
        try:
            stopped = workers.start()

            async def in_the_midst() -> bool:
                return len(ledger.held) == RUNS - len(FREE) and all(ledger.requests[str(free)] > HELD for free in FREE)

            await until(in_the_midst, "every run is where it is to be stopped")
            before = await numbers_of(database, stopped.pid)
            stopped.send_signal(signal.SIGSTOP)
            ledger.going.set()
            workers.start()

            async def taken_over() -> bool:
                async with database.tenant(office.tenant) as unit:
                    fences = [row["fence"] for row in await unit.all(unit.select(runs, runs.c.fence))]
                return all(fence > 1 for fence in fences)

            async def over() -> bool:
                return set(await statuses(office)) <= set(ENDED)

            await until(over if wakes == "when all is done" else taken_over, "another worker has the runs")
            asked, rows = ledger.requests.copy(), await written(office)
            stopped.send_signal(signal.SIGCONT)

            async def knows() -> bool:
                """It has a new number: what it ran under the old one is cancelled and over."""
                return bool(await numbers_of(database, stopped.pid) - before)

            await until(knows, "the stopped worker has noticed")
            await until(over, "the runs are over")
            if wakes == "when all is done":
                stopped.send_signal(signal.SIGTERM)
                await asyncio.to_thread(stopped.wait, 30)
                assert ledger.requests == asked, "it calls nobody"
                assert await written(office) == rows, "it writes nothing"
        finally:
            workers.end()
    await as_if_nothing_had_been(office, ledger)


async def as_if_nothing_had_been(office: Office, ledger: Ledger) -> None:
    assert await statuses(office) == {"finished": RUNS}
    expected = {f"{token}/{item}" for token in range(RUNS) for item in range(ITEMS)}
    assert Counter(ledger.keys.values()) == Counter(expected), "each effect once"
    async with office.database.tenant(office.tenant) as unit:
        sizes = await unit.all(unit.select(data_store, data_store.c.key, data_store.c.value))
        moved = await unit.all(unit.select(pointers, pointers.c.value))
        kept = await unit.all(unit.select(form_answers, form_answers.c.answers))
    assert {row["key"]: codec.decode(bytes(row["value"])) for row in sizes} == {str(n): ITEMS for n in range(RUNS)}
    assert {row["value"]["since"] for row in moved} == {ITEMS - 1}
    assert sorted(row["answers"]["answer"] for row in kept) == [f"of {number}" for number in range(RUNS)]
    async with office.database.system() as unit:
        left = await unit.scalar(select(runs.c.id).where(runs.c.status.not_in(ENDED)).limit(1))
    assert left is None
