"""In which order the collection makes, reads, changes and removes things, so that it passes from top to bottom.

An operation of a family that stands in no step is asked for after the others, with what its path needs.
"""

from __future__ import annotations

from tieline.api.published.postman.partner_story import OEM
from tieline.api.published.postman.run_steps import RUNS
from tieline.api.published.postman.steps import Step, Story
from tieline.api.published.samples import SAMPLES

PETS = SAMPLES["importAutomationConnector"]

BEFORE = Story(
    [
        Step("v1.getMe", follow=True, expect=(200,), saves={"meId": "id", "tenantId": "tenantId"}),
        Step("v1.createSpace", saves={"spaceId": "id"}),
        Step("v1.createUser", saves={"userId": "id"}),
        Step("v1.createSpaceAssignment", path={"spaceId": "spaceId"}),
        Step("workflows.importAutomationConnector", saves={"connectorId": "id"}),
        Step("v1.createAutomationConnection", saves={"connectionId": "id"}),
    ],
    note="What the other folders work with. Run it before any of them.",
)

AFTER = Story(
    [
        Step("v1.deleteAutomationConnection", path={"id": "connectionId"}),
        Step("workflows.deleteAutomationConnector", path={"connectorId": "connectorId"}),
        Step("v1.deleteUserById", path={"userId": "userId"}),
        Step("v1.deleteSpaceById", path={"spaceId": "spaceId"}),
    ],
    note="Removes what the first folder made.",
)

_AUTOMATIONS = Story(
    [
        Step("createAutomation", saves={"automationId": "id"}),
        Step("getAutomations"),
        Step("getAutomation"),
        Step("updateAutomation"),
        Step("getVersions", saves={"version": "data[0].version"}),
        Step("getVersion"),
        Step("patchVersion"),
        Step("diffVersions"),
        Step("restoreVersion"),
        Step("publishVersion"),
        Step("unpinAutomation"),
        Step("enableAutomation"),
        Step("getAutomationForm"),
        Step("getSettings"),
        Step("putSettings"),
        Step("getUsageMetrics", query={"filter": 'name eq "runs"'}),
        Step("putTenantFailureNotice"),
        Step("getTenantFailureNotice"),
        Step("deleteTenantFailureNotice"),
        Step("putFailureNotice"),
        Step("getFailureNotice"),
        Step("testFailureNotice"),
        Step("deleteFailureNotice"),
        Step("putAutomationTool"),
        Step("getAutomationTool"),
        Step("previewFormula"),
        Step("getFormulaFunctions"),
        *RUNS,
        Step("getPointers"),
        Step("resetPointers"),
        Step("disableAutomation"),
        Step("copyAutomation", saves={"copyId": "id"}),
        Step("automationChangeSpace", path={"id": "copyId"}),
        Step("automationChangeOwner", path={"id": "copyId"}, body={"userId": "{{meId}}"}),
        Step("moveAutomation", path={"id": "copyId"}, body={"userId": "{{meId}}"}),
        Step("deleteAutomation", path={"id": "copyId"}, note="the copy"),
        Step("deleteAutomation"),
    ],
    path={"id": "automationId", "version": "version", "runId": "runId", "blockId": "=start"},
)

_CONNECTIONS = Story(
    [
        Step("createAutomationConnection", saves={"ownConnectionId": "id"}),
        Step("getAutomationConnections"),
        Step("getAutomationConnection"),
        Step("updateAutomationConnection"),
        Step("checkAutomationConnection"),
        Step("putConnectionTools"),
        Step("getConnectionTools"),
        Step("reconcileWebhooks"),
        Step("getObjectTypes"),
        Step("getObjectFields", path={"object": "=pets"}, expect=(404,)),
        Step("getInputOptions", path={"block": "=listPets", "input": "=page"}, expect=(404,)),
        Step("probeAutomationConnection"),
        Step("automationConnectionChangeSpace"),
        Step("automationConnectionChangeOwner", body={"userId": "{{meId}}"}),
        Step("deleteAutomationConnection"),
    ],
    path={"id": "ownConnectionId"},
)

_CONNECTORS = Story(
    [
        Step("importAutomationConnector", saves={"ownConnectorId": "id"}, body={**PETS, "name": "zoo-{{unique}}"}),
        Step("getAutomationConnectors"),
        Step("getAutomationConnector"),
        Step("getConnectorBlocks"),
        Step("getConnectorManifest"),
        Step("previewAutomationConnector", body=PETS),
        Step("getConnectorFacts"),
        Step("correctConnectorFacts", expect=(200, 400)),
        Step("certifyConnector", body={}),
        Step("getConnectorWebhookConfiguration", expect=(200, 404)),
        Step("diffAutomationConnector"),
        Step("getConnectorDrift", expect=(200, 409)),
        Step("replaceAutomationConnector"),
        Step("deleteAutomationConnector"),
    ],
    path={"connectorId": "ownConnectorId"},
)
_CONNECTORS_TO_READ = Story(_CONNECTORS.steps[1:6], path={"connectorId": "connectorId"})

_SUBSCRIPTIONS = Story(
    [
        Step("createWebhookSubscription", expect=(201, 400, 404)),
        Step("getWebhookSubscriptions"),
        Step("getWebhookSubscription", expect=(404,)),
        Step("getWebhookDeliveries", expect=(404,)),
        Step("deleteWebhookSubscription", expect=(404,)),
    ],
    path={"id": "connectionId"},
    note="The pet shop has no events to subscribe to; import a connector that has, and these answer with them.",
)

_SESSIONS = Story(
    [
        Step("createConnectSession", saves={"sessionId": "id"}),
        Step("getConnectSession"),
        Step("deleteConnectSession"),
    ],
    path={"id": "sessionId"},
)

STORIES: dict[str, Story] = {
    "automations": _AUTOMATIONS,
    "workflows-automations": _AUTOMATIONS,
    "automation-connections": _CONNECTIONS,
    "workflows-automation-connections": _CONNECTIONS,
    "automation-connectors": _CONNECTORS_TO_READ,
    "workflows-automation-connectors": _CONNECTORS,
    "webhook-subscriptions": _SUBSCRIPTIONS,
    "workflows-webhook-subscriptions": _SUBSCRIPTIONS,
    "connect-sessions": _SESSIONS,
    "workflows-connect-sessions": _SESSIONS,
    "workflows-notices": Story(
        [Step("getNotices"), Step("dismissNotice", expect=(204, 404))], path={"noticeId": "connectorId"}
    ),
    "web-integrations": Story(
        [
            Step("createWebIntegration", saves={"webIntegrationId": "id"}),
            Step("getWebIntegrationById"),
            Step("updateWebIntegrationById"),
            Step("getWebIntegrations"),
            Step("deleteWebIntegrationById"),
        ],
        path={"id": "webIntegrationId"},
    ),
    "csp-origins": Story(
        [
            Step("createCSPEntry", saves={"cspOriginId": "id"}),
            Step("getCSPEntry"),
            Step("updateCSPEntry"),
            Step("listCSPEntries"),
            Step("getCSPHeader"),
            Step("deleteCSPEntry"),
        ],
        path={"id": "cspOriginId"},
    ),
    "webhooks": Story(
        [
            Step("listEventTypes", saves={"eventType": "answer.data[0].name || answer.data[0].id || answer.data[0]"}),
            Step("createWebhook", saves={"webhookId": "id"}),
            Step("getWebhook"),
            Step("patchWebhook"),
            Step("updateWebhook"),
            Step("listWebhookEntries"),
            Step("replayDeliveries", expect=(200, 400)),
            Step("getWebhookDeliveryList"),
            Step("getWebhookDelivery", expect=(404,)),
            Step("resendDelivery", expect=(404,)),
            Step("deleteWebhook"),
        ],
        path={"id": "webhookId", "deliveryId": "connectorId"},
        note="The webhook stays switched off, so that nothing is sent to the address of the example.",
    ),
    "api-keys": Story(
        [
            Step("createApiKey", saves={"apiKeyId": "id"}),
            Step("getApiKeyById"),
            Step("updateApiKey"),
            Step("getApiKeys"),
            Step("getApiKeysConfiguration"),
            Step("updateApiKeyConfiguration"),
            Step("deleteApiKeyById"),
        ],
        path={"id": "apiKeyId", "tenantId": "tenantId"},
    ),
    "oauth-clients": Story(
        [
            Step("createOAuthClient", saves={"ownClientId": "clientId", "ownClientSecret": "clientSecret"}),
            Step("readOAuthClient"),
            Step("patchOAuthClient"),
            Step("readAllOAuthClients"),
            Step("createOAuthClientSecret", saves={"hint": "clientSecret.slice(-5)"}),
            Step("deleteOAuthClientSecret"),
            Step("patchConnectionConfig"),
            Step("readConnectionConfig"),
            Step("deleteConnectionConfig"),
            Step("publishOAuthClient"),
            Step("deleteOAuthClient", headers={"qlik-confirm-delete": "ownClientId"}),
        ],
        path={"id": "ownClientId", "hint": "hint"},
    ),
    "oauth-tokens": Story(
        [
            Step("getOAuthTokens"),
            Step("deleteOAuthToken", expect=(404,), path={"tokenId": "connectorId"}),
        ],
    ),
    "oauth": Story(
        [
            Step("v1.createOAuthClient", saves={"ownClientId": "clientId", "ownClientSecret": "clientSecret"}),
            Step("createOAuthToken", saves={"ownToken": "access_token"}),
            Step("revokeOAuthToken"),
            Step("authorizeOAuthClient", expect=(400,)),
            Step("oauthConsent", expect=(400,)),
            Step("oauthConsentAnswer", expect=(400,), form={}),
            Step("v1.deleteOAuthClient", path={"id": "ownClientId"}, headers={"qlik-confirm-delete": "ownClientId"}),
        ],
        note="The pages of the consent are for browsers; without a sign-in that began they say so.",
    ),
    "users": Story(
        [
            Step("createUser", saves={"ownUserId": "id"}, body={"subject": "lin-{{unique}}", "name": "Lin"}),
            Step("getUsers"),
            Step("getUserById"),
            Step("updateUserById"),
            Step("getMe"),
            Step("countUsers"),
            Step("users_api_actions_filter"),
            Step("inviteUsers"),
            Step("deleteUserById"),
        ],
        path={"userId": "ownUserId"},
    ),
    "tenants": Story(
        [
            Step("getMyTenant"),
            Step("getTenantById"),
            Step("createTenant", expect=(201, 403)),
            Step("updateTenantById"),
            Step("deactivateTenantById", expect=(403, 404), path={"tenantId": "connectorId"}),
            Step("reactivateTenantById", expect=(403, 404), path={"tenantId": "connectorId"}),
        ],
        path={"tenantId": "tenantId"},
        note="Deactivating asks for a tenant that does not exist: the rest of the collection needs this one.",
    ),
    "spaces": Story(
        [
            Step("createSpace", saves={"ownSpaceId": "id"}, body={"name": "Support {{unique}}", "type": "shared"}),
            Step("getSpaces"),
            Step("getTypes"),
            Step("getSpaceById"),
            Step("updateSpaceById", body={"name": "Support team {{unique}}"}),
            Step("patchSpaceById"),
            Step("createSpaceAssignment", saves={"assignmentId": "id"}),
            Step("getSpaceAssignments"),
            Step("getSpaceAssignmentById"),
            Step("updateSpaceAssignmentById"),
            Step("createSpaceShare", expect=(404,)),
            Step("getSpaceShares"),
            Step("getSpaceShareById", expect=(404,)),
            Step("patchShareById", expect=(404,)),
            Step("deleteSpaceShareById", expect=(404,)),
            Step("deleteSpaceAssignmentById"),
            Step("deleteSpaceById"),
        ],
        path={"spaceId": "ownSpaceId", "assignmentId": "assignmentId", "shareId": "connectorId"},
        note="Nothing in a space can be shared one by one; asking for it answers 404.",
    ),
    "items": Story(
        [
            Step("v1.createAutomation", saves={"itemId": "id"}, note="an item is an automation"),
            Step("listItems"),
            Step("getItem"),
            Step("updateItem"),
            Step("listItemCollections"),
            Step("listPublishedItems"),
            Step("GetSettings"),
            Step("PatchSettings"),
            Step("deleteItem"),
            Step("v1.deleteAutomation", path={"id": "itemId"}, expect=(204, 404)),
        ],
        path={"itemId": "itemId"},
    ),
    "audits": Story(
        [Step("getAudits", saves={"auditId": "data[0].id"}), Step("getAudit")],
        path={"id": "auditId"},
    ),
    "connect": Story(
        [
            Step(
                "v1.createConnectSession",
                saves={"sessionId": "id", "window": "answer.link.split('/').pop().split('?')[0].split('#')[0]"},
            ),
            Step("connectWindow"),
            Step("connectStatus"),
            Step("connectAnswers", form={}, expect=(200, 303, 400)),
            Step("connectCallback", expect=(400, 404)),
            Step("connectCallbackForm", form={}, expect=(400, 404)),
            Step("v1.deleteConnectSession", path={"id": "sessionId"}, expect=(204, 404, 409)),
        ],
        path={"token": "window"},
        note="Pages that a person sees in the connect window.",
    ),
    "hooks": Story(
        [Step("receiveWebhook", expect=(404,), form={}), Step("answerWebhookHandshake", expect=(404,))],
        path={"token": "=unknown"},
        note="Addresses are given out with webhook subscriptions; this one is nobody's.",
    ),
    "embed-sessions": Story(
        [
            Step("getEmbedSessions"),
            Step("getEmbedSession", expect=(404,)),
            Step("deleteEmbedSession", expect=(404,)),
        ],
        path={"id": "connectorId"},
        note="Sessions begin when a partner's page signs somebody in.",
    ),
    "embed": Story(
        [
            Step("sso", expect=(400, 401)),
            Step("ssoTemplates", expect=(400, 401)),
            Step("ssoInstall", expect=(400, 401)),
            Step("ssoSettings", expect=(400, 401)),
            Step("embed", expect=(404,)),
            Step("getPublicEmbedSettings", expect=(404,)),
            Step("beginEmbedSession", expect=(400, 401, 404)),
        ],
        path={"guid": "connectorId", "id": "connectorId", "partner": "=nobody"},
        note="Doors for the users of a partner, who signs each request anew; without its signature they stay shut.",
    ),
    "oem": OEM,
}
