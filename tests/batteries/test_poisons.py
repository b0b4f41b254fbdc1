"""Hostile documents, every one that the upstream has: read as a file in a process of its own, and fetched by a server.

Refused with one clear sentence or read without harm, as the upstream's list expects, within ten seconds and 512 MB;
nothing that a document points at is fetched, nothing that it says is done, and the server goes on answering.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import anyio
import psutil
import pytest

from bench.kill_battery import Process, key_of
from tests.fixtures.shared import free_port
from tieline.core import json

pytestmark = [pytest.mark.battery, pytest.mark.timeout(180)]

SECONDS = 10
MEGABYTES = 512
REFUSED, READ, EITHER = "refused", "read", "either"

# What the upstream expects of each: refused, read, or either of them as long as no harm is done.
EXPECTED = {
    "billion-laughs.yaml": REFUSED,
    "yaml-cycle.yaml": EITHER,
    "yaml-object.yaml": REFUSED,
    "yaml-norway.yaml": READ,
    "billion-laughs.wsdl": REFUSED,
    "quadratic.wsdl": REFUSED,
    "xxe-file.wsdl": REFUSED,
    "xxe-http.wsdl": REFUSED,
    "import-ssrf.wsdl": EITHER,
    "import-cycle.wsdl": EITHER,
    "xinclude.wsdl": EITHER,
    "remote-ref.json": EITHER,
    "remote-example.json": READ,
    "recursive-schema.json": READ,
    "ref-loop.json": EITHER,
    "ref-bomb.json": READ,
    "deep.json": REFUSED,
    "wide.json": READ,
    "redos.json": READ,
    "template-injection.json": READ,
    "header-injection.json": EITHER,
    "internal-servers.json": READ,
    "internal-oauth.json": READ,
    "path-traversal.json": READ,
    "duplicate-operations.json": READ,
    "wrong-types.json": EITHER,
    "duplicate-keys.json": EITHER,
    "utf16.json": EITHER,
    "invalid-utf8.yaml": REFUSED,
    "not-a-spec.html": REFUSED,
    "empty.json": REFUSED,
    "postman-script.json": EITHER,
    "introspection-cycle.json": READ,
    "bomb.zip": REFUSED,
    "slip.zip": REFUSED,
}

# Reads one file twice, as it lies in a folder and as bare bytes, and says what came of it and what it took.
READER = """
import sys
from pathlib import Path
from tieline.connectors.documents import gather_file, is_archive, open_archive
from tieline.connectors.importers import import_document, summary
from tieline.connectors.manifest import io
from tieline.core import json
from tieline.core.errors import TielineError

def read(take):
    try:
        manifest = take()
    except TielineError as error:
        return {"code": error.code, "status": error.status, "detail": error.detail}
    if io.load(io.dump(manifest, "json")) != manifest:
        raise SystemExit("the manifest reads back as another one")
    return {"manifest": json.loads(io.dump(manifest, "json")), "summary": summary(manifest)}

def gathered():
    bundle = gather_file(Path(sys.argv[1]))
    return import_document(bundle.data, address=bundle.address, parts=bundle.parts)

def bare():
    data = Path(sys.argv[1]).read_bytes()
    if is_archive(data):
        bundle = open_archive(data)
        return import_document(bundle.data, parts=bundle.parts)
    return import_document(data)

found = {"gathered": read(gathered), "bare": read(bare)}
status = Path("/proc/self/status").read_text().splitlines()
found["peak_mb"] = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
sys.stdout.buffer.write(json.dumps(found))
"""


def fetched(url: str) -> bytes:
    with urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def pwned() -> list[Path]:
    """What the documents try to leave behind."""
    return sorted(Path("/tmp").glob("pwned*"))


@pytest.fixture(scope="module")
def poisons(upstream: str) -> dict[str, dict[str, str]]:
    return {one["name"]: one for one in json.loads(fetched(f"{upstream}/poison"))}


@pytest.fixture(autouse=True)
def harmless(upstream: str) -> Iterator[None]:
    yield
    assert json.loads(fetched(f"{upstream}/_ctl/canary")) == []
    assert pwned() == []


def test_every_hostile_document_of_the_upstream_is_known_here(poisons: dict[str, Any]) -> None:
    assert sorted(poisons) == sorted(EXPECTED)


def judge(name: str, refusal: dict[str, Any] | None, shown: str) -> None:
    """``refusal`` is None for a document that was read; ``shown`` is all that came out."""
    expected = EXPECTED[name]
    if refusal is not None:
        assert expected != READ, refusal
        detail = refusal["detail"]
        assert 400 <= refusal["status"] < 500
        assert refusal["code"]
        assert 20 <= len(detail) <= 600
        assert detail[:1].strip()
        assert "Traceback" not in detail
    else:
        assert expected != REFUSED, shown[:500]
    assert "root:x:" not in shown
    assert "lollollol" not in shown


@pytest.mark.parametrize("name", EXPECTED)
def test_read_as_a_file_in_a_process_of_its_own(upstream: str, name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.write_bytes(fetched(f"{upstream}/poison/{name}"))
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-c", READER, str(place)], capture_output=True, timeout=2 * SECONDS + 2, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found = json.loads(done.stdout)
    assert found["peak_mb"] < MEGABYTES
    assert sorted(tmp_path.rglob("*")) == before
    for way in ("gathered", "bare"):
        judge(name, found[way] if "code" in found[way] else None, json.dumps(found[way]).decode())
    if name == "yaml-norway.yaml":
        manifest = found["bare"]["manifest"]
        assert manifest["source"]["version"] == "3.10"
        assert manifest["blocks"][0]["inputs"][0]["choices"][:4] == ["no", "yes", "on", "off"]


class Server:
    """A running server that may call the loopback interface, where the documents are."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self._key = address, key

    def ask(self, method: str, path: str, body: Any = None, timeout: float = 30) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        request = Request(f"{self.address}/api/workflows/{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("poisons")
    for one in (folder, folder.parent):
        one.chmod(0o711)
    port = free_port()
    environment = {
        **os.environ,
        "TIELINE_DATA_DIR": str(folder / "data"),
        "TIELINE_EGRESS_ALLOW": "127.0.0.0/8,::1/128",
        "TIELINE_LOG_LEVEL": "warning",
    }
    arguments = ["serve", "--port", str(port), "--workers", "1"]
    process = Process(arguments, environment, folder / "server.log")
    address = f"http://127.0.0.1:{port}"
    try:
        yield Server(address, anyio.run(key_of, address, folder / "data"))
    finally:
        process.stop()
    assert "Traceback" not in (folder / "server.log").read_text(errors="replace")


def peak_mb(address: str) -> float:
    """The most memory that the process which listens at ``address`` has had (VmHWM of proc(5))."""
    port = int(address.rpartition(":")[2])
    owner = next(
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == "LISTEN" and tuple(one.laddr)[1:2] == (port,) and one.pid
    )
    lines = Path(f"/proc/{owner}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


@pytest.mark.parametrize("way", ["fetched", "sent"])
@pytest.mark.parametrize("name", EXPECTED)
def test_read_by_a_running_server(upstream: str, server: Server, name: str, way: str) -> None:
    address = f"{upstream}/poison/{quote(name)}"
    given: dict[str, Any] = {"name": f"{way}-{name.replace('.', '-')}"}
    if way == "fetched":
        given["source"] = address
    else:
        given |= {"document": base64.b64encode(fetched(address)).decode(), "encoding": "base64"}
    begun = time.monotonic()
    status, body = server.ask("POST", "automation-connectors", given)
    taken = time.monotonic() - begun
    refusal = None
    if status >= 400:
        (error,) = body["errors"]
        refusal = {"code": error["code"], "status": status, "detail": error.get("detail") or error["title"]}
    judge(name, refusal, json.dumps(body).decode())
    assert taken < SECONDS
    assert peak_mb(server.address) < MEGABYTES
    assert server.ask("GET", "automation-connectors", timeout=5)[0] == 200
