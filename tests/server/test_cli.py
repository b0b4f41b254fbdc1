"""The command line against a real server: what it prints, what it exits with, what it says when something is wrong."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.battery, pytest.mark.timeout(120)]

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Petty Cash", "version": "1"},
    "servers": [{"url": "https://cash.example.com/v1"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
    "paths": {
        "/notes": {
            "get": {
                "operationId": "listNotes",
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"type": "object", "properties": {"id": {"type": "string"}}},
                                }
                            }
                        },
                    }
                },
            }
        }
    },
}
WORKSPACE = {
    "blocks": [
        {
            "id": "A",
            "type": "StartBlock",
            "name": "start",
            "childId": "B",
            "inputs": [{"id": "run_mode", "value": "manual"}],
        },
        {
            "id": "B",
            "type": "ShowBlock",
            "name": "output",
            "inputs": [{"id": "input", "value": "{add: 40, 2}"}],
            "childId": "C",
        },
        {"id": "C", "type": "MysteryBlock", "name": "mystery", "disabled": True},
    ],
    "variables": [],
}


@dataclass
class Cli:
    """`tieline` in a folder of its own."""

    folder: Path
    url: str
    environment: dict[str, str]

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0, **environment: str) -> str:
        """Standard output; the exit code must be ``code``, and after a failure standard error must be one line."""
        done = subprocess.run(
            [sys.executable, "-m", "tieline", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        if code == 1 and done.stderr:
            assert done.stderr.startswith("tieline: ")
            assert done.stderr.count("\n") == 1, done.stderr
            assert "Traceback" not in done.stderr
            return done.stderr
        return done.stdout

    def json(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self(*arguments, "--json", stdin=stdin))


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder = tmp_path_factory.mktemp("cli")
    folder.chmod(0o711)
    folder.parent.chmod(0o711)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIELINE_")}
    environment = {**kept, "TIELINE_DATA_DIR": str(folder / "data"), "TIELINE_URL": url, "TIELINE_LOG_LEVEL": "warning"}
    log = (folder / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "tieline", "serve", "--port", str(port), "--workers", "1"],
        cwd=folder,
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        deadline = time.monotonic() + 50
        while True:
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "server.log").read_text()
                assert time.monotonic() < deadline, "the server did not become ready"
                time.sleep(0.1)
        yield Cli(folder, url, environment)
    finally:
        server.terminate()
        code = server.wait(30)
        log.close()
    assert code == 0, "SIGTERM ends it in good order"
    assert "orphaned" not in (folder / "server.log").read_text(), "workers end before their server"


def test_a_document_becomes_a_connector_with_a_connection(cli: Cli) -> None:
    (cli.folder / "cash.json").write_text(json.dumps(DOCUMENT))
    made = cli.json("connectors", "import", "cash.json", "--name", "cash")
    assert (made["ok"], made["name"], made["blocks"], made["revision"]) == (True, "cash", {"list": 1}, 1)
    again = cli.json("connectors", "import", "-", "--name", "cash", stdin=json.dumps(DOCUMENT))
    assert (again["id"], again["revision"]) == (made["id"], 1), "the same document makes no new revision"
    assert [one["slug"] for one in cli.json("connectors", "ls")] == ["cash"]
    assert [block["id"] for block in cli.json("connectors", "blocks", "cash")] == ["list_notes"]
    assert cli.json("connectors", "show", "cash")["auth"][0]["name"] == "X-Key"
    assert "list_notes" in cli("connectors", "blocks", "cash")
    connection = cli.json("connections", "create", "cash", "--name", "mine", "-p", "api_key=-", stdin="s3cr3t-v4lue\n")
    assert "s3cr3t-v4lue" not in json.dumps(connection)
    assert "mine" in cli("connections", "ls")
    assert "connection" in cli("connectors", "rm", "cash", code=1), "a connection uses it"
    cli("connections", "rm", "mine")
    cli("connectors", "rm", "cash")
    assert cli.json("connectors", "ls") == []


def test_a_manifest_is_written_to_a_file_and_is_a_document_itself(cli: Cli) -> None:
    (cli.folder / "cash.json").write_text(json.dumps(DOCUMENT))
    cli("connectors", "import", "cash.json", "-o", "cash.yaml")
    assert "list_notes" in (cli.folder / "cash.yaml").read_text()
    made = cli.json("connectors", "import", "cash.yaml", "--name", "from-manifest")
    assert made["name"] == "from-manifest"
    cli("connectors", "rm", "from-manifest")


def test_files_of_one_documentation_travel_to_the_server_together(cli: Cli) -> None:
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    item = {"name": "List", "request": {"method": "GET", "url": "{{base}}/notes"}}
    scope = {
        "name": "Live",
        "_postman_variable_scope": "environment",
        "values": [{"key": "base", "value": "https://caf\u00e9.example"}],
    }
    (cli.folder / "notes.json").write_text(json.dumps({"info": {"name": "Notes", "schema": schema}, "item": [item]}))
    (cli.folder / "live.json").write_bytes(json.dumps(scope, ensure_ascii=False).encode("cp1252"))
    cli.json("connectors", "import", "notes.json", "--with", "live.json")
    assert cli.json("connectors", "show", "notes")["servers"] == [{"url": "https://caf\u00e9.example"}]
    cli("connectors", "rm", "notes")


def test_a_folder_gives_one_line_a_document_and_fails_if_one_does(cli: Cli) -> None:
    folder = cli.folder / "documents"
    folder.mkdir()
    (folder / "good.json").write_text(json.dumps(DOCUMENT))
    lines = cli("connectors", "import", "documents", "--json").splitlines()
    assert [json.loads(line)["ok"] for line in lines] == [True]
    (folder / "bad.yaml").write_text("{ this is: [no document")
    lines = cli("connectors", "import", "documents", "--json", code=1).splitlines()
    first = json.loads(lines[0])
    assert (first["file"], first["ok"]) == ("bad.yaml", False)
    assert first["error"]["detail"]


def test_an_automation_goes_in_runs_and_comes_out_as_it_was(cli: Cli) -> None:
    (cli.folder / "answer.json").write_text(json.dumps(WORKSPACE))
    report = cli.json("automations", "import", "answer.json")
    assert (report["name"], report["blocks"], report["runMode"]) == ("answer", 3, "manual")
    assert [one["type"] for one in report["unknown"]] == ["MysteryBlock"]
    run = cli.json("automations", "run", "answer")
    assert run["status"] == "finished"
    assert cli.json("runs", "show", run["id"])["status"] == "finished"
    assert run["id"] in cli("runs", "ls", "answer")
    assert json.loads(cli("automations", "export", "answer")) == WORKSPACE
    cli("automations", "disable", "answer")
    assert "disabled" in cli("automations", "run", "answer", code=1)
    cli("automations", "enable", "answer")
    cli("automations", "rm", "answer")


def test_a_run_is_watched_and_its_blocks_are_shown(cli: Cli) -> None:
    """Server and worker are different processes, and this is a third one."""
    slow = json.loads(json.dumps(WORKSPACE))
    slow["blocks"][0]["childId"] = "N"
    slow["blocks"].append(
        {"id": "N", "type": "SleepBlock", "name": "nap", "inputs": [{"id": "time", "value": 1}], "childId": "B"}
    )
    (cli.folder / "slow.json").write_text(json.dumps(slow))
    cli("automations", "import", "slow.json")
    run = cli.json("automations", "run", "slow", "--no-wait")
    watched = cli("runs", "watch", run["id"])
    assert f"run {run['id']}: finished" in watched
    assert cli.json("runs", "watch", run["id"])["status"] == "finished", "it is over already"
    shown = cli("runs", "show", run["id"], "--blocks")
    assert [line.split()[:3] for line in shown.splitlines() if "Block" in line][-1] == ["nap", "SleepBlock", "1"]
    assert {one["name"]: one["executions"] for one in cli.json("runs", "show", run["id"], "--blocks")["blocks"]} == {
        "start": 1, "output": 1, "nap": 1,
    }  # fmt: skip
    cli("automations", "rm", "slow")


def test_versions_are_listed_compared_brought_back_and_put_live(cli: Cli) -> None:
    (cli.folder / "history.json").write_text(json.dumps(WORKSPACE))
    cli("automations", "import", "history.json")
    assert "no change" in cli("automations", "versions", "history", "1", "--against", "1")
    cli("automations", "schedule", "history", "--every", "3600")  # changes the start block
    [changed] = cli("automations", "versions", "history", "2").splitlines()
    assert "run_mode" in changed or "Run" in changed
    cli("automations", "publish", "history", "2")
    made = cli.json("automations", "restore", "history", "1", "--note", "As it was")
    assert (made["version"], made["restoredFrom"], made["isLive"]) == (3, 1, False)
    listed = cli("automations", "versions", "history")
    assert "(version 1 again) As it was" in listed
    assert [one["version"] for one in cli.json("automations", "versions", "history") if one["isLive"]] == [2]
    cli("automations", "unpin", "history")
    assert [one["version"] for one in cli.json("automations", "versions", "history") if one["isLive"]] == [3]
    assert "no such version" in cli("automations", "publish", "history", "9", code=1)
    assert "--against compares" in cli("automations", "versions", "history", "--against", "1", code=1)
    cli("automations", "restore", "history", "0", code=2)
    cli("automations", "rm", "history")


def test_an_automation_is_kept_as_yaml_and_its_versions_are_compared(cli: Cli) -> None:
    (cli.folder / "first.json").write_text(json.dumps({"name": "Kept", "workspace": WORKSPACE, "maxConcurrentRuns": 2}))
    made = cli.json("automations", "import", "first.json")
    cli("automations", "export", "Kept", "-o", "kept.yaml")
    text = (cli.folder / "kept.yaml").read_text()
    assert "name: Kept\n" in text and "  maxConcurrentRuns: 2\n" in text and "    input: '{add: 40, 2}'\n" in text
    assert cli("automations", "diff", "kept.yaml", "first.json") == "no difference\n"
    assert cli.json("automations", "import", "kept.yaml", "--into", "Kept")["version"] == 1  # nothing new
    changed = text.replace("{add: 40, 2}", "{add: 40, {nofn: 1}}")
    said = cli("automations", "import", "-", "--into", made["id"], stdin=changed)
    assert "error    output: input: there is no function 'nofn'" in said and "(character " in said
    assert "disabled block “mystery”" in said
    expected = "block “output”: input Input: '{add: 40, 2}' → '{add: 40, {nofn: 1}}'\n"
    assert cli("automations", "diff", "Kept@1", "Kept@2") == cli("automations", "diff", "kept.yaml", "Kept") == expected
    assert json.loads(cli("automations", "export", made["id"], "--version", "1")) == WORKSPACE
    assert "line 2, column 3: a step needs a type" in cli(
        "automations", "import", "-", stdin="steps:\n- name: a\n", code=1
    )
    assert "no automation 'nobody'" in cli("automations", "diff", "nobody", "kept.yaml", code=1)
    cli("automations", "rm", "Kept")


def test_a_failed_run_exits_with_1_and_can_be_retried(cli: Cli) -> None:
    broken = {
        "blocks": [
            {"id": "A", "type": "StartBlock", "name": "start", "childId": "B"},
            {"id": "B", "type": "EndpointBlock", "name": "people", "displayName": "People", "endpoint_role": "get"},
        ]
    }
    (cli.folder / "broken.json").write_text(json.dumps(broken))
    cli("automations", "import", "broken.json")
    run = json.loads(cli("automations", "run", "broken", "--json", code=1))
    assert run["status"] == "failed"
    assert "has no connection" in run["error"][0]["detail"]
    shown = cli("runs", "show", run["id"])
    assert "People" in shown
    cli("runs", "retry", run["id"])
    assert json.loads(cli("runs", "watch", run["id"], "--json", code=1))["status"] == "failed"
    assert "nothing to stop" in cli("runs", "stop", run["id"], code=1)
    cli("automations", "rm", "broken")


def test_keys_are_shown_once_and_end_when_they_are_revoked(cli: Cli) -> None:
    made = cli.json("api-keys", "create", "for a test", "--scope", "automations:read")
    assert cli("automations", "ls", "--api-key", made["secret"]) is not None
    refused = cli("automations", "create", "no", "--api-key", made["secret"], code=1)
    assert "403" in refused
    assert made["secret"] not in cli("api-keys", "ls", "--json")
    cli("api-keys", "rm", made["id"])
    time.sleep(1.1)  # what the promise of one second allows
    assert "401" in cli("automations", "ls", "--api-key", made["secret"], code=1)


def test_doctor_shows_settings_and_finds_what_is_wrong(cli: Cli) -> None:
    found = cli.json("doctor")
    assert "TIELINE_DATA_DIR" in [one["variable"] for one in found["settings"]]
    assert all(check["ok"] for check in found["checks"])
    assert "TIELINE_DATADIR is not a setting" in cli("doctor", TIELINE_DATADIR="x", code=1)
    assert "up to date" in cli("db", "upgrade")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["connectors", "import", "nowhere.json"], "nowhere.json cannot be read"),
        (["connectors", "show", "nobody"], "there is no connector 'nobody'"),
        (["automations", "import", "cash.yaml"], "cash.yaml: line 2, column 1: this is not YAML"),
        (["automations", "run", "nobody"], "there is no automation 'nobody'"),
        (["runs", "show", "00000000-0000-4000-8000-000000000000"], "there is no run"),
        (["automations", "ls", "--api-key", "tln_wrong"], "401"),
        (["automations", "ls", "--url", "http://127.0.0.1:9"], "no Tieline server answers"),
        (["connections", "create", "nobody", "-p", "novalue"], "must be name=value"),
        (["api-keys", "rm", "x"], "is not the id of a key"),
        (["api-keys", "create", "--scope", "everything"], "scope"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_that_says_what_to_do(cli: Cli, arguments: list[str], says: str) -> None:
    (cli.folder / "cash.yaml").write_text("a: [1")
    assert says in cli(*arguments, code=1)


def test_a_port_that_is_taken_is_named(cli: Cli) -> None:
    port = cli.url.rpartition(":")[2]
    assert f"cannot listen on 127.0.0.1:{port}" in cli("serve", "--port", port, code=1)


def test_a_database_that_does_not_answer_is_named_without_its_password(cli: Cli) -> None:
    key = "A" * 43 + "="
    said = cli(
        "serve",
        "--port",
        "0",
        code=1,
        TIELINE_DATABASE_URL="postgresql://someone:hunter2@127.0.0.1:9/none",
        TIELINE_SECRET_KEYS=key,
    )
    assert "127.0.0.1" in said
    assert "hunter2" not in said


def test_a_data_folder_that_cannot_be_made_is_named(cli: Cli) -> None:
    (cli.folder / "file").write_text("")
    said = cli("serve", "--port", "0", code=1, TIELINE_DATA_DIR=str(cli.folder / "file" / "data"))
    assert "TIELINE_DATA_DIR" in said


def test_wrong_use_exits_with_2(cli: Cli) -> None:
    cli("automations", "fly", code=2)
    cli("serve", "--port", "99999", code=2)
