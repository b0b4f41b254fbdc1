"""``tieline keys rotate`` under work: processes open, change and make secrets while the key is changed, the rotation is
killed and begun again, and two run at once.

Pass line: 0 openings failed, 0 rows under the old key, 0 sealed values that open in another row, tenant or column, or
cut, or with a bit flipped; the old key can go, and the way back works. Seed: TIELINE_TEST_SEED.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

import tieline.server.app  # noqa: F401 - registers every place
from tests.connectors.connections.making import connect, key_manifest, make_tenant
from tieline.connectors.connections import Connections
from tieline.core.ids import new_id
from tieline.security import resealing
from tieline.security.vault import Vault, VaultError, parse_keys
from tieline.storage.database import Database
from tieline.storage.tables import connections as rows_of
from tieline.storage.tables import partners
from tieline.tenancy.partners import key_context

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(240)]

SEED = os.environ.get("TIELINE_TEST_SEED", "20261123")
ROUNDS = int(os.environ.get("TIELINE_TEST_ROUNDS", "1"))
OLD, NEW = Vault.generate_key(), Vault.generate_key()
TENANTS, ACTORS, PARTNERS = 3, 2, 600


def vault(*keys: str) -> Vault:
    return Vault(parse_keys(",".join(keys)))


@pytest.fixture(scope="module")
async def tenants(database: Database) -> list[UUID]:
    """Tenants with secrets under the old key, and a table that takes several transactions to seal anew."""
    found = [await make_tenant(database) for _ in range(TENANTS)]
    connections, old = Connections(database, vault(OLD)), vault(OLD)
    for tenant in found:
        for number in range(5):
            secrets = {"api_key": f"geheim-{number}"}
            await connect(database, connections, tenant, key_manifest("http://127.0.0.1:9"), secrets=secrets)
    async with database.system() as unit:
        for number in range(PARTNERS):
            identity = new_id()
            sealed = old.seal(f"key-{number}".encode(), context=key_context(identity))
            await unit.insert(partners, id=identity, name="p", app_id=identity.hex, api_key_sealed=sealed)
    return found


class Actor:
    """A process of ``rotation_actor``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ring(self, *keys: str) -> None:
        """As a restart with these TIELINE_SECRET_KEYS."""
        await self._say(",".join(keys))
        assert self.process.stdout is not None
        assert (await self.process.stdout.readline()).strip() == b"ready"

    async def stop(self) -> dict[str, Any]:
        await self._say("stop")
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(await self.process.stdout.readline())
        await self.process.wait()
        return found

    async def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()


@asynccontextmanager
async def working(dsn: str, tenants: list[UUID]) -> AsyncIterator[list[Actor]]:
    actors = []
    try:
        for number in range(ACTORS):
            command = [
                sys.executable,
                "-m",
                "tests.batteries.rotation_actor",
                dsn,
                f"{SEED}/{number}",
                *map(str, tenants),
            ]
            made = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            actors.append(Actor(made))
        yield actors
    finally:
        for actor in actors:
            if actor.process.returncode is None:
                actor.process.kill()
                await actor.process.wait()


async def rotation(dsn: str, *keys: str) -> asyncio.subprocess.Process:
    """What ``tieline keys rotate`` does, in a process of its own."""
    command = [sys.executable, "-m", "tests.batteries.rotation_actor", dsn, "rotate", ",".join(keys)]
    return await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


async def rotated(process: asyncio.subprocess.Process) -> dict[str, Any]:
    out, errors = await process.communicate()
    assert process.returncode == 0, (out.decode()[-2000:], errors.decode()[-2000:])
    found: dict[str, Any] = json.loads(out)
    return found


async def under(database: Database, key: str) -> tuple[int, int]:
    """How many sealed values there are, and how many of them are under another key than this one."""
    (newest,) = (hashlib.sha256(one).digest()[:8] for one in parse_keys(key))
    total = others = 0
    async with database.system() as unit:
        for column in (rows_of.c.secrets, partners.c.api_key_sealed):
            mine = sa.func.count().filter(sa.func.substring(column, 2, 8) == newest)
            row = await unit.one(sa.select(sa.func.count(column).label("all"), mine.label("mine")))
            assert row is not None
            total, others = total + row["all"], others + row["all"] - row["mine"]
    return total, others


async def test_the_key_is_changed_while_everything_works(
    database: Database, database_dsn: str, tenants: list[UUID]
) -> None:
    told, killed = [], 0
    async with working(database_dsn, tenants) as actors:
        for actor in actors:
            await actor.ring(OLD)
        for _ in range(ROUNDS):
            # One after the other: all must be able to open what the first of them seals.
            for ring in ((OLD, NEW), (NEW, OLD)):
                for actor in actors:
                    await actor.ring(*ring)
            await killed_in_the_middle(database, database_dsn, NEW, OLD)
            both = [await rotation(database_dsn, NEW, OLD) for _ in range(2)]
            for one in both:
                found = await rotated(one)
                assert (found["broken"], found["left"]) == (0, 0)
            assert (await under(database, NEW))[1] == 0
            killed += 1
            # Without the old key all goes on; and the way back is the same way.
            for kept in ([NEW], [NEW, OLD], [OLD, NEW]):
                for actor in actors:
                    await actor.ring(*kept)
                await asyncio.sleep(0.5)
            assert {(one.broken, one.left) for one in await resealing.run(database, vault(OLD, NEW))} == {(0, 0)}
            assert (await under(database, OLD))[1] == 0
            for actor in actors:
                await actor.ring(OLD)
            await asyncio.sleep(0.5)
        told = [await actor.stop() for actor in actors]
    total, others = await under(database, OLD)
    counts = {name: sum(one[name] for one in told) for name in ("opened", "changed", "made", "again")}
    failed = [reason for one in told for reason in one["failed"]]
    print(
        f"seed {SEED}: {counts}, {2 * ROUNDS} changes of key, {killed} rotations killed, {total} values, {others} left"
    )
    assert failed == []
    assert (killed, others) == (ROUNDS, 0)
    assert counts["opened"] > 100
    assert counts["changed"] > 10
    assert counts["made"] > 0


async def killed_in_the_middle(database: Database, dsn: str, *keys: str) -> None:
    """Kills a rotation once it has sealed some values anew, and not all."""
    process = await rotation(dsn, *keys)
    _, begun = await under(database, keys[0])
    async with asyncio.timeout(120):
        while process.returncode is None:
            await asyncio.sleep(0.03)
            total, others = await under(database, keys[0])
            # The partners come last: a part of them is done, and the rest is not.
            if 0 < others < min(begun, total) - resealing.AT_ONCE:
                process.kill()
                break
    await process.communicate()
    _, left = await under(database, keys[0])
    assert process.returncode == -9, "the rotation was over before it could be killed"
    assert left > 0


async def test_a_process_that_still_seals_with_the_old_key_is_told_of(
    database: Database, tenants: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Connections(database, vault(OLD, NEW))
    async with database.tenant(tenants[0]) as unit:
        row = (await stale.list(unit))[0]

    # Its next turn comes before each pass, as that of a busy server does in time.
    passed = resealing._over

    async def over(*given: Any) -> resealing.Tally:
        async with database.tenant(tenants[0]) as unit:
            await stale.update(unit, row["id"], secrets={"api_key": "geheim-stale"})
        return await passed(*given)

    monkeypatch.setattr(resealing, "_over", over)
    found = {one.place: one for one in await resealing.run(database, vault(NEW, OLD))}
    assert found["connections.secrets"].left > 0
    monkeypatch.undo()
    found = {one.place: one for one in await resealing.run(database, vault(NEW, OLD))}
    assert {one.left for one in found.values()} == {0}
    back = await resealing.run(database, vault(OLD, NEW))
    assert {(one.left, one.broken) for one in back} == {(0, 0)}


async def test_what_is_swapped_cut_or_changed_does_not_open(database: Database, tenants: list[UUID]) -> None:
    """Every pair of rows of two tenants, both columns, every cut and every bit of an envelope."""
    chance, ring, tried = random.Random(SEED), vault(OLD, NEW), 0
    connections = Connections(database, ring)
    async with database.system() as unit:
        found = await unit.all(sa.select(rows_of.c.tenant_id, rows_of.c.id, rows_of.c.secrets))
        keys = await unit.all(sa.select(partners.c.id, partners.c.api_key_sealed).limit(5))
    places = {
        **{
            (row["tenant_id"], row["id"]): (f"connections:{row['tenant_id']}:{row['id']}", row["secrets"])
            for row in found
        },
        **{("partner", row["id"]): (key_context(row["id"]).decode(), row["api_key_sealed"]) for row in keys},
    }
    chosen = chance.sample(sorted(places, key=str), 12)
    for one in chosen:
        for other in chosen:
            if one != other and places[other][1] is not None:
                tried += 1
                with pytest.raises(VaultError):
                    ring.open(bytes(places[other][1]), context=places[one][0].encode())
    context, sealed = next(places[one] for one in chosen if places[one][1] is not None)
    envelope = bytes(sealed)
    assert ring.open(envelope, context=context.encode())
    for cut in range(len(envelope)):
        tried += 1
        with pytest.raises(VaultError):
            ring.open(envelope[:cut], context=context.encode())
    for bit in range(8 * len(envelope)):
        changed = bytearray(envelope)
        changed[bit // 8] ^= 1 << bit % 8
        tried += 1
        with pytest.raises(VaultError):
            ring.open(bytes(changed), context=context.encode())
    # In the database as well: two tenants' rows, exchanged, open for neither.
    first, second = (next(row for row in found if row["tenant_id"] == tenant) for tenant in tenants[:2])
    await exchanged(database, first, second["secrets"], second, first["secrets"])
    for row in (first, second):
        with pytest.raises(VaultError):
            await connections.account(row["tenant_id"], row["id"])
    broken = {place.place: place.broken for place in await resealing.run(database, vault(NEW, OLD))}
    assert broken["connections.secrets"] == 2
    await exchanged(database, first, first["secrets"], second, second["secrets"])
    assert {place.broken for place in await resealing.run(database, vault(OLD, NEW))} == {0}
    print(f"seed {SEED}: {tried} swapped, cut or changed values, 0 opened")


async def exchanged(database: Database, one: Any, sealed: bytes, other: Any, sealed_too: bytes) -> None:
    async with database.system() as unit:
        for row, value in ((one, sealed), (other, sealed_too)):
            mine = (rows_of.c.tenant_id == row["tenant_id"], rows_of.c.id == row["id"])
            await unit.connection.execute(sa.update(rows_of).where(*mine).values(secrets=value))
