"""What a client needs to know about one connection."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from tieline.connectors.manifest.model import AuthMethod, Manifest
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.clock import now


class Account(Struct, kw_only=True):
    """A connection, opened: the manifest and the answers that were given for it.

    ``server`` replaces the manifest's base URL. ``params`` are answers that are not secret (server variables, scopes),
    ``secrets`` those that are; both by the ids of the auth method's fields. Secrets never show in a repr.
    """

    manifest: Manifest
    connection_id: str = ""
    auth_method: str = ""
    server: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    tenant_id: str = ""

    def __repr__(self) -> str:
        return f"Account({self.manifest.name!r}, connection={self.connection_id!r}, auth={self.auth_method!r})"

    def method(self) -> AuthMethod | None:
        """The auth method in use: the named one, or the only or first one of the manifest."""
        methods = self.manifest.auth
        if not self.auth_method:
            return methods[0] if methods else None
        for method in methods:
            if method.id == self.auth_method:
                return method
        raise ReconnectNeeded(
            f"the connection uses the auth method {self.auth_method!r}, which the connector {self.manifest.name!r}"
            " no longer has; connect again"
        )


class StoredToken(Struct, kw_only=True):
    """An access token and what is needed to replace it. Times are aware UTC; ``expires_at`` None = unknown.

    ``value`` of a session is the JSON of everything that its login gave. ``dead`` says why the token can never be
    replaced without a person.
    """

    value: str
    obtained_at: datetime = field(default_factory=now)
    expires_at: datetime | None = None
    refresh_token: str = ""
    scope: str = ""
    client_auth: str = ""  # how the authorization server wanted the client to identify itself, once that is known
    secret: str = ""  # oauth1: the token's secret
    grant: str = ""  # oauth2: what it was got by
    dead: str = ""

    def __repr__(self) -> str:
        return f"StoredToken(obtained_at={self.obtained_at}, expires_at={self.expires_at})"

    def fresh(self, min_valid: float, moment: datetime | None = None) -> bool:
        """True while at least ``min_valid`` seconds, or a tenth of the token's life if that is less, are left.

        A share, because a fixed margin of a minute would renew a token that lives for 30 s before each call.
        """
        if self.expires_at is None:
            return True
        life = (self.expires_at - self.obtained_at).total_seconds()
        margin = min(min_valid, max(life, 0.0) / 10)
        return (moment or now()) < self.expires_at - timedelta(seconds=margin)
