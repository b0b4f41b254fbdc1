"""Calls that the API makes: `webhooks` of OpenAPI 3.1, `x-webhooks`, and the callbacks of operations."""

from __future__ import annotations

from typing import Any

from tieline.connectors.importers.description import Event, Operation
from tieline.connectors.importers.formats.openapi.operations import METHODS, pick_media
from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import Notices, mapping, pointer, sequence, text

_MAX_EVENTS = 5_000


def read_events(
    root: dict[str, Any], references: References, notices: Notices, operations: list[Operation], *, old: bool
) -> list[Event]:
    """All events of the document; those of callbacks know the operation that subscribes to them."""
    found: list[Event] = []
    for section in ("webhooks", "x-webhooks"):
        node = root.get(section)
        if node is not None and not isinstance(node, dict):
            notices.add("wrong-type", f"`{section}` is not a mapping.", f"/{section}")
        for name, item in mapping(node).items():
            _item(found, name, references.resolve(item), references, pointer("", section, name), None, old=old)
    for operation in operations:
        for name in operation.callbacks:
            node = mapping(references.resolve(mapping(_at(root, operation.pointer).get("callbacks")).get(name)))
            for expression, item in node.items():
                at = pointer(operation.pointer, "callbacks", name, expression)
                _item(found, name, references.resolve(item), references, at, operation, old=old)
        content = operation.hints.get("x-ms-notification-content")
        if isinstance(content, dict) and operation.callback_url:
            found.append(
                Event(
                    name=operation.id or operation.summary or operation.path,
                    summary=text(operation.summary, 200),
                    description=text(content.get("description")) or operation.description,
                    schema=mapping(content.get("schema")) or None,
                    tags=operation.tags,
                    operation=operation,
                    pointer=operation.pointer,
                )
            )
    return found[:_MAX_EVENTS]


def _item(
    found: list[Event],
    name: str,
    item: Any,
    references: References,
    at: str,
    operation: Operation | None,
    *,
    old: bool,
) -> None:
    for method, node in mapping(item).items():
        if method.lower() not in METHODS:
            continue
        node = mapping(references.resolve(node))
        schema: Any = None
        if old:
            bodies = [mapping(references.resolve(one)) for one in sequence(node.get("parameters"))]
            schema = next((one.get("schema") for one in bodies if one.get("in") == "body"), None)
        else:
            _, media = pick_media(mapping(references.resolve(node.get("requestBody"))).get("content"), references)
            schema = media.get("schema")
        found.append(
            Event(
                name=name,
                summary=text(node.get("summary"), 200),
                description=text(node.get("description")),
                schema=schema if isinstance(schema, dict) else None,
                tags=[text(tag, 100) for tag in sequence(node.get("tags"))],
                operation=operation,
                pointer=pointer(at, method),
            )
        )


def _at(root: dict[str, Any], at: str) -> dict[str, Any]:
    node: Any = root
    for token in at.split("/")[1:]:
        node = mapping(node).get(token.replace("~1", "/").replace("~0", "~"))
    return mapping(node)
