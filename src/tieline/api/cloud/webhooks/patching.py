"""The JSON Patch (RFC 6902) of a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request

from tieline.api.cloud.webhooks.errors import InvalidWebhookPatch
from tieline.api.edge.bodies import decode, read_body

MOST_OPERATIONS: Final = 100

# Path -> field of `Wanted`, type of the value, and what it is once it is removed (None: it cannot be).
_PATHS: Final[Mapping[str, tuple[str, type, Any]]] = {
    "/name": ("name", str, None),
    "/url": ("url", str, None),
    "/description": ("description", str, ""),
    "/eventTypes": ("event_types", list, []),
    "/headers": ("headers", dict, {}),
    "/enabled": ("enabled", bool, False),
    "/secret": ("secret", str, ""),
    "/encryptedHeaders": ("encrypted_headers", dict, {}),
    "/enableCloudEventDelivery": ("cloud_events", bool, None),
}
_SAID: Final = {str: "a text", list: "an array of texts", dict: "an object of texts", bool: "true or false"}


async def read_patch(request: Request) -> dict[str, Any]:
    """A dependency: the fields of `Wanted` that the patch in the body changes. Raises `InvalidWebhookPatch`."""
    content = decode(await read_body(request))
    if not isinstance(content, list):
        raise InvalidWebhookPatch('The body is no JSON Patch; send [{"op", "path", "value"}].', pointer="")
    if len(content) > MOST_OPERATIONS:
        raise InvalidWebhookPatch(f"The patch has more than {MOST_OPERATIONS} operations.", pointer="")
    changes: dict[str, Any] = {}
    for index, operation in enumerate(content):
        field, value = _read(operation, f"/{index}")
        changes[field] = value
    return changes


def _read(operation: Any, place: str) -> tuple[str, Any]:
    if not isinstance(operation, dict):
        raise InvalidWebhookPatch("An operation of the patch is not an object.", pointer=place)
    op, path = operation.get("op"), operation.get("path")
    if op not in ("add", "remove", "replace"):
        raise InvalidWebhookPatch("An operation is add, remove or replace.", pointer=f"{place}/op")
    if not isinstance(path, str) or path not in _PATHS:
        raise InvalidWebhookPatch(f"A patch changes {', '.join(_PATHS)}.", pointer=f"{place}/path")
    field, kind, without = _PATHS[path]
    if op == "remove":
        if without is None:
            raise InvalidWebhookPatch(f"{path[1:]} cannot be removed; replace it.", pointer=f"{place}/path")
        if "value" in operation and not isinstance(operation["value"], bool | int | dict | str):
            raise InvalidWebhookPatch("remove takes no value.", pointer=f"{place}/value")
        return field, without
    if "value" not in operation:
        raise InvalidWebhookPatch(f"The operation {op} needs a value.", pointer=f"{place}/value")
    value = operation["value"]
    if kind is list and isinstance(value, str):
        # The published document knows no arrays here.
        value = [part.strip() for part in value.split(",")]
    if not _fits(value, kind):
        raise InvalidWebhookPatch(f"The value of {path[1:]} has to be {_SAID[kind]}.", pointer=f"{place}/value")
    return field, value


def _fits(value: Any, kind: type) -> bool:
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    if kind is list:
        return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
    return isinstance(value, kind)
