"""Authorization codes with PKCE (RFC 7636, S256 only), and refresh tokens that were used: what counts once.

Both lie in one table. A code is there from its making, a refresh token from the moment that it was used; whoever comes
with one again gets the grant ended that came of it.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.tables import oauth_codes
from tieline.storage.unit import Unit

PREFIX = "tlnc_"
LIFETIME = timedelta(seconds=60)
KEPT = timedelta(days=1)  # so that a code that comes late again is still known

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def is_challenge(text: str) -> bool:
    """True for what S256 can give: the SHA-256 of a verifier in base64url without padding."""
    return _CHALLENGE.fullmatch(text) is not None


def answers(verifier: str, challenge: str) -> bool:
    """True where this verifier has this challenge."""
    if not challenge or not _VERIFIER.fullmatch(verifier):
        return False
    given = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(given, challenge)


async def issue(
    unit: Unit, *, client: UUID, user_id: UUID, redirect_uri: str, scopes: Sequence[str], challenge: str, at: datetime
) -> str:
    """A new code, good for a minute. ``at`` = when the person proved who he is."""
    code = tokens.new_token(PREFIX)
    moment = now()
    await unit.delete(oauth_codes, oauth_codes.c.expires_at < moment - KEPT)
    await unit.insert(
        oauth_codes,
        id=new_id(),
        hash=tokens.hash_token(code),
        oauth_client_id=client,
        user_id=user_id,
        redirect_uri=redirect_uri,
        scopes=list(scopes),
        challenge=f"{challenge} {at.timestamp():.0f}",
        expires_at=moment + LIFETIME,
    )
    return code


async def known(unit: Unit, secret: str) -> dict[str, Any] | None:
    """The row of a code or of a used refresh token, locked, so that of two at once one is second."""
    hashed = tokens.hash_token(secret)
    return await unit.one(unit.select(oauth_codes).where(oauth_codes.c.hash == hashed).with_for_update())


async def use(unit: Unit, row: dict[str, Any], grant_id: UUID) -> None:
    """Says what the code was exchanged for."""
    await unit.update(oauth_codes, oauth_codes.c.id == row["id"], token_id=grant_id)


async def retire(unit: Unit, refresh_hash: bytes, grant: dict[str, Any]) -> None:
    """Remembers a refresh token that was used, for as long as it could have been."""
    await unit.insert(
        oauth_codes,
        id=new_id(),
        hash=refresh_hash,
        oauth_client_id=grant["oauth_client_id"],
        user_id=grant["user_id"],
        redirect_uri="",
        scopes=[],
        challenge="",
        token_id=grant["id"],
        expires_at=grant["refresh_expires_at"],
        created_at=now(),
    )
