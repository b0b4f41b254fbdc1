"""Signed JSON Web Tokens (RFC 7519) for those kinds that identify themselves by one."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.auth.template import Names, Scope, Value, compiled, rendered
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import Misconfigured

_ALGORITHMS: Final = (
    *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
_KEY_FIELDS: Final = ("private_key", "client_secret", "secret", "api_secret", "key", "signing_key", "password")
_LONGEST: Final = 24 * 3600


def key_of(method: AuthMethod, scope: Names) -> Value:
    """What the method signs with: its ``key`` template, else the first of its fields that is meant for that."""
    if method.key:
        return compiled(method.key).value(scope)
    declared = [field.id for field in method.fields if field.secret]
    for name in (*(name for name in _KEY_FIELDS if name in declared), *declared, *_KEY_FIELDS):
        value = scope.look_up(name)
        if value:
            return value
    raise ReconnectNeeded("the connection has no key to sign with; enter it and connect again")


def claims_of(
    method: AuthMethod, scope: Scope, defaults: Mapping[str, Any], *, offset: float = 0.0
) -> tuple[dict[str, Any], float]:
    """The claims and the second since 1970 at which they expire; ``offset`` corrects our clock in seconds."""
    moment = int(now().timestamp() + offset)
    lifetime = min(max(method.lifetime, 1), _LONGEST)
    given: dict[str, Any] = {"iat": moment, "exp": moment + lifetime, "jti": secrets.token_urlsafe(16)}
    given |= {name: value for name, value in defaults.items() if value not in (None, "")}
    for name, value in method.claims.items():
        given[name] = rendered(value, scope)
        if name in ("iat", "exp", "nbf") and isinstance(given[name], str) and given[name].lstrip("-").isdecimal():
            given[name] = int(given[name])
    return {name: value for name, value in given.items() if value is not None}, given.get("exp") or moment + lifetime


def signed(method: AuthMethod, key: Value, claims: Mapping[str, Any], scope: Scope) -> str:
    """A compact JWS. Raises Misconfigured for an algorithm that is not one, ReconnectNeeded for a key that does not fit
    it.
    """
    text = key if isinstance(key, bytes) else _armoured(key).encode()
    algorithm = method.signature or ("RS256" if b"-----BEGIN" in text or text.startswith(b"{") else "HS256")
    if algorithm not in _ALGORITHMS:
        raise Misconfigured(
            f"the signature {algorithm!r} of auth method {method.id!r} is not known; use one of"
            f" {', '.join(_ALGORITHMS)}"
        )
    header = {"alg": algorithm, "typ": "JWT", **{name: rendered(v, scope) for name, v in method.jwt_header.items()}}
    header["alg"] = algorithm
    return _encoded(algorithm, text, json.dumps(header), json.dumps(dict(claims)))


def _encoded(algorithm: str, key: bytes, header: bytes, claims: bytes) -> str:
    from joserfc import jwt
    from joserfc.errors import JoseError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about short keys: the vendor chose them
        try:
            return jwt.encode(json.loads(header), json.loads(claims), _key(algorithm, key), algorithms=[algorithm])
        except (JoseError, ValueError, TypeError, AttributeError):
            raise ReconnectNeeded(f"the connection's key cannot sign with {algorithm}; enter the right one") from None


@lru_cache(maxsize=64)
def _key(algorithm: str, text: bytes) -> Any:
    from joserfc import jwk

    if algorithm.startswith("HS"):
        return jwk.OctKey.import_key(text)
    kind = jwk.ECKey if algorithm.startswith("ES") else jwk.OKPKey if algorithm == "EdDSA" else jwk.RSAKey
    return kind.import_key(json.loads(text) if text.startswith(b"{") else text)


def _armoured(text: str) -> str:
    """A PEM as people paste it: with written line breaks, or with none."""
    if "-----BEGIN" not in text:
        return text
    text = text.replace("\\r", "").replace("\\n", "\n").strip()
    if "\n" in text:
        return text + "\n"
    head, _, rest = text.partition("-----BEGIN")[2].partition("-----")
    body, _, _ = rest.partition("-----END")
    return f"-----BEGIN{head}-----\n{body.strip().replace(' ', chr(10))}\n-----END{head}-----\n"
