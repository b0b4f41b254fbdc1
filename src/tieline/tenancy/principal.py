"""Who asks: the result of an authentication, and what every permission is decided from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from tieline.core.errors import Forbidden
from tieline.tenancy import scopes as scope_rules

TENANT_ADMIN = "TenantAdmin"


class Principal(Struct, frozen=True, kw_only=True):
    """A user of a tenant, by way of one API key."""

    tenant_id: UUID
    user_id: UUID
    key_id: UUID | None = None
    partner_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)  # the tenant's

    @property
    def is_admin(self) -> bool:
        """True for an administrator of the tenant whose key carries that right."""
        return TENANT_ADMIN in self.roles and scope_rules.ADMIN in self.scopes

    def may(self, resource: str, action: scope_rules.Action) -> bool:
        """True where the key's scopes allow it."""
        return scope_rules.allows(self.scopes, resource, action)

    def require(self, resource: str, action: scope_rules.Action) -> None:
        """Raises `Forbidden` where the key's scopes do not allow it."""
        if not self.may(resource, action):
            wanted = resource if action == "write" else f"{resource}:read"
            raise Forbidden(f"This API key may not do that: it lacks the scope {wanted}.", meta={"scope": wanted})

    def require_admin(self) -> None:
        """Raises `Forbidden` for everybody but administrators of the tenant."""
        if not self.is_admin:
            raise Forbidden(
                f"Only a tenant administrator may do that: role {TENANT_ADMIN} and scope {scope_rules.ADMIN}."
            )
