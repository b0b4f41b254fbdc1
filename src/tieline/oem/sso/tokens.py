"""Signed sign-on tokens: JSON Web Tokens (RFC 7519) in compact form (RFC 7515 section 7.1).

    named = issuer(token)                                   # whose it says it is, unproved
    sign_on = verify(token, partner_keys, app_id=..., audience={base, app_id})

HS256 is checked with the partner's API key and with nothing else, EdDSA (Ed25519) and RS256 with its registered public
keys and with nothing else: the key says which algorithm it is for. What a header says of other keys (``jwk``, ``jku``,
``x5c`` ...) or extensions (``crit``, ``b64``) is refused. A token has one spelling: canonical base64url, no name twice.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from tieline.core.clock import now
from tieline.oem.sso import claims as claim_rules
from tieline.oem.sso.claims import SignOn, refused
from tieline.oem.sso.errors import SignOnRefused

MAX_LENGTH: Final = 16_384
LONGEST_LIFE: Final = timedelta(seconds=120)
LEEWAY: Final = timedelta(seconds=10)
LONGEST_ID: Final = 256
HMAC: Final = "HS256"
PUBLIC: Final = {"EdDSA": "OKP", "RS256": "RSA"}
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "cty", "enc"})
_NOT_SIGNED: Final = "The sign-on token is not signed by a key of this partner."


class PublicKey(Struct, frozen=True):
    """A registered key that is not revoked."""

    kid: str
    algorithm: str
    jwk: Mapping[str, Any]


class PartnerSecrets(Struct, frozen=True, kw_only=True):
    """What a partner's tokens are checked with."""

    app_id: str
    api_key: bytes | None
    public: Sequence[PublicKey]

    def __repr__(self) -> str:
        return f"PartnerSecrets(app_id={self.app_id!r})"


class _Parsed(Struct, frozen=True):
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes


def issuer(token: str) -> str | None:
    """The app id that a token says it is from, unproved; None where it says nothing. Raises `SignOnRefused`."""
    found = _parse(token).claims.get("iss")
    if found is None:
        return None
    return claim_rules.text_of(found, "iss")


def verify(token: str, partner: PartnerSecrets, *, audience: Collection[str]) -> SignOn:
    """Raises `SignOnRefused`. ``audience``: what ``aud`` may be, where the token has one."""
    parsed = _parse(token)
    algorithm = _check_signature(token, parsed, partner)
    claims = parsed.claims
    until = _check_times(claims)
    if claims.get("iss") is not None and claims["iss"] != partner.app_id:
        raise refused("has another iss than the partner's app id")
    if "aud" in claims and not _named(claims["aud"]) & set(audience):
        raise refused("has an aud that is neither the address of this server nor the partner's app id")
    digest = _digest(partner.app_id, parsed)
    return claim_rules.read(claims, digest=digest, until=until + LEEWAY, how=f"jwt {algorithm}")


def _parse(token: str) -> _Parsed:
    malformed = SignOnRefused("The sign-on token is not a JSON Web Token in compact form.")
    if len(token) > MAX_LENGTH:
        raise SignOnRefused(f"The sign-on token is longer than {MAX_LENGTH} characters.")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii() or not all(parts[:2]):
        raise malformed
    try:
        decoded = [_base64(part) for part in parts]
        header, claims = _json(decoded[0]), _json(decoded[1])
    except (ValueError, RecursionError):
        raise malformed from None
    return _Parsed(header, claims, f"{parts[0]}.{parts[1]}".encode())


def _base64(text: str) -> bytes:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except NoBase64:
        raise ValueError from None
    if urlsafe_b64encode(data).rstrip(b"=") != text.encode():
        raise ValueError("another spelling of the same bytes")
    return data


def _json(data: bytes) -> Mapping[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name comes twice")
        return found

    def number(text: str) -> Any:
        raise ValueError(f"{text} is no JSON")

    value = json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=number)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _check_signature(token: str, parsed: _Parsed, partner: PartnerSecrets) -> str:
    header = parsed.header
    if strange := sorted(_REFUSED_HEADERS & header.keys()):
        raise refused(f"has the header {strange[0]}, which is not taken")
    kind = header.get("typ")
    if kind is not None and (not isinstance(kind, str) or kind.upper() != "JWT"):
        raise refused("has another typ than JWT")
    algorithm, kid = header.get("alg"), header.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > LONGEST_ID):
        raise refused("has a kid that is no text")
    if algorithm == HMAC:
        if partner.api_key is not None and _signed_by(token, HMAC, partner.api_key):
            return HMAC
        raise SignOnRefused(_NOT_SIGNED)
    if not isinstance(algorithm, str) or algorithm not in PUBLIC:
        raise refused("has another alg than HS256, EdDSA and RS256")
    for key in partner.public:
        if key.algorithm == algorithm and kid in (None, key.kid) and _signed_by(token, algorithm, key.jwk):
            return algorithm
    raise SignOnRefused(_NOT_SIGNED)


def _signed_by(token: str, algorithm: str, key: Mapping[str, Any] | bytes) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import OctKey, OKPKey, RSAKey

    kinds: dict[str, Any] = {"EdDSA": OKPKey, "RS256": RSAKey}
    with warnings.catch_warnings():
        # RFC 9864 would rather have EdDSA called Ed25519, which few libraries write yet.
        warnings.simplefilter("ignore")
        try:
            imported = OctKey.import_key(key) if isinstance(key, bytes) else kinds[algorithm].import_key(dict(key))
            jws.deserialize_compact(token, imported, algorithms=[algorithm])
        except (JoseError, ValueError, TypeError, KeyError):
            return False
    return True


def _check_times(claims: Mapping[str, Any]) -> datetime:
    moment = now()
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    begins = _moment(claims, "nbf") if claims.get("nbf") is not None else issued
    if expires <= issued or expires - issued > LONGEST_LIFE:
        seconds = round(LONGEST_LIFE.total_seconds())
        raise refused(f"does not live for 1 to {seconds} seconds: exp has to lie that much after iat")
    if issued > moment + LEEWAY or begins > moment + LEEWAY:
        raise refused("is not good yet: iat or nbf lies ahead; compare the clocks")
    if expires <= moment:
        raise refused("has expired; make a new one for each sign-on")
    return expires


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate (RFC 7519 section 2)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(f"has no {name} in seconds since 1970")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise refused(f"has an {name} beyond all times") from None


def _named(meant: Any) -> set[str]:
    if isinstance(meant, str):
        return {meant}
    return {one for one in meant if isinstance(one, str)} if isinstance(meant, list) else set()


def _digest(app_id: str, parsed: _Parsed) -> bytes:
    """Names the token by its ``jti``, or by what is signed: a signature can have several spellings."""
    name = parsed.claims.get("jti")
    if name is None:
        return hashlib.sha256(b"sso-token\0" + parsed.signed).digest()
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
        raise refused(f"has a jti that is no text of 1 to {LONGEST_ID} characters")
    return hashlib.sha256(f"sso-id\0{app_id}\0{name}".encode("utf-8", "surrogatepass")).digest()
