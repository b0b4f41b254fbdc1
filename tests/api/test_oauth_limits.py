"""Whose requests a token's are, and which pages may ask for one."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, client, serving
from tests.api.oauth_world import AUTOMATIONS, code_of, exchange, make, named, reads, signed_in, token
from tieline.server.app import create_app
from tieline.tenancy.limits import Tiers

pytestmark = pytest.mark.anyio


async def test_a_client_that_acts_for_nobody_counts_as_itself(parts: Parts, tenant: Tenant) -> None:
    async with serving(create_app(parts, tiers=Tiers(tier1=3, tier2=1000))) as address:
        async with client(address, tenant.key) as api:
            made = await make(api)
            own = (await token(address, "client_credentials", named(made))).json()["access_token"]
            his = (await signed_in(address, made, tenant.key))["access_token"]
            assert [await reads(address, own) for _ in range(4)] == [200, 200, 200, 429]
            # The person's key and the person's token count together.
            assert [await reads(address, his) for _ in range(2)] == [200, 200]
            assert [(await api.get(AUTOMATIONS)).status_code for _ in range(2)] == [200, 429]


async def test_tokens_are_counted_too(parts: Parts, tenant: Tenant) -> None:
    async with serving(create_app(parts, tiers=Tiers(tier1=1000, tier2=2))) as address:
        async with client(address, tenant.key) as api:
            made = await make(api)
        statuses = [(await token(address, "client_credentials", named(made))).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


async def test_the_pages_of_a_client_may_read_its_answers(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, appType="spa", allowedOrigins=["https://app.example.com"])
    code, verifier = await code_of(address, made, tenant.key)
    access = (await exchange(address, made, code, verifier)).json()["access_token"]
    for origin, allowed in (("https://app.example.com", "https://app.example.com"), ("https://evil.example", None)):
        headers = {"origin": origin}
        async with client(address, access) as page:
            asked = {"grant_type": "refresh_token", "refresh_token": "x", **named(made)}
            answers = [
                await page.post("/oauth/token", json=asked, headers=headers),
                await page.get(AUTOMATIONS, headers=headers),
            ]
        assert [answer.headers.get("access-control-allow-origin") for answer in answers] == [allowed, allowed]
