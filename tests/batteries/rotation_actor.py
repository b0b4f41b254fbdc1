"""A process that works on sealed secrets without pause, for test_key_rotation: opens them all, changes some, makes new.

It gets its keys on standard input, one line a ring, and takes each up as a restarted server would. On ``stop`` it
prints what it did.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import tieline.tenancy.partners  # noqa: F401 - registers where their keys lie
from tests.connectors.connections.making import connect, key_manifest
from tieline.connectors.connections import Connections
from tieline.core.errors import TielineError, Unavailable
from tieline.security import resealing
from tieline.security.vault import Vault, VaultError, parse_keys
from tieline.storage.database import Database


async def main(dsn: str, tenants: list[UUID], seed: str) -> dict[str, Any]:
    chance = random.Random(seed)
    told: dict[str, Any] = {"opened": 0, "changed": 0, "made": 0, "again": 0, "failed": []}
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    ring = parse_keys((await reader.readline()).decode())
    async with await Database.open(dsn, Path(), pool_size=3) as database:
        print("ready", flush=True)
        line = asyncio.create_task(reader.readline())
        while True:
            connections = Connections(database, Vault(ring))
            while not line.done():
                await turn(database, connections, chance.choice(tenants), chance, told)
                await asyncio.sleep(0.05)  # two cores are shared with the rotation
            text = line.result().decode().strip()
            if not text or text == "stop":
                return told
            ring = parse_keys(text)
            print("ready", flush=True)
            line = asyncio.create_task(reader.readline())


async def turn(database: Database, connections: Connections, tenant: UUID, chance: random.Random, told: Any) -> None:
    """Opens all secrets of a tenant, changes one, and sometimes makes one more."""
    try:
        async with database.tenant(tenant) as unit:
            rows = await connections.list(unit)
        for row in rows:
            account = await connections.account(tenant, row["id"])
            if not account.secrets["api_key"].startswith("geheim-"):
                told["failed"].append("another secret")
            told["opened"] += 1
        if rows:
            async with database.tenant(tenant) as unit:
                fresh = f"geheim-{chance.random()}"
                await connections.update(unit, chance.choice(rows)["id"], secrets={"api_key": fresh})
            told["changed"] += 1
        if len(rows) < 30 and chance.random() < 0.3:
            manifest = key_manifest("http://127.0.0.1:9")
            await connect(database, connections, tenant, manifest, secrets={"api_key": "geheim-new"})
            told["made"] += 1
    except Unavailable:
        told["again"] += 1
    except VaultError as error:
        told["failed"].append(error.detail)
    except TielineError as error:
        told["failed"].append(f"{error.code}: {error.detail}")


async def rotate(dsn: str, keys: str) -> dict[str, int]:
    """What ``tieline keys rotate`` does, in a process that starts sooner."""
    async with await Database.open(dsn, Path(), pool_size=1) as database:
        found = await resealing.run(database, Vault(parse_keys(keys)))
    return {name: sum(getattr(one, name) for one in found) for name in ("resealed", "broken", "left")}


if __name__ == "__main__" and sys.argv[2] == "rotate":
    print(json.dumps(asyncio.run(rotate(sys.argv[1], sys.argv[3]))), flush=True)
elif __name__ == "__main__":
    found = asyncio.run(main(sys.argv[1], [UUID(one) for one in sys.argv[3:]], sys.argv[2]))
    print(json.dumps(found), flush=True)
