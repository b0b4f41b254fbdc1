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
from tieline.api.published.examples import add_examples
from tieline.api.published.families import FAMILIES, family_of, title_of
from tieline.api.published.marks import mark, security_schemes, tags
from tieline.api.published.samples import SAMPLES, filled

__all__ = ["FAMILIES", "document", "family"]

_REFERENCE = "#/components/schemas/"
_DESCRIPTION = (
    "Automations, their runs, connections and connectors, and everything around them. Send an API key or an access "
    "token as `Authorization: Bearer`. Errors have one form, that of the schema ErrorResponse; below `/oem/v1` it is "
    "Problem. Over a rate limit the answer is 429 with `retry-after`; `x-tieline-tier` says which limit an operation "
    "counts towards."
)


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
    components["securitySchemes"] = security_schemes(base_url)
    for operation in _operations(built):
        # FastAPI's own answer to parameters that break a rule; ours is a 400.
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
    mark(app, built)
    _with_used_schemas(built)
    add_examples(built, {name: filled(sample) for name, sample in SAMPLES.items()})
    return built


def family(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """The part of the document that belongs to one family; ``name`` must be one of `FAMILIES`."""
    paths = {path: item for path, item in whole["paths"].items() if family_of(path) == name}
    info = {**whole["info"], "title": f"Tieline: {title_of(name)}"}
    part = copy.deepcopy({**whole, "paths": paths, "info": info})
    for operation in _operations(part):
        operation["operationId"] = operation["operationId"].rpartition(".")[2]
    part["tags"] = tags(part)
    part["components"]["securitySchemes"] = _used_schemes(part)
    return _with_used_schemas(part)


def _operations(built: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in built["paths"].values():
        yield from item.values()


def _used_schemes(built: dict[str, Any]) -> dict[str, Any]:
    used = {name for operation in _operations(built) for way in operation.get("security", ()) for name in way}
    return {name: scheme for name, scheme in built["components"]["securitySchemes"].items() if name in used}


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
