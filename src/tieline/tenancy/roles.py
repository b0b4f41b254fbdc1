"""Roles: what a person is in a tenant.

A role is kept by its name. Those that Tieline knows give rights; any other name is a role of the tenant's own, which
gives none here and is there for programs that read it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from tieline.core.errors import BadInput
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN

MAX_ROLES = 100
MAX_NAME = 255
ID_PREFIX: Final = "tieline:role:"

# Of the vendor's documents, and one of ours: who administers the tenants of a partner.
KNOWN: Final[dict[str, Literal["admin", "user"]]] = {
    TENANT_ADMIN: "admin",
    PARTNER_ADMIN: "admin",
    "AnalyticsAdmin": "admin",
    "Developer": "user",
    "AutomationCreator": "user",
    "AutomationsCreator": "user",
}


def role_id(name: str) -> str:
    """The id of a role, the same in every tenant; the database can tell it too (see `user_lists`)."""
    return str(UUID(hashlib.md5(f"{ID_PREFIX}{name}".encode(), usedforsecurity=False).hexdigest()))


def show(name: str) -> dict[str, Any]:
    """A role as the API shows it."""
    kind = "default" if name in KNOWN else "custom"
    return {"id": role_id(name), "name": name, "type": kind, "level": KNOWN.get(name, "user")}


def check(names: Sequence[str], *, pointer: str | None = None) -> list[str]:
    """The names without repetition, in their order. Raises `BadInput` for one that cannot be."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if not name.strip() or len(name) > MAX_NAME or "\0" in name:
            raise BadInput(f"The name of a role has 1 to {MAX_NAME} characters.", pointer=pointer)
    if len(wanted) > MAX_ROLES:
        raise BadInput(f"A user has at most {MAX_ROLES} roles.", pointer=pointer)
    return wanted


def named(identifier: str, known: Collection[str]) -> str | None:
    """The role with this id, of those that exist: the known ones and those that users of the tenant have."""
    try:
        wanted = str(UUID(identifier))
    except ValueError:
        return None
    return next((name for name in (*KNOWN, *known) if role_id(name) == wanted), None)
