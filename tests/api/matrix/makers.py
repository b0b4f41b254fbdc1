"""How one of everything is made. A new kind of thing gets its maker here, and its place in `registry`."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.api import oauth_world
from tests.api.matrix.places import Place, maker
from tests.api.oem.conftest import asks, start
from tests.automations.engine.documents import block, chain
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, ObjectType, Server, WebhookEvent
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.tables import api_keys, audit_log, event_deliveries, events, runs
from tieline.tenancy import embed_sessions, notices, tenants

V1, FLOWS, OEM = "/api/v1", "/api/workflows", "/oem/v1"
_numbers = count(1)


def fresh(word: str) -> str:
    """A name that nothing has yet."""
    return f"{word}-{next(_numbers)}"


def manifest(name: str, server: str) -> Manifest:
    """Of an API that has nothing."""
    key = AuthMethod(
        id="key",
        kind="api_key",
        location="header",
        name="X-Key",
        fields=[Input(id="api_key", label="Key", secret=True)],
    )
    return Manifest(
        name=name,
        title=name.title(),
        guid=str(new_id()),
        servers=[Server(url=server)],
        auth=[key],
        objects=[ObjectType(name="call")],
        webhooks=[WebhookEvent(id="x", name="X")],
        blocks=[
            Block(id="list_calls", name="List calls", kind="list", path="/calls", object="call"),
            Block(
                id="get_call",
                name="Get call",
                kind="get",
                path="/calls/{id}",
                object="call",
                inputs=[Input(id="id", location="path", required=True)],
            ),
        ],
    )


def workspace(*entries: Any) -> dict[str, Any]:
    """A document with a triggered start block, and a block that nothing leads to."""
    loose = block("FilterListBlock", "loose", inputs={"input": "[]"})
    begun = chain(block("StartBlock", "start", inputs={"run_mode": "triggered"}), *entries)
    return {"blocks": [*begun, loose], "variables": []}


def shows() -> dict[str, Any]:
    return block("ShowBlock", "shown", inputs={"input": "hello"})


def template_workspace() -> dict[str, Any]:
    flows = [[start("setup"), asks("Team", name="team")], [start("settings"), asks("Project")], [start(), shows()]]
    return {"blocks": [one for flow in flows for one in chain(*flow)], "variables": []}


@maker("automation row")
async def _automation(place: Place) -> Any:
    body = {"name": fresh("automation"), "workspace": workspace(shows()), "schedules": [{"interval": 86400}]}
    return await place.done("POST", f"{V1}/automations", json=body)


@maker("automation")
async def _automation_id(place: Place) -> Any:
    return (await place.thing("automation row"))["id"]


@maker("execution token")
async def _execution_token(place: Place) -> Any:
    shown = await place.done("GET", f"{V1}/automations/{await place.thing('automation')}")
    return shown["executionToken"]


@maker("block")
async def _block(place: Place) -> Any:
    shown = await place.done("GET", f"{V1}/automations/{await place.thing('automation')}")
    return shown["workspace"]["blocks"][1]["id"]


@maker("pinned block")
async def _pinned(place: Place) -> Any:
    shown = await place.done("GET", f"{V1}/automations/{await place.thing('automation')}")
    named = shown["workspace"]["blocks"][-1]["id"]
    path = f"{V1}/automations/{await place.thing('automation')}/pins/{named}"
    await place.done("PUT", path, json={"output": "secret pin"})
    return named


@maker("version")
async def _version(place: Place) -> Any:
    assert await place.thing("automation")
    return "1"


@maker("run")
async def _run(place: Place) -> Any:
    """It waits in the queue until a worker takes it."""
    path = f"{V1}/automations/{await place.thing('automation')}/runs"
    return (await place.done("POST", path, json={"context": "api", "inputs": {"a": 1}}))["id"]


@maker("failed run")
async def _failed_run(place: Place) -> Any:
    run = await _run(place)
    async with place.parts.database.tenant(place.id) as unit:
        await unit.update(runs, runs.c.id == UUID(run), status="failed", stopped_at=now())
    return run


@maker("paused run")
async def _paused_run(place: Place) -> Any:
    run = await _run(place)
    await place.done("POST", f"{V1}/automations/{await place.thing('automation')}/runs/{run}/actions/pause")
    return run


@maker("execution")
async def _execution(place: Place) -> Any:
    """Of a run that is over: needs a worker."""
    run = await place.thing("run")
    await place.parts.runs.wait(place.id, UUID(run), 30)
    base = f"{V1}/automations/{await place.thing('automation')}/runs/{run}/blocks/{await place.thing('block')}"
    return (await place.done("GET", f"{base}/executions"))["data"][0]["id"]


@maker("connector")
async def _connector(place: Place) -> Any:
    async with place.parts.database.tenant(place.id) as unit:
        return str((await place.parts.connectors.save(unit, manifest(fresh("crm"), place.address)))["id"])


@maker("connection")
async def _connection(place: Place) -> Any:
    body = {
        "connectorId": await place.thing("connector"),
        "name": fresh("connection"),
        "params": [{"name": "api_key", "value": "key-of-the-victim"}],
    }
    return (await place.done("POST", f"{V1}/automation-connections", json=body))["id"]


@maker("webhook subscription row")
async def _subscription_row(place: Place) -> Any:
    return await place.done("POST", f"{FLOWS}/webhook-subscriptions", json={"consumer": f"log:{fresh('hook')}"})


@maker("webhook subscription")
async def _subscription(place: Place) -> Any:
    return (await place.thing("webhook subscription row"))["id"]


@maker("hook token")
async def _hook_token(place: Place) -> Any:
    return (await place.thing("webhook subscription row"))["url"].rpartition("/")[2]


@maker("connect session row")
async def _connect_session_row(place: Place) -> Any:
    return await place.done("POST", f"{V1}/connect-sessions", json={"connectorId": await place.thing("connector")})


@maker("connect session")
async def _connect_session(place: Place) -> Any:
    return (await place.thing("connect session row"))["id"]


@maker("connect token")
async def _connect_token(place: Place) -> Any:
    return (await place.thing("connect session row"))["link"].rpartition("/")[2]


@maker("notice")
async def _notice(place: Place) -> Any:
    subject = f"connection:{await place.thing('connection')}"
    async with place.parts.database.tenant(place.id) as unit:
        await notices.open(unit, kind="reconnect", subject=subject, title="Renew", key=fresh("notice"))
        return str((await notices.still_open(unit, subject=subject))[0]["id"])


@maker("web integration")
async def _web_integration(place: Place) -> Any:
    return (await place.done("POST", f"{V1}/web-integrations", json={"name": fresh("web")}))["id"]


@maker("csp origin")
async def _csp_origin(place: Place) -> Any:
    return (await place.done("POST", f"{V1}/csp-origins", json={"origin": f"{fresh('csp')}.example"}))["id"]


@maker("space")
async def _space(place: Place) -> Any:
    return (await place.done("POST", f"{V1}/spaces", json={"name": fresh("space"), "type": "shared"}))["id"]


@maker("person")
async def _person(place: Place) -> Any:
    """A user whom nothing else is about."""
    return str((await place.world.user(place.id))[0])


@maker("assignment")
async def _assignment(place: Place) -> Any:
    body = {"type": "user", "assigneeId": await place.thing("person"), "roles": ["consumer"]}
    path = f"{V1}/spaces/{await place.thing('space')}/assignments"
    return (await place.done("POST", path, json=body))["id"]


@maker("share")
async def _share(place: Place) -> Any:
    assert place
    return str(new_id())


@maker("audit record")
async def _audit_record(place: Place) -> Any:
    async with place.parts.database.tenant(place.id) as unit:
        return str(await unit.scalar(unit.select(audit_log, audit_log.c.id).order_by(audit_log.c.id).limit(1)))


@maker("subject")
async def _subject(place: Place) -> Any:
    """As the audit log names it."""
    return f"automation:{await place.thing('automation')}"


@maker("api key")
async def _api_key(place: Place) -> Any:
    return (await place.done("POST", f"{V1}/api-keys", json={"description": fresh("key")}))["id"]


@maker("own api key")
async def _own_api_key(place: Place) -> Any:
    async with place.parts.database.tenant(place.id) as unit:
        mine = unit.select(api_keys, api_keys.c.id).where(api_keys.c.user_id == place.admin_id).limit(1)
        return str(await unit.scalar(mine))


@maker("tenant")
async def _tenant(place: Place) -> Any:
    return str(place.id)


@maker("spare tenant")
async def _spare_tenant(place: Place) -> Any:
    """Another tenant of the partner, which nothing is lost with."""
    name = fresh("spare tenant")  # no label of a hostname: it has its id there
    async with place.parts.database.system() as unit:
        return str(await tenants.create(unit, partner_id=place.partner_id, external_id=name, name=name))


@maker("spare account")
async def _spare_account(place: Place) -> Any:
    return (await place.done("POST", f"{OEM}/accounts", json={"name": "Spare", "externalid": fresh("spare")}))["guid"]


@maker("admin")
async def _admin(place: Place) -> Any:
    return str(place.admin_id)


@maker("oauth client row")
async def _oauth_client_row(place: Place) -> Any:
    return await oauth_world.make(place.api, clientName=fresh("client"))


@maker("oauth client")
async def _oauth_client(place: Place) -> Any:
    return (await place.thing("oauth client row"))["clientId"]


@maker("oauth secret")
async def _oauth_secret(place: Place) -> Any:
    client_id = await place.thing("oauth client")
    return (await place.done("POST", f"{V1}/oauth-clients/{client_id}/client-secrets"))["hint"]


@maker("access token")
async def _access_token(place: Place) -> Any:
    named = oauth_world.named(await place.thing("oauth client row"))
    answer = await oauth_world.token(place.address, "client_credentials", named)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


@maker("oauth token")
async def _oauth_token(place: Place) -> Any:
    assert await place.thing("access token")
    rows = (await place.done("GET", f"{V1}/oauth-tokens", params={"limit": 100}))["data"]
    return max(row["id"] for row in rows)


@maker("webhook")
async def _webhook(place: Place) -> Any:
    body = {
        "name": fresh("webhook"),
        "url": "http://127.0.0.1:9/x",
        "enabled": True,
        "eventTypes": ["com.qlik.v1.automation.created"],
    }
    return (await place.done("POST", f"{V1}/webhooks", json=body))["id"]


@maker("delivery")
async def _delivery(place: Place) -> Any:
    webhook, event, delivery = UUID(await place.thing("webhook")), new_id(), new_id()
    kind = "com.qlik.v1.automation.created"
    async with place.parts.database.tenant(place.id) as unit:
        await unit.insert(events, id=event, type=kind, subject="automation:x", data=b"{}")
        await unit.insert(
            event_deliveries,
            id=delivery,
            event_webhook_id=webhook,
            event_id=event,
            event_type=kind,
            status="fail",
            attempts=12,
        )
    return str(delivery)


@maker("account")
async def _account(place: Place) -> Any:
    return place.external_id


@maker("template")
async def _template(place: Place) -> Any:
    body = {"name": fresh("template"), "workspace": template_workspace()}
    return (await place.done("POST", f"{OEM}/templates", json=body))["guid"]


@maker("second template version")
async def _second(place: Place) -> Any:
    template = await place.thing("template")
    await place.done("POST", f"{OEM}/templates/{template}/versions", json={"workspace": template_workspace()})
    return template


@maker("blend")
async def _blend(place: Place) -> Any:
    body = {"account": place.external_id}
    path = f"{OEM}/templates/{await place.thing('template')}/install"
    return (await place.done("POST", path, json=body))["guid"]


@maker("blend run")
async def _blend_run(place: Place) -> Any:
    path = f"{OEM}/accounts/{place.external_id}/blends/{await place.thing('blend')}/run"
    return (await place.done("POST", path, params={"async": "true"}, json={}))["guid"]


@maker("partner connector")
async def _partner_connector(place: Place) -> Any:
    connector = await place.thing("connector")
    return (await place.done("GET", f"{FLOWS}/automation-connectors/{connector}/manifest"))["guid"]


@maker("datasource")
async def _datasource(place: Place) -> Any:
    body = {"name": fresh("source"), "connector_guid": await place.thing("partner connector")}
    return (await place.done("POST", f"{OEM}/accounts/{place.external_id}/datasources", json=body))["guid"]


@maker("embed session")
async def _embed_session(place: Place) -> Any:
    async with place.parts.database.tenant(place.id) as unit:
        row, _ = await embed_sessions.begin(
            unit, user_id=place.admin_id, scopes=embed_sessions.SCOPES, settings={}, lifetime=timedelta(hours=1)
        )
    return str(row["id"])


@maker("signing key")
async def _signing_key(place: Place) -> Any:
    public = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(public).rstrip(b"=").decode()}
    return (await place.done("POST", "/oem/v1/keys", json={"public_key": jwk}))["id"]


@maker("partner webhook")
async def _partner_webhook(place: Place) -> Any:
    body = {"name": fresh("webhook"), "url": "http://127.0.0.1:9/x", "event_types": ["com.tieline.account.created"]}
    return (await place.done("POST", f"{OEM}/webhooks", json=body))["guid"]


@maker("partner delivery")
async def _partner_delivery(place: Place) -> Any:
    webhook, event, delivery = UUID(await place.thing("partner webhook")), new_id(), new_id()
    kind = "com.tieline.account.created"
    # What is the partner's own lies in a tenant with the partner's id.
    async with place.parts.database.tenant(place.partner_id) as unit:
        await unit.insert(events, id=event, type=kind, subject="account:x", data=b"{}")
        await unit.insert(
            event_deliveries,
            id=delivery,
            event_webhook_id=webhook,
            event_id=event,
            event_type=kind,
            status="fail",
            attempts=12,
        )
    return str(delivery)
