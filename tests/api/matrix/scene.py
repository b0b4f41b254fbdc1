"""Two partners, three tenants, and everybody who could ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api import oauth_world
from tests.api.conftest import Parts, World, serving
from tests.api.matrix.places import Place
from tests.automations.runs.conftest import working
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.oem import running
from tieline.security.tokens import hash_token
from tieline.server.app import create_app
from tieline.storage.tables import oauth_tokens
from tieline.tenancy import partners, tenants
from tieline.tenancy.limits import Tiers
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN
from tieline.tenancy.scopes import RESOURCES

READING = [f"{name}:read" for name in RESOURCES]


@dataclass
class Scene:
    """``victim`` and ``neighbour`` are tenants of one partner, ``stranger`` is one of another; all have administrators,
    and that of ``stranger`` administers its partner as well."""

    address: str
    victim: Place
    neighbour: Place
    stranger: Place
    strangers: dict[str, dict[str, str]]
    """Headers that let nobody in, by who sends them."""
    reader: dict[str, str]
    """Those of the victim's administrator with a key that may only read."""
    person: dict[str, str]
    """Those of a plain user of the victim."""
    browser: httpx.AsyncClient

    async def ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        """The answer, without following where it leads."""
        return await self.browser.request(method, path, headers=headers, **more)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def signed(app_id: str, key: str) -> dict[str, str]:
    return {"x-app-id": app_id, "x-api-key": key}


def client(address: str, headers: dict[str, str]) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, headers=headers, timeout=60, verify=False)


async def _partner(parts: Parts, name: str) -> tuple[UUID, str, str]:
    app_id = f"app-{name}-{new_id()}"
    async with parts.database.system() as unit:
        partner_id = await partners.create(unit, name=name, app_id=app_id)
        return partner_id, app_id, await partners.issue_key(unit, parts.vault, partner_id)


async def _place(
    stack: AsyncExitStack, parts: Parts, world: World, address: str, partner: tuple[UUID, str, str], *roles: str
) -> Place:
    partner_id, app_id, partner_key = partner
    external_id = f"ext-{new_id()}"
    async with parts.database.system() as unit:
        tenant_id = await tenants.create(unit, partner_id=partner_id, external_id=external_id, name="Tenant")
    admin_id, key = await world.user(tenant_id, scopes=["admin"], roles=[TENANT_ADMIN, *roles])
    user_id, user_key = await world.user(tenant_id)
    api = await stack.enter_async_context(client(address, bearer(key)))
    oem = await stack.enter_async_context(client(address, signed(app_id, partner_key)))
    return Place(
        parts=parts,
        world=world,
        id=tenant_id,
        external_id=external_id,
        partner_id=partner_id,
        admin_id=admin_id,
        key=key,
        user_id=user_id,
        user_key=user_key,
        address=address,
        api=api,
        app_id=app_id,
        partner_key=partner_key,
        oem=oem,
    )


@asynccontextmanager
async def scene(parts: Parts, world: World) -> AsyncIterator[Scene]:
    """Everybody, and a run of each tenant that is over; no requests are too many."""
    app = create_app(parts, tiers=Tiers(tier1=10**6, tier2=10**6, oem=10**6))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(running, "WAIT_SECONDS", 0.1)  # there is no worker whose results are worth waiting for
        async with serving(app) as address, _scene(parts, world, app, address) as found:
            yield found


@asynccontextmanager
async def _scene(parts: Parts, world: World, app: Any, address: str) -> AsyncIterator[Scene]:
    ours, theirs = await _partner(parts, "ours"), await _partner(parts, "theirs")
    async with AsyncExitStack() as stack:
        victim = await _place(stack, parts, world, address, ours)
        neighbour = await _place(stack, parts, world, address, ours)
        stranger = await _place(stack, parts, world, address, theirs, PARTNER_ADMIN)
        async with working(parts.database, vault=parts.vault):
            for place in (victim, neighbour, stranger):
                await place.thing("execution")
        refused = await _refused(parts, world, address, stack, victim, stranger, ours)
        # No sockets between: it is thousands of requests.
        direct = httpx.ASGITransport(app, raise_app_exceptions=False)
        browser = httpx.AsyncClient(transport=direct, base_url=address, timeout=60)
        yield Scene(
            address=address,
            victim=victim,
            neighbour=neighbour,
            stranger=stranger,
            strangers=refused,
            reader=bearer(await world.key(victim.id, victim.admin_id, READING)),
            person=bearer(victim.user_key),
            browser=await stack.enter_async_context(browser),
        )


async def _refused(
    parts: Parts,
    world: World,
    address: str,
    stack: AsyncExitStack,
    victim: Place,
    stranger: Place,
    partner: tuple[UUID, str, str],
) -> dict[str, dict[str, str]]:
    async with parts.database.tenant(victim.id) as unit:
        row, revoked = await world.keys.create(unit, user_id=victim.admin_id, scopes=["admin"])
        await world.keys.revoke(unit, row["id"])
        row, expired = await world.keys.create(
            unit, user_id=victim.admin_id, scopes=["admin"], expires_at=now() + timedelta(hours=1)
        )
        from tieline.storage.tables import api_keys

        await unit.update(api_keys, api_keys.c.id == row["id"], expires_at=now() - timedelta(hours=1))
    disabled_id, disabled = await world.user(victim.id, scopes=["admin"], roles=[TENANT_ADMIN])
    async with parts.database.tenant(victim.id) as unit:
        from tieline.storage.tables import users

        await unit.update(users, users.c.id == disabled_id, status="disabled")
    shut = await _place(stack, parts, world, address, partner)
    async with parts.database.system() as unit:
        await tenants.deactivate(unit, shut.id, purge_after=timedelta(days=30))
    tokens = {}
    for name in ("expired", "revoked"):
        made = await oauth_world.make(victim.api, allowedScopes=["admin"])
        named = oauth_world.named(made)
        tokens[name] = (await oauth_world.token(address, "client_credentials", named)).json()["access_token"]
        values = {"access_expires_at": now() - timedelta(hours=1)} if name == "expired" else {"revoked_at": now()}
        async with parts.database.tenant(victim.id) as unit:
            await unit.update(oauth_tokens, oauth_tokens.c.access_hash == hash_token(tokens[name]), **values)
    replaced = await _partner(parts, "replaced")
    async with parts.database.system() as unit:
        await partners.issue_key(unit, parts.vault, replaced[0])
    return {
        "nobody": {},
        "a revoked key": bearer(revoked),
        "an expired key": bearer(expired),
        "a disabled user's key": bearer(disabled),
        "a deactivated tenant's key": bearer(shut.key),
        "an expired access token": bearer(tokens["expired"]),
        "a revoked access token": bearer(tokens["revoked"]),
        "a key with a letter more": bearer(victim.key + "A"),
        "the partner's app id with another's key": signed(victim.app_id, stranger.partner_key),
        "another partner's app id with the partner's key": signed(stranger.app_id, victim.partner_key),
        "a partner's replaced key": signed(replaced[1], replaced[2]),
    }
