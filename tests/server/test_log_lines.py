"""Every log line of a server and its worker: JSON, with a trace id; the one of an error's answer finds its lines."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.automations.engine.documents import block, document

pytestmark = [pytest.mark.battery, pytest.mark.timeout(120)]

CANARY = "canary-4711-never-seen"
# Faults that nobody foresaw, in the server's process and in the worker's: with a secret in a variable of the frame.
FAULTS = f"""
import tieline.automations.blocks.output as output
import tieline.tenancy.web_integrations as known

plain = output.ShowBlock.run

async def run(self, program, inputs, context):
    value = await plain(self, program, inputs, context)
    if value == "CRASH":
        token = "{CANARY}"
        raise RuntimeError("a block broke at https://user:{CANARY}@api.example/?token={CANARY}")
    return value

async def create(*args, **kwargs):
    password = "{CANARY}"
    raise RuntimeError("a request broke with Bearer {CANARY}")

output.ShowBlock.run = run
known.create = create
"""


@dataclass
class Server:
    api: httpx.Client
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def of(self, trace_id: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["traceId"] == trace_id]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("log")
    for one in (folder, folder.parent):
        one.chmod(0o711)
    (folder / "sitecustomize.py").write_text(FAULTS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIELINE_", "OTEL_"))}
    environment = {
        **kept,
        "TIELINE_DATA_DIR": str(folder / "data"),
        "TIELINE_LOG_LEVEL": "debug",
        "PYTHONPATH": str(folder),
    }
    path = folder / "server.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tieline", "serve", "--port", str(port), "--workers", "1"],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
                    break
                except OSError:
                    assert process.poll() is None, path.read_text()
                    assert time.monotonic() < deadline, "the server did not become ready"
                    time.sleep(0.1)
            key = (folder / "data" / "admin.key").read_text().strip()
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(base_url=url, headers=headers, timeout=30) as api:
                yield Server(api, path)
        finally:
            process.terminate()
            process.wait(30)


def test_every_line_has_a_trace_id_and_that_of_an_error_finds_its_lines(server: Server) -> None:
    api = server.api
    workspace = document(block("ShowBlock", inputs={"input": "CRASH"}))
    made = api.post("/api/workflows/automations", json={"name": "Crashes", "workspace": workspace}).json()
    started = api.post(f"/api/workflows/automations/{made['id']}/runs", json={"context": "api"})
    assert started.status_code == 201, (made, started.text)
    run_id = started.json()["id"]
    refused = [
        api.get("/nothing-here?token=" + CANARY),
        api.post("/api/workflows/automations", json={"name": 1}),
        api.get("/api/v1/audits", headers={"authorization": f"Bearer {CANARY}"}),
        api.get("/connect/" + CANARY),
    ]
    broken = api.post("/api/v1/web-integrations", json={"name": "x"})
    assert broken.status_code == 500
    deadline = time.monotonic() + 30
    while not any(line["event"] == "block.crashed" for line in server.lines()):
        assert time.monotonic() < deadline, "the run did not crash"
        time.sleep(0.1)
    text = server.log.read_text()
    everything = [json.loads(line) for line in text.splitlines()]
    assert all(re.fullmatch("[0-9a-f]{32}", line["traceId"]) for line in everything)
    assert CANARY not in text
    loggers = {line.get("logger", "") for line in everything}
    assert {"uvicorn.error", "tieline.api.edge.guard", "tieline.server.worker"} <= loggers
    for answer in (*refused, broken):
        trace = answer.headers["x-trace-id"]
        if answer.headers["content-type"].startswith("application/json"):
            assert answer.json()["traceId"] == trace
        (line,) = [line for line in server.of(trace) if line["event"] == "request.refused"]
        assert line["status"] == answer.status_code
    (fault,) = [line for line in server.of(broken.json()["traceId"]) if line["event"] == "request.failed"]
    assert "RuntimeError: a request broke" in fault["exception"]
    (crash,) = [line for line in everything if line["event"] == "block.crashed"]
    assert crash["traceId"] == started.headers["x-trace-id"], "a run goes on in the trace of what started it"
    assert crash["run"] == run_id
    workers = {line["traceId"] for line in everything if line["event"] == "worker.ready"}
    assert crash["traceId"] not in workers
