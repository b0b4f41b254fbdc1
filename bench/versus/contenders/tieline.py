"""Tieline as a user starts it: ``tieline serve`` with its worker and the embedded PostgreSQL, fsync on."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import psutil

from bench.versus.contenders.base import BLOCKS, BODY, RECORDS, START_SECONDS, Contender, Failed, entries
from bench.versus.load import Target
from tieline.server.cli.api import Api, ServerRefused, ServerUnreachable
from tieline.server.cli.runs_commands import ENDED
from tieline.storage import embedded

MANY = "1000000000"
PARALLEL = 16
EXPECTED = {"webhook": b'"id":7', "webhook-post": b'"id":7', "blocks": b"Ada"}


class Tieline(Contender):
    """Every run and every record is on disk (PostgreSQL, fsync on) before its answer goes out."""

    name: ClassVar[str] = "tieline"
    keeps: ClassVar[str] = (
        "serve with 1 worker, embedded PostgreSQL with fsync on; the delivery, the run, its journal and output are "
        "kept; requests a minute not limited; the sync's loop has `parallel` 16"
    )
    parallel: ClassVar[int] = PARALLEL
    _addresses: dict[str, str]

    def version(self) -> str:
        return version("tieline")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tieline", "serve", "--port", str(self.port)]

    def environment(self) -> dict[str, str]:
        limits = ("TIELINE_TIER1_PER_MINUTE", "TIELINE_TIER2_PER_MINUTE")
        own = {"TIELINE_DATA_DIR": str(self._data), "TIELINE_EGRESS_ALLOW": "127.0.0.0/8"}
        return own | dict.fromkeys(limits, MANY)

    def prepare(self) -> None:
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o711)  # as root, PostgreSQL runs as another account
        self.start()
        try:
            asyncio.run(self._deploy())
        except (ServerRefused, ServerUnreachable) as error:
            raise Failed(f"{error}; {self.last_words()}") from error
        finally:
            self.stop()

    async def _deploy(self) -> None:
        async with Api(self._url, "") as api:
            ends = time.monotonic() + START_SECONDS
            while True:
                try:
                    await api.call("GET", "/readyz", timeout=2)
                    break
                except (ServerRefused, ServerUnreachable):
                    if time.monotonic() > ends or not self.alive:
                        raise
                    await asyncio.sleep(0.05)
        self._key = (self._data / "admin.key").read_text(encoding="utf-8").strip()
        async with Api(self._url, self._key) as api:
            await api.call("PUT", "automations/settings", {"maxConcurrentRunsPerAutomation": 50})
            connection = await self._connection(api)
            documents = {
                "webhook": hooked(call(self.stub.url, "GET"), shown="{$.answer}"),
                "webhook-post": hooked(call(self.stub.url, "POST"), shown="{$.answer}"),
                "blocks": hooked(*settings(), shown="{$.text}"),
                "sync": synchronising(connection, self.parallel),
            }
            self._ids: dict[str, str] = {}
            self._addresses = {}
            for name, document in documents.items():
                body = {"name": name, "workspace": document, "maxConcurrentRuns": 50}
                made = await api.call("POST", "automations", body)
                self._ids[name] = made["id"]
                if "webhook" in made:
                    self._addresses[name] = urlsplit(made["webhook"]["url"]).path

    async def _connection(self, api: Api) -> str:
        made = await api.call(
            "POST", "automation-connectors", {"document": connector(self.stub.url), "format": "manifest"}
        )
        body = {"name": "stub", "connectorId": made["id"], "params": []}
        return str((await api.call("POST", "automation-connections", body))["id"])

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def target(self, work: str) -> Target:
        if work not in self._addresses:
            raise Failed(f"{work} has no address")
        return Target(self.port, self._addresses[work], body=BODY, expects=EXPECTED[work])

    def sync(self, seconds: float) -> float:
        """To the end of the run, which comes after the last record's arrival."""
        self.stub.reset()
        began = time.monotonic()
        run = asyncio.run(self._run(self._ids["sync"], seconds))
        took = time.monotonic() - began
        told = self.stub.stats()
        if run["status"] != "finished" or told["distinct"] != RECORDS or told["posts"] != RECORDS:
            raise Failed(f"{run['status']}: {told['distinct']} of {RECORDS} records, {told['posts']} requests")
        return took

    async def _run(self, automation: str, seconds: float) -> dict[str, Any]:
        async with Api(self._url, self._key) as api:
            run: dict[str, Any] = await api.call("POST", f"automations/{automation}/runs", {"context": "api"})
            ends = time.monotonic() + seconds
            await asyncio.to_thread(self.stub.await_posts, RECORDS, seconds)  # looks at the run would slow it down
            while run["status"] not in ENDED and time.monotonic() < ends:
                await asyncio.sleep(0.02)
                run = await api.call("GET", f"automations/{automation}/runs/{run['id']}")
        return run

    def database(self) -> list[psutil.Process]:
        """The postmaster and its children, wherever they run."""
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            cluster = embedded.Embedded(self._data).cluster
            postmaster = psutil.Process(int((cluster / "postmaster.pid").read_text().split()[0]))
            return [postmaster, *postmaster.children(recursive=True)]
        return []

    def discard(self) -> None:
        if self._data.exists():
            embedded.destroy(self._data)
        super().discard()


class Sequential(Tieline):
    """The same with the loop's default: one record after the other."""

    name: ClassVar[str] = "tieline-sequential"
    keeps: ClassVar[str] = "as tieline; the sync's loop takes one record after the other (the default)"
    works: ClassVar[frozenset[str]] = frozenset({"sync"})
    parallel: ClassVar[int] = 1


def hooked(*blocks: dict[str, Any], shown: str) -> dict[str, Any]:
    """start -> the blocks -> an output; a webhook that is answered with it."""
    output = {"type": "ShowBlock", "name": "output", "inputs": entries({"input": shown})}
    start = {"type": "StartBlock", "name": "start", "inputs": entries({"run_mode": "webhook", "async": "no"})}
    chain = [{**block, "id": str(number)} for number, block in enumerate([start, *blocks, output])]
    for block, following in pairwise(chain):
        block["childId"] = following["id"]
    return {"blocks": chain, "variables": [{"guid": "v", "name": "text", "type": "string"}]}


def call(stub: str, method: str) -> dict[str, Any]:
    """One HTTP call, whose answer is the output."""
    inputs = {"url": f"{stub}/item", "method": method, "body": {"name": "{$.start.name}"}, "encoding": "json"}
    if method == "GET":
        inputs = {"url": f"{stub}/item", "method": method}
    return {"type": "CallUrlBlock", "name": "answer", "inputs": entries(inputs)}


def settings() -> list[dict[str, Any]]:
    """Blocks that each set one value made of the input."""
    operation = [{"id": "set_value", "value": "{$.start.name}"}]
    block = {"type": "VariableBlock", "variableGuid": "v", "operations": operation}
    return [{**block, "name": f"set{number}"} for number in range(BLOCKS)]


def connector(stub: str) -> dict[str, Any]:
    """The stub as a connector: a paged list, and a write."""
    fields = [{"id": name, "location": "body", "name": f"/{name}"} for name in ("id", "email", "name")]
    return {
        "schema": "tieline.connector/1",
        "name": "stub",
        "servers": [{"url": stub}],
        "objects": [{"name": "contact", "primary_key": ["id"]}],
        "blocks": [
            {
                "id": "list_contacts",
                "kind": "list",
                "object": "contact",
                "path": f"/pages/{RECORDS}",
                "records": "$.items",
                "paging": {"style": "cursor", "param": "cursor", "next": "$.next_cursor"},
            },
            {
                "id": "send_contact",
                "kind": "create",
                "object": "contact",
                "method": "POST",
                "path": "/sink",
                "body_type": "json",
                "inputs": fields,
            },
        ],
    }


def synchronising(connection: str, parallel: int) -> dict[str, Any]:
    """start -> loop over the list -> a POST for each record."""
    source = {"datasource": connection} | ({"parallel": str(parallel)} if parallel > 1 else {})
    record = {name: f"{{$.contacts.item.{name}}}" for name in ("id", "email", "name")}
    return {
        "blocks": [
            {"id": "S", "type": "StartBlock", "name": "start", "childId": "L", "inputs": []},
            {
                "id": "L",
                "type": "EndpointBlock",
                "name": "contacts",
                "endpoint_guid": "list_contacts",
                "endpoint_role": "list",
                "loopBlockId": "C",
                "settings": entries(source),
                "inputs": [],
            },
            {
                "id": "C",
                "type": "EndpointBlock",
                "name": "sent",
                "endpoint_guid": "send_contact",
                "endpoint_role": "create",
                "settings": entries({"datasource": connection}),
                "inputs": entries(record),
            },
        ],
        "variables": [],
    }
