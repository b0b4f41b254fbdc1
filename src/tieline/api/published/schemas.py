"""From the routes of the application to an OpenAPI document."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from tieline.api.edge.documented import BODY_MODELS
from tieline.api.edge.version import VERSION

_REFERENCE = "#/components/schemas/"
_DESCRIPTION = (
    "Automations, their runs, connections and connectors. Errors have one form; see the schema ErrorResponse."
)

# A family is what stands below one of these paths.
FAMILIES: dict[str, tuple[str, ...]] = {
    "automations": ("/api/v1/automations",),
    "automation-connections": ("/api/v1/automation-connections",),
    "automation-connectors": ("/api/v1/automation-connectors",),
    "oauth-clients": ("/api/v1/oauth-clients",),
    "oauth-tokens": ("/api/v1/oauth-tokens",),
    "oauth": ("/oauth",),
    "workflows-automations": ("/api/workflows/automations",),
    "workflows-automation-connections": ("/api/workflows/automation-connections",),
    "workflows-automation-connectors": ("/api/workflows/automation-connectors",),
    "oem": ("/oem/v1",),
    "operation": ("/healthz", "/readyz", "/metrics", "/resources"),
}


def document(app: FastAPI, base_url: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of all operations of ``app``."""
    built = copy.deepcopy(
        get_openapi(
            title="Tieline",
            version=VERSION,
            openapi_version="3.1.0",
            description=_DESCRIPTION,
            routes=app.routes,
            servers=[{"url": base_url}],
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
    )
    _, bodies = models_json_schema(
        [(model, "validation") for model in BODY_MODELS.values()], by_alias=True, ref_template=_REFERENCE + "{model}"
    )
    components = built.setdefault("components", {})
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **bodies.get("$defs", {})}.items()))
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer tln_...`."},
        "appId": {"type": "apiKey", "in": "header", "name": "X-App-Id", "description": "A partner's app id."},
        "partnerKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "A partner's key."},
    }
    for operation in _operations(built):
        # FastAPI's own answer to parameters that break a rule; ours is a 400.
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
    return _with_used_schemas(built)


def family(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """The part of the document that belongs to one family; ``name`` must be one of `FAMILIES`."""
    prefixes = FAMILIES[name]
    paths = {
        path: item
        for path, item in whole["paths"].items()
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
    }
    part = copy.deepcopy({**whole, "paths": paths, "info": {**whole["info"], "title": f"Tieline: {name}"}})
    for operation in _operations(part):
        operation["operationId"] = operation["operationId"].rpartition(".")[2]
    return _with_used_schemas(part)


def _operations(built: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in built["paths"].values():
        yield from item.values()


def _with_used_schemas(built: dict[str, Any]) -> dict[str, Any]:
    """Without the schemas that nothing refers to."""
    schemas = built["components"]["schemas"]
    used: set[str] = set()
    waiting = list(_references(built["paths"]))
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += _references(schemas[name])
    built["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name in used}
    return built


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REFERENCE)
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)
