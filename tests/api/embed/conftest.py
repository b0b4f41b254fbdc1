"""A partner with keys of every kind, beside another one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from tests.api.conftest import Parts
from tests.api.embed import signing
from tests.api.oem.conftest import Partner, signed_in, worker
from tieline.storage import tables

PAGE = "https://app.partner.example"
WATCHED = ("tenants", "users", "embed_sessions", "used_tokens", "audit_log")


@dataclass
class Door:
    """The way in of one partner, as its customers' browsers see it."""

    partner: Partner
    http: httpx.AsyncClient
    base: str

    @property
    def path(self) -> str:
        return f"/embed/{self.partner.app_id}"

    async def post(
        self, jwt: str | None = None, *, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx.Response:
        content = body if jwt is None else {"jwt": jwt, **body}
        return await self.http.post(f"{self.path}/sessions", json=content, headers=headers or {})

    async def enter(self, jwt: str | None = None, **body: Any) -> dict[str, Any]:
        """A session for a good token (default: one that is)."""
        made = await self.post(jwt or self.token(), **body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    def token(self, account: str = "acme", user: str | dict[str, Any] | None = "ann", **more: Any) -> str:
        return signing.token(self.partner.key, signing.claims(account, user, **more))

    async def open(self, path: str, **query: str) -> httpx.Response:
        return await self.http.get(path, params=query)

    async def code_at(self, path: str, **query: str) -> str:
        """The code that a link leads on with."""
        answer = await self.open(path, **query)
        assert answer.status_code == 303, answer.text
        where = answer.headers["location"]
        found = re.fullmatch(re.escape(f"{self.base}{self.path}") + r"#code=(tlec_[0-9A-Za-z]+)", where)
        assert found, where
        return found[1]


async def opened(address: str, parts: Parts, name: str) -> AsyncIterator[Door]:
    async with (
        signed_in(address, parts, name=name) as partner,
        httpx.AsyncClient(base_url=address, timeout=30, verify=False) as http,
    ):
        yield Door(partner, http, address)


@pytest.fixture(scope="module")
async def door(address: str, parts: Parts) -> AsyncIterator[Door]:
    """One with registered keys: ``ed``, ``rsa`` and the revoked ``old``."""
    async for made in opened(address, parts, "Partner"):
        for kid, key in (
            ("ed", signing.jwk()),
            ("rsa", signing.pem(signing.rsa_key("own"))),
            ("old", signing.jwk("old")),
        ):
            added = await made.partner.api.post("/keys", json={"kid": kid, "public_key": key})
            assert added.status_code == 201, added.text
        assert (await made.partner.api.delete("/keys/old")).status_code == 204
        assert (await made.partner.api.put("/embed", json={"origins": [PAGE]})).status_code == 200
        yield made


@pytest.fixture(scope="module")
async def rival_door(address: str, parts: Parts) -> AsyncIterator[Door]:
    """Another partner's, with the key ``theirs``."""
    async for made in opened(address, parts, "Rival"):
        await made.partner.api.post("/keys", json={"kid": "theirs", "public_key": signing.jwk("theirs")})
        yield made


async def rows(parts: Parts) -> dict[str, int]:
    """How many rows the tables have that a sign-on writes to."""
    counts = [select(func.count()).select_from(getattr(tables, name)).scalar_subquery() for name in WATCHED]
    async with parts.database.system() as unit:
        found = await unit.connection.execute(select(*counts))
        return dict(zip(WATCHED, found.one(), strict=True))


__all__ = ["worker"]
