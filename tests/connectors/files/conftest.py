"""Every storage, opened on a server of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.files.buckets import ACCESS, ACCOUNT, AZURE_KEY, SECRET, Buckets, service_account, serving_buckets
from tests.connectors.files.sessions import Served, serving_ftp, serving_sftp
from tieline.connectors.files import Opening, Storage, storage_kind
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy, Upload

KINDS = ("local", "ftp", "sftp", "s3", "gcs", "gcs-hmac", "azure_blob", "azure-sas")


@dataclass
class Shelf:
    """A storage's connection: ``open`` gives it anew, with other answers where some are given."""

    kind: str
    egress: Egress
    answers: dict[str, Any]
    sandbox: Path
    method: str = ""
    buckets: Buckets | None = None
    served: Served | None = None
    tenant: Any = field(default_factory=new_id)

    def open(self, *, first: bool = False, egress: Egress | None = None, **answers: Any) -> Storage:
        opening = Opening(
            answers={**self.answers, **answers},
            egress=egress or self.egress,
            tenant_id=self.tenant,
            method=self.method,
            sandbox=self.sandbox,
            first=first,
        )
        return storage_kind(self.kind).open(opening)


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(Policy(allow=(ip_network("127.0.0.0/8"),))) as found:
        yield found


@pytest.fixture
async def shelves(egress: Egress, tmp_path: Path) -> AsyncIterator[Callable[[str], Any]]:
    """Makes the shelf of a kind."""
    async with AsyncExitStack() as stack:

        async def make(kind: str, **settings: Any) -> Shelf:
            folder = tmp_path / kind / "served"
            folder.mkdir(parents=True)
            if kind == "local":
                return Shelf("local", egress, {}, folder)
            if kind == "ftp":
                served = stack.enter_context(serving_ftp(folder, **settings))
                where = {"host": served.host, "port": served.port, "security": "none"}
                return Shelf("ftp", egress, {**where, "username": "ada", "password": "pw"}, folder, served=served)
            if kind == "sftp":
                served = await stack.enter_async_context(serving_sftp(folder))
                who = {"host": served.host, "port": served.port, "username": "ada", "password": "pw"}
                return Shelf("sftp", egress, {**who, "host_key": served.key}, folder, served=served)
            buckets = await stack.enter_async_context(serving_buckets())
            name, _, method = kind.partition("-")
            by_key = {"bucket": "things", "endpoint": buckets.url, "access_key": ACCESS, "secret_key": SECRET}
            answers: dict[str, Any] = {
                "s3": {**by_key, "region": "eu-central-1"},
                "gcs-hmac": by_key,
                "gcs": {
                    "bucket": "things",
                    "endpoint": buckets.url,
                    "service_account": service_account(buckets.url) if kind == "gcs" else "",
                },
                "azure_blob": {"account_key": AZURE_KEY},
                "azure-sas": {"sas": "?sv=2021&sig=good"},
            }[kind]
            if name in ("azure", "azure_blob"):
                name = "azure_blob"
                answers |= {"account": ACCOUNT, "container": "things", "endpoint": f"{buckets.url}/{ACCOUNT}"}
            return Shelf(name, egress, answers, folder, method=method, buckets=buckets)

        yield make


@pytest.fixture(params=KINDS)
async def shelf(request: pytest.FixtureRequest, shelves: Callable[[str], Any]) -> Shelf:
    found: Shelf = await shelves(request.param)
    return found


def upload(data: bytes, step: int = 100_000) -> Upload:
    """A source of these bytes."""

    async def blocks() -> AsyncIterator[bytes]:
        for at in range(0, len(data), step):
            yield data[at : at + step]

    return Upload(blocks, len(data))


async def read(storage: Storage, path: str, offset: int = 0) -> bytes:
    return b"".join([block async for block in storage.read(path, offset=offset)])


async def names(storage: Storage, folder: str = "") -> list[str]:
    """All entries of a folder, over all pages; folders with a slash."""
    found: list[str] = []
    cursor = None
    while True:
        page = await storage.page(folder, cursor)
        found += [one.path + ("/" if one.kind == "folder" else "") for one in page.entries]
        cursor = page.next
        if cursor is None:
            return found
