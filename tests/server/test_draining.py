"""SIGTERM to a real server: requests under way are answered, new ones sent away, probes say why, nothing is lost."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.batteries.test_backup import call, workspace
from tests.fixtures.command_line import Cli, served

pytestmark = [pytest.mark.battery, pytest.mark.alone, pytest.mark.timeout(180)]


def ask(cli: Cli, text: str, connection: socket.socket | None = None) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of one request that is sent as it stands."""
    with closing(connection or connected(cli)) as way:
        way.sendall(text.encode())
        raw = b""
        while b"\r\n\r\n" not in raw or len(raw.split(b"\r\n\r\n", 1)[1]) < length(raw):
            piece = way.recv(65536)
            assert piece, raw
            raw += piece
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if headers.get("connection") == "close":
            assert way.recv(1) == b"", "what says that it closes does"
        return int(first.split()[1]), headers, json.loads(body or b"null")


def length(raw: bytes) -> int:
    found = [line for line in raw.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(found[0].split(b":")[1]) if found else 0


def connected(cli: Cli) -> socket.socket:
    host, _, port = cli.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def server_of(cli: Cli) -> psutil.Process:
    port = cli.url.rpartition(":")[2]
    [found] = [child for child in psutil.Process().children() if port in child.cmdline()]
    return found


def test_requests_under_way_end_and_new_ones_are_sent_away(tmp_path: Path) -> None:
    with served(tmp_path) as cli:
        server = server_of(cli)
        assert ask(cli, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")[2]["ready"]
        key = (tmp_path / "data" / "admin.key").read_text().strip()
        body = json.dumps({"name": "late"})
        idle = connected(cli)
        kept = connected(cli)
        kept.sendall(
            f"POST /api/v1/automations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body[:5]}".encode()
        )
        until = time.monotonic() + 20
        time.sleep(0.3)  # until the server has read the head: nothing tells us
        server.terminate()
        while True:
            status, headers, said = ask(cli, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            if status == 503:
                break
            assert time.monotonic() < until
        assert said["checks"][-1] == {"name": "draining", "ok": False, "detail": "the process has been asked to end"}
        assert said["ready"] is False
        assert ask(cli, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200
        for way in (None, idle):
            status, headers, said = ask(cli, "GET /api/v1/automations HTTP/1.1\r\nHost: x\r\n\r\n", way)
            assert (status, headers["connection"], said["errors"][0]["code"]) == (503, "close", "draining")
        status, headers, said = ask(cli, body[5:], kept)
        assert (status, headers["connection"], said["name"]) == (201, "close", "late")
        assert server.wait(30) in {0, None}
    with served(tmp_path) as cli:
        assert [one["name"] for one in call(cli, "GET", "automations")["data"]] == ["late"]


def test_a_run_under_way_goes_on_in_the_next_process(tmp_path: Path) -> None:
    naps = [
        {"id": f"B{number}", "type": "SleepBlock", "name": f"nap{number}", "inputs": [{"id": "time", "value": "1.9"}]}
        for number in range(8)
    ]
    with served(tmp_path) as cli:
        made = call(cli, "POST", "automations", {"name": "naps", "workspace": workspace("manual", *naps)})
        run = call(cli, "POST", f"automations/{made['id']}/runs", {"context": "api"})["id"]
        until = time.monotonic() + 30
        while call(cli, "GET", f"automations/{made['id']}/runs/{run}")["status"] != "running":
            assert time.monotonic() < until
            time.sleep(0.1)
    with served(tmp_path) as cli:
        until, status = time.monotonic() + 60, "running"
        while status in {"running", "queued", "not started", "starting"}:
            assert time.monotonic() < until, status
            time.sleep(0.2)
            status = call(cli, "GET", f"automations/{made['id']}/runs/{run}")["status"]
        assert status == "finished"


def test_readiness_tells_that_no_worker_lives(tmp_path: Path) -> None:
    with served(tmp_path) as cli:
        for worker in server_of(cli).children():
            if "worker" in worker.cmdline():
                worker.suspend()
        until = time.monotonic() + 40
        try:
            while True:
                with urllib.request.urlopen(f"{cli.url}/readyz", timeout=10) as answer:
                    said = json.load(answer)
                if "runs wait for one" in said["checks"][-1]["detail"]:
                    break
                assert time.monotonic() < until, said
                time.sleep(0.3)
        finally:
            for worker in server_of(cli).children():
                if "worker" in worker.cmdline():
                    worker.resume()
        assert said["ready"] is True, "requests are answered all the same"
