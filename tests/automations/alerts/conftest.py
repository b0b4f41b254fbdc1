"""Runs that end badly, one after the other or at once, and somebody who is told by mail and by webhook."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.automations.blocks.servers import Mailbox, Web, serving_mail, serving_web
from tests.automations.engine.documents import document
from tests.automations.runs.conftest import Bench, bench
from tieline.automations.alerts import ending
from tieline.automations.alerts.rules import checked, place_of
from tieline.automations.alerts.sending import Sender
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy
from tieline.security.vault import Vault, parse_keys
from tieline.storage.database import Database
from tieline.storage.tables import automations
from tieline.tenancy import notices

__all__ = ["bench"]

BASE_URL = "https://tieline.example"
FAILED = [{"code": "block-input-invalid", "title": "Invalid block input", "detail": "not 'hush'", "block": "Send it"}]


@dataclass
class Office:
    """One automation, and those who are told of its runs."""

    bench: Bench
    web: Web
    mail: Mailbox
    vault: Vault
    egress: Egress
    sender: Sender
    automation: dict[str, Any] = field(default_factory=dict)
    secret: str = ""

    @property
    def database(self) -> Database:
        return self.bench.database

    async def tells(
        self, on: list[str] | None = None, *, mail: list[str] | None = None, url: str = "", **more: Any
    ) -> None:
        """Sets who is told."""
        wanted = {"on": on or ["failed"], "mail": mail or [], "url": url, "every_seconds": 900, **more}
        place = place_of(self.bench.tenant, self.automation["id"])
        kept, secret = await checked(self.vault, self.egress.policy, place, {}, mail_served=True, **wanted)
        self.secret = secret or ""
        await self.set(failure_notice=kept)

    async def set(self, **values: Any) -> None:
        async with self.database.tenant(self.bench.tenant) as unit:
            await unit.update(automations, automations.c.id == self.automation["id"], **values)

    async def row(self) -> dict[str, Any]:
        async with self.database.tenant(self.bench.tenant) as unit:
            row = await unit.one(unit.select(automations).where(automations.c.id == self.automation["id"]))
        assert row is not None
        return row

    async def ends(self, status: str = "failed", *, errors: Any = FAILED, test: bool = False, fence: int = 1) -> UUID:
        """A run ends, as a worker has it."""
        run = {
            "id": new_id(),
            "tenant_id": self.bench.tenant,
            "automation_id": self.automation["id"],
            "is_test": test,
        }
        async with self.database.system() as unit:
            known = await unit.one(
                select(*ending.columns(self.bench.tenant, self.automation["id"]))
                .where(automations.c.tenant_id == self.bench.tenant, automations.c.id == self.automation["id"])
                .with_for_update(of=automations)
            )
            assert known is not None
            await ending.ended(unit, run, status, fence, errors, known)
        found: UUID = run["id"]
        return found

    async def waiting(self) -> list[tuple[int, str, dict[str, Any], float]]:
        """Jobs of ours: id, task, arguments, in how many seconds."""
        rows = await self.database.autocommit(
            "SELECT id, task_name, args - 'trace', coalesce(extract(epoch FROM scheduled_at - now()), 0)::float "
            "FROM procrastinate.procrastinate_jobs WHERE task_name = ANY (%s) "
            "AND args ->> 'tenant_id' = %s ORDER BY id",
            [ending.SEND, ending.DIGEST],
            str(self.bench.tenant),
        )
        return [tuple(row) for row in rows]

    async def work(self, *, within: float = 0) -> None:
        """Does the jobs that are due in so many seconds."""
        for number, name, args, seconds in await self.waiting():
            if seconds <= within:
                await self.database.autocommit("DELETE FROM procrastinate.procrastinate_jobs WHERE id = %s", number)
                await (self.sender.send if name == ending.SEND else self.sender.digest)(**args)

    async def later(self, seconds: float = 901) -> None:
        """As if so much time had passed since somebody was told."""
        told = (await self.row())["failure_told_at"]
        await self.set(failure_told_at=told - timedelta(seconds=seconds))
        await self.work(within=seconds)
        await self.work()

    async def open_notices(self) -> list[dict[str, Any]]:
        async with self.database.tenant(self.bench.tenant) as unit:
            return await notices.still_open(unit)


@pytest.fixture
async def office(bench: Bench) -> AsyncIterator[Office]:
    vault = Vault(parse_keys(Vault.generate_key()))
    async with (
        serving_web() as web,
        serving_mail(None) as mail,
        Egress(Policy(allow=(ip_network("127.0.0.0/8"),))) as egress,
    ):
        mail_url = f"smtp+plain://127.0.0.1:{mail.port}?from=tieline@example.com"
        sender = Sender(bench.database, vault, egress, base_url=BASE_URL, mail_url=mail_url)
        made = Office(bench, web, mail, vault, egress, sender)
        made.automation = await bench.automation(document())
        yield made
