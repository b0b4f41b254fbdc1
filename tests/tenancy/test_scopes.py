"""What scopes allow and what they may give away."""

from __future__ import annotations

import pytest

from tieline.core.errors import Forbidden
from tieline.core.ids import new_id
from tieline.tenancy.principal import TENANT_ADMIN, Principal
from tieline.tenancy.scopes import KNOWN, UnknownScope, allows, check, covers


@pytest.mark.parametrize(
    "scopes, resource, action, allowed",
    [
        ([], "automations", "read", False),
        (["admin"], "automations", "write", True),
        (["user_default"], "connectors", "write", True),
        (["automations"], "automations", "read", True),
        (["automations"], "automations", "write", True),
        (["automations"], "connections", "read", False),
        (["automations:read"], "automations", "read", True),
        (["automations:read"], "automations", "write", False),
        (["automations:write"], "automations", "write", False),
        (["automation"], "automations", "read", False),
    ],
)
def test_allows(scopes: list[str], resource: str, action: str, allowed: bool) -> None:
    assert allows(scopes, resource, action) is allowed  # type: ignore[arg-type]


def test_check_sorts_and_drops_repetition() -> None:
    assert check(["connections", "automations", "connections"]) == ["automations", "connections"]
    assert check(KNOWN) == sorted(KNOWN)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["ADMIN"], ["automations:write"], [""], ["admin", "x"]])
def test_check_refuses(scopes: list[str]) -> None:
    with pytest.raises(UnknownScope):
        check(scopes)


@pytest.mark.parametrize(
    "own, wanted, covered",
    [
        (["admin"], list(KNOWN), True),
        (["user_default"], ["automations", "connections:read"], True),
        (["user_default"], ["user_default"], True),
        (["user_default"], ["admin"], False),
        (["automations"], ["automations:read"], True),
        (["automations:read"], ["automations"], False),
        (["automations"], ["user_default"], False),
        (["automations", "connections", "connectors"], ["user_default"], False),
    ],
)
def test_nobody_gives_away_more_than_he_has(own: list[str], wanted: list[str], covered: bool) -> None:
    assert covers(own, wanted) is covered


@pytest.mark.parametrize(
    "roles, scopes, admin",
    [
        ([TENANT_ADMIN], ["admin"], True),
        ([TENANT_ADMIN], ["user_default"], False),
        ([], ["admin"], False),
    ],
)
def test_an_administrator_needs_role_and_scope(roles: list[str], scopes: list[str], admin: bool) -> None:
    principal = Principal(tenant_id=new_id(), user_id=new_id(), roles=frozenset(roles), scopes=frozenset(scopes))
    assert principal.is_admin is admin
    if not admin:
        with pytest.raises(Forbidden):
            principal.require_admin()
