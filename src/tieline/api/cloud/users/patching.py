"""The JSON Patch of a user: from operations to the user as it is to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.api.edge.patches import InvalidPatch, Operation
from tieline.storage.unit import Unit
from tieline.tenancy import people
from tieline.tenancy.users import LONGEST_TEXT

_SETTING = {
    "/preferredLocale": "preferredLocale",
    "/preferredZoneinfo": "preferredZoneinfo",
    "/preferredZoneInfo": "preferredZoneinfo",
}


async def applied(unit: Unit, row: Mapping[str, Any], operations: Sequence[Operation]) -> dict[str, Any]:
    """The columns of the user after all ``operations``. Raises `InvalidPatch`."""
    after = {name: row[name] for name in ("name", "email", "status", "roles")}
    after["settings"] = dict(row["settings"])
    for operation in operations:
        await _apply(unit, after, operation)
    return after


async def _apply(unit: Unit, after: dict[str, Any], operation: Operation) -> None:
    path, op = operation.path, operation.op
    if path == "/inviteExpiry":
        if op not in {"renew", "replace"}:
            raise InvalidPatch("An invitation can only be renewed.", pointer=f"{operation.place}/op")
        after["settings"]["inviteExpiry"] = people.invite_expiry()
    elif op == "renew":
        raise InvalidPatch("Only /inviteExpiry can be renewed.", pointer=f"{operation.place}/op")
    elif path in {"/roles", "/assignedRoles", "/assignedRoles/-"}:
        wanted = [] if op == "unset" else await people.named_roles(unit, operation.value, operation.wrong)
        after["roles"] = _combined(op, path, after["roles"], wanted)
    elif path in {"/assignedGroups", "/assignedGroups/-"}:
        held = after["settings"].get("assignedGroups", [])
        groups = [] if op == "unset" else people.named_groups(operation.value, held, operation.wrong)
        after["settings"]["assignedGroups"] = _combined(op, path, held, groups)
    elif op == "remove-value":
        raise InvalidPatch(f"{path} has one value; replace it.", pointer=f"{operation.place}/op")
    elif path in _SETTING:
        after["settings"][_SETTING[path]] = "" if op == "unset" else operation.text(longest=LONGEST_TEXT)
    elif path == "/status":
        if op == "unset" or operation.value not in people.CHANGEABLE_STATUS:
            raise operation.wrong("The status of a user becomes active or disabled.")
        after["status"] = operation.value
    else:
        text = "" if op == "unset" else operation.text(longest=LONGEST_TEXT)
        after[path[1:]] = (text or None) if path == "/email" else text


def _combined(op: str, path: str, held: Sequence[Any], wanted: Sequence[Any]) -> list[Any]:
    """Several values after an operation: those of the user, and those that it names."""
    if op == "remove-value":
        return [item for item in held if item not in wanted]
    if op == "add" or path.endswith("/-"):
        return [*held, *(item for item in wanted if item not in held)]
    return list(wanted)
