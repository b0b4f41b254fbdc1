"""Who asks: the result of an authentication, and what every permission is decided from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from tieline.core.errors import Forbidden
from tieline.tenancy import scopes as scope_rules

TENANT_ADMIN = "TenantAdmin"
API_KEY, GRANT, SESSION = "api-key:", "oauth-grant:", "embed-session:"
PARTNER_ADMIN = "PartnerAdmin"  # administers the tenants of the tenant's partner; given by the command line only


class Principal(Struct, frozen=True, kw_only=True):
    """A user of a tenant, by way of one API key, one grant of an OAuth client, or one embed session."""

    tenant_id: UUID
    user_id: UUID
    key_id: UUID | None = None
    partner_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)  # the tenant's
    client_id: str | None = None  # of the OAuth client, as it is known outside
    grant_id: UUID | None = None
    grant_type: str = ""
    session_id: UUID | None = None
    origin: str = ""  # of the page that the embed session was begun for; its pages and ours may use it

    @property
    def counted_as(self) -> str:
        """Whose requests these are for rate limits: the user's, or the client's where it acts for nobody."""
        if self.grant_type == "client_credentials":
            return f"client-{self.client_id}"
        return str(self.user_id)

    @property
    def is_admin(self) -> bool:
        """True for an administrator of the tenant whose key carries that right."""
        return TENANT_ADMIN in self.roles and scope_rules.ADMIN in self.scopes

    @property
    def credential(self) -> str | None:
        """By what it let itself in, as ``api-key:<id>``, ``oauth-grant:<id>`` or ``embed-session:<id>``: what it starts
        ends with that.
        """
        if self.key_id is not None:
            return f"{API_KEY}{self.key_id}"
        if self.session_id is not None:
            return f"{SESSION}{self.session_id}"
        return f"{GRANT}{self.grant_id}" if self.grant_id is not None else None

    def administers(self, resource: str) -> bool:
        """True for an administrator of the tenant whose key carries that right, be it for this resource only."""
        return TENANT_ADMIN in self.roles and (scope_rules.ADMIN in self.scopes or resource in self.scopes)

    @property
    def is_partner_admin(self) -> bool:
        """True for who administers all tenants of the partner, and whose key carries that right."""
        return self.partner_id is not None and self.is_admin and PARTNER_ADMIN in self.roles

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
