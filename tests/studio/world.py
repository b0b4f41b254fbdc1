"""The application in this process, over a database with its default tenant: for what no browser is needed to try."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from tests.api.conftest import NO_LIMIT, Parts, serving
from tests.studio.running import COOKIE, PASSWORD, own_page
from tieline.core.ids import new_id
from tieline.server.app import create_app
from tieline.storage.tables import audit_log, passwords, rate_windows, studio_sessions
from tieline.tenancy import users
from tieline.tenancy.bootstrap import Bootstrap, bootstrap
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN
from tieline.tenancy.studio import setup
from tieline.tenancy.studio.hashing import Hasher, check


@dataclass
class House:
    """A server, the parts behind it, and its first tenant."""

    http: httpx.AsyncClient
    url: str
    parts: Parts
    first: Bootstrap

    async def code(self) -> str:
        """The setup code of this moment."""
        async with self.parts.database.system() as unit:
            return await setup.code(unit, self.parts.settings.load_secret_keys()) or ""

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """As a program sends it, which says nothing of pages."""
        return await self.http.post(path, json=body, headers=headers)

    async def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return await self.post("/studio/session", {"email": email, "password": password})

    async def token(self, cookie: str, **headers: str) -> httpx.Response:
        """A fresh token, as the studio's page asks for it."""
        sent = {**own_page(self.url, cookie), **headers}
        return await self.http.post("/studio/session/token", headers={k: v for k, v in sent.items() if v})

    async def me(self, token: str) -> int:
        """What the API says to a token."""
        return (await self.http.get("/api/v1/spaces", headers={"authorization": f"Bearer {token}"})).status_code

    async def person(
        self, *, tenant_id: UUID | None = None, email: str = "", roles: Sequence[str] = (TENANT_ADMIN,)
    ) -> tuple[UUID, str]:
        """A user who has a password already; the id, and the address."""
        address = email or f"{new_id().hex[-10:]}@example.com"
        hashed = await Hasher().hash(check(PASSWORD, email=address))
        async with self.parts.database.tenant(tenant_id or self.first.tenant_id) as unit:
            user_id = await users.create(unit, external_id=str(new_id()), name="Person", email=address, roles=roles)
            await unit.insert(passwords, user_id=user_id, hash=hashed)
        return user_id, address

    async def run(self, statement: Any) -> list[dict[str, Any]]:
        """A statement that sees all tenants."""
        async with self.parts.database.system() as unit:
            found = await unit.connection.execute(statement)
            return [dict(row) for row in found.mappings()] if found.returns_rows else []

    async def recorded(self, action: str) -> list[dict[str, Any]]:
        """The audit log's records of an action, oldest first."""
        return await self.run(sa.select(audit_log).where(audit_log.c.action == action).order_by(audit_log.c.at))

    async def anew(self) -> None:
        """As at the first start: nobody has a password, nobody was counted."""
        await self.run(sa.delete(studio_sessions))
        await self.run(sa.delete(passwords))
        await self.parts.database.autocommit("DELETE FROM rate_windows")


ADMINS = (TENANT_ADMIN, PARTNER_ADMIN)
__all__ = ["ADMINS", "COOKIE", "House", "house", "rate_windows"]


@asynccontextmanager
async def house(parts: Parts) -> AsyncIterator[House]:
    """A running server over ``parts``."""
    first = await bootstrap(parts.database, None)
    async with (
        serving(create_app(parts, tiers=NO_LIMIT)) as address,
        httpx.AsyncClient(base_url=address, timeout=30, verify=False) as http,
    ):
        yield House(http, address, parts, first)
