"""The families that existing Qlik Cloud clients know, served under ``/api/workflows`` and ``/api/v1`` alike."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tieline.api.cloud.api_keys.endpoints import router as api_keys
from tieline.api.cloud.audits.endpoints import router as audits
from tieline.api.cloud.automations.endpoints import router as automations
from tieline.api.cloud.blocks.endpoints import router as blocks
from tieline.api.cloud.connect_sessions.endpoints import router as connect_sessions
from tieline.api.cloud.connections.calling import router as connection_calls
from tieline.api.cloud.connections.endpoints import probing
from tieline.api.cloud.connections.endpoints import router as connections
from tieline.api.cloud.connectors.catalog import router as connector_catalog
from tieline.api.cloud.connectors.certifying import router as connector_certificates
from tieline.api.cloud.connectors.drifting import router as connector_drift
from tieline.api.cloud.connectors.endpoints import router as connectors
from tieline.api.cloud.connectors.endpoints import writing as connector_writing
from tieline.api.cloud.connectors.forms import router as connector_forms
from tieline.api.cloud.connectors.understood import router as connector_facts
from tieline.api.cloud.csp_origins.endpoints import router as csp_origins
from tieline.api.cloud.csrf_token.endpoints import router as csrf_token
from tieline.api.cloud.embed_sessions.endpoints import router as embed_sessions
from tieline.api.cloud.failure_notices.endpoints import router as failure_notices
from tieline.api.cloud.forms.endpoints import router as forms
from tieline.api.cloud.formulas.endpoints import router as formulas
from tieline.api.cloud.integrations.endpoints import router as integrations
from tieline.api.cloud.items.endpoints import router as items
from tieline.api.cloud.metadata.endpoints import router as metadata
from tieline.api.cloud.notices.endpoints import router as notices
from tieline.api.cloud.oauth.endpoints import router as oauth
from tieline.api.cloud.oauth_clients.endpoints import router as oauth_clients
from tieline.api.cloud.oauth_tokens.endpoints import router as oauth_tokens
from tieline.api.cloud.pointers.endpoints import router as pointers
from tieline.api.cloud.runs.account import router as account_runs
from tieline.api.cloud.runs.actions import router as run_actions
from tieline.api.cloud.runs.endpoints import router as runs
from tieline.api.cloud.runs.live import router as run_events
from tieline.api.cloud.runs.views import router as run_views
from tieline.api.cloud.spaces.endpoints import listing as space_list
from tieline.api.cloud.spaces.endpoints import router as spaces
from tieline.api.cloud.spaces.members import router as space_members
from tieline.api.cloud.templates.endpoints import router as templates
from tieline.api.cloud.tenants.endpoints import router as tenants
from tieline.api.cloud.tools.endpoints import router as tools
from tieline.api.cloud.trials.endpoints import router as trials
from tieline.api.cloud.users.endpoints import router as users
from tieline.api.cloud.versions.endpoints import router as versions
from tieline.api.cloud.web_integrations.endpoints import router as web_integrations
from tieline.api.cloud.webhook_subscriptions.endpoints import router as webhook_subscriptions
from tieline.api.cloud.webhooks.deliveries import router as webhook_deliveries
from tieline.api.cloud.webhooks.endpoints import router as webhooks

PREFIXES = {"/api/workflows": "workflows", "/api/v1": "v1"}
_BOTH = (
    automations,
    versions,
    failure_notices,
    trials,
    runs,
    run_views,
    run_events,
    forms,
    formulas,
    run_actions,
    pointers,
    connections,
    connectors,
    webhook_subscriptions,
    tools,
)
_ROUTERS = {
    "/api/workflows": (
        *_BOTH,
        connect_sessions,
        metadata,
        probing,
        connector_writing,
        connector_drift,
        connector_forms,
        connector_facts,
        connector_certificates,
        connector_catalog,
        connection_calls,
        notices,
        blocks,
        account_runs,
    ),
    "/api/v1": (
        *_BOTH,
        connect_sessions,
        web_integrations,
        csp_origins,
        csrf_token,
        space_list,
        items,
        spaces,
        space_members,
        audits,
        embed_sessions,
        api_keys,
        users,
        tenants,
        oauth_clients,
        oauth_tokens,
        webhooks,
        webhook_deliveries,
        templates,
        integrations,
    ),
}


def operation_ids(label: str) -> Callable[[APIRoute], str]:
    """Operation ids that are unique over all prefixes: ``workflows.getAutomations``."""
    return lambda route: f"{label}.{route.name}"


def mount(app: FastAPI) -> None:
    """Adds the families to ``app`` below each prefix."""
    for prefix, label in PREFIXES.items():
        for router in _ROUTERS[prefix]:
            app.include_router(router, prefix=prefix, generate_unique_id_function=operation_ids(label))
    app.include_router(oauth, generate_unique_id_function=operation_ids("oauth"))
