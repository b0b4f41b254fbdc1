"""What commands are made of the API document, without a server: names, values, bodies, and that none is forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from tests.fixtures.command_line import tieline
from tieline.server.cli import app, commands
from tieline.server.cli.resources import describe
from tieline.server.cli.resources.bodies import object_body, patch_body
from tieline.server.cli.resources.commands import operations
from tieline.server.cli.resources.coverage import uncommanded
from tieline.server.cli.resources.naming import flags, kebab, one_of, value_of
from tieline.server.cli.root import Root
from tieline.server.offline import offline_document

CREATE = {
    "required": True,
    "fields": [
        {"name": "name", "required": True, "type": "string"},
        {"name": "validOrigins", "required": False, "type": "string", "many": True},
        {"name": "size", "required": False, "type": "integer"},
    ],
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return offline_document()


def test_the_description_is_that_of_the_document(document: dict[str, Any]) -> None:
    found = describe.written(describe.described(document))
    same = found == describe.FILE.read_text(encoding="utf-8")
    assert same, "the API has changed: run `python -m tieline.server.cli.resources.describe`"


def test_every_operation_has_a_command(document: dict[str, Any]) -> None:
    assert uncommanded(document["paths"]) == []


def test_the_first_level_knows_its_commands_before_they_are_made() -> None:
    found = get_command(app)
    assert isinstance(found, Root)
    assert list(found.commands) == list(commands.names()) == list(dict.fromkeys(commands.names()))
    for name in ("runs", "web-integrations", "doctor"):
        made = found.commands[name]
        assert made.name == name and commands.help_of(name)


def test_help_of_the_whole_imports_no_command_and_draws_nothing() -> None:
    code = (
        "import sys; sys.argv = ['tieline', '--help']\n"
        "from tieline.server.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "wrong = [name for name in sys.modules if name.endswith('_commands') or name.split('.')[0] in\n"
        "         {'rich', 'fastapi', 'aiohttp', 'pydantic', 'asyncio', 'msgspec'}]\n"
        "sys.exit(str(wrong) if wrong else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "web-integrations" in done.stdout


@pytest.mark.parametrize(
    "name, says",
    [
        ("validOrigins", "valid-origins"),
        ("short_description", "short-description"),
        ("created_at[gt]", "created-at-gt"),
        ("connectSrcWSS", "connect-src-wss"),
        ("X-Execution-Token", "x-execution-token"),
    ],
)
def test_options_are_written_with_dashes(name: str, says: str) -> None:
    assert kebab(name) == says


def test_a_list_is_given_one_by_one() -> None:
    field = {"name": "validOrigins", "type": "string", "many": True}
    assert flags(field, "web-integrations") == ["--origin", "--valid-origin", "--valid-origins"]
    assert [one_of(each) for each in ("redirect-uris", "properties", "status", "access")] == [
        "redirect-uri",
        "property",
        "status",
        "access",
    ]


def test_a_field_with_a_name_of_ours_says_whose_it_is() -> None:
    assert flags({"name": "url", "type": "string"}, "webhooks") == ["--webhook-url"]
    assert flags({"name": "enabled", "type": "boolean"}, "webhooks") == ["--enabled/--no-enabled"]


@pytest.mark.parametrize(
    "text, field, value",
    [
        ("007", {"type": "string"}, "007"),
        ("7", {"type": "integer"}, 7),
        ("true", {"type": "boolean"}, True),
        ("1.5", {"type": "number"}, 1.5),
        ('{"a": 1}', {"type": "json"}, {"a": 1}),
        ("plain", {"type": "json"}, "plain"),
        ("7", None, 7),
        ("2026-01-02", {"type": "date"}, "2026-01-02"),
    ],
)
def test_a_value_has_the_type_of_its_field(text: str, field: dict[str, Any] | None, value: Any) -> None:
    assert value_of(text, field, "--x") == value


@pytest.mark.parametrize(
    "text, field",
    [
        ("seven", {"type": "integer"}),
        ("true", {"type": "integer"}),
        ("1.5", {"type": "integer"}),
        ("yes", {"type": "boolean"}),
        ("soon", {"type": "date-time"}),
        ("king", {"type": "string", "choices": ["user"]}),
    ],
)
def test_a_value_of_another_type_is_refused(text: str, field: dict[str, Any]) -> None:
    with pytest.raises(typer.BadParameter, match="--x"):
        value_of(text, field, "--x")


def test_a_body_is_the_whole_with_fields_over_it(tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps({"name": "Whole", "deep": {"a": 1}}))
    sets = ["deep.b=2", "validOrigins=https://a.example.com", "validOrigins=https://b.example.com"]
    found = object_body(CREATE, "web-integrations", {"size": 3}, f"@{file}", sets)
    assert found == {
        "name": "Whole",
        "deep": {"a": 1, "b": 2},
        "validOrigins": ["https://a.example.com", "https://b.example.com"],
        "size": 3,
    }
    assert object_body({**CREATE, "required": False}, "x", {}, None, []) is None
    for wrong in (["x"], ["=x"], ["name.a.b=1", "name=2", "name.c=1"]):
        with pytest.raises(typer.BadParameter):
            object_body(CREATE, "web-integrations", {}, None, wrong)


def test_a_patch_replaces_adds_and_removes() -> None:
    sets = ["name=007", 'validOrigins=["https://a.example.com"]', "/hostnames/1=b.example.com"]
    assert patch_body(CREATE, {"size": 4}, None, sets, ["tags.x=1"], ["note"]) == [
        {"op": "replace", "path": "/name", "value": "007"},
        {"op": "replace", "path": "/validOrigins", "value": ["https://a.example.com"]},
        {"op": "replace", "path": "/hostnames/1", "value": "b.example.com"},
        {"op": "add", "path": "/tags/x", "value": 1},
        {"op": "replace", "path": "/size", "value": 4},
        {"op": "remove", "path": "/note"},
    ]
    with pytest.raises(typer.BadParameter, match="nothing to change"):
        patch_body(CREATE, {}, None, [], [], [])


def test_a_terminal_is_asked_before_something_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("tieline.server.cli.resources.running.sys", type("S", (), {"stdin": _Terminal(), "maxsize": 9}))
    monkeypatch.setattr(typer, "confirm", lambda text, **_: asked.append(text))
    told = tieline("users", "rm", "u-1", "--api-key", "x", "--url", "http://127.0.0.1:9")
    assert (told.code, told.err) == (1, "tieline: nothing was removed\n")
    assert asked == ["Remove a user: u-1?"]
    told = tieline("users", "rm", "u-1", "--yes", "--api-key", "x", "--url", "http://127.0.0.1:9")
    assert told.code == 1 and "no Tieline server answers" in told.err
    assert len(asked) == 1


def test_every_group_has_what_its_table_says() -> None:
    assert set(operations()["web-integrations"]) == {"ls", "create", "get", "patch", "rm"}
    assert sum(len(verbs) for verbs in operations().values()) > 170


class _Terminal:
    def isatty(self) -> bool:
        return True
