"""The comparison with others (`bench/versus`): what it asks, what it counts, and what it says of those who fail."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.versus import table
from bench.versus.load import COUNTER, Numbered, Target, once
from bench.versus.results import Figure, Results
from bench.versus.stub import HERE, Stub


@pytest.fixture(params=["as this machine has it", "in Python"])
def stub(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    if request.param == "in Python":
        command = [sys.executable, str(HERE / "stub_python.py")], "Python"
        monkeypatch.setattr(Stub, "_command", lambda _: command)
    with Stub(tmp_path) as running:
        yield running


def test_the_called_api_pages_and_counts_what_it_is_sent(stub: Stub) -> None:
    seen: list[int] = []
    url: str | None = f"{stub.url}/pages/250"
    while url is not None:
        with urllib.request.urlopen(url) as answer:
            page = json.load(answer)
        seen += [item["id"] for item in page["items"]]
        url = page["next"]
    assert seen == list(range(250))
    assert once(Target(stub.port, "/item", "GET")).endswith(b'"active":true}')
    for number in (4, 5, 5):
        once(Target(stub.port, "/sink", body=b'{"id": %d}' % number))
    told = stub.stats()
    assert (told["gets"], told["posts"], told["distinct"]) == (4, 3, 2)
    assert told["last_ns"] > 0
    stub.reset()
    assert stub.stats() == {"gets": 0, "posts": 0, "distinct": 0, "last_ns": 0}


def test_no_two_requests_are_equal() -> None:
    target = Target(1, "/hook", body=b'{"number":"%b"}' % COUNTER)
    made = {Numbered(target).make() for _ in range(3)} | {Numbered(target).make()}
    assert len(made) == 4
    assert {len(one) for one in made} == {len(target.request())}


def test_a_table_has_medians_spread_ratios_and_who_failed(tmp_path: Path) -> None:
    results = Results()
    speed, memory = Figure("webhook", "answers/s", goal=">= 2x"), Figure("memory", "MB", more_is_better=False)
    for ours, theirs in ((100.0, 10.0), (120.0, 10.0), (50.0, 10.0)):
        results.add(speed, "tieline", ours)
        results.add(speed, "n8n", theirs)
    results.add(memory, "tieline", 50.0)
    results.add(memory, "n8n", 400.0)
    results.failed("node-red", "start", "there is no Node")
    about = {"contenders": {"n8n": {"version": "1", "how": "defaults"}}, "machine": {"cores": 2}, "measured": {}}
    table.write(results, about, tmp_path)
    text = (tmp_path / "versus.md").read_text(encoding="utf-8")
    assert "| webhook, answers/s | 100 (50.0-120) | 10.0 (10.0-10.0) | 10x n8n | >= 2x |" in text
    assert "8.00x n8n" in text
    assert "* node-red, start: there is no Node" in text
    told = json.loads((tmp_path / "versus.json").read_text(encoding="utf-8"))
    assert told["lines"][0]["median"] == {"tieline": 100.0, "n8n": 10.0}


def test_what_cannot_be_measured_is_said_before_anything_starts() -> None:
    command = [sys.executable, "-m", "bench", "versus", "--only", "webhok"]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "webhok: there are webhook, " in done.stderr
