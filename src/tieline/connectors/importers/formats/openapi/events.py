"""Calls that the API makes: `webhooks` of OpenAPI 3.1, `x-webhooks`, and the callbacks of operations."""

from __future__ import annotations

from typing import Any

from tieline.connectors.importers.description import Event, Operation
from tieline.connectors.importers.formats.openapi.media import examples, pick_media
from tieline.connectors.importers.formats.openapi.operations import METHODS
from tieline.connectors.importers.references import References, unescape
from tieline.connectors.importers.sampling import schema_of
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
            node = mapping(
                references.resolve(mapping(_at(root, operation.pointer, references).get("callbacks")).get(name))
            )
            for expression, item in node.items():
                at = pointer(operation.pointer, "callbacks", name, expression)
                _item(found, name, references.resolve(item), references, at, operation, expression, old=old)
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
    callback: str = "",
    *,
    old: bool,
) -> None:
    for method, node in mapping(item).items():
        if method.lower() not in METHODS:
            continue
        node = mapping(references.resolve(node))
        schema: Any = None
        params = [
            mapping(references.resolve(one))
            for one in (*sequence(mapping(item).get("parameters")), *sequence(node.get("parameters")))
        ]
        if old:
            schema = next((one.get("schema") for one in params if one.get("in") == "body"), None)
        else:
            _, media = pick_media(mapping(references.resolve(node.get("requestBody"))).get("content"), references)
            schema = media.get("schema")
            if schema is None and (samples := examples(media, references)):
                schema = schema_of(samples)
        found.append(
            Event(
                name=name,
                summary=text(node.get("summary"), 200),
                description=text(node.get("description")),
                schema=schema if isinstance(schema, dict) else None,
                tags=[text(tag, 100) for tag in sequence(node.get("tags"))],
                operation=operation,
                pointer=pointer(at, method),
                headers={
                    text(one.get("name"), 200): _said(one, references)
                    for one in params
                    if one.get("in") == "header" and isinstance(one.get("name"), str)
                },
                callback=callback,
            )
        )


def _said(param: dict[str, Any], references: References) -> str:
    """What a header parameter says of itself: its description, its values and its examples."""
    schema = mapping(references.resolve(param.get("schema")))
    parts = [
        param.get("description"),
        schema.get("description"),
        schema.get("const"),
        *sequence(schema.get("enum"))[:50],
    ]
    parts += [*examples(param, references)[:5], *examples(schema, references)[:5]]
    return " ".join(found for one in parts if (found := text(one, 2_000)))


def _at(root: dict[str, Any], at: str, references: References) -> dict[str, Any]:
    node: Any = root
    for token in at.split("/")[1:]:
        node = mapping(references.resolve(mapping(node).get(unescape(token))))
    return mapping(node)
