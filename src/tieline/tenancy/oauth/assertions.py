"""Client assertions: a client proves who it is with a key of its own (RFC 7523 section 3, ``private_key_jwt``)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from tieline.core.clock import now
from tieline.security.signatures.base import SignatureRefused
from tieline.tenancy.oauth.rules import ALGORITHMS, key_of

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = timedelta(minutes=10)
LEEWAY = timedelta(seconds=30)
MAX_LENGTH = 8192
MAX_ID = 256


class Assertion(Struct, frozen=True):
    """A verified assertion. ``digest`` names it, so that it counts once; until ``expires_at`` at the latest."""

    digest: bytes
    expires_at: datetime


def subject(token: str) -> str:
    """Who the assertion says it is from, unproved; "" where it does not say."""
    if len(token) > MAX_LENGTH or token.count(".") != 2:
        return ""
    from base64 import urlsafe_b64decode

    part = token.split(".")[1]
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return ""
    found = claims.get("sub") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else ""


def verify(token: str, keys: Sequence[Mapping[str, Any]], *, client_id: str, audience: Collection[str]) -> Assertion:
    """Raises `SignatureRefused` with the reason, for the log of nobody: to the outside all reasons look the same."""
    claims = _claims(token, keys)
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise SignatureRefused("mismatch", "iss and sub have to be the client id")
    meant = claims.get("aud")
    listed = [meant] if isinstance(meant, str) else meant if isinstance(meant, list) else []
    named = {one for one in listed if isinstance(one, str)}
    if not named & set(audience):
        raise SignatureRefused("mismatch", "the assertion is for somebody else")
    moment = now()
    expires = _moment(claims.get("exp"))
    if expires is None or expires <= moment - LEEWAY or expires > moment + LONGEST_LIFE + LEEWAY:
        raise SignatureRefused("stale", "exp has to lie within the next ten minutes")
    for begin in ("nbf", "iat"):
        if claims.get(begin) is not None:
            begins = _moment(claims[begin])
            if begins is None or begins > moment + LEEWAY:
                raise SignatureRefused("future", f"{begin} lies ahead")
    name = claims.get("jti")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID:
        raise SignatureRefused("malformed", "jti is missing")
    digest = hashlib.sha256(f"oauth-assertion\0{client_id}\0{name}".encode("utf-8", "surrogatepass")).digest()
    return Assertion(digest, expires + LEEWAY)


def _claims(token: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    refused = SignatureRefused("mismatch", "the assertion is not signed by a key of the client")
    if len(token) > MAX_LENGTH:
        raise refused
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, KeyError):
        raise refused from None
    if not isinstance(header.get("alg"), str):
        raise refused
    # The key says which algorithm it is for; the header may only choose among keys.
    for jwk in keys:
        if header.get("alg") not in ALGORITHMS or jwk.get("alg") != header["alg"]:
            continue
        if header.get("kid") not in (None, jwk.get("kid")):
            continue
        key = key_of(jwk)
        if key is None:
            continue
        try:
            return dict(jwt.decode(token, key, algorithms=[jwk["alg"]]).claims)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    raise refused


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
