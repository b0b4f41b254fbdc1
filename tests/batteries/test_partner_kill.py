"""A server that is killed in the midst of a bulk call, and of a roll-out: what was begun is finished, once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from tests.api.oem.conftest import document, plain, says, start
from tests.fixtures.shared import free_port
from tieline.core.ids import new_id
from tieline.security.vault import Vault, parse_keys
from tieline.storage.database import Database
from tieline.storage.tables import automations, integrations, schedules
from tieline.tenancy import partners

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(300)]

ACCOUNTS = 80


@contextmanager
def served(environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tieline", "serve", "--port", str(port), "--workers", "1"],
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


async def up(api: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await api.get("/health")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)


@asynccontextmanager
async def killed_when(process: subprocess.Popen[bytes], ready: Any) -> AsyncIterator[None]:
    """Kills the process as soon as ``ready()`` is true, while what is inside goes on."""

    async def watch() -> None:
        while not await ready():
            await asyncio.sleep(0.005)
        process.send_signal(signal.SIGKILL)

    watching = asyncio.create_task(watch())
    yield
    await watching
    process.wait(10)


async def test_what_was_begun_is_finished_once(database: Database, database_dsn: str, tmp_path: Path) -> None:
    key, port, app_id = Vault.generate_key(), free_port(), f"app-{new_id()}"
    environment = {
        **os.environ,
        "TIELINE_DATABASE_URL": database_dsn,
        "TIELINE_SECRET_KEYS": key,
        "TIELINE_DATA_DIR": str(tmp_path / "data"),
        "TIELINE_OEM_PER_MINUTE": "1000000",
    }
    async with database.system() as unit:
        partner_id = await partners.create(unit, name="P", app_id=app_id)
        secret = await partners.issue_key(unit, Vault(parse_keys(key)), partner_id)
    headers = {"x-app-id": app_id, "x-api-key": secret}
    base = f"http://127.0.0.1:{port}/oem/v1"

    async def count(*where: Any) -> int:
        async with database.system() as unit:
            joined = integrations.join(automations, automations.c.id == integrations.c.automation_id)
            found: int = await unit.scalar(select(func.count()).select_from(joined).where(*where))
        return found

    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60, verify=False) as api:
        with served(environment, port) as process:
            await up(api)
            names = [f"a{number}" for number in range(ACCOUNTS)]
            for name in names:
                assert (await api.post("/accounts", json={"name": name, "externalid": name})).status_code == 200
            daily = [{"recurrence": "RRULE:FREQ=DAILY"}]
            body = {"name": "T", "workspace": plain(), "schedules": daily}
            template = (await api.post("/templates", json=body)).json()["guid"]
            wanted = {
                "template": template,
                "template_prevent_duplicates": False,
                "items": [{"account": name} for name in names],
            }
            once = {"idempotency-key": "first"}

            async def some() -> bool:
                return await count() >= ACCOUNTS // 3

            async with killed_when(process, some):
                with pytest.raises(httpx.TransportError):
                    await api.post("/bulk/install", json=wanted, headers=once)
            begun = await count()
            assert ACCOUNTS // 3 <= begun < ACCOUNTS
        with served(environment, port) as process:
            await up(api)
            done = (await api.post("/bulk/install", json=wanted, headers=once)).json()
            assert (done["ok"], await count()) == (ACCOUNTS, ACCOUNTS), "each once"
            again = (await api.post("/bulk/install", json=wanted, headers=once)).json()
            assert again == done

            newer = {"workspace": document([start("scheduled"), says("two")])}
            assert (await api.post(f"/templates/{template}/versions", json=newer)).status_code == 201
            scheduled = automations.c.run_mode == "scheduled"

            async def partly() -> bool:
                return await count(scheduled) >= 3

            async with killed_when(process, partly):
                with pytest.raises(httpx.TransportError):
                    await api.post(f"/templates/{template}/roll-out/promote")
            assert await count(automations.c.version == 2) == ACCOUNTS, "the roll-out itself is one transaction"
            assert await count(scheduled) < ACCOUNTS
        with served(environment, port):
            await up(api)
            async with asyncio.timeout(120):
                while await count(scheduled) < ACCOUNTS:
                    await asyncio.sleep(0.2)
            async with database.system() as unit:
                assert await unit.scalar(select(func.count()).select_from(schedules)) == ACCOUNTS
            assert (await api.post(f"/templates/{template}/roll-out/roll-back")).status_code == 200
            assert await count(automations.c.version == 1, automations.c.run_mode == "manual") == ACCOUNTS
            done = (await api.get(f"/templates/{template}/roll-out")).json()
            assert (done["live_version"], done["integrations"]) == (1, {"1": ACCOUNTS})
