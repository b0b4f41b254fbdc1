"""``tieline connectors test``, ``new``, ``publish`` and ``catalog``, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tieline.core.errors import BadInput
from tieline.server.cli import app, commands

assert commands


def run(*words: str) -> Result:
    done = CliRunner().invoke(app, ["connectors", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def file(tmp_path: Path) -> Path:
    run("new", "my-crm", "--in", str(tmp_path))
    return tmp_path / "my-crm.yaml"


def test_a_file_that_conforms(file: Path) -> None:
    done = run("test", str(file))
    assert done.exit_code == 0
    assert "CONFORMS: my-crm 0.1.0, 5 blocks" in done.stdout
    told = json.loads(run("test", str(file), "--json", "--block", "get_contact").stdout)
    assert told["schema"] == "tieline.certificate/1"
    assert (told["ok"], told["failed"], told["blocks"]) == (True, 0, 1)


def test_a_file_that_does_not_conform_ends_with_1_and_is_not_published(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text().replace("path: /contacts/{id}", "path: /contacts/{number}"))
    done = run("test", str(file))
    assert done.exit_code == 1
    assert "FAIL  get_contact" in done.stdout
    assert "DOES NOT CONFORM" in done.stdout
    with pytest.raises(BadInput, match="does not conform"):
        run("publish", str(file), "--to", str(tmp_path / "shelf"))
    assert run("publish", str(file), "--to", str(tmp_path / "shelf"), "--untested").exit_code == 0


def test_publishing_says_what_it_did(file: Path, tmp_path: Path) -> None:
    told = json.loads(run("publish", str(file), "--to", str(tmp_path / "shelf"), "--json").stdout)
    assert told["changed"]
    assert Path(told["file"]).is_file()
    assert "unchanged my-crm 0.1.0" in run("publish", str(file), "--to", str(tmp_path / "shelf")).stdout


def test_the_catalog_is_listed_and_tested_without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TIELINE_API_KEY", "none")
    listed = json.loads(run("catalog", "ls", "--json").stdout)
    assert len(listed) >= 30
    assert "hubspot" in run("catalog", "ls").stdout
    assert run("test", "ticketmaster", "--block", "get_event").exit_code == 0
