"""Kinto, a server that we did not write, through its own Swagger document: all records, then what has changed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from msgspec import UNSET

from tests.connectors.verticals.driver import Driver
from tests.fixtures.shared import free_port
from tests.peers.installing import installed
from tieline.automations.blocks.high_water import HighWater
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block
from tieline.security.egress import Egress, Policy, parse_allow

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(300)]

RECORDS = 1053
SETTINGS = """
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.userid_hmac_secret = tests
kinto.paginate_by = 100
kinto.bucket_create_principals = system.Authenticated
multiauth.policies = basicauth
multiauth.policy.basicauth.use = kinto.core.authentication.BasicAuthAuthenticationPolicy
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}
"""


@pytest.fixture(scope="module")
def kinto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = installed("kinto", python=("kinto>=23", "setuptools<81"))
    port = free_port()
    settings = tmp_path_factory.mktemp("kinto") / "kinto.ini"
    settings.write_text(SETTINGS.format(port=port))
    command = [str(folder / "env" / "bin" / "pserve"), str(settings)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}/v1"
            wait_for(f"{address}/__api__", process)
            yield address
        finally:
            process.kill()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            with urlopen(url, timeout=5):
                return
        except URLError:
            assert process.poll() is None, "kinto did not start"
            time.sleep(0.1)
    raise AssertionError("kinto did not start")


@pytest.fixture
async def driver(kinto: str) -> AsyncIterator[Driver]:
    async with Egress(Policy(allow=parse_allow("127.0.0.0/8"))) as egress:
        document = (await egress.request("GET", f"{kinto}/__api__")).body
        manifest = import_document(document, address=f"{kinto}/__api__")
        user, password = (field.id for field in manifest.auth[0].fields)
        yield Driver(manifest, egress, secrets={user: "ada", password: "any"})


def block(driver: Driver, kind: str, ending: str, method: str = "GET") -> Block:
    found = [one for one in driver.blocks(kind) if one.path.endswith(ending) and one.method == method]
    assert len(found) == 1, (kind, ending, [one.id for one in found])
    return found[0]


async def test_full_and_incremental_sync_with_deletions(driver: Driver) -> None:
    here = {"bucket_id": "crm", "collection_id": "people"}
    await driver.call(block(driver, "update", "/buckets/{id}", "PUT"), id="crm")
    await driver.call(block(driver, "update", "/collections/{id}", "PUT"), bucket_id="crm", id="people")
    create = block(driver, "create", "/records", "POST")
    ids = []
    for number in range(RECORDS):
        made = await driver.call(create, **here, data={"number": number})
        ids.append((made.get("data") or made)["id"])

    everything = await driver.records(block(driver, "list", "/records"), **here)
    assert sorted(record["id"] for record in everything) == sorted(ids)

    changes = block(driver, "incremental", "/records")
    rule = changes.incremental
    assert rule is not UNSET
    first = HighWater(rule.field, rule.created_field, ["id"], None)
    full = [record for record in await driver.records(changes, **here) if first.accept(record)]
    assert len({record["id"] for record in full}) == len(full) == RECORDS
    pointer = first.value()

    gone = ids[10:17]
    for identity in gone:
        await driver.call(block(driver, "delete", "/records/{id}", "DELETE"), **here, id=identity)
    patch = block(driver, "update", "/records/{id}", "PATCH")
    for identity in ids[:5]:
        await driver.call(patch, **here, id=identity, data={"seen": True})
    new = [(await driver.call(create, **here, data={"number": -1}))["data"]["id"] for _ in range(3)]

    second = HighWater(rule.field, rule.created_field, ["id"], pointer)
    listed: list[Any] = await driver.records(changes, since=pointer["since"], **here)
    fresh = [record for record in listed if second.accept(record)]
    assert {record["id"] for record in fresh if record.get("deleted")} == set(gone)
    assert {record["id"] for record in fresh if not record.get("deleted")} == {*ids[:5], *new}
    assert len(fresh) == 15
    assert len(listed) <= 16, "only what has changed is asked for (and the edge)"


async def test_everything_again_brings_nothing_new(driver: Driver) -> None:
    here = {"bucket_id": "crm", "collection_id": "people"}
    changes = block(driver, "incremental", "/records")
    rule = changes.incremental
    assert rule is not UNSET
    once = HighWater(rule.field, rule.created_field, ["id"], None)
    for record in await driver.records(changes, **here):
        once.accept(record)
    pointer = once.value()
    again = HighWater(rule.field, rule.created_field, ["id"], pointer)
    assert [one for one in await driver.records(changes, since=pointer["since"], **here) if again.accept(one)] == []
