"""What the server says of the studio's pages: their policy, how they are kept, and what there is without a build."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import assembled
from tests.studio.world import House, house
from tieline.api.edge import built
from tieline.security.vault import Vault, parse_keys
from tieline.server.settings import Settings
from tieline.storage.database import Database

pytestmark = [pytest.mark.anyio]

SCRIPT = b"export const tieline = 1;\n" * 20


@pytest.fixture(scope="module")
async def running(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    async with (
        assembled(database, settings, Vault(parse_keys(Vault.generate_key()))) as parts,
        house(parts) as opened,
    ):
        yield opened


@pytest.fixture
def http(running: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """A server whose build is a small one."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><html><head><title>T</title></head><body></body></html>")
    (tmp_path / "embed.js").write_bytes(b"'embed'")
    (tmp_path / "icon.svg").write_bytes(b"<svg/>")
    (tmp_path / "assets" / "main-abc.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "main-abc.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.key").write_bytes(b"secret")
    monkeypatch.setattr(built, "FOLDER", tmp_path)
    return running.http


@pytest.mark.parametrize("path", ["/studio/", "/studio/runs", "/studio/automations/1/runs/2", "/studio/session/x"])
async def test_every_path_is_the_page(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    known = await http.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["content-security-policy"] == answer.headers["content-security-policy"]
    assert (await http.head(path)).status_code == 200


async def test_the_way_to_the_studio(http: httpx.AsyncClient) -> None:
    person = await http.get("/", headers={"accept": "text/html,application/xhtml+xml"})
    assert (person.status_code, person.headers["location"]) == (303, "/studio/")
    assert (await http.get("/")).json()["name"] == "Tieline"
    assert (await http.get("/studio")).headers["location"] == "/studio/"


async def test_files_with_a_hash_are_kept_for_good(http: httpx.AsyncClient) -> None:
    packed = await http.get("/studio/assets/main-abc.js", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == SCRIPT
    plain = await http.get("/studio/assets/main-abc.js", headers={"accept-encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in plain.headers
    for answer in (packed, plain):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "accept-encoding" in answer.headers["vary"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/studio/assets/other.js",
        "/studio/assets/..%2fsecret.key",
        "/studio/assets/%2e%2e%2fsecret.key",
        "/studio/assets/.hidden",
        "/studio/assets/",
        "/studio/../secret.key",
        "/studio//runs",
        "/studio/runs/",
    ],
)
async def test_nothing_else_is_told(http: httpx.AsyncClient, path: str) -> None:
    request = http.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = await http.send(request)
    assert answer.status_code == 404
    assert b"secret" not in answer.content


async def test_files_of_other_kinds_are_the_page(http: httpx.AsyncClient) -> None:
    assert "<title>T</title>" in (await http.get("/studio/secret.key")).text
    assert (await http.get("/studio/icon.svg")).headers["content-type"] == "image/svg+xml"


async def test_the_loader_may_be_loaded_from_anywhere(http: httpx.AsyncClient) -> None:
    answer = await http.get("/embed.js", headers={"origin": "https://app.example"})
    assert answer.text == "'embed'"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"
    known = await http.get("/embed.js", headers={"if-none-match": answer.headers["etag"]})
    assert known.status_code == 304


async def test_without_a_build_it_says_what_to_do(
    running: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built, "FOLDER", tmp_path / "nothing")
    for path in ("/studio/", "/studio/runs", "/embed/default", "/embed.js"):
        answer = await running.http.get(path)
        assert answer.status_code == 503
        assert "make web" in answer.text
    assert (await running.http.get("/studio/session")).status_code == 200
