"""The families that `tests/api/test_audits.py` leaves out: keys, people, tokens, events, the partner's side.

Every operation that changes something is called once and must leave a record, in the log of the tenant or of the
partner, that names the right actor; and no secret that was sent or shown on the way may be in any of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api import oauth_world
from tests.api.conftest import Parts, Tenant, World, client
from tests.api.oem.conftest import Partner, with_settings
from tests.api.oem.test_datasources import manifest, offered, site
from tests.api.test_audits import ELSEWHERE, EXCEPTIONS, Walker, short
from tieline.core.ids import new_id
from tieline.storage.tables import audit_log, event_deliveries, events, partners
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN

pytestmark = pytest.mark.anyio
__all__ = ["site"]

CANARY = "canary-4711-secret"
HOOK = "https://hooks.example.com/in"
SENT = {"event_type": "com.qlik.v1.automation.created", "attempts": 1}
SECRET = "whsec_" + "Y2FuYXJ5LWNhbmFyeS1jYW5hcnk="

# Changes nothing, or is not there to be called; why.
NO_RECORD = {
    "POST /spaces/{spaceId}/shares": "there are no shares: 404",
    "PATCH /spaces/{spaceId}/shares/{shareId}": "there are no shares: 404",
    "DELETE /spaces/{spaceId}/shares/{shareId}": "there are no shares: 404",
    "DELETE /oem/v1/accounts/{account}/sessions/{session}": "somebody signs on first: tests of sign-on hold it",
    "POST /mcp": "a protocol of its own: tests/api/test_mcp.py holds each call of a tool against the log",
}
# Walked from the partner's side, or from that of its customer.
CUSTOMERS = ("/oem/", "/api/v1/templates", "/api/v1/integrations")
# Families that let people in by a page; their own tests, beside the page, hold them against the log.
BY_PAGE = ("POST /sso", "POST /embed", "DELETE /embed", "POST /oauth/consent", "POST /connect")


def patch(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


@pytest.fixture
async def walk(api: httpx.AsyncClient) -> Walker:
    return Walker(api, (await api.get("/openapi.json")).json())


@pytest.fixture
async def boss(address: str, world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The partner's administrator, in a tenant of his own."""
    home = await world.tenant()
    _, key = await world.user(home.id, scopes=["admin"], roles=[TENANT_ADMIN, PARTNER_ADMIN])
    async with client(address, key) as opened:
        yield opened


async def of(parts: Parts, traces: Iterable[str]) -> list[dict[str, Any]]:
    async with parts.database.system() as unit:
        return await unit.all(sa.select(audit_log).where(audit_log.c.trace_id.in_(list(traces))))


def check(seen: list[tuple[str, str]], found: list[dict[str, Any]], kinds: set[str], secrets: set[str]) -> None:
    """Each request has records of the right form by the right actor, and none holds a secret."""
    told = {row["trace_id"] for row in found}
    silent = sorted({short(name) for name, trace in seen if trace not in told} - EXCEPTIONS.keys() - NO_RECORD.keys())
    assert not silent, f"these succeed and leave no record: {silent}"
    for row in found:
        assert re.fullmatch(r"[a-z-]+(\.[a-z-]+)+", row["action"]), row
        assert re.fullmatch(r"[a-z-]+:.+", row["subject"]), row
        assert row["actor_kind"] in kinds, row
        assert row["actor_id"] or row["actor_kind"] == "system", row
    text = json.dumps([[str(value) for value in row.values()] for row in found])
    for secret in (CANARY, SECRET, *secrets):
        assert secret not in text, "a secret is in the log"


@pytest.mark.timeout(120)
async def test_keys_people_and_tokens(
    walk: Walker, address: str, parts: Parts, world: World, tenant: Tenant, boss: httpx.AsyncClient
) -> None:
    shown = {(await _walk_keys(walk, tenant))}
    await _walk_people(walk)
    await _walk_spaces(walk, tenant, world)
    await _walk_items(walk)
    shown |= await _walk_clients(walk, address, tenant)
    await _walk_webhooks(walk, parts, tenant)
    own, walk.api = walk.api, boss
    await _walk_tenants(walk, tenant)
    walk.api = own
    kinds = {"api key", "oauth client", "user", "system"}
    found = await of(parts, (trace for _, trace in walk.seen))
    check(walk.seen, found, kinds, shown)
    walked = {short(name) for name, _ in walk.seen}
    rest = {
        short(name)
        for name in walk.operations
        if short(name).partition(" ")[2].startswith(ELSEWHERE) and not any(part in name for part in CUSTOMERS)
    }
    rest -= walked | EXCEPTIONS.keys() | NO_RECORD.keys()
    rest = {name for name in rest if not name.startswith(BY_PAGE)}
    assert not rest, f"walk these, or say why they need no record: {sorted(rest)}"


async def _walk_keys(walk: Walker, tenant: Tenant) -> str:
    base = "/api/v1/api-keys"
    made = await walk("POST", base, 201, json={"description": "one"})
    await walk("PATCH", f"{base}/{made['id']}", json=patch("/description", "two"))
    await walk("PATCH", f"{base}/configs/{tenant.id}", json=patch("/max_keys_per_user", 7))
    await walk("DELETE", f"{base}/{made['id']}")
    token: str = made["token"]
    return token


async def _walk_people(walk: Walker) -> None:
    base = "/api/v1/users"
    made = await walk("POST", base, 201, json={"subject": "new|one", "name": "One"})
    await walk("PATCH", f"{base}/{made['id']}", json=patch("/name", "Two"))
    await walk("DELETE", f"{base}/{made['id']}")
    await walk("POST", f"{base}/actions/invite", 207, json={"invitees": [{"email": "a@x.example"}]})


async def _walk_spaces(walk: Walker, tenant: Tenant, world: World) -> None:
    base = "/api/v1/spaces"
    user_id, _ = await world.user(tenant.id)
    where = f"{base}/{(await walk('POST', base, 201, json={'name': 'S', 'type': 'shared'}))['id']}"
    await walk("PUT", where, 200, json={"name": "T"})
    await walk("PATCH", where, 200, json=patch("/name", "U"))
    body = {"type": "user", "assigneeId": str(user_id), "roles": ["consumer"]}
    one = f"{where}/assignments/{(await walk('POST', f'{where}/assignments', 201, json=body))['id']}"
    await walk("PUT", one, 200, json={"roles": ["facilitator"]})
    await walk("DELETE", one)
    await walk("DELETE", where)


async def _walk_items(walk: Walker) -> None:
    base = "/api/v1/items"
    made = (await walk.api.post("/api/v1/automations", json={"name": "Item"})).json()
    await walk("PUT", f"{base}/{made['id']}", 200, json={"resourceType": "automation", "name": "Named"})
    await walk("DELETE", f"{base}/{made['id']}")
    setting = patch("/usageMetricsEnabled", False)
    await walk("PATCH", f"{base}/settings", 200, json=setting)


async def _walk_clients(walk: Walker, address: str, tenant: Tenant) -> set[str]:
    base = oauth_world.CLIENTS
    wish = {
        "appType": "web",
        "clientName": "Sync",
        "redirectUris": [oauth_world.BACK],
        "allowedScopes": ["user_default", "offline_access"],
        "allowedGrantTypes": ["client_credentials", "urn:qlik:oauth:user-impersonation"],
        "connectionConfig": {"consentMethod": "trusted"},
    }
    made = await walk("POST", base, 201, json=wish)
    where, named = f"{base}/{made['clientId']}", oauth_world.named(made)
    await walk("PATCH", where, json=patch("/clientName", "New"))
    await walk("POST", f"{where}/actions/publish", 201)
    again = await walk("POST", f"{where}/client-secrets", 201)
    await walk("DELETE", f"{where}/client-secrets/{again['clientSecret'][-5:]}")
    await walk("PATCH", f"{where}/connection-configs/me", json=patch("/consentMethod", "required"))
    issued = await walk("POST", "/oauth/token", 200, json={"grant_type": "client_credentials", **named})
    await walk("POST", "/oauth/token", 400, json={"grant_type": "refresh_token", "refresh_token": CANARY, **named})
    await walk("POST", "/oauth/revoke", 200, json={"token": issued["access_token"], **named})
    person = await oauth_world.signed_in(address, made, tenant.key)
    renewed = {"grant_type": "refresh_token", "refresh_token": person["refresh_token"], **named}
    fresh = await walk("POST", "/oauth/token", 200, json=renewed)
    (grant, *_) = (await walk.api.get("/api/v1/oauth-tokens", params={"userId": str(tenant.admin_id)})).json()["data"]
    await walk("DELETE", f"/api/v1/oauth-tokens/{grant['id']}")
    await walk("DELETE", f"{where}/connection-configs/me")
    await walk("DELETE", where, headers={"qlik-confirm-delete": made["clientId"]})
    tokens = {one[name] for one in (issued, person, fresh) for name in ("access_token", "refresh_token") if name in one}
    return {made["clientSecret"], again["clientSecret"], *tokens}


async def _walk_webhooks(walk: Walker, parts: Parts, tenant: Tenant) -> None:
    base = "/api/v1/webhooks"
    types = ["com.qlik.v1.automation.created"]
    wish = {"name": "W", "url": HOOK, "eventTypes": types, "secret": SECRET, "enabled": True}
    made = await walk("POST", base, 201, json={**wish, "level": "tenant", "headers": {"X-Key": CANARY}})
    where = f"{base}/{made['id']}"
    await walk("PUT", where, 200, json={**wish, "level": "tenant", "name": "V"})
    await walk("PATCH", where, json=patch("/name", "U"))
    delivery, event = new_id(), new_id()
    async with parts.database.tenant(tenant.id) as unit:
        await unit.insert(events, id=event, type=types[0], subject="automation:x", data=b"{}")
        await unit.insert(
            event_deliveries, id=delivery, event_webhook_id=UUID(made["id"]), event_id=event, status="fail", **SENT
        )
    await walk("POST", f"{where}/deliveries/{delivery}/actions/resend", 201)
    await walk("POST", f"{where}/actions/replay", 200, json={"from": "2026-01-01T00:00:00Z"})
    await walk("DELETE", where)


async def _walk_tenants(walk: Walker, tenant: Tenant) -> None:
    base = "/api/v1/tenants"
    await walk("POST", base, 201, json={"name": "Another"})
    where = f"{base}/{tenant.id}"
    await walk("PATCH", where, json=patch("/name", "Corp"))
    for action, status in (("deactivate", 200), ("reactivate", 200)):
        names = (await walk.api.get(where)).json()["hostnames"]
        await walk("POST", f"{where}/actions/{action}", status, headers={"qlik-confirm-hostname": names[-1]})


async def test_the_partners_side(walk: Walker, partner: Partner, parts: Parts, site: str, worker: None) -> None:
    assert worker is None
    walk.api = partner.api
    crm = await offered(partner, parts, manifest(site))
    walk = _Below(walk, parts)
    await walk("POST", "/accounts", 200, json={"name": "Acme", "externalid": "acme"})
    await walk("PUT", "/accounts/acme", 200, json={"name": "Acme Ltd"})
    await walk("PUT", "/accounts/acme/users", json={"externalid": "ann", "email": "ann@x.example"})
    template = await _walk_templates(walk)
    await _walk_blends(walk, template)
    body = {"name": "Mine", "connector_guid": crm, "params": {"api_key": CANARY}}
    place = f"/accounts/acme/datasources/{(await walk('POST', '/accounts/acme/datasources', 200, json=body))['guid']}"
    await walk("PUT", place, 200, json={"params": {"api_key": CANARY}})
    await walk("DELETE", place)
    await _walk_bulk(walk, template)
    await _walk_fleet(walk, parts, partner)
    await walk("DELETE", f"/templates/{template}")
    await walk("DELETE", "/accounts/acme")
    log = await of(parts, (trace for _, trace in walk.seen))
    # Of an account that was removed only the partner's own log knows.
    kept = {"account.deleted", "template.created", "template.deleted", "template.promoted", "template.rolled-back"}
    kept |= {"template.updated", "template.version-published", "template.canary-set"}
    assert kept <= {row["action"] for row in log}
    found = [*walk.before, *log]
    check(walk.seen, found, {"partner"}, {partner.key})
    assert {row["actor_id"] for row in found} == {partner.app_id}
    walked = {short(name) for name, _ in walk.seen}
    rest = {short(name) for name in walk.operations if "/oem/" in name} - walked - NO_RECORD.keys()
    assert not rest, f"walk these, or say why they need no record: {sorted(rest)}"


async def test_the_customers_side(walk: Walker, partner: Partner, parts: Parts, world: World, address: str) -> None:
    await partner.account()
    tenant = UUID((await partner.api.get("/accounts/acme")).json()["guid"])
    _, key = await world.user(tenant, scopes=["admin"], roles=[TENANT_ADMIN])
    template = (await partner.api.post("/templates", json={"name": "Sync", "workspace": with_settings()})).json()[
        "guid"
    ]
    await partner.api.put(f"/templates/{template}", json={"status": "live"})
    async with client(address, key) as walk.api:
        base = "/api/v1/integrations"
        made = await walk("POST", f"/api/v1/templates/{template}/actions/install", 201, json={})
        where = f"{base}/{made['id']}"
        await walk("PUT", where, 200, json={"inputs": {"Project": "A"}})
        await walk("POST", f"{where}/flows/settings/actions/run", 200, json={"inputs": {"Project": "B"}})
        await walk("POST", f"{where}/actions/activate")
        await walk("POST", f"{where}/actions/deactivate")
        await walk("DELETE", where)
    check(walk.seen, await of(parts, (trace for _, trace in walk.seen)), {"api key"}, {key})


class _Below(Walker):
    """Paths below ``/oem/v1``, and the records as they were after each request: an account's go with it."""

    def __init__(self, walker: Walker, parts: Parts) -> None:
        self.api, self.operations, self.seen = walker.api, walker.operations, []
        self.before: list[dict[str, Any]] = []
        self._parts = parts

    def named(self, path: str) -> str:
        return f"/oem/v1{path}"

    async def __call__(self, method: str, path: str, status: int = 204, **more: Any) -> Any:
        answer = await super().__call__(method, path, status, **more)
        self.before += await of(self._parts, [self.seen[-1][1]])
        return answer


async def _walk_templates(walk: Walker) -> str:
    made = await walk("POST", "/templates", 201, json={"name": "Sync", "workspace": with_settings()})
    where = f"/templates/{made['guid']}"
    await walk("PUT", where, 200, json={"name": "Sync 2"})
    await walk("POST", f"{where}/versions", 201, json={"workspace": with_settings("two {$.inputs.Project}")})
    await walk("PUT", f"{where}/roll-out", 200, json={"version": 2, "share": 0.5})
    await walk("POST", f"{where}/roll-out/promote", 200)
    await walk("POST", f"{where}/roll-out/roll-back", 200)
    guid: str = made["guid"]
    return guid


async def _walk_blends(walk: Walker, template: str) -> None:
    made = await walk("POST", f"/templates/{template}/install", 200, json={"account": "acme"})
    where = f"/accounts/acme/blends/{made['guid']}"
    await walk("POST", f"{where}/set-persisted-inputs", json={"Project": "A"})
    await walk("POST", f"{where}/disable", 200)
    await walk("POST", f"{where}/enable", 200)
    await walk("POST", f"{where}/pin", 200, json={"version": 1})
    await walk("PUT", f"/accounts/acme/blends/{template}/{made['guid']}", 200)
    await walk("POST", f"{where}/run", 200, json={"async": True})
    await walk("POST", f"{where}/run/settings", 200, json={"async": True})
    await walk("POST", f"{where}/detach", 200)
    await walk("DELETE", where)


async def _walk_bulk(walk: Walker, template: str) -> None:
    done = await walk("POST", "/bulk/install", 200, json={"template": template, "items": [{"account": "acme"}]})
    (blend,) = [one["guid"] for one in done["results"]]
    items = [{"account": "acme", "blend": blend}]
    await walk("POST", "/bulk/update", 200, json={"items": items, "inputs": {"Project": "B"}})
    for what in ("disable", "enable", "remove"):
        await walk("POST", f"/bulk/{what}", 200, json={"items": items})


async def _walk_fleet(walk: Walker, parts: Parts, partner: Partner) -> None:
    from joserfc.jwk import OKPKey

    key = OKPKey.generate_key("Ed25519").as_dict(private=False)
    await walk("POST", "/keys", 201, json={"public_key": key, "kid": "k1"})
    await walk("DELETE", "/keys/k1")
    await walk("PUT", "/embed", 200, json={"origins": ["https://app.example.com"]})
    await walk("PUT", "/branding", 200, json={"product_name": "Ours"})
    wish = {"name": "W", "url": HOOK, "event_types": ["com.tieline.account.created"], "secret": SECRET}
    where = f"/webhooks/{(await walk('POST', '/webhooks', 200, json=wish))['guid']}"
    await walk("PUT", where, 200, json={"name": "V"})
    delivery, event = new_id(), new_id()
    async with parts.database.system() as unit:
        home = await unit.scalar(sa.select(partners.c.id).where(partners.c.app_id == partner.app_id))
    async with parts.database.tenant(home) as unit:
        await unit.insert(events, id=event, type=wish["event_types"][0], subject="account:x", data=b"{}")
        await unit.insert(
            event_deliveries, id=delivery, event_webhook_id=UUID(where[10:]), event_id=event, status="fail", **SENT
        )
    await walk("POST", f"{where}/deliveries/{delivery}/resend", 200)
    await walk("POST", f"{where}/replay", 200, json={"since": "2026-01-01T00:00:00Z"})
    await walk("DELETE", where)
