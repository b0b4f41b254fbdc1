"""The families that existing Qlik Cloud clients know, served under ``/api/workflows`` and ``/api/v1`` alike."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tieline.api.cloud.automations.endpoints import router as automations
from tieline.api.cloud.connect_sessions.endpoints import router as connect_sessions
from tieline.api.cloud.connections.endpoints import probing
from tieline.api.cloud.connections.endpoints import router as connections
from tieline.api.cloud.connectors.drifting import router as connector_drift
from tieline.api.cloud.connectors.endpoints import router as connectors
from tieline.api.cloud.connectors.endpoints import writing as connector_writing
from tieline.api.cloud.failure_notices.endpoints import router as failure_notices
from tieline.api.cloud.forms.endpoints import router as forms
from tieline.api.cloud.formulas.endpoints import router as formulas
from tieline.api.cloud.metadata.endpoints import router as metadata
from tieline.api.cloud.notices.endpoints import router as notices
from tieline.api.cloud.pointers.endpoints import router as pointers
from tieline.api.cloud.runs.actions import router as run_actions
from tieline.api.cloud.runs.endpoints import router as runs
from tieline.api.cloud.runs.live import router as run_events
from tieline.api.cloud.runs.views import router as run_views
from tieline.api.cloud.trials.endpoints import router as trials
from tieline.api.cloud.versions.endpoints import router as versions
from tieline.api.cloud.webhook_subscriptions.endpoints import router as webhook_subscriptions

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
)
_ROUTERS = {
    "/api/workflows": (*_BOTH, connect_sessions, metadata, probing, connector_writing, connector_drift, notices),
    "/api/v1": (*_BOTH, connect_sessions),
}


def operation_ids(label: str) -> Callable[[APIRoute], str]:
    """Operation ids that are unique over all prefixes: ``workflows.getAutomations``."""
    return lambda route: f"{label}.{route.name}"


def mount(app: FastAPI) -> None:
    """Adds the families to ``app`` below each prefix."""
    for prefix, label in PREFIXES.items():
        for router in _ROUTERS[prefix]:
            app.include_router(router, prefix=prefix, generate_unique_id_function=operation_ids(label))
