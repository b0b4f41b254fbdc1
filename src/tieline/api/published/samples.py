"""Bodies that someone thought about: what the documents show, and what the Postman collection sends.

``{{name}}`` stands for a value that the collection has learnt before; the documents show `VALUES` in its place.
``{{#name}}`` alone in a text is a number.
"""

from __future__ import annotations

import re
from typing import Any

VALUES: dict[str, Any] = {
    "baseUrl": "https://tieline.example.com",
    "clientId": "5f1c7e0a9b3d4c2e8f60a1b2c3d4e5f6",
    "clientSecret": "tlns_example",
    "version": 1,
}
_ANY_ID = "019a7b5c-3d52-7c3e-9f10-2b4c6d8e0f12"
_PLACE = re.compile(r"\{\{(#?)([A-Za-z]+)\}\}")


def _start(mode: str) -> dict[str, Any]:
    return {"id": "start", "type": "StartBlock", "name": "Start", "inputs": [{"id": "run_mode", "value": mode}]}


def _workspace(mode: str = "manual") -> dict[str, Any]:
    shows = {"id": "show", "type": "ShowBlock", "name": "show", "inputs": [{"id": "input", "value": "Hello"}]}
    return {"blocks": [{**_start(mode), "childId": "show"}, shows], "variables": []}


_DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Pet shop", "version": "1"},
    "servers": [{"url": "https://pets.example.com/v1"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "responses": {
                    "200": {
                        "description": "Pets",
                        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
                    }
                },
            }
        }
    },
}


def _replace(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


_PARTNER_WEBHOOK = {
    "name": "Runs that failed",
    "url": "https://portal.example.com/events",
    "event_types": ["{{partnerEvent}}"],
    "enabled": False,
}

SAMPLES: dict[str, Any] = {
    "createAutomation": {"name": "Contacts to the CRM", "workspace": _workspace()},
    "updateAutomation": {"name": "Contacts to the new CRM", "workspace": _workspace()},
    "copyAutomation": {"name": "Contacts to the CRM, for trying"},
    "putSettings": {"maxConcurrentRunsPerAutomation": 5},
    "automationChangeOwner": {"userId": "{{userId}}"},
    "moveAutomation": {"userId": "{{userId}}"},
    "automationChangeSpace": {"spaceId": "{{spaceId}}"},
    "patchVersion": {"note": "The first that went live."},
    "restoreVersion": {"note": "Back to the first."},
    "putTenantFailureNotice": {"on": ["failed"], "everySeconds": 3600},
    "putFailureNotice": {"on": ["failed"], "everySeconds": 3600},
    "testAutomation": {"sample": {"name": "Ada"}},
    "pinOutput": {"output": {"name": "Ada"}},
    "createRun": {"context": "api"},
    "previewFormula": {"formula": "{upper: 'ada'}"},
    "rerunRun": {},
    "importAutomationConnector": {"document": _DOCUMENT, "name": "pet-shop-{{unique}}"},
    "replaceAutomationConnector": {"document": _DOCUMENT, "name": "pet-shop-{{unique}}"},
    "diffAutomationConnector": {"document": _DOCUMENT},
    "createAutomationConnection": {"connectorId": "{{connectorId}}", "name": "Pets of the shop"},
    "updateAutomationConnection": {"name": "Pets of the other shop"},
    "automationConnectionChangeOwner": {"userId": "{{userId}}"},
    "automationConnectionChangeSpace": {"spaceId": "{{spaceId}}"},
    "probeAutomationConnection": {"writes": False},
    "getInputOptions": {"inputs": {}, "search": ""},
    "createWebhookSubscription": {"connectionId": "{{connectionId}}", "event": "contact.created"},
    "putAutomationTool": {"enabled": False},
    "putConnectionTools": {"enabled": False},
    "createConnectSession": {"connectorId": "{{connectorId}}", "name": "Pets of the shop"},
    "createWebIntegration": {"name": "Our portal", "validOrigins": ["https://portal.example.com"]},
    "updateWebIntegrationById": _replace("/validOrigins", ["https://portal.example.com", "https://app.example.com"]),
    "createCSPEntry": {"origin": "images.example.com", "name": "Images", "imgSrc": True},
    "updateCSPEntry": {"origin": "images.example.com", "name": "Images and fonts", "imgSrc": True, "fontSrc": True},
    "createSpace": {"name": "Sales {{unique}}", "type": "shared", "description": "What the sales team automates."},
    "updateSpaceById": {"name": "Sales team {{unique}}"},
    "patchSpaceById": _replace("/description", "What the sales team has automated."),
    "createSpaceAssignment": {"type": "user", "assigneeId": "{{userId}}", "roles": ["consumer"]},
    "updateSpaceAssignmentById": {"roles": ["consumer", "facilitator"]},
    "createSpaceShare": {
        "type": "user",
        "assigneeId": "{{userId}}",
        "roles": ["consumer"],
        "resourceType": "app",
        "resourceId": "{{connectorId}}",
    },
    "PatchSettings": _replace("/usageMetricsEnabled", True),
    "updateItem": {"resourceType": "automation", "name": "Contacts to the CRM"},
    "createApiKey": {"description": "For the nightly export", "expiry": "PT1H"},
    "updateApiKey": _replace("/description", "For the nightly import"),
    "updateApiKeyConfiguration": _replace("/max_keys_per_user", 20),
    "createUser": {"subject": "ada-{{unique}}", "name": "Ada", "email": "ada-{{unique}}@example.com"},
    "users_api_actions_filter": {"filter": 'name eq "Ada"'},
    "inviteUsers": {"invitees": [{"email": "grace-{{unique}}@example.com"}]},
    "updateUserById": _replace("/name", "Ada L."),
    "createTenant": {"name": "Acme", "externalId": "acme-{{unique}}"},
    "updateTenantById": _replace("/name", "Acme & Daughters"),
    "deactivateTenantById": {"purgeAfterDays": 30},
    "reactivateTenantById": {},
    "createOAuthClient": {
        "appType": "web",
        "clientName": "Nightly export",
        "redirectUris": ["https://portal.example.com/callback"],
        "allowedScopes": ["automations:read"],
        "allowedGrantTypes": ["client_credentials"],
    },
    "patchOAuthClient": _replace("/clientName", "Nightly import"),
    "patchConnectionConfig": _replace("/consentMethod", "trusted"),
    "createWebhook": {
        "name": "Runs that failed",
        "url": "https://portal.example.com/events",
        "eventTypes": ["{{eventType}}"],
        "enabled": False,
    },
    "updateWebhook": {
        "name": "Runs that failed, again",
        "url": "https://portal.example.com/events",
        "eventTypes": ["{{eventType}}"],
        "enabled": False,
    },
    "patchWebhook": _replace("/enabled", False),
    "replayDeliveries": {"from": "{{today}}"},
    "oauth.createOAuthToken": {
        "grant_type": "client_credentials",
        "client_id": "{{ownClientId}}",
        "client_secret": "{{ownClientSecret}}",
    },
    "oauth.revokeOAuthToken": {
        "token": "{{ownToken}}",
        "client_id": "{{ownClientId}}",
        "client_secret": "{{ownClientSecret}}",
    },
    "oem.createAccount": {"name": "Acme", "externalid": "{{account}}"},
    "oem.updateAccount": {"name": "Acme & Daughters"},
    "oem.putUser": {"externalid": "ada", "name": "Ada", "email": "ada@example.com"},
    "oem.createTemplate": {"name": "Contacts to the CRM", "status": "live", "workspace": _workspace()},
    "oem.updateTemplate": {"short_description": "Contacts, every hour."},
    "oem.createTemplateVersion": {"workspace": _workspace(), "note": "Says hello."},
    "oem.putCanary": {"version": "{{#version}}", "share": 0.1},
    "oem.promoteVersion": {"version": "{{#version}}"},
    "oem.rollBack": {"version": 1},
    "oem.installTemplate": {"account": "{{account}}"},
    "oem.setPersistedInputs": {},
    "oem.pinVersion": {"version": 1},
    "oem.runBlend": {"async": True},
    "oem.runFlow": {"async": True},
    "oem.createDatasource": {"name": "Pets", "connector_guid": "{{connectorGuid}}"},
    "oem.updateDatasource": {"name": "Pets of the shop"},
    "oem.bulkInstall": {"template": "{{template}}", "items": [{"account": "{{account}}"}]},
    "oem.bulkEnable": {"items": [{"account": "{{account}}", "blend": "{{blend}}"}]},
    "oem.bulkDisable": {"items": [{"account": "{{account}}", "blend": "{{blend}}"}]},
    "oem.bulkRemove": {"items": [{"account": "{{account}}", "blend": "{{blend}}"}]},
    "oem.createPartnerWebhook": _PARTNER_WEBHOOK,
    "oem.updatePartnerWebhook": _PARTNER_WEBHOOK,
    "oem.replayPartnerDeliveries": {"since": "{{today}}"},
    "oem.addKey": {
        "kid": "2026",
        # The public half of the example of RFC 8037, appendix A.2.
        "public_key": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    },
    "oem.putEmbedSettings": {"origins": ["https://app.example.com"]},
    "installTemplate": {"inputs": {}},
    "updateIntegration": {"inputs": {}},
    "oem.bulkUpdate": {"items": [{"account": "{{account}}", "blend": "{{blend}}"}]},
}


def filled(sample: Any) -> Any:
    """A sample with `VALUES` in place of what the collection would have learnt."""
    if isinstance(sample, dict):
        return {name: filled(value) for name, value in sample.items()}
    if isinstance(sample, list):
        return [filled(value) for value in sample]
    if not isinstance(sample, str):
        return sample
    whole = _PLACE.fullmatch(sample)
    if whole and whole[1]:
        return VALUES.get(whole[2], 1)
    return _PLACE.sub(lambda found: str(_value(found[2])), sample)


def _value(name: str) -> Any:
    known = {
        "unique": "7",
        "today": "2026-03-02T00:00:00Z",
        "account": "acme",
        "eventType": "com.example.event",
        "partnerEvent": "com.example.event",
    }
    return VALUES.get(name, known.get(name, _ANY_ID))
