"""The typed clients: built by the command line, held by the strictest checks there are, run against a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.command_line import Cli, served
from tests.peers.installing import installed, node
from tieline.clients import package
from tieline.server.offline import offline_document

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

LIMITS = {f"TIELINE_{name}_PER_MINUTE": "100000" for name in ("TIER1", "TIER2", "OEM")}
START = {
    "id": "A",
    "type": "StartBlock",
    "name": "start",
    "childId": "B",
    "inputs": [{"id": "run_mode", "value": "manual"}],
}
SHOW = {"id": "B", "type": "ShowBlock", "name": "output", "inputs": [{"id": "input", "value": "{add: 40, 2}"}]}
WORKSPACE = {"blocks": [START, SHOW], "variables": []}

PYTHON = """
import asyncio, json, os, sys
from tieline_client import (
    ApiError, AsyncClient, BadRequest, Client, Credentials, NoAnswer, NotFound, Options, Unauthorized, models
)

url, key = os.environ["TIELINE_URL"], os.environ["KEY"]
workspace = json.loads(os.environ["WORKSPACE"])
seen: dict[str, object] = {}
with Client(url, Credentials(api_key=key)) as client:
    made = [client.v1.create_web_integration({"name": f"py {n:02}"}) for n in range(23)]
    names = [row["name"] for row in client.v1.all_web_integrations(sort="-name", limit=10)]
    seen["paged"] = [name for name in names if name.startswith("py ")]
    patch: models.WebIntegrationPatches = [{"op": "replace", "path": "/validOrigins", "value": ["https://a.example.com"]}]
    client.v1.update_web_integration_by_id(made[0]["id"], patch)
    seen["patched"] = client.v1.get_web_integration_by_id(made[0]["id"])["validOrigins"]
    for one in made:
        client.v1.delete_web_integration_by_id(one["id"])
    try:
        client.v1.get_web_integration_by_id(made[0]["id"])
    except NotFound as error:
        seen["error"] = [error.status, error.code != "404", bool(error.title), len(error.trace_id)]
    try:
        client.v1.get_web_integrations(starting_after="a", ending_before="b")
    except BadRequest as error:
        seen["bad"] = error.status
    seen["me"] = client.v1.get_me()["name"]
    seen["users"] = len(list(client.v1.all_users(limit=1)))
    automation = client.workflows.create_automation({"name": "Followed", "workspace": workspace})
    tags: list[str] = []
    keep = Options(on_response=lambda response: tags.append(response.headers["etag"]))
    client.workflows.get_automation(automation["id"], options=keep)
    client.workflows.update_automation(automation["id"], {"description": "x"}, if_match=tags[0])
    run = client.workflows.create_run(automation["id"], {"context": "api"})
    seen["events"] = [event.event for event in client.workflows.get_run_events(automation["id"], run["id"])][-1]
    seen["log"] = isinstance(client.workflows.get_debug_log(automation["id"], run["id"]), str)
    oauth = client.v1.create_oauth_client(
        {"appType": "web", "clientName": "Machine", "allowedGrantTypes": ["client_credentials"],
         "allowedScopes": ["admin_classic", "user_default"]}
    )
    client.v1.publish_oauth_client(oauth["clientId"])
    client.v1.patch_connection_config(
        oauth["clientId"], [{"op": "replace", "path": "/consentMethod", "value": "trusted"}]
    )
secret = oauth.get("clientSecret") or ""
with Client(url, Credentials(client_id=oauth["clientId"], client_secret=secret)) as machine:
    seen["machine"] = len(machine.v1.get_web_integrations()["data"])
with Client(url, Credentials(api_key="wrong")) as nobody:
    try:
        nobody.v1.get_users()
    except Unauthorized as error:
        seen["nobody"] = error.status
partner = json.loads(os.environ["PARTNER"])
with Client(url, Credentials(app_id=partner["appId"], partner_key=partner["apiKey"])) as embedding:
    for n in range(3):
        embedding.oem.create_account({"name": f"Customer {n}", "externalid": f"py-{n}"})
    accounts = [one["externalid"] for one in embedding.oem.all_accounts(per_page=2)]
    seen["accounts"] = len([one for one in accounts if one.startswith("py-")])
    embedding.oem.create_template({"name": "T", "workspace": workspace})
    embedding.oem.create_template({"name": "U", "workspace": workspace})
    seen["templates"] = len(list(embedding.oem.all_templates(per_page=1)))


async def beside() -> None:
    async with AsyncClient(url, Credentials(client_id=oauth["clientId"], client_secret=secret)) as client:
        found = await asyncio.gather(*(client.v1.get_web_integrations() for _ in range(5)))
        seen["async"] = len({len(one["data"]) for one in found})
        seen["async users"] = len([user async for user in client.v1.all_users(limit=1)])
    async with AsyncClient("http://127.0.0.1:9", Credentials(api_key="x")) as lost:
        try:
            await lost.v1.get_users()
        except NoAnswer:
            seen["lost"] = True


asyncio.run(beside())
json.dump(seen, sys.stdout)
"""

TYPESCRIPT = Path(__file__).parent.parent / "peers" / "client.ts"

SEEN = {
    "patched": ["https://a.example.com"],
    "bad": 400,
    "me": "Administrator",
    "events": "end",
    "log": True,
    "machine": 0,
    "nobody": 401,
    "lost": True,
    "accounts": 3,
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    with served(tmp_path_factory.mktemp("clients"), **LIMITS) as made:
        yield made


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return offline_document()


def environment(cli: Cli, partner: str) -> dict[str, str]:
    key = (cli.folder / "data" / "admin.key").read_text().strip()
    told = {"KEY": key, "WORKSPACE": json.dumps(WORKSPACE), "PARTNER": cli("partners", "create", partner, "--json")}
    return {**cli.environment, **told}


def checked(command: list[str], folder: Path, **settings: Any) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False, **settings)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def built(cli: Cli, language: str, document: dict[str, Any]) -> Path:
    """By the command line; another process gives the same bytes."""
    folder = cli.folder / language
    told = cli.json("clients", "build", "--language", language, "-o", str(folder))
    expected = package(language, document)
    assert told["files"] == sorted(expected)
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    assert {name: path.read_text("utf-8") for name, path in found.items()} == expected
    return folder


def as_expected(told: str, first: str) -> None:
    seen = json.loads(told)
    assert len(seen["paged"]) == 23 and seen["paged"] == sorted(seen["paged"], reverse=True), seen["paged"]
    assert seen["paged"][-1] == first
    status, code, title, trace = seen["error"]
    assert (status, code, title) == (404, True, True) and trace >= 16
    assert {name: seen.get(name) for name in SEEN} == SEEN


def test_python(cli: Cli, document: dict[str, Any]) -> None:
    folder = built(cli, "python", document)
    (folder / "example.py").write_text(PYTHON)
    bin_ = Path(sys.executable).parent
    checked([str(bin_ / "ruff"), "check", "src"], folder)
    source = str(folder / "src")
    with_types = {"env": {**cli.environment, "MYPYPATH": source}}
    checked([str(bin_ / "mypy"), "--config-file", "pyproject.toml", "src", "example.py"], folder, **with_types)
    told = checked([sys.executable, "example.py"], folder, env={**environment(cli, "py"), "PYTHONPATH": source})
    as_expected(told, "py 00")
    seen = json.loads(told)
    assert seen["users"] >= 1 and seen["async users"] == seen["users"]
    assert (seen["async"], seen["templates"]) == (1, 2)


def test_typescript(cli: Cli, document: dict[str, Any]) -> None:
    peers = installed("typescript", npm=("typescript",))
    folder = built(cli, "typescript", document)
    javascript, compiler = node(peers), str(peers / "node_modules" / "typescript" / "bin" / "tsc")
    checked([javascript, compiler, "-p", "."], folder)
    using = cli.folder / "using"
    (using / "node_modules").mkdir(parents=True)
    (using / "node_modules" / "tieline-client").symlink_to(folder)
    (using / "package.json").write_text('{"type": "module"}')
    (using / "example.ts").write_bytes(TYPESCRIPT.read_bytes())
    strict = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--types", "")
    modern = ("--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable")
    checked([javascript, compiler, *strict, *modern, "example.ts"], using)
    told = checked([javascript, "example.js"], using, env=environment(cli, "ts"))
    as_expected(told, "ts 10")
    assert json.loads(told)["aborted"] == "enough"


def test_a_folder_that_cannot_be_written_and_a_language_that_there_is_not(cli: Cli) -> None:
    (cli.folder / "file").write_text("")
    assert "name a folder" in cli("clients", "build", "-l", "python", "-o", str(cli.folder / "file"), code=1)
    cli("clients", "build", "-l", "cobol", "-o", "x", code=2)
