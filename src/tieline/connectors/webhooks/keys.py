"""What of a subscription is secret: the token in its address and what its messages are signed with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct, field

from tieline.core import json
from tieline.security import resealing, tokens
from tieline.security.resealing import Place
from tieline.security.vault import Vault
from tieline.storage.tables import webhook_subscriptions

TOKEN_PREFIX = "tl_hook_"  # noqa: S105 - what the name of a token begins with
MOST_OLD = 3


class Keys(Struct, kw_only=True):
    """``secret`` signs; ``old`` ones are still good while the sender changes over; ``verify`` answers handshakes that
    ask for a word agreed on before.
    """

    token: str
    secret: str = ""
    old: list[str] = field(default_factory=list)
    verify: str = ""

    def __repr__(self) -> str:
        return "Keys()"

    @property
    def all(self) -> list[str]:
        """The secrets, newest first."""
        return [key for key in (self.secret, *self.old) if key]

    def replace(self, secret: str) -> None:
        """Another secret from now on; the one before stays good for what is under way."""
        if secret and secret != self.secret:
            self.old = [key for key in (self.secret, *self.old) if key][:MOST_OLD]
            self.secret = secret


def new_keys(secret: str = "") -> Keys:
    """Fresh ones."""
    return Keys(token=tokens.new_token(TOKEN_PREFIX), secret=secret, verify=tokens.new_token("tl_verify_"))


def seal(vault: Vault, tenant_id: UUID | None, subscription_id: UUID, keys: Keys) -> bytes:
    """Keys as they are stored."""
    return vault.seal(json.dumps(keys), context=_context(tenant_id, subscription_id))


def unseal(vault: Vault, row: dict[str, Any]) -> Keys:
    """The keys of a subscription's row. Raises `VaultError`."""
    data = vault.open(row["sealed"], context=_context(row["tenant_id"], row["id"]))
    return msgspec.json.decode(data, type=Keys)


def _context(tenant_id: UUID | None, subscription_id: UUID) -> bytes:
    return f"webhook_subscriptions:{tenant_id}:{subscription_id}".encode()


resealing.register(
    Place(webhook_subscriptions, webhook_subscriptions.c.sealed, lambda row: _context(row["tenant_id"], row["id"]))
)
