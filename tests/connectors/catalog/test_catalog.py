"""The connectors that come with Tieline: what they are, and that the documentation says the same."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from msgspec import UNSET

from tests.fixtures.shared import ROOT
from tieline.connectors import catalog
from tieline.connectors.conformance.relocate import unasked
from tieline.connectors.files import storage_kind, storage_kinds
from tieline.connectors.manifest.model import AuthKind, PagingStyle, StorageKind
from tieline.core.errors import NotFound
from tieline.security.signatures.base import opened

STORAGES = [name for name in catalog.names() if name.startswith("file-")]
APIS = [name for name in catalog.names() if name not in STORAGES]


@pytest.mark.parametrize("name", STORAGES)
def test_a_storage_of_the_catalog_is_complete(name: str) -> None:
    manifest = catalog.load(name)
    assert manifest.name == name
    assert manifest.title
    assert manifest.description.endswith(".")
    assert manifest.storage is not UNSET
    assert storage_kind(manifest.storage.kind).kind == manifest.storage.kind
    assert not manifest.blocks
    for method in manifest.auth:
        for field in method.fields:
            hidden = re.search(
                r"secret|password|token|private|passphrase|sas|_key$|^service_account$|^value$", field.id
            )
            public = field.id in ("access_key", "host_key")
            assert field.secret == (hidden is not None and not public), f"{method.id}.{field.id}"


def test_every_kind_of_storage_is_in_the_catalog() -> None:
    kinds = {manifest.storage.kind for name in STORAGES if (manifest := catalog.load(name)).storage is not UNSET}
    assert kinds == set(storage_kinds()) == set(get_args(StorageKind))


@pytest.mark.parametrize("name", APIS)
def test_a_catalog_connector_is_complete(name: str) -> None:
    manifest = catalog.load(name)
    assert manifest.name == name
    assert manifest.title
    assert manifest.description.endswith(".")
    assert 8 <= len(manifest.blocks) <= 20
    assert manifest.servers
    assert all(server.url.startswith("https://") for server in manifest.servers)
    assert manifest.auth
    assert unasked(manifest) == []
    for method in manifest.auth:
        assert any(field.secret for field in method.fields), f"{method.id} asks for no secret"
        for field in method.fields:
            secret = re.search(r"secret|password|token|private_key", field.id) is not None
            assert field.secret or not secret or field.default is not UNSET, f"{method.id}.{field.id} is a secret"
    objects = {one.name for one in manifest.objects}
    for block in manifest.blocks:
        assert block.name, block.id
        assert not block.object or block.object in objects, f"{block.id} is about {block.object}"
        paging = block.paging if block.paging is not UNSET else manifest.paging
        assert not block.iterable or paging is not UNSET or block.records or block.output, block.id
    blocks = {block.id for block in manifest.blocks}
    for event in manifest.webhooks:
        opened(event.verification)
        assert {event.subscribe, event.unsubscribe, event.list, event.renew, event.fetch} - {""} <= blocks


def test_the_catalog_covers_every_kind_of_authentication_and_paging() -> None:
    manifests = [catalog.load(name) for name in APIS]
    assert len(manifests) >= 30
    kinds = {method.kind for manifest in manifests for method in manifest.auth}
    assert set(get_args(AuthKind)) - kinds == {"none", "soap_header", "wsse"}
    styles = {style for entry in catalog.entries() for style in entry.paging}
    assert set(get_args(PagingStyle)) - styles == {"none", "total"}
    assert any(block.transport == "graphql" for manifest in manifests for block in manifest.blocks)
    assert sum(any(b.kind == "incremental" for b in manifest.blocks) for manifest in manifests) >= 30


def test_the_documentation_lists_exactly_what_there_is() -> None:
    text = (ROOT / "docs" / "reference" / "catalog.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.*?) \| (.*?) \| (.*?) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    wanted = [
        (e.name, e.title, ", ".join(e.auth), ", ".join(e.paging) or "-", str(e.blocks), str(e.events))
        for e in catalog.entries()
    ]
    assert rows == wanted


def test_a_name_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'hubspot'"):
        catalog.load("hubspott")
    with pytest.raises(NotFound, match="catalog ls"):
        catalog.load("../../etc/passwd")
