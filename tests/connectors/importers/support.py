"""Small documents for the tests of the importers, and short ways to look into what comes of them."""

from __future__ import annotations

import json
from typing import Any

from msgspec import UNSET

from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block, Manifest, Paging
from tieline.core.errors import TielineError

Json = dict[str, Any]
THING: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}


def spec(paths: Json, **more: Any) -> Json:
    """An OpenAPI 3.1 document with these paths."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Test", "version": "1"},
        "servers": [{"url": "https://api.example"}],
        "paths": paths,
        "components": {"schemas": {"Thing": THING}},
        **more,
    }


def op(
    answer: Any = None,
    *,
    id: str = "",
    query: Any = (),
    body: Any = None,
    status: str = "200",
    headers: Json | None = None,
    **more: Any,
) -> Json:
    """One operation: ``query`` holds names or whole parameters, ``answer`` and ``body`` are schemas."""
    parameters = [
        one if isinstance(one, dict) else {"name": one, "in": "query", "schema": {"type": "string"}} for one in query
    ]
    response: Json = {"description": "ok"}
    if answer is not None:
        response["content"] = {"application/json": {"schema": answer}}
    if headers:
        response["headers"] = {name: {"description": said} for name, said in headers.items()}
    found: Json = {"responses": {status: response}, **more}
    if id:
        found["operationId"] = id
    if parameters:
        found["parameters"] = parameters
    if body is not None:
        found["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return found


def param(name: str, type: str = "string", **more: Any) -> Json:
    """A query parameter; what JSON Schema knows goes into its schema."""
    outside: Json = {key: more.pop(key) for key in ("in", "required", "description", "style", "explode") if key in more}
    return {"name": name, "in": "query", **outside, "schema": {"type": type, **more}}


def obj(**members: Any) -> Json:
    """An object schema; a member may be the name of a type."""
    return {
        "type": "object",
        "properties": {name: {"type": one} if isinstance(one, str) else one for name, one in members.items()},
    }


def many(item: Any = None) -> Json:
    """A list schema."""
    return {"type": "array", "items": THING if item is None else item}


def imported(document: Json, **options: Any) -> Manifest:
    return import_document(json.dumps(document).encode(), **options)


def only(method: str, path: str, operation: Json, **more: Any) -> Block:
    """The block of a document that has this one operation (not the incremental one beside it)."""
    return imported(spec({path: {method.lower(): operation}}, **more)).blocks[0]


def is_clear(error: TielineError) -> None:
    """An error of ours says something."""
    assert error.detail and error.code and error.status >= 400


def paging(block: Block) -> Paging:
    assert block.paging is not UNSET
    return block.paging


def kinds(document: Json) -> dict[str, str]:
    """Kind by "METHOD path"."""
    return {
        f"{block.method} {block.path}": block.kind
        for block in imported(document).blocks
        if "_incremental" not in block.id
    }
