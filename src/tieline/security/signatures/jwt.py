"""Messages that carry a JSON Web Token (RFC 7519) in a header, which may hold the hash of the body."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from tieline.security.signatures.base import (
    TOLERANCE,
    Dialect,
    Message,
    SignatureRefused,
    Verified,
    in_time,
    register,
    same_text,
)

_HMAC = ("HS256", "HS384", "HS512")


@register
class Jwt(Dialect, frozen=True, kw_only=True):
    """The secret is a shared one (HS*) or the sender's public key as PEM. ``body_claim`` names the claim that holds the
    SHA-256 of the body in hex, without which only the sender is known and not what he sent.
    """

    NAME = "jwt"

    header: str = "Authorization"
    prefix: str = "Bearer "
    algorithm: Literal["HS256", "HS384", "HS512", "RS256", "RS512", "PS256", "ES256", "ES384"] = "HS256"
    tolerance: float = TOLERANCE
    body_claim: str = ""
    id_claim: str = "jti"

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        value = message.require(self.header)
        if not value.startswith(self.prefix):
            raise SignatureRefused("malformed", f"the header {self.header} does not begin with {self.prefix.strip()!r}")
        claims = self._claims(keys, value[len(self.prefix) :].strip())
        signed = _moment(claims, "iat")
        if signed is not None:
            in_time(signed, moment, self.tolerance)
        ends, begins = _moment(claims, "exp"), _moment(claims, "nbf")
        if signed is None and ends is None:
            raise SignatureRefused("malformed", "the token has neither iat nor exp, so it would be good for ever")
        if ends is not None and (moment - ends).total_seconds() > 0:
            raise SignatureRefused("stale", "the token has expired")
        if begins is not None and (begins - moment).total_seconds() > self.tolerance:
            raise SignatureRefused("future", "the token is not valid yet")
        if self.body_claim and not same_text(
            str(claims.get(self.body_claim, "")).lower(), hashlib.sha256(message.body).hexdigest()
        ):
            raise SignatureRefused("mismatch", f"the body is not the one whose hash is in the claim {self.body_claim}")
        name = claims.get(self.id_claim)
        return Verified(name[:1000] if isinstance(name, str) else "", signed)

    def _claims(self, keys: Sequence[str], token: str) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import ECKey, OctKey, RSAKey

        kind: Any = OctKey if self.algorithm in _HMAC else ECKey if self.algorithm.startswith("ES") else RSAKey
        for key in keys:
            try:
                return jwt.decode(token, kind.import_key(key), algorithms=[self.algorithm]).claims
            except (JoseError, ValueError, TypeError, KeyError):
                continue
        raise SignatureRefused("mismatch", f"the token in {self.header} is not signed by who we expect")


def _moment(claims: dict[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureRefused("malformed", f"the claim {name} of the token is no time") from None
