"""Real documents that we did not write."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import UNSET

from tests.fixtures.shared import running_upstream, shared_dir
from tieline.connectors.importers import import_document, report
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import Manifest

pytestmark = pytest.mark.battery

PROGRAM = """
import json, re, sys
from tieline.connectors.documents import reports
found = [[one["file"], one["ok"], one["seconds"]] for one in reports(sys.argv[1])]
# Not getrusage: its peak is inherited from the process that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(json.dumps([found, int(peak[1]) // 1024]))
"""


@pytest.mark.parametrize(
    ("kind", "documents", "most"), [("openapi", 93, 500), ("wsdl", 5, 200), ("graphql", 4, 200), ("postman", 12, 200)]
)
def test_all_documents_are_imported_in_little_memory(kind: str, documents: int, most: int) -> None:
    folder = shared_dir() / "corpus" / kind
    done = subprocess.run([sys.executable, "-c", PROGRAM, folder], capture_output=True, text=True, check=True)
    found, megabytes = json.loads(done.stdout)
    assert [name for name, ok, _ in found if not ok] == []
    assert len(found) >= documents
    assert megabytes < most


def test_what_ordinary_loaders_cannot_read() -> None:
    found = [report(path) for path in sorted((shared_dir() / "corpus" / "nasty").iterdir())]
    failed = [one for one in found if not one["ok"]]
    assert len(failed) == 1
    assert (failed[0]["error"]["code"], failed[0]["error"]["line"]) == ("unreadable-document", 8)
    assert all(one["warnings"] for one in found if one["ok"])


def test_all_12_postman_collections_are_imported() -> None:
    paths = sorted((shared_dir() / "corpus" / "postman").iterdir())
    found = [report(path) for path in paths]
    assert [one["file"] for one in found if not one["ok"]] == []
    assert len(found) >= 12
    assert all(one["format"] == "postman" and sum(one["blocks"].values()) for one in found)
    # One of them names no authentication anywhere.
    assert sum(not one["auth"] for one in found) == 1


def test_what_collections_of_real_apis_say() -> None:
    manifests = {
        path.name[:2]: import_document(path.read_bytes(), address=path.name)
        for path in (shared_dir() / "corpus" / "postman").iterdir()
    }
    assert len(manifests["04"].blocks) == len({(one.method, one.path) for one in manifests["04"].blocks}) > 100
    assert [one.url for one in manifests["21"].servers] == ["https://webexapis.com/v1"]
    assert [one.url for one in manifests["09"].servers] == ["{host}"], "a host without a value is asked for"
    assert {one.auth[0] for one in manifests["21"].blocks if isinstance(one.auth, list) and one.auth} == {"bearer"}
    for manifest in manifests.values():
        assert io.load(io.dump(manifest)) == manifest
        assert all("{{" not in one.path + one.server for one in manifest.blocks)


@pytest.mark.parametrize("part", ["003_300", "228_300", "277_302", "170_20"])
def test_manifests_of_real_documents_survive_writing_and_reading(part: str) -> None:
    (path,) = (shared_dir() / "corpus" / "openapi").glob(part + "*")
    manifest = import_document(path.read_bytes(), address=path.name)
    assert io.load(io.dump(manifest)) == manifest


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    shared_dir()
    with running_upstream() as address:
        yield address


def fetched(url: str) -> Manifest:
    with urllib.request.urlopen(url) as answer:
        return import_document(answer.read(), address=url)


@pytest.mark.parametrize("document", ["openapi.json", "swagger.json"])
def test_the_upstreams_own_documents(upstream: str, document: str) -> None:
    manifest = fetched(f"{upstream}/{document}")
    assert [one.url for one in manifest.servers] == [upstream]
    assert [(one.kind, one.location, one.name) for one in manifest.auth] == [("api_key", "header", "X-Api-Key")]
    blocks = {f"{one.method} {one.path}": one for one in manifest.blocks if one.kind != "incremental"}
    expected: dict[str, Any] = {
        "GET /crm/contacts": "list",
        "POST /crm/contacts": "create",
        "GET /crm/contacts/{id}": "get",
        "PUT /crm/contacts/{id}": "update",
        "PATCH /crm/contacts/{id}": "update",
        "DELETE /crm/contacts/{id}": "delete",
        "GET /crm/contacts/by/{field}/{value}": "get_by",
    }
    assert {name: blocks[name].kind for name in expected} == expected
    listed = blocks["GET /crm/contacts"]
    assert listed.records == "$.data" and listed.paging is not UNSET
    assert (listed.paging.style, listed.paging.param, listed.paging.size_param) == ("page", "page", "per_page")
    created = blocks["POST /crm/contacts"].idempotency
    assert created is not UNSET and (created.kind, created.header) == ("header", "Idempotency-Key")
    changed = next(
        one for one in manifest.blocks if one.kind == "incremental" and one.path == "/crm/contacts"
    ).incremental
    assert changed is not UNSET and (changed.param, changed.field, changed.format) == (
        "updated_since",
        "updated_at",
        "unix",
    )
    names = {one.name for one in manifest.objects}
    assert len(names) == 12 and {"event", "registration", "check_in", "deal", "company"} <= names
    if document == "openapi.json":
        assert len(manifest.webhooks) == 36
