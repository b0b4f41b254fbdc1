"""The process: how it starts, says that it is ready, refuses and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.sandbox.client import Client, gather_of
from tieline.core.errors import BadInput, Unavailable
from tieline.sandbox import Running, running
from tieline.sandbox.running import start


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tieline.sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_ready_line_says_where_both_servers_are() -> None:
    with command("--events-port", "0", "--telephony-port", "0", "--registrations", "5", "--json") as process:
        assert process.stdout is not None
        about = json.loads(process.stdout.readline())
        assert about["ready"] is True
        assert about["pid"] == process.pid
        assert about["events"]["url"] != about["telephony"]["url"]
        for product in (about["events"], about["telephony"]):
            assert Client(product["url"]).call("GET", "/openapi.json").status == 200


def test_without_json_it_speaks_to_a_person() -> None:
    with command("--events-port", "0", "--telephony-port", "0", "--registrations", "5") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Gather    http://127.0.0.1:")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with command("--events-port", "0", "--telephony-port", "0", "--registrations", "5", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_it_ends_although_a_client_still_waits_for_an_answer() -> None:
    with running(registrations=5) as sandbox:
        sandbox.fault("events", "timeout")
        with pytest.raises(TimeoutError):
            gather_of(sandbox).call("GET", "/account", timeout=0.2)
        assert sandbox.stop() == 0


def test_a_taken_port_is_one_sentence_and_exit_code_1(process: Running) -> None:
    port = process.events.url.rpartition(":")[2]
    with command("--events-port", port, "--telephony-port", "0", "--json") as second:
        out, complaint = second.communicate(timeout=20)
    assert second.returncode == 1
    assert out == ""
    assert complaint.count("\n") == 1
    assert f"The events server cannot listen on 127.0.0.1:{port}" in complaint


def test_the_helper_passes_the_sentence_on(process: Running) -> None:
    port = int(process.telephony.url.rpartition(":")[2])
    with pytest.raises(Unavailable, match="choose another port"):
        start(telephony_port=port)


@pytest.mark.parametrize("arguments", [["--events-port", "70000"], ["--registrations", "-1"], ["--nonsense"]], ids=str)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    with command(*arguments) as process:
        _, complaint = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "error:" in complaint


def test_it_does_not_outlive_a_parent_that_is_killed() -> None:
    program = (
        "import sys, time; from tieline.sandbox.running import start\n"
        "print(start(registrations=5).pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    assert psutil.wait_procs([child], timeout=10)[1] == []


def test_each_server_knows_its_own_routes_only(sandbox: Running, gather: Client, dialbook: Client) -> None:
    assert Client(sandbox.events.url, headers=gather.headers).call("GET", "/api/v2/contacts").status == 404
    assert Client(sandbox.telephony.url, headers=dialbook.headers).call("GET", "/v1/events").status == 404


@pytest.mark.parametrize("side", ["events", "telephony"])
def test_a_page_for_people_shows_names_as_text(sandbox: Running, side: str) -> None:
    page = Client(getattr(sandbox, side).url).call("GET", "/")
    assert page.headers["content-type"].startswith("text/html")
    assert "<Cloud>" not in page.body.decode()
    assert "<script" not in page.body.decode()


def test_the_desk_refuses_with_its_own_sentence(sandbox: Running) -> None:
    with pytest.raises(BadInput, match="'kind' is a status from 400 to 599 or one of"):
        sandbox.fault("events", "earthquake")


def test_the_desk_refuses_a_web_page_of_another_origin(sandbox: Running) -> None:
    desk = Client(sandbox.events.url)
    assert desk.call("POST", "/_sandbox/reset", headers={"Origin": "https://evil.example"}).status == 403
    assert desk.call("POST", "/_sandbox/reset", headers={"Origin": sandbox.events.url}).status == 200


def test_a_stopped_sandbox_is_unavailable() -> None:
    with running(registrations=1) as sandbox:
        sandbox.stop()
        with pytest.raises(Unavailable, match="does not answer"):
            sandbox.report()


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("POST", "/settings", {"latency": -1}),
        ("POST", "/settings", {"colour": "red"}),
        ("POST", "/limits", {"calls": -1}),
        ("POST", "/limits", {"calls": 1, "seconds": 0}),
        ("POST", "/touch", {"registrations": 0}),
        ("POST", "/touch", {"registrations": 2, "new": 3}),
        ("POST", "/faults", {"kind": "500", "path": "("}),
        ("POST", "/faults", {"kind": "slow", "params": {"seconds": "long"}}),
        ("POST", "/faults", {"kind": "500", "probability": 2}),
        ("DELETE", "/faults/99", None),
        ("DELETE", "/faults/x", None),
        ("GET", "/report?colour=red", None),
        ("GET", "/nowhere", None),
    ],
    ids=str,
)
def test_the_desk_refuses_nonsense(sandbox: Running, method: str, path: str, body: object) -> None:
    answer = Client(sandbox.events.url).call(method, f"/_sandbox{path}", body)
    assert answer.status in (400, 404, 422)
    assert answer.json["error"]["message"]
