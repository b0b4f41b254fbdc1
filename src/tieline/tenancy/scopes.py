"""What an API key or an OAuth client may do.

A scope is ``admin`` (everything in the tenant, also what belongs to others), ``user_default`` (everything that its user
may do), a resource (``automations``: read, change and run) or a resource with ``:read``. Nothing implies another
tenant, and no key can give away more than it has. What a scope gives is never more than what its user has at this
moment: ``admin`` without the role is as much as ``user_default``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from tieline.core.errors import BadInput

ADMIN = "admin"
USER_DEFAULT = "user_default"
RESOURCES = (
    "automations",
    "connections",
    "connectors",
    "web-integrations",
    "csp-origins",
    "webhooks",
    "spaces",
    "items",
    "users",
    "tenants",
    "api-keys",
    "oauth-clients",
    "oauth-tokens",
)
KNOWN = (ADMIN, USER_DEFAULT, *(f"{name}{suffix}" for name in RESOURCES for suffix in ("", ":read")))

Action = Literal["read", "write"]


class UnknownScope(BadInput):
    """A scope that does not exist."""

    code = "unknown-scope"
    title = "Unknown scope"


def allows(scopes: Collection[str], resource: str, action: Action) -> bool:
    """True where one of ``scopes`` lets its holder do ``action`` on ``resource``. Running something is writing."""
    if ADMIN in scopes or USER_DEFAULT in scopes or resource in scopes:
        return True
    return action == "read" and f"{resource}:read" in scopes


def check(scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted and without repetition. Raises `UnknownScope`."""
    wanted = sorted(set(scopes))
    for scope in wanted:
        if scope not in KNOWN:
            raise UnknownScope(f"The scope {scope!r} does not exist; known are {', '.join(KNOWN)}.", pointer="/scopes")
    if not wanted:
        raise UnknownScope(
            "A key needs at least one scope; user_default lets it do what its user may do.", pointer="/scopes"
        )
    return wanted


def covers(own: Collection[str], wanted: Iterable[str]) -> bool:
    """True where the holder of ``own`` has everything that ``wanted`` would give."""
    for scope in wanted:
        if scope in own or ADMIN in own:
            continue
        resource, _, action = scope.partition(":")
        if resource not in RESOURCES or not allows(own, resource, "read" if action == "read" else "write"):
            return False
    return True
