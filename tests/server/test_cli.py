"""The command line against a real server: what it prints, what it exits with, what it says when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version

import pytest

from tests.fixtures.command_line import Cli, Quick, served

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


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Every command a process of its own, where that is what is tried."""
    with served(tmp_path_factory.mktemp("cli")) as made:
        yield made


@pytest.fixture(scope="module")
def cli(process: Cli) -> Cli:
    return Quick(process.folder, process.url, process.environment)


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


def test_an_automation_goes_in_runs_and_comes_out_as_it_was(process: Cli) -> None:
    (process.folder / "answer.json").write_text(json.dumps(WORKSPACE))
    report = process.json("automations", "import", "answer.json")
    assert (report["name"], report["blocks"], report["runMode"]) == ("answer", 3, "manual")
    assert [one["type"] for one in report["unknown"]] == ["MysteryBlock"]
    run = process.json("automations", "run", "answer")
    assert run["status"] == "finished"
    assert process.json("runs", "show", run["id"])["status"] == "finished"
    assert run["id"] in process("runs", "ls", "answer")
    assert json.loads(process("automations", "export", "answer")) == WORKSPACE
    process("automations", "disable", "answer")
    assert "disabled" in process("automations", "run", "answer", code=1)
    process("automations", "enable", "answer")
    process("automations", "rm", "answer")


def test_a_run_is_watched_and_its_blocks_are_shown(process: Cli) -> None:
    """Server and worker are different processes, and this is a third one."""
    slow = json.loads(json.dumps(WORKSPACE))
    slow["blocks"][0]["childId"] = "N"
    slow["blocks"].append(
        {"id": "N", "type": "SleepBlock", "name": "nap", "inputs": [{"id": "time", "value": 1}], "childId": "B"}
    )
    (process.folder / "slow.json").write_text(json.dumps(slow))
    process("automations", "import", "slow.json")
    run = process.json("automations", "run", "slow", "--no-wait")
    watched = process("runs", "watch", run["id"])
    assert f"run {run['id']}: finished" in watched
    assert process.json("runs", "watch", run["id"])["status"] == "finished", "it is over already"
    shown = process("runs", "show", run["id"], "--blocks")
    assert [line.split()[:3] for line in shown.splitlines() if "Block" in line][-1] == ["nap", "SleepBlock", "1"]
    blocks = process.json("runs", "show", run["id"], "--blocks")["blocks"]
    assert {one["name"]: one["executions"] for one in blocks} == {"start": 1, "output": 1, "nap": 1}
    process("automations", "rm", "slow")


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


def test_doctor_shows_settings_and_finds_what_is_wrong(process: Cli) -> None:
    found = process.json("doctor")
    assert "TIELINE_DATA_DIR" in [one["variable"] for one in found["settings"]]
    assert all(check["ok"] for check in found["checks"])
    assert "TIELINE_DATADIR is not a setting" in process("doctor", TIELINE_DATADIR="x", code=1)
    assert "up to date" in process("db", "upgrade")


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


def test_a_port_that_is_taken_is_named(process: Cli) -> None:
    port = process.url.rpartition(":")[2]
    assert f"cannot listen on 127.0.0.1:{port}" in process("serve", "--port", port, code=1)


def test_a_database_that_does_not_answer_is_named_without_its_password(process: Cli) -> None:
    key = "A" * 43 + "="
    said = process(
        "serve",
        "--port",
        "0",
        code=1,
        TIELINE_DATABASE_URL="postgresql://someone:hunter2@127.0.0.1:9/none",
        TIELINE_SECRET_KEYS=key,
    )
    assert "127.0.0.1" in said
    assert "hunter2" not in said


def test_a_data_folder_that_cannot_be_made_is_named(process: Cli) -> None:
    (process.folder / "file").write_text("")
    said = process("serve", "--port", "0", code=1, TIELINE_DATA_DIR=str(process.folder / "file" / "data"))
    assert "TIELINE_DATA_DIR" in said


def test_wrong_use_exits_with_2(process: Cli) -> None:
    process("automations", "fly", code=2)
    process("serve", "--port", "99999", code=2)


def test_what_is_done_to_a_partner_is_in_its_log_and_secrets_go_under_the_newest_key(cli: Cli) -> None:
    partner = cli.json("partners", "create", "audited")
    key = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
    cli("partners", "keys", "add", "audited", "-", "--kid", "one", stdin=key)
    cli("partners", "origins", "add", "audited", "https://app.example")
    headers = {"X-App-Id": "audited", "X-Api-Key": partner["apiKey"]}
    asked = urllib.request.Request(f"{cli.url}/oem/v1/audits", headers=headers)
    with urllib.request.urlopen(asked) as answer:
        text = answer.read().decode()
    records = json.loads(text)["data"]
    assert [one["action"] for one in records] == [
        "embed-settings.updated",
        "partner-key.registered",
        "partner.created",
    ]
    assert {one["actor"]["kind"] for one in records} == {"system"}
    assert partner["apiKey"] not in text
    rotated = cli.json("keys", "rotate")
    assert rotated["broken"] == 0
    assert {one["place"]: one["resealed"] for one in rotated["places"]}["partners.api_key_sealed"] == 0


def test_the_version_is_said() -> None:
    done = subprocess.run([sys.executable, "-m", "tieline", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"tieline {version('tieline')}\n"
