from __future__ import annotations

import io
import json
import stat
import zipfile

import pytest

from tests.connectors.importers.support import op, spec
from tieline.connectors.documents import archive as module
from tieline.connectors.documents import is_archive, open_archive
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument

MAIN = json.dumps(spec({"/pets": {"get": op({"type": "array", "items": {"$ref": "models/pet.json#/Pet"}})}})).encode()
PET = b'{"Pet": {"type": "object", "properties": {"id": {"type": "string"}}}}'


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_the_document_is_the_one_that_nothing_refers_to() -> None:
    data = packed(
        {"api/models/pet.json": PET, "api/zzz.json": MAIN, "README.txt": b"hello", "__MACOSX/api/x.json": b"1"}
    )
    assert is_archive(data)
    bundle = open_archive(data)
    assert bundle.address == "zzz.json"
    assert sorted(bundle.parts) == ["../README.txt", "models/pet.json"]
    manifest = import_document(bundle.data, address=bundle.address, parts=bundle.parts)
    assert manifest.blocks[0].output == {"$ref": "#/schemas/Pet"}
    assert manifest.schemas["Pet"]["properties"]["id"] == {"type": "string"}


@pytest.mark.parametrize("name", ["../openapi.json", "/etc/openapi.json", "a/../../openapi.json", "C:\\openapi.json"])
def test_paths_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(UnreadableDocument, match="unsafe path"):
        open_archive(packed({name: MAIN}))


def test_links_are_left_out() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("openapi.json", MAIN)
        link = zipfile.ZipInfo("models/pet.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert open_archive(stream.getvalue()).parts == {}


def test_what_unfolds_too_far_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="times its size"):
        open_archive(packed({"openapi.json": MAIN, "bomb.json": b"0" * 20_000_000}))


def test_too_many_bytes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    with pytest.raises(DocumentTooLarge):
        open_archive(packed({"openapi.json": MAIN, "more.json": bytes(range(256)) * 8}))


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    with pytest.raises(DocumentTooLarge, match="4 entries"):
        open_archive(packed({f"{number}.json": b"{}" for number in range(4)}))


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04",
        b"PK\x03\x04" + b"\0" * 100,
        packed({"openapi.json": MAIN})[:-30],
        packed({"notes.txt": b"nothing"}),
        packed({}),
    ],
    ids=["four-bytes", "zeros", "cut", "no-document", "empty"],
)
def test_what_is_no_usable_archive_gives_one_clear_error(data: bytes) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        open_archive(data)
    assert "archive" in caught.value.detail
