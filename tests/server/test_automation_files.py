"""``tieline automations import``, ``export`` and ``diff`` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tieline.server.cli import app, commands  # noqa: F401  registers the commands
from tieline.server.cli.automation_files_commands import read_file

runner = CliRunner()

BLOCKS: list[dict[str, Any]] = [
    {
        "id": "A",
        "type": "StartBlock",
        "name": "start",
        "childId": "B",
        "inputs": [{"id": "run_mode", "value": "manual"}],
    },
    {"id": "B", "type": "ShowBlock", "name": "output", "inputs": [{"id": "input", "value": "{add: 40, 2}"}]},
]
WORKSPACE = {"blocks": BLOCKS, "variables": []}
ANSWER = {
    "id": "x",
    "name": "Theirs",
    "workspace": WORKSPACE,
    "schedules": [{"id": "s", "interval": 60, "timezone": "UTC", "startAt": "", "lastStartedAt": None}],
    "maxConcurrentRuns": 2,
    "follows": [{"automationId": "y", "on": "any"}],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "wrapped",
    [
        WORKSPACE,
        {"name": "N", "workspace": WORKSPACE},
        {"name": "N", "workspace": json.dumps(WORKSPACE)},
        {"data": {"name": "N", "workspace": WORKSPACE}},
        ANSWER,
    ],
    ids=["bare", "wrapped", "as text", "in data", "answer"],
)
def test_an_export_is_found_in_what_is_around_it(wrapped: Any, folder: Path) -> None:
    (folder / "a.json").write_text("\ufeff" + json.dumps(wrapped), encoding="utf-8")
    found = read_file(Path("a.json"))
    assert found.workspace == WORKSPACE
    if wrapped is ANSWER:
        assert found.about == {
            "name": "Theirs",
            "schedules": [{"interval": 60, "timezone": "UTC"}],
            "settings": {"maxConcurrentRuns": 2},
        }


def test_files_of_both_forms_can_be_compared_without_a_server(folder: Path) -> None:
    (folder / "old.json").write_text(json.dumps(WORKSPACE))
    (folder / "new.yaml").write_text(
        "steps:\n- {type: StartBlock, name: start, id: A, inputs: {run_mode: manual}}\n"
        "- {type: ShowBlock, name: output, id: B, inputs: {input: '{add: 40, 3}'}}\n"
    )
    shown = runner.invoke(app, ["automations", "diff", "old.json", "new.yaml"])
    assert shown.stdout == "block “output”: input Input: '{add: 40, 2}' → '{add: 40, 3}'\n"
    (change,) = json.loads(runner.invoke(app, ["automations", "diff", "old.json", "new.yaml", "--json"]).stdout)
    assert (change["kind"], change["blockId"], change["new"]) == ("changed", "B", "{add: 40, 3}")
    assert runner.invoke(app, ["automations", "diff", "old.json", "old.json"]).stdout == "no difference\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ('{"a": 1}', "is no workspace document"),
        ("steps:\n- {type: A, inputz: 1}\n", "line 2, column 13: a step has no field “inputz”"),
        ("[" * 100_000, "is not JSON"),
        ("", "is not JSON"),
    ],
    ids=["broken", "something else", "yaml", "deep", "empty"],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: str, said: str, folder: Path) -> None:
    (folder / "a.txt").write_text(content)
    failed = runner.invoke(app, ["automations", "diff", "a.txt", "a.txt"])
    assert failed.exit_code != 0 and said in str(failed.exception)


def test_what_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / "a.json").write_bytes(b"\xff\xfe\x00")
    failed = runner.invoke(app, ["automations", "import", "a.json"])
    assert "is not text in UTF-8" in str(failed.exception)
