"""A process of its own that uses one connection: ``python -m tests.connectors.connections.worker DSN TENANT CONNECTION
BLOCK``.

Reads lines from standard input; each is a number of calls to make at once, and one JSON line answers it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from tests.connectors.connections.making import vault
from tieline.connectors.connections import Connections
from tieline.connectors.runtime import Client
from tieline.core import json
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.storage.database import Database


async def main(dsn: str, tenant: str) -> None:
    async with (
        await Database.open(dsn, Path()) as database,
        Egress(Policy(allow=parse_allow("127.0.0.1"))) as egress,
    ):
        connections = Connections(database, vault())
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            identities, block_id, count = line.split()

            async def call(identity: str, block_id: str) -> str:
                account = await connections.account(UUID(tenant), UUID(identity))
                client = Client(account, egress=egress, tokens=connections.tokens, budget=connections.budget)
                try:
                    await client.call(client.block(block_id), {})
                except Exception as error:
                    return f"{type(error).__name__}: {error}"
                return "ok"

            tasks = [call(identity, block_id) for identity in identities.split(",") for _ in range(int(count))]
            outcomes = await asyncio.gather(*tasks)
            print(json.dumps(sorted(set(outcomes))).decode(), flush=True)


asyncio.run(main(*sys.argv[1:]))
