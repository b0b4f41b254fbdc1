"""The Postman collection: every operation, and a run of newman over a fresh server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.peers.installing import installed, node
from tieline.api.published import postman
from tieline.server.offline import offline_document


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return offline_document()


@pytest.fixture(scope="module")
def collection(whole: dict[str, Any]) -> dict[str, Any]:
    return postman.collection(whole)


def items(collection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for folder in collection["item"]:
        yield from folder["item"]


def test_every_operation_is_a_request(whole: dict[str, Any], collection: dict[str, Any]) -> None:
    asked = set()
    for item in items(collection):
        url = item["request"]["url"]
        path = "/".join(f"{{{part[1:]}}}" if part.startswith(":") else part for part in url["path"])
        asked.add((item["request"]["method"].lower(), f"/{path}"))
        assert {part[1:] for part in url["path"] if part.startswith(":")} == {
            variable["key"] for variable in url.get("variable", ())
        }
        assert "pm.test(" in "\n".join(item["event"][0]["script"]["exec"])
    assert asked == {(method, path) for path, one in whole["paths"].items() for method in one}


def test_requests_expect_what_is_documented(whole: dict[str, Any], collection: dict[str, Any]) -> None:
    for item in items(collection):
        url = item["request"]["url"]
        path = "/" + "/".join(f"{{{part[1:]}}}" if part.startswith(":") else part for part in url["path"])
        operation = whole["paths"][path][item["request"]["method"].lower()]
        script = "\n".join(item["event"][0]["script"]["exec"])
        expected = json.loads(script.partition("to.be.oneOf(")[2].partition(")")[0])
        # The own user and tenant are asked for with and without following the redirect.
        assert set(map(str, expected)) <= set(operation["responses"]) | {"200"}, (path, expected)


def test_ids_are_unique_and_stay(whole: dict[str, Any], collection: dict[str, Any]) -> None:
    ids = [item["id"] for item in items(collection)]
    assert len(ids) == len(set(ids))
    assert collection == postman.collection(whole)


def test_the_environment_asks_for_what_the_collection_needs() -> None:
    environment = postman.environment("http://127.0.0.1:8400")
    given = {one["key"]: one["value"] for one in environment["values"]}
    assert given.pop("baseUrl") == "http://127.0.0.1:8400"
    assert given == dict.fromkeys(("apiKey", "clientId", "clientSecret", "appId", "partnerKey"), "")


@contextmanager
def server(folder: Path, **settings: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """A fresh installation: address, the administrator's key, and a partner's pair."""
    import socket
    import subprocess
    import time

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "TIELINE_DATA_DIR": str(folder / "data"), **settings}
    serve = [sys.executable, "-m", "tieline", "serve", "--port", str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(serve, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(240):
                try:
                    urlopen(f"{address}/readyz", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.25)
            key = (folder / "data" / "admin.key").read_text().strip()
            made = subprocess.run(
                [sys.executable, "-m", "tieline", "partners", "create", "newman", "--json"],
                env=environment,
                check=True,
                capture_output=True,
            )
            yield address, key, json.loads(made.stdout)
        finally:
            process.terminate()


def oauth_client(address: str, key: str) -> dict[str, str]:
    body = {
        "appType": "web",
        "clientName": "newman",
        "allowedScopes": ["admin"],
        "allowedGrantTypes": ["client_credentials"],
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    asked = Request(f"{address}/api/v1/oauth-clients", json.dumps(body).encode(), headers)
    with urlopen(asked, timeout=30) as answer:
        made: dict[str, str] = json.loads(answer.read())
    return made


async def newman(folder: Path, address: str, values: dict[str, str], name: str) -> dict[str, Any]:
    """What newman says about a run with the published collection, unchanged, at its usual speed."""
    peer = installed("newman", npm=("newman@6.2.1",))
    for what in ("collection", "environment"):
        with urlopen(f"{address}/postman/{what}.json", timeout=60) as answer:
            document = json.loads(answer.read())
        for one in document.get("values", ()):
            one["value"] = values.get(one["key"], one["value"])
        (folder / f"{what}.json").write_text(json.dumps(document))
    report = folder / f"{name}.json"
    process = await asyncio.create_subprocess_exec(
        node(peer),
        str(peer / "node_modules" / "newman" / "bin" / "newman.js"),
        *("run", "collection.json", "-e", "environment.json", "--reporters", "json"),
        *("--reporter-json-export", str(report)),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    assert report.is_file(), complaint.decode()
    run: dict[str, Any] = json.loads(report.read_bytes())["run"]
    return run


@pytest.mark.anyio
@pytest.mark.battery
@pytest.mark.timeout(570)
@pytest.mark.parametrize("way", ["api-key", "client-credentials"])
async def test_newman_passes_over_a_fresh_server(tmp_path: Path, way: str) -> None:
    """With a key at the usual limits, for which it has to wait."""
    limits = {} if way == "api-key" else {"TIELINE_TIER2_PER_MINUTE": "10000"}
    with server(tmp_path, **limits) as (address, key, partner):
        values = {"apiKey": key, "appId": partner["appId"], "partnerKey": partner["apiKey"]}
        if way == "client-credentials":
            made = await asyncio.to_thread(oauth_client, address, key)
            values = {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}
        run = await newman(tmp_path, address, values, way)
    failed = [(one["source"]["name"], one["error"]["message"]) for one in run["failures"]]
    assert failed == []
    # The partner's folder is skipped where no partner is given.
    assert run["stats"]["requests"]["total"] > (330 if way == "api-key" else 280)
    assert run["stats"]["assertions"]["total"] > 450


@pytest.mark.anyio
@pytest.mark.battery
@pytest.mark.timeout(300)
async def test_another_validator_finds_nothing(tmp_path: Path, whole: dict[str, Any]) -> None:
    """openapi-spec-validator looks at every document in the unit tests; this one was written by others."""
    from tieline.api.published.kept import assemble

    peer = installed("openapi-validators", npm=("@apidevtools/swagger-parser@12.1.0",))
    for name, document in assemble(whole, "https://tieline.example.com").items():
        if not name.startswith("postman"):
            (tmp_path / name.replace("/", "-")).write_text(json.dumps(document))
    program = """
      const { createRequire } = require("node:module");
      const parser = createRequire(process.argv[1] + "/")("@apidevtools/swagger-parser");
      (async () => { for (const file of process.argv.slice(2)) { await parser.validate(file); console.log(file); } })()
        .catch((problem) => { console.error(problem.message); process.exit(1); });
    """
    files = sorted(map(str, tmp_path.glob("*.json")))
    process = await asyncio.create_subprocess_exec(
        *(node(peer), "-e", program, "--", str(peer), *files),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()[-2000:]
    assert said.decode().split() == files
