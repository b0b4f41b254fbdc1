"""What an agent's client reads before it has a token: RFC 8414, RFC 9728 and the challenge that leads there."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.api.conftest import Parts, client, serving
from tests.api.oauth_world import code_of, exchange, make, reads
from tieline.server.app import create_app

pytestmark = pytest.mark.anyio

SERVER = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource"


async def test_from_a_refusal_to_the_token_endpoint(address: str, api: httpx.AsyncClient, tenant_key: str) -> None:
    async with client(address) as agent:
        refused = await agent.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "initialize"})
        assert refused.status_code == 401
        assert refused.json()["errors"][0]["code"] == "unauthorized"
        where = re.search(r'resource_metadata="([^"]+)"', refused.headers["www-authenticate"])
        assert where is not None
        assert where[1] == f"{address}{RESOURCE}/mcp"
        resource = (await agent.get(where[1])).json()
        assert resource["resource"] == f"{address}/mcp"
        (issuer,) = resource["authorization_servers"]
        server = (await agent.get(f"{issuer}{SERVER}")).json()
    assert server["issuer"] == issuer == address
    assert server["token_endpoint"] == f"{address}/oauth/token"
    assert server["authorization_endpoint"] == f"{address}/oauth/authorize"
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert "none" in server["token_endpoint_auth_methods_supported"]
    made = await make(api, appType="native")
    code, verifier = await code_of(address, made, tenant_key, resource=resource["resource"])
    tokens = await exchange(address, made, code, verifier, resource=resource["resource"])
    assert await reads(address, tokens.json()["access_token"]) == 200


@pytest.fixture
def tenant_key(api: httpx.AsyncClient) -> str:
    return api.headers["authorization"].removeprefix("Bearer ")


async def test_the_api_has_the_same_server(address: str) -> None:
    async with client(address) as program:
        told = await program.get(RESOURCE)
    assert told.json()["resource"] == address
    assert told.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in told.headers


async def test_a_foreign_host_is_not_believed(parts: Parts) -> None:
    async with serving(create_app(parts)) as address, client(address) as program:
        told = await program.get(SERVER, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
        assert "evil" not in told.text
        refused = await program.post("/mcp", json={}, headers={"host": "evil.example"})
        assert "evil" not in refused.headers.get("www-authenticate", "")
