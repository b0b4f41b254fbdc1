"""What is allowed although it might look as if it were not, by operation, and why. Whatever is not here is refused."""

from __future__ import annotations

from typing import Any

# What any user of a tenant may do with what others of it have made, and why. Everything else is refused.
_CONNECTORS = "connectors are the tenant's: whoever has the scope reads them, and makes connections with them"
_TOLD = "what holds for everybody in the tenant is told to everybody"
_OFFERED = "the partner's templates are there for everybody to install for themselves"
SHARED = {
    **dict.fromkeys(("getAutomationConnectors", "getAutomationConnector", "getConnectorBlocks"), _CONNECTORS),
    **dict.fromkeys(("getConnectorManifest", "getConnectorWebhookConfiguration", "getConnectorDrift"), _CONNECTORS),
    **dict.fromkeys(("diffAutomationConnector", "getConnectorBlock", "getConnectorFacts"), _CONNECTORS),
    **dict.fromkeys(("certifyConnector", "getConnectorCatalog"), _CONNECTORS),
    **dict.fromkeys(("getWebIntegrations", "getWebIntegrationById", "listCSPEntries", "getCSPEntry"), _TOLD),
    **dict.fromkeys(("getApiKeysConfiguration", "getUsers", "users_api_actions_filter", "getUserById"), _TOLD),
    **dict.fromkeys(("getTenantById", "readAllOAuthClients", "readOAuthClient", "readConnectionConfig"), _TOLD),
    **dict.fromkeys(("getTemplates", "listTemplates", "getTemplate", "installTemplate"), _OFFERED),
}
# Everybody in the account sees all of its integrations, whoever installed them.
SHARED |= dict.fromkeys(("listIntegrations", "getIntegration"), "integrations are the account's")
# What a plain user sends in place of the usual body, which names what is the administrator's own.
OF_ITS_OWN: dict[str, dict[str, Any]] = {"installTemplate": {}}
# Everybody in the tenant sees that it is there: a change is refused with 403, and 404 is for what is not there.
KNOWN = {
    *("replaceAutomationConnector", "deleteAutomationConnector", "updateIntegration", "deleteIntegration"),
    "correctConnectorFacts",
    *("activateIntegration", "deactivateIntegration", "runIntegrationFlow"),
}
# Kinds that every user of the tenant sees.
SEEN_BY_ALL = {"connector", "partner connector", "person", "admin"}
# What the partner offers to all its tenants.
OF_THE_PARTNER = {"getTemplate", "installTemplate"}
# What takes the scope admin, so that a reading key of an administrator is answered as a plain user is.
ADMINISTRATORS_READ = {
    **dict.fromkeys(("getAudits", "getAudit", "getUsageMetrics"), 403),
    # Of nobody's connection, or for all of the tenant: administrators alone see that they are there.
    **dict.fromkeys(("getWebhookSubscription", "getWebhookDeliveries"), 404),
    **dict.fromkeys(("getWebhook", "getWebhookDeliveryList", "getWebhookDelivery"), 404),
}
# Documents that are kept as they came, whatever they name: their runs find nothing of others.
KEPT_AS_THEY_COME = {("createAutomation", "workspace"), ("updateAutomation", "workspace")}
# Answer 200 with a status for each of many items.
EACH_FOR_ITSELF = {"bulkInstall", "bulkUpdate", "bulkEnable", "bulkDisable", "bulkRemove"}
# What the caller makes for itself, whoever it is.
OWN_RIGHT = {
    *("createAutomation", "createAutomationConnection", "createConnectSession", "createSpace", "previewFormula"),
    *("createWebhookSubscription", "createApiKey", "createWebhook", "importAutomationConnector"),
    *("previewAutomationConnector", "addCatalogConnector"),
}
# Changes nothing although it is no GET, so that a reading key may.
READING = {
    *("users_api_actions_filter", "diffAutomationConnector", "previewFormula", "exportRun", "getInputOptions"),
    *("previewAutomationConnector", "certifyConnector"),
}
# What takes an administrator of the partner.
OF_PARTNER_ADMIN = {"createTenant", "deactivateTenantById", "reactivateTenantById"}
# What the fixture is refused by its owner, and with what.
OWNER_REFUSED = {
    "getConnectorDrift": 409,  # it was not made of a document at an address
    **dict.fromkeys(["createSpaceShare", "getSpaceShareById", "patchShareById", "deleteSpaceShareById"], 404),
}
