"""``tieline specs`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tieline.core.errors import BadInput
from tieline.server.cli import app, specs_commands
from tieline.server.cli.commands import make

DOCUMENT = {"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {}}}}}}


@pytest.fixture
def run() -> CliRunner:
    make("specs")
    return CliRunner()


def test_two_builds_are_equal(run: CliRunner, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run.invoke(app, ["specs", "build", "-o", str(tmp_path / name)]).exit_code == 0
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.json"))
    assert len(files) > 30
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize(
    ("option", "code"), [([], 0), (["--fail-on", "breaking"], 1), (["--fail-on", "any", "--json"], 1)]
)
def test_a_comparison_fails_where_it_was_asked_to(run: CliRunner, tmp_path: Path, option: list[str], code: int) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(DOCUMENT))
    new.write_text(json.dumps({**DOCUMENT, "paths": {}}))
    told = run.invoke(app, ["specs", "diff", str(old), str(new), *option])
    assert told.exit_code == code
    assert "the operation was removed" in told.stdout
    assert run.invoke(app, ["specs", "diff", str(old), str(old), *option]).exit_code == 0


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"paths": 3}', "not JSON", '{"operations": {"GET /a": 3}, "schemas": {}}'],
)
def test_what_is_no_document_is_refused(run: CliRunner, tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    told = run.invoke(app, ["specs", "diff", str(path), str(path)])
    assert isinstance(told.exception, BadInput)
    assert "odd.json" in told.exception.detail


@pytest.mark.parametrize("arguments", [["build", "--base-url", "here"], ["sync", "ftp://example.com"]])
def test_an_address_is_one(run: CliRunner, tmp_path: Path, arguments: list[str]) -> None:
    told = run.invoke(app, ["specs", *arguments, "-o", str(tmp_path / "specs")])
    assert isinstance(told.exception, BadInput)
    assert "is no address" in told.exception.detail
    assert not (tmp_path / "specs").exists()


def test_what_a_server_publishes_is_kept_with_a_log(
    run: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = {"consolidated/tieline.json": DOCUMENT, "postman/collection.json": {"info": {}}}
    monkeypatch.setattr(
        specs_commands, "_fetched", lambda source: {name: json.dumps(one).encode() for name, one in served.items()}
    )
    sync = ["specs", "sync", "http://127.0.0.1:8400/", "-o", str(tmp_path)]
    assert run.invoke(app, sync).stdout.startswith("1 documents in")
    log = tmp_path / "CHANGES.md"
    first = log.read_text()
    assert run.invoke(app, sync).exit_code == 0
    assert log.read_text() == first
    served["consolidated/tieline.json"] = {**DOCUMENT, "paths": {}}
    assert run.invoke(app, sync).exit_code == 0
    assert log.read_text().index("the operation was removed") < log.read_text().index("for the first time")
    served["consolidated/tieline.json"] = {"hello": "world"}
    assert isinstance(run.invoke(app, sync).exception, BadInput)
