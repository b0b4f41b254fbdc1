"""``tieline connectors eval`` and ``diff`` on files: what they print and what they exit with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.importers.support import THING, many, obj, op, param, spec

pytestmark = pytest.mark.battery

OLD = spec(
    {
        "/things": {
            "get": op(obj(data=many(), total="integer"), id="listThings", query=[param("page", "integer"), "limit"])
        },
        "/things/{id}": {"get": op(THING, id="getThing")},
    }
)
NEW = spec({"/things": OLD["paths"]["/things"], "/more": {"get": op(THING, id="getMore")}})


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tieline", "connectors", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.json").write_text(json.dumps(OLD))
    (tmp_path / "new.json").write_text(json.dumps(NEW))
    labels: dict[str, Any] = {
        "old.json": {
            "GET /things": {"kind": "list", "paging": {"style": "page", "param": "page"}, "records": "data"},
            "GET /things/{id}": "search",
        }
    }
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    return tmp_path


def test_eval_prints_recall_and_precision(folder: Path) -> None:
    done = run(folder, "eval", "labels.json")
    assert done.returncode == 0, done.stderr
    lines = {line.split("  ")[0]: line.split() for line in done.stdout.splitlines() if line}
    assert lines["block kind"][2:5] == ["50.0%", "50.0%", "2"]
    assert lines["paging found"][2:4] == ["100.0%", "100.0%"]
    assert lines["record path"][2:4] == ["100.0%", "100.0%"]
    assert "GET /things/{id}: expected search, found get" in done.stdout


def test_eval_for_machines(folder: Path) -> None:
    done = run(folder, "eval", "labels.json", "--documents", ".", "--json")
    found = json.loads(done.stdout)
    assert found["scores"]["block kind"]["recall"] == 0.5
    assert found["scores"]["block kind"]["misses"][0]["operation"] == "GET /things/{id}"
    assert found["confused"] == [{"expected": "search", "found": "get", "count": 1}]
    assert found["origins"] == {"labels.json": 2}


@pytest.mark.parametrize(
    "words, said",
    [
        (["eval"], "--from-vendor"),
        (["eval", "none.json"], "cannot be read"),
        (["eval", "old.json", "--from-vendor", "."], "either"),
        (["eval", "--from-vendor", "."], "nothing to score"),
        (["diff", "old.json"], "name two documents"),
        (["diff", "old.json", "none.json"], "cannot be read"),
        (["diff", "labels.json", "old.json"], "This is"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(words: list[str], said: str, folder: Path) -> None:
    done = run(folder, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_diff_says_what_has_changed_and_the_version_it_calls_for(folder: Path) -> None:
    done = run(folder, "diff", "old.json", "new.json")
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first == "breaking   Block 'get_thing' (GET /things/{id}) is gone."
    assert last == "1 breaking, 1 additive: a major version, 1.0.0 -> 2.0.0"
    same = run(folder, "diff", "old.json", "old.json")
    assert same.stdout == "Nothing that the connector uses has changed.\n"


def test_diff_takes_manifests_too(folder: Path) -> None:
    made = run(folder, "import", "old.json", "-o", "old.yaml")
    assert made.returncode == 0, made.stderr
    found = json.loads(run(folder, "diff", "old.yaml", "new.json", "--json").stdout)
    assert (found["bump"], found["blocks"]) == ("major", ["get_thing"])
