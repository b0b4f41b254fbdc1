"""The table of resources: group -> path, verb -> operation, and the columns of a list.

A verb of two words stands in a group of its own: ``tieline spaces shares ls``. Commands written by hand win over the
verbs here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """A resource: its path, its verbs as ``METHOD /rest-of-the-path``, the columns of its lists."""

    help: str
    path: str
    verbs: Mapping[str, str]
    columns: tuple[str, ...] = ("id", "name")


def _usual(key: str, *verbs: str) -> dict[str, str]:
    known = {
        "ls": "GET ",
        "create": "POST ",
        "get": f"GET /{{{key}}}",
        "update": f"PUT /{{{key}}}",
        "patch": f"PATCH /{{{key}}}",
        "rm": f"DELETE /{{{key}}}",
    }
    return {verb: known[verb] for verb in verbs}


def _below(words: str, path: str, usual: Mapping[str, str]) -> dict[str, str]:
    moved = {}
    for verb, operation in usual.items():
        method, _, rest = operation.partition(" ")
        moved[f"{words} {verb}".strip()] = f"{method} {path}{rest}"
    return moved


_RUN = "/{id}/runs/{runId}"
_NOTICE = "/automations/settings/failure-notice"
_BLEND = "/{account}/blends/{blend}"

GROUPS: dict[str, Group] = {
    "web-integrations": Group(
        "Web integrations: origins whose pages may call the API.",
        "/api/v1/web-integrations",
        _usual("id", "ls", "create", "get", "patch", "rm"),
        ("id", "name", "validOrigins", "created"),
    ),
    "csp-origins": Group(
        "Origins of the content security policy.",
        "/api/v1/csp-origins",
        {**_usual("id", "ls", "create", "get", "update", "rm"), "header": "GET /actions/generate-header"},
        ("id", "name", "origin", "createdDate"),
    ),
    "oauth-clients": Group(
        "OAuth clients: programs that ask for access tokens.",
        "/api/v1/oauth-clients",
        {
            **_usual("id", "ls", "create", "get", "patch", "rm"),
            "publish": "POST /{id}/actions/publish",
            "secrets create": "POST /{id}/client-secrets",
            "secrets rm": "DELETE /{id}/client-secrets/{hint}",
            "connection get": "GET /{id}/connection-configs/me",
            "connection patch": "PATCH /{id}/connection-configs/me",
            "connection rm": "DELETE /{id}/connection-configs/me",
        },
        ("clientId", "clientName", "appType", "createdAt"),
    ),
    "oauth-tokens": Group(
        "OAuth tokens: who let which program in.",
        "/api/v1/oauth-tokens",
        {"ls": "GET ", "rm": "DELETE /{tokenId}"},
        ("id", "userId", "deviceType", "lastUsed"),
    ),
    "users": Group(
        "Users of the tenant.",
        "/api/v1/users",
        {
            **_usual("userId", "ls", "create", "get", "patch", "rm"),
            "me": "GET /me",
            "count": "GET /actions/count",
            "find": "POST /actions/filter",
            "invite": "POST /actions/invite",
        },
        ("id", "name", "email", "status"),
    ),
    "tenants": Group(
        "Tenants.",
        "/api/v1/tenants",
        {
            **_usual("tenantId", "create", "get", "patch"),
            "me": "GET /me",
            "deactivate": "POST /{tenantId}/actions/deactivate",
            "reactivate": "POST /{tenantId}/actions/reactivate",
        },
    ),
    "spaces": Group(
        "Spaces, who works in them, and what is shared.",
        "/api/v1/spaces",
        {
            **_usual("spaceId", "ls", "create", "get", "update", "patch", "rm"),
            "types": "GET /types",
            **_below(
                "assignments",
                "/{spaceId}/assignments",
                _usual("assignmentId", "ls", "create", "get", "update", "rm"),
            ),
            **_below("shares", "/{spaceId}/shares", _usual("shareId", "ls", "create", "get", "patch", "rm")),
        },
        ("id", "name", "type", "assigneeId", "roles", "ownerId"),
    ),
    "items": Group(
        "Items: everything there is, in one list.",
        "/api/v1/items",
        {
            **_usual("itemId", "ls", "get", "update", "rm"),
            "collections": "GET /{itemId}/collections",
            "published": "GET /{itemId}/publisheditems",
            "settings get": "GET /settings",
            "settings patch": "PATCH /settings",
        },
        ("id", "name", "resourceType", "resourceId", "updatedAt"),
    ),
    "webhooks": Group(
        "Webhooks: events of this server, sent to other programs.",
        "/api/v1/webhooks",
        {
            **_usual("id", "ls", "create", "get", "update", "patch", "rm"),
            "event-types": "GET /event-types",
            "replay": "POST /{id}/actions/replay",
            "deliveries ls": "GET /{id}/deliveries",
            "deliveries get": "GET /{id}/deliveries/{deliveryId}",
            "deliveries resend": "POST /{id}/deliveries/{deliveryId}/actions/resend",
        },
        ("id", "name", "url", "enabled", "eventType", "eventTypes", "status", "triggeredAt"),
    ),
    "webhook-subscriptions": Group(
        "Webhook subscriptions: what connected APIs tell by themselves.",
        "/api/v1/webhook-subscriptions",
        {"get": "GET /{id}"},
    ),
    "audits": Group(
        "The audit log: who changed what.",
        "/api/v1/audits",
        _usual("id", "ls", "get"),
        ("time", "action", "subject", "name", "userId", "id"),
    ),
    "api-keys": Group(
        "API keys.",
        "/api/v1/api-keys",
        {
            **_usual("id", "get", "patch"),
            "config get": "GET /configs/{tenantId}",
            "config patch": "PATCH /configs/{tenantId}",
        },
    ),
    "automations": Group(
        "Automations: trees of blocks.",
        "/api/v1/automations",
        {
            **_usual("id", "get", "update"),
            "copy": "POST /{id}/actions/copy",
            "move": "POST /{id}/actions/move",
            "change-owner": "POST /{id}/actions/change-owner",
            "change-space": "POST /{id}/actions/change-space",
            "execute": "POST /{id}/actions/execute",
            "form": "GET /{id}/form",
            "usage": "GET /usage",
            "settings get": "GET /settings",
            "settings set": "PUT /settings",
            "note": "PATCH /{id}/versions/{version}",
            "pins ls": "GET /{id}/pins",
            "pins set": "PUT /{id}/pins/{blockId}",
            "pins rm": "DELETE /{id}/pins/{blockId}",
            "pointers ls": "GET /{id}/pointers",
            "pointers rm": "DELETE /{id}/pointers",
        },
        ("id", "name", "date", "blockId", "value", "updatedAt"),
    ),
    "runs": Group(
        "Runs of automations.",
        "/api/v1/automations",
        {
            "export": f"POST {_RUN}/actions/export",
            "log": f"GET {_RUN}/debug",
            "output": f"GET {_RUN}/output",
            "blocks": f"GET {_RUN}/blocks",
            "executions": f"GET {_RUN}/blocks/{{blockId}}/executions",
            "iterations": f"GET {_RUN}/blocks/{{blockId}}/iterations",
            "records": f"GET {_RUN}/records",
            "data": f"GET {_RUN}/executions/{{executionId}}/{{part}}",
        },
        ("id", "blockId", "name", "label", "path", "status", "executions", "failed", "milliseconds", "error"),
    ),
    "account-runs": Group(
        "Runs of all automations, and their figures over time.",
        "/api/workflows/runs",
        {"ls": "GET ", "statistics": "GET /statistics"},
        ("id", "automationName", "status", "startTime", "stopTime"),
    ),
    "blocks": Group("Types of block that automations are made of.", "/api/workflows/blocks", {"ls": "GET "}),
    "failure-notices": Group(
        "Failure notices: who is told when runs fail.",
        "/api/v1",
        {
            "get": "GET /automations/{id}/failure-notice",
            "set": "PUT /automations/{id}/failure-notice",
            "rm": "DELETE /automations/{id}/failure-notice",
            "test": "POST /automations/{id}/failure-notice/actions/test",
            "tenant get": f"GET {_NOTICE}",
            "tenant set": f"PUT {_NOTICE}",
            "tenant rm": f"DELETE {_NOTICE}",
        },
    ),
    "notices": Group(
        "Notices: what the server has to tell the user.",
        "/api/workflows/notices",
        {"ls": "GET ", "dismiss": "POST /{noticeId}/actions/dismiss"},
        ("id", "kind", "title", "createdAt"),
    ),
    "formulas": Group(
        "Formulas: try one, list the functions.",
        "/api/v1/formulas",
        {"preview": "POST /actions/preview", "functions": "GET /functions"},
    ),
    "connections": Group(
        "Connections: accounts at connected APIs.",
        "/api/workflows/automation-connections",
        {
            **_usual("id", "get", "update"),
            "change-owner": "POST /{id}/actions/change-owner",
            "change-space": "POST /{id}/actions/change-space",
            "probe": "POST /{id}/actions/probe",
            "options": "POST /{id}/blocks/{block}/inputs/{input}/actions/options",
            "call": "POST /{id}/blocks/{block}/actions/call",
            "objects": "GET /{id}/objects",
            "fields": "GET /{id}/objects/{object}/fields",
        },
        ("value", "name", "label", "type", "required"),
    ),
    "connect-sessions": Group(
        "Connect sessions: links by which people connect accounts.",
        "/api/v1/connect-sessions",
        _usual("id", "create", "get", "rm"),
    ),
    "connectors": Group(
        "Connectors: made of API documents.",
        "/api/workflows/automation-connectors",
        {
            "get": "GET /{connectorId}",
            "manifest": "GET /{connectorId}/manifest",
            "webhooks": "GET /{connectorId}/webhooks/configuration",
            "drift": "GET /{connectorId}/drift",
            "form": "GET /{connectorId}/blocks/{block}",
            "preview": "POST /actions/preview",
            "facts": "GET /{connectorId}/facts",
            "correct": "PATCH /{connectorId}/facts",
            "certify": "POST /{connectorId}/actions/certify",
            "offered ls": "GET /catalog",
            "offered add": "POST /catalog/{name}/actions/add",
        },
    ),
    "tools": Group(
        "Tools: what agents may use.",
        "/api/v1",
        {
            "automation get": "GET /automations/{id}/tool",
            "automation set": "PUT /automations/{id}/tool",
            "connection get": "GET /automation-connections/{id}/tools",
            "connection set": "PUT /automation-connections/{id}/tools",
        },
    ),
    "templates": Group(
        "Templates of a partner.",
        "/oem/v1/templates",
        {
            **_usual("template", "ls", "create", "get", "update", "rm"),
            "install": "POST /{template}/install",
            "versions ls": "GET /{template}/versions",
            "versions create": "POST /{template}/versions",
            "versions get": "GET /{template}/versions/{version}",
        },
        ("guid", "name", "status", "version", "live", "canary", "created_at", "note"),
    ),
    "roll-outs": Group(
        "Roll-outs: which integrations run which version of a template.",
        "/oem/v1/templates/{template}/roll-out",
        {"get": "GET ", "set": "PUT ", "promote": "POST /promote", "roll-back": "POST /roll-back"},
    ),
    "accounts": Group(
        "Accounts of a partner's customers.",
        "/oem/v1",
        {
            **_below("", "/accounts", _usual("account", "ls", "create", "get", "update", "rm")),
            "users": "GET /accounts/{account}/users",
            "user": "PUT /accounts/{account}/users",
            "usage": "GET /accounts/{account}/usage",
            "sessions ls": "GET /accounts/{account}/sessions",
            "sessions rm": "DELETE /accounts/{account}/sessions/{session}",
        },
        ("guid", "externalid", "name", "account", "runs", "api_calls", "created_at"),
    ),
    "integrations": Group(
        "Integrations (blends): templates that an account uses.",
        "/oem/v1/accounts",
        {
            "ls": "GET /{account}/blends",
            "get": f"GET {_BLEND}",
            "rm": f"DELETE {_BLEND}",
            "push": "PUT /{account}/blends/{template}/{blend}",
            "inputs": f"POST {_BLEND}/set-persisted-inputs",
            "pin": f"POST {_BLEND}/pin",
            "detach": f"POST {_BLEND}/detach",
            "enable": f"POST {_BLEND}/enable",
            "disable": f"POST {_BLEND}/disable",
            "run": f"POST {_BLEND}/run",
            "run-flow": f"POST {_BLEND}/run/{{flow}}",
            "runs ls": f"GET {_BLEND}/runs",
            "runs get": f"GET {_BLEND}/runs/{{run}}",
            "runs last": f"GET {_BLEND}/lastrun",
        },
        ("guid", "name", "status", "template_guid", "starttime", "stoptime", "created_at"),
    ),
    "fleet": Group(
        "All integrations of a partner: their health, changes to many at once.",
        "/oem/v1",
        {
            "health": "GET /health",
            "usage": "GET /usage",
            **{verb: f"POST /bulk/{verb}" for verb in ("install", "update", "enable", "disable", "remove")},
        },
        ("account", "blend", "health", "last_run", "runs", "api_calls"),
    ),
    "datasources": Group(
        "Datasources: accounts' connections.",
        "/oem/v1/accounts/{account}/datasources",
        _usual("datasource", "ls", "create", "get", "update", "rm"),
        ("guid", "name", "is_connected", "is_used", "created_at"),
    ),
    "partner-connectors": Group(
        "Connectors that a partner's accounts may use.",
        "/oem/v1/connectors",
        _usual("guid", "ls", "get"),
        ("guid", "name"),
    ),
    "partner-webhooks": Group(
        "Webhooks of a partner: events of all its accounts.",
        "/oem/v1/webhooks",
        {
            **_usual("webhook", "ls", "create", "get", "update", "rm"),
            "event-types": "GET /event-types",
            "replay": "POST /{webhook}/replay",
            "deliveries ls": "GET /{webhook}/deliveries",
            "deliveries get": "GET /{webhook}/deliveries/{delivery}",
            "deliveries resend": "POST /{webhook}/deliveries/{delivery}/resend",
        },
        ("id", "guid", "name", "url", "enabled", "eventType", "status", "triggeredAt"),
    ),
    "partner-audits": Group(
        "The audit log of a partner, or of one of its accounts.",
        "/oem/v1/audits",
        _usual("guid", "ls"),
        ("time", "action", "subject", "name", "trace_id"),
    ),
    "partner-keys": Group(
        "Public keys of a partner, which its sign-on tokens are signed with.",
        "/oem/v1/keys",
        _usual("key", "ls", "create", "rm"),
        ("id", "kid", "name", "algorithm", "created_at"),
    ),
    "partner": Group(
        "A partner itself: who it is, how its pages look.",
        "/oem/v1",
        {"me": "GET /me", "branding get": "GET /branding", "branding set": "PUT /branding"},
    ),
    "partner-embed": Group("How a partner's product embeds Tieline.", "/oem/v1/embed", {"get": "GET ", "set": "PUT "}),
    "tenant-templates": Group(
        "Templates that a tenant is offered.",
        "/api/v1/templates",
        {**_usual("id", "ls", "get"), "install": "POST /{id}/actions/install"},
    ),
    "tenant-integrations": Group(
        "Integrations of a tenant.",
        "/api/v1/integrations",
        {
            **_usual("id", "ls", "get", "update", "rm"),
            "activate": "POST /{id}/actions/activate",
            "deactivate": "POST /{id}/actions/deactivate",
            "run": "POST /{id}/flows/{flow}/actions/run",
        },
        ("id", "name", "status", "createdAt"),
    ),
    "embed-sessions": Group(
        "Sessions of embedded frames.",
        "/api/v1/embed-sessions",
        _usual("id", "ls", "get", "rm"),
        ("id", "userId", "createdAt", "expiresAt"),
    ),
}
