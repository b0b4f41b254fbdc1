"""What a client may be made of: redirect URIs, origins, keys, grant types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tieline.core import origins
from tieline.core.errors import BadInput

WEB, NATIVE, SPA, ANONYMOUS = "web", "native", "spa", "anonymous-embed"
APP_TYPES = (WEB, NATIVE, SPA, ANONYMOUS)
CLIENT_CREDENTIALS = "client_credentials"
IMPERSONATION = "urn:qlik:oauth:user-impersonation"
GRANT_TYPES = (CLIENT_CREDENTIALS, IMPERSONATION)
SECRET, KEY = "client_secret", "private_key_jwt"
AUTH_METHODS = (SECRET, KEY)
ALGORITHMS = {"RS256": "RSA", "RS512": "RSA", "ES384": "EC"}
MAX_ADDRESSES = 5
MAX_ADDRESS = 256
MAX_KEYS = 10
MIN_RSA_BITS = 2048

_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def redirect_uris(uris: Sequence[str], app_type: str) -> list[str]:
    """Checks them (RFC 6749 section 3.1.2, RFC 8252 section 7, RFC 9700 section 2.1). Raises `BadInput`."""
    for uri in uris:
        problem = _redirect_problem(uri, app_type)
        if problem:
            raise BadInput(f"A redirect URI {problem}.", pointer="/redirectUris")
    return _few(uris, "/redirectUris", "redirect URIs")


def _redirect_problem(uri: str, app_type: str) -> str:
    if not uri or len(uri) > MAX_ADDRESS:
        return f"has 1 to {MAX_ADDRESS} characters"
    if not _URI.fullmatch(uri) or "#" in uri:
        return "is an absolute address in plain characters without a fragment"
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is an absolute address"
    if "@" in parts.netloc or "*" in parts.netloc:
        return "names one host, without user or wildcard"
    if uri.startswith("https://") and host:
        return ""
    if uri.startswith("http://") and host in _LOOPBACK:
        return ""
    if app_type == NATIVE and _SCHEME.fullmatch(parts.scheme) and uri.startswith(parts.scheme + ":"):
        return ""
    return (
        "begins with https://, or http:// on a loopback address, or for native clients a scheme like com.example.app:"
    )


def allowed_origins(texts: Sequence[str], app_type: str) -> list[str]:
    """As browsers write them. Raises `BadInput`."""
    if texts and app_type not in (SPA, ANONYMOUS):
        raise BadInput("Only clients of the type spa have allowedOrigins.", pointer="/allowedOrigins")
    return _few([origins.normalized(text, pointer="/allowedOrigins") for text in texts], "/allowedOrigins", "origins")


def grant_types(names: Sequence[str], app_type: str) -> list[str]:
    """Raises `BadInput` for what the type of client cannot have."""
    if any(name not in GRANT_TYPES for name in names):
        raise BadInput(f"The grant types are {', '.join(GRANT_TYPES)}.", pointer="/allowedGrantTypes")
    if names and app_type != WEB:
        raise BadInput("Only clients of the type web have allowedGrantTypes.", pointer="/allowedGrantTypes")
    return list(dict.fromkeys(names))


def auth_methods(names: Sequence[str], app_type: str) -> list[str]:
    """Raises `BadInput` for what the type of client cannot have."""
    if any(name not in AUTH_METHODS for name in names):
        raise BadInput(f"The authentication methods are {', '.join(AUTH_METHODS)}.", pointer="/allowedAuthMethods")
    if names and app_type != WEB:
        raise BadInput(
            "Only clients of the type web can keep a secret; leave allowedAuthMethods out.",
            pointer="/allowedAuthMethods",
        )
    return list(dict.fromkeys(names))


def public_keys(keys: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """JSON Web Keys (RFC 7517) without anything but their public members. Raises `BadInput`."""
    if len(keys) > MAX_KEYS:
        raise BadInput(f"A client has at most {MAX_KEYS} public keys.", pointer="/publicKeys")
    checked = [_public_key(key) for key in keys]
    if len({key["kid"] for key in checked}) < len(checked):
        raise BadInput("Each public key needs a kid of its own.", pointer="/publicKeys")
    return checked


def _public_key(key: Mapping[str, Any]) -> dict[str, Any]:
    def refused(why: str) -> BadInput:
        return BadInput(f"A public key {why}.", pointer="/publicKeys")

    if any(name in key for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")):
        raise refused("must not hold the private one; send only its public members, and make a new key")
    names = ("kty", "use", "alg", "kid", "n", "e", "crv", "x", "y")
    kept = {name: key[name] for name in names if key.get(name) is not None}
    if any(not isinstance(value, str) or len(value) > 2048 for value in kept.values()) or not kept.get("kid"):
        raise refused("is a JWK with texts as members, among them kid")
    if kept.get("use") != "sig" or ALGORITHMS.get(kept.get("alg", "")) != kept.get("kty") or "kty" not in kept:
        raise refused("has use sig and alg RS256 or RS512 (kty RSA) or ES384 (kty EC)")
    if kept["kty"] == "EC" and kept.get("crv") != "P-384":
        raise refused("for ES384 lies on the curve P-384")
    if key_of(kept) is None:
        raise refused(f"cannot be read, or is an RSA key of less than {MIN_RSA_BITS} bits")
    return kept


def key_of(jwk: Mapping[str, Any]) -> Any:
    """The key of joserfc; None for one that is none."""
    from joserfc.jwk import ECKey, RSAKey

    try:
        if jwk["kty"] == "EC":
            return ECKey.import_key(dict(jwk))
        rsa = RSAKey.import_key(dict(jwk))
        size = rsa.public_key.key_size
        return rsa if MIN_RSA_BITS <= size <= 8192 else None
    except Exception:  # noqa: BLE001 - joserfc and cryptography have many ways to say that this is no key
        return None


def _few(texts: Sequence[str], pointer: str, what: str) -> list[str]:
    kept = list(dict.fromkeys(texts))
    if len(kept) > MAX_ADDRESSES:
        raise BadInput(f"A client has at most {MAX_ADDRESSES} {what}.", pointer=pointer)
    return kept
