"""The families that existing Qlik Cloud clients know, served under ``/api/workflows`` and ``/api/v1`` alike."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tieline.api.cloud.automations.endpoints import router as automations
from tieline.api.cloud.connections.endpoints import router as connections
from tieline.api.cloud.connectors.endpoints import router as connectors
from tieline.api.cloud.connectors.endpoints import writing as connector_writing
from tieline.api.cloud.pointers.endpoints import router as pointers
from tieline.api.cloud.runs.endpoints import router as runs

PREFIXES = {"/api/workflows": "workflows", "/api/v1": "v1"}
_BOTH = (automations, runs, pointers, connections, connectors)
_ROUTERS = {"/api/workflows": (*_BOTH, connector_writing), "/api/v1": _BOTH}


def operation_ids(label: str) -> Callable[[APIRoute], str]:
    """Operation ids that are unique over all prefixes: ``workflows.getAutomations``."""
    return lambda route: f"{label}.{route.name}"


def mount(app: FastAPI) -> None:
    """Adds the families to ``app`` below each prefix."""
    for prefix, label in PREFIXES.items():
        for router in _ROUTERS[prefix]:
            app.include_router(router, prefix=prefix, generate_unique_id_function=operation_ids(label))
