"""The JSON Patch (RFC 6902) of a webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tieline.api.edge.patches import InvalidPatch, Operation

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


OPS: Final = ("add", "remove", "replace")
PATHS: Final = tuple(_PATHS)


def changes_of(operations: Sequence[Operation]) -> dict[str, Any]:
    """The fields of `Wanted` that a patch changes. Raises `InvalidPatch`."""
    return dict(_read(operation) for operation in operations)


def _read(operation: Operation) -> tuple[str, Any]:
    path, value = operation.path, operation.value
    field, kind, without = _PATHS[path]
    if operation.op == "remove":
        if without is None:
            raise InvalidPatch(f"{path[1:]} cannot be removed; replace it.", pointer=f"{operation.place}/path")
        if value is not None and not isinstance(value, bool | int | dict | str):
            raise operation.wrong("remove takes no value.")
        return field, without
    if kind is list and isinstance(value, str):
        # The published document knows no arrays here.
        value = [part.strip() for part in value.split(",")]
    if not _fits(value, kind):
        raise operation.wrong(f"The value of {path[1:]} has to be {_SAID[kind]}.")
    return field, value


def _fits(value: Any, kind: type) -> bool:
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    if kind is list:
        return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
    return isinstance(value, kind)
