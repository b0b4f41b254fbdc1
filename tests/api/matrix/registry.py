"""What each operation is tried with: the kinds of thing that its path, its query and its body name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.api.matrix import makers
from tests.api.matrix.document import Operation
from tests.api.matrix.places import Place
from tieline.core.clock import iso, now

Builder = Callable[[Place], Awaitable[Any]]

# The kind that a path's parameter is of, by the segment before it and its name; None = any text, nobody's secret.
PATHS: dict[tuple[str, str], str] = {
    ("automations", "id"): "automation",
    ("versions", "version"): "version",
    ("pins", "blockId"): "pinned block",
    ("blocks", "blockId"): "block",
    ("runs", "runId"): "run",
    ("executions", "executionId"): "execution",
    ("{executionId}", "part"): "=output",
    ("automation-connections", "id"): "connection",
    ("blocks", "block"): "=get_call",
    ("inputs", "input"): "=id",
    ("catalog", "name"): "=hubspot",
    ("objects", "object"): "=call",
    ("automation-connectors", "connectorId"): "connector",
    ("webhook-subscriptions", "id"): "webhook subscription",
    ("connect-sessions", "id"): "connect session",
    ("notices", "noticeId"): "notice",
    ("web-integrations", "id"): "web integration",
    ("csp-origins", "id"): "csp origin",
    ("spaces", "spaceId"): "space",
    ("assignments", "assignmentId"): "assignment",
    ("shares", "shareId"): "share",
    ("items", "itemId"): "automation",
    ("audits", "id"): "audit record",
    ("api-keys", "id"): "api key",
    ("configs", "tenantId"): "tenant",
    ("users", "userId"): "person",
    ("tenants", "tenantId"): "tenant",
    ("oauth-clients", "id"): "oauth client",
    ("client-secrets", "hint"): "oauth secret",
    ("oauth-tokens", "tokenId"): "oauth token",
    ("webhooks", "id"): "webhook",
    ("deliveries", "deliveryId"): "delivery",
    ("accounts", "account"): "account",
    ("templates", "template"): "template",
    ("blends", "template"): "template",
    ("{template}", "blend"): "blend",
    ("blends", "blend"): "blend",
    ("runs", "run"): "blend run",
    ("run", "flow"): "=settings",
    ("datasources", "datasource"): "datasource",
    ("connectors", "guid"): "partner connector",
    ("templates", "id"): "template",
    ("flows", "flow"): "=settings",
    ("webhooks", "webhook"): "partner webhook",
    ("deliveries", "delivery"): "partner delivery",
    ("connect", "token"): "connect token",
    ("hooks", "token"): "hook token",
    ("embed-sessions", "id"): "embed session",
    ("sessions", "session"): "embed session",
    ("keys", "key"): "signing key",
    ("embed", "partner"): "=default",
    ("templates", "guid"): "template",
    ("integrations", "id"): "blend",
}
# Where an operation needs another one than its path says.
PATHS_OF: dict[tuple[str, str], str] = {
    ("rollBack", "template"): "second template version",
    ("putCanary", "template"): "second template version",
    ("retryRun", "runId"): "failed run",
    ("resumeRun", "runId"): "paused run",
    ("deleteAccount", "account"): "spare account",
    ("deactivateTenantById", "tenantId"): "spare tenant",
    ("reactivateTenantById", "tenantId"): "spare tenant",
}

# Query parameters that name something of a tenant.
QUERIES: dict[str, str] = {
    "account": "account",
    "actor": "admin",
    "assigneeId": "person",
    "connectionId": "connection",
    "createdByUser": "admin",
    "createdByUserId": "admin",
    "endingBefore": "web integration",
    "groupId": "person",
    "id": "automation",
    "notCreatedByUserId": "admin",
    "notOwnerId": "admin",
    "ownerId": "admin",
    "resourceId": "automation",
    "resourceIds": "automation",
    "spaceId": "space",
    "startingAfter": "web integration",
    "subject": "subject",
    "sub": "admin",
    "template": "template",
    "tenantId": "tenant",
    "updatedByUserId": "admin",
    "userId": "admin",
    "blockId": "block",
    "automationId": "automation",
}
QUERIES_OF: dict[tuple[str, str], str] = {
    ("getApiKeys", "startingAfter"): "api key",
    ("getApiKeys", "endingBefore"): "api key",
}
# What `filter` is tried with: an expression with the id of that kind.
FILTERS: dict[str, tuple[str, str]] = {
    "getAutomations": ('ownerId eq "{}"', "admin"),
    "getAutomationConnections": ('connectorId eq "{}"', "connector"),
    "getAutomationConnectors": ('name eq "{}"', "connector"),
    "getRuns": ('executedById eq "{}"', "admin"),
    "getAccountRuns": ('automationId eq "{}"', "automation"),
    "getUsageMetrics": ('automationId eq "{}"', "automation"),
    "getAudits": ('userId eq "{}"', "admin"),
    "getEmbedSessions": ('userId eq "{}"', "admin"),
    "getUsers": ('id eq "{}"', "person"),
    "readAllOAuthClients": ('clientId eq "{}"', "oauth client"),
}
# And those that name nothing of anybody.
HARMLESS = {
    *("action", "after", "against", "async", "breakdownBy", "collectionId", "created_at[gt]", "created_at[gte]"),
    *("created_at[lt]", "created_at[lte]", "enabled", "environment.name", "environmentId", "eventType", "eventTypes"),
    *("fields", "finishedOnly", "force", "forced", "from", "health", "iteration", "level", "limit", "listAll", "name"),
    *("noActions", "origin", "origins", "per_page", "query", "resourceLink", "resourceSubType", "resourceType"),
    *("roles", "shared", "sort", "spaceType", "status", "template_prevent_duplicates", "to", "totalResults", "type"),
    *("url", "visit", "childSrc", "connectSrc", "connectSrcWSS", "fontSrc", "formAction", "frameAncestors"),
    *("frameSrc", "imgSrc", "mediaSrc", "objectSrc", "scriptSrc", "styleSrc", "workerSrc"),
    *("group", "loop", "search", "step", "strict", "version"),
    # Signed, and held against who asks: `test_lists` and the cursors below.
    *("cursor", "next", "prev", "page"),
    # Of a person who signs in, before anybody is known.
    *("client_id", "code_challenge", "code_challenge_method", "login_hint", "max_age", "prompt", "redirect_uri"),
    *("response_type", "scope", "state"),
    *("jwt", "appid", "accountid", "userid", "timestamp", "hash", "ticket"),
}
# Operations that are always asked with these.
ALWAYS: dict[str, dict[str, str]] = {
    "getRunRecords": {"loop": "b1"},
    "runBlend": {"async": "true"},
    "runFlow": {"async": "true"},
    "getUsageMetrics": {"filter": 'name eq "runs"'},
}
# Headers that an operation wants; {id} is that of its path.
HEADERS: dict[str, dict[str, str]] = {
    "deleteOAuthClient": {"qlik-confirm-delete": "{id}"},
    "deactivateTenantById": {"qlik-confirm-hostname": "{tenantId}.127.0.0.1"},
    "reactivateTenantById": {"qlik-confirm-hostname": "{tenantId}.127.0.0.1"},
    "getCSPHeader": {"accept": "application/json"},
}


def _plain(**body: Any) -> Builder:
    async def build(place: Place) -> Any:
        return {name: makers.fresh("new") if value == "?" else value for name, value in body.items()}

    return build


def _with(body: dict[str, Any], **kinds: str) -> Builder:
    """A body with things of these kinds."""

    async def build(place: Place) -> Any:
        made = {name: makers.fresh("new") if value == "?" else value for name, value in body.items()}
        return made | {name: await place.thing(kind) for name, kind in kinds.items()}

    return build


def _patch(path: str, value: Any, op: str = "replace") -> Builder:
    async def build(place: Place) -> Any:
        return [{"op": op, "path": path, "value": makers.fresh("new") if value == "?" else value}]

    return build


async def _automation(place: Place) -> Any:
    connector_block = {"id": "get_call", "name": "get_call", "type": "EndpointBlock"}
    connection = await place.thing("connection")
    endpoint = {**connector_block, "datasourcetype_guid": await place.thing("connector"), "datasourceId": connection}
    called = [{"id": "guid", "value": await place.thing("automation")}]
    call = {"id": "call", "type": "CallBlendBlock", "name": "call", "inputs": called}
    start = {"id": "A", "type": "StartBlock", "name": "Start", "inputs": [{"id": "run_mode", "value": "manual"}]}
    return {
        "name": makers.fresh("new"),
        "spaceId": await place.thing("space"),
        "follows": [{"automationId": await place.thing("automation"), "on": "finished"}],
        "workspace": {
            "blocks": [{**start, "childId": "get_call"}, {**endpoint, "childId": "call"}, call],
            "variables": [],
        },
    }


async def _update_automation(place: Place) -> Any:
    return {name: value for name, value in (await _automation(place.anew())).items() if name != "spaceId"}


async def _space_patch(place: Place) -> Any:
    return [{"op": "replace", "path": "/ownerId", "value": await place.thing("admin")}]


async def _source(place: Place) -> Any:
    return {"account": place.external_id, "guid": await place.thing("automation")}


async def _template(place: Place) -> Any:
    return {"name": makers.fresh("new"), "automation": await _source(place)}


async def _bundle(place: Place) -> Any:
    return {"name": makers.fresh("new"), "members": [await place.thing("template")]}


async def _version(place: Place) -> Any:
    return {"automation": await _source(place)}


async def _install(place: Place) -> Any:
    return {"account": place.external_id, "datasources": [await place.thing("datasource")]}


async def _bulk_install(place: Place) -> Any:
    return {"template": await place.thing("template"), "items": [{"account": place.external_id}]}


async def _bulk_update(place: Place) -> Any:
    item = {"account": place.external_id, "blend": await place.thing("blend")}
    return {"items": [item], "inputs": {"Project": "A"}}


async def _bulk_targets(place: Place) -> Any:
    return {"items": [{"account": place.external_id, "blend": await place.thing("blend")}]}


async def _install_here(place: Place) -> Any:
    return {"connections": [await place.thing("datasource")]}


async def _preview(place: Place) -> Any:
    return {"formula": "{$.shown}", "runId": await place.thing("run")}


async def _replay(place: Place) -> Any:
    assert place
    return {"from": iso(now() - timedelta(hours=1))}


async def _replay_since(place: Place) -> Any:
    assert place
    return {"since": iso(now() - timedelta(hours=1))}


async def _csp_origin(place: Place) -> Any:
    assert place
    return {"origin": f"{makers.fresh('new')}.example", "imgSrc": True}


async def _import(place: Place) -> Any:
    from tests.api.test_connectors import DOCUMENT

    assert place
    return {"document": DOCUMENT, "name": makers.fresh("pets")}


BODIES: dict[str, Builder] = {
    "AccountUser": _plain(externalid="?", name="New"),
    "AddKey": _plain(public_key={"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
    "ApiKeyConfigPatches": _patch("/max_keys_per_user", 500),
    "ApiKeyPatches": _patch("/description", "?"),
    "AskOptions": _plain(inputs={}),
    "AssignmentCreate": _with({"type": "user", "roles": ["consumer"]}, assigneeId="admin"),
    "AssignmentUpdate": _plain(roles=["facilitator"]),
    "AutomationSettings": _plain(maxConcurrentRunsPerAutomation=9),
    "AutomationToolBody": _plain(enabled=False),
    "Branding": _plain(radius=4),
    "BulkInstall": _bulk_install,
    "BulkUpdate": _bulk_update,
    "CallBlock": _plain(inputs={"id": "x"}),
    "Canary": _plain(version=2, share=0.5),
    "ChangeConnectionOwner": _with({}, userId="person"),
    "ChangeConnectionSpace": _with({}, spaceId="space"),
    "ChangeNote": _plain(note="?"),
    "ChangeOwner": _with({}, userId="person"),
    "ChangeSpace": _with({}, spaceId="space"),
    "Chosen": _plain(version=1),
    "ConnectionConfigPatches": _patch("/consentMethod", "trusted"),
    "ConnectionToolsBody": _plain(enabled=True),
    "CorrectFacts": _plain(facts=[{"path": "/title", "value": "New"}]),
    "CopyAutomation": _plain(name="?"),
    "CreateAccount": _plain(name="New", externalid="?"),
    "CreateApiKey": _with({"description": "?"}, sub="person"),
    "CreateAutomation": _automation,
    "CreateConnectSession": _with({}, connectorId="connector", spaceId="space"),
    "CreateConnection": _with({"name": "?"}, connectorId="connector", spaceId="space"),
    "CreateDatasource": _with({"name": "?"}, connector_guid="partner connector"),
    "CreateOAuthClient": _plain(appType="web", clientName="?", redirectUris=["https://app.example/back"]),
    "CreateTemplate": _template,
    "CreateTenant": _plain(name="?"),
    "CreateUser": _with({"subject": "?"}, tenantId="tenant"),
    "CreateVersion": _version,
    "CreateWebIntegration": _plain(name="?", validOrigins=["https://new.example"]),
    "CreateWebhookSubscription": _with({"event": "x"}, connectionId="connection"),
    "CspContent": _csp_origin,
    "DeactivateTenant": _plain(purgeAfterDays=20),
    "EmbedSettings": _plain(origins=["https://new.example"]),
    "FailureNoticeBody": _plain(on=["failed"], webhook={"url": "http://127.0.0.1:9/notice"}),
    "ImportConnector": _import,
    "Install": _install,
    "InviteUsers": _plain(invitees=[{"email": "new@new.example"}]),
    "ItemsSettingsPatch": _patch("/usageMetricsEnabled", False),
    "MakeCertificate": _plain(),
    "NewWebhook": _with({"name": "?", "url": "https://new.example/x", "level": "tenant"}, ownerId="person"),
    "OAuthClientPatches": _patch("/clientName", "?"),
    "PersistedInputs": _plain(Project="B"),
    "Pin": _plain(output="new"),
    "PinVersion": _plain(version=1),
    "PreviewFormula": _preview,
    "ProbeConnection": _plain(writes=False),
    "PutAccount": _plain(name="New"),
    "PutDatasource": _plain(name="?"),
    "PutTemplate": _plain(name="?"),
    "ReactivateTenant": _plain(),
    "ReplayDeliveries": _replay,
    "Rerun": _plain(inputs={"a": 2}),
    "RestoreVersion": _plain(note="?"),
    "RunBlend": _plain(inputs={}),
    "ShareCreate": _with(
        {"type": "user", "roles": ["consumer"], "resourceType": "app"}, assigneeId="person", resourceId="automation"
    ),
    "SharePatch": _patch("/roles", "consumer"),
    "SpaceCreate": _plain(name="?", type="shared"),
    "SpacePatch": _space_patch,
    "SpaceUpdate": _with({"name": "?"}, ownerId="admin"),
    "StartRun": _plain(context="api"),
    "TenantPatches": _patch("/name", "?"),
    "TestRun": _with({}, runId="run"),
    "UpdateAutomation": _update_automation,
    "UpdateConnection": _plain(name="?"),
    "UpdateItem": _with({"resourceType": "automation", "name": "?"}, spaceId="space"),
    "UserFilter": _plain(filter='id eq "x"'),
    "UserPatches": _patch("/name", "?"),
    "WebIntegrationPatches": _patch("/name", "?"),
    "WebhookContent": _with({"name": "?", "url": "https://new.example/x"}, ownerId="admin"),
    "WebhookPatchOperations": _patch("/name", "?"),
    "BulkRemove": _bulk_targets,
    "BulkTargets": _bulk_targets,
    "ChangeIntegration": _plain(inputs={"Project": "C"}),
    "CreatePartnerWebhook": _plain(name="?", url="http://127.0.0.1:9/x", event_types=["com.tieline.account.created"]),
    "InstallTemplate": _install_here,
    "PutPartnerWebhook": _plain(name="?"),
    "ReplayPartnerDeliveries": _replay_since,
    "RunFlow": _plain(inputs={}),
    # Open operations: see `test_auth_bypass`.
    "TokenRequest": _plain(grant_type="client_credentials"),
    "RevokeRequest": _plain(token="x"),
    "BeginSession": _plain(jwt="a.b.c"),
}
# Where an operation needs another one than its schema says.
BODIES_OF: dict[str, Builder] = {}
# Other bodies that name something, beside the usual one.
OTHER_BODIES: dict[str, list[Builder]] = {
    "createTemplate": [_bundle],
    "createConnectSession": [_with({}, connectionId="connection")],
}


def lacks(operation: Operation) -> list[str]:
    """What has to be said of this operation before it can be tried."""
    found = [f"PATHS[{segment!r}, {name!r}]" for segment, name in operation.parameters if (segment, name) not in PATHS]
    found += [
        f"QUERIES or HARMLESS: {name}"
        for name in operation.query
        if name != "filter" and name not in QUERIES and name not in HARMLESS
    ]
    if "filter" in operation.query and operation.id not in FILTERS:
        found.append(f"FILTERS[{operation.id!r}]")
    if operation.body is not None and operation.body not in BODIES and operation.id not in BODIES_OF:
        found.append(f"BODIES[{operation.body!r}]")
    return [f"{operation.name}: {one}" for one in found]


def names_something(operation: Operation) -> bool:
    """Whether its path names something of a tenant, and not only words that are the same for everybody."""
    return any(not PATHS[segment, name].startswith("=") for segment, name in operation.parameters)


async def path_value(operation: Operation, segment: str, name: str, place: Place) -> str:
    """What stands in the path for a parameter."""
    kind = PATHS_OF.get((operation.id, name)) or PATHS[segment, name]
    return kind[1:] if kind.startswith("=") else str(await place.thing(kind))


async def _nothing(place: Place) -> Any:
    assert place
    return None


def usual(operation: Operation) -> Builder:
    """What makes a body for it; None where it takes none."""
    return BODIES_OF.get(operation.id) or (BODIES[operation.body] if operation.body is not None else _nothing)


async def body_of(operation: Operation, place: Place) -> Any:
    """A body that this operation takes; None = none."""
    return await usual(operation)(place)


async def query_of(operation: Operation, name: str, place: Place) -> str | None:
    """A value of a parameter of the query that names something; None where it names nothing."""
    if name == "filter":
        expression, kind = FILTERS[operation.id]
        return expression.format(await place.thing(kind))
    kind = QUERIES_OF.get((operation.id, name)) or QUERIES.get(name, "")
    return str(await place.thing(kind)) if kind else None
