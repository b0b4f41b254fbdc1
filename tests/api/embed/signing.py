"""Sign-on tokens as partners make them, and as others would; nothing here uses the library that checks them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(of: str = "acme", who: str | dict[str, Any] | None = "ann", **more: Any) -> dict[str, Any]:
    """Good claims; ``who`` is a name or the claim ``user``, and a None among ``more`` takes the claim away."""
    now = int(time.time())
    found: dict[str, Any] = {"iat": now, "exp": now + 60, "account": {"external_id": of, "name": of.title()}}
    if isinstance(who, dict):
        found["user"] = who
    elif who is not None:
        found["user"] = {"external_id": who, "name": who.title(), "email": f"{who}@example.com", "locale": "en-GB"}
    return {name: value for name, value in {**found, **more}.items() if value is not None}


def assembled(header: dict[str, Any] | str, payload: dict[str, Any] | str | bytes, signer: Any) -> str:
    """``header`` and ``payload`` as objects or as the text itself; ``signer`` makes the signature of bytes."""
    parts = []
    for part in (header, payload):
        if isinstance(part, dict):
            part = json.dumps(part)
        parts.append(b64(part.encode() if isinstance(part, str) else part))
    signed = ".".join(parts)
    return f"{signed}.{b64(signer(signed.encode()))}"


def hs256(secret: str | bytes) -> Any:
    key = secret.encode() if isinstance(secret, str) else secret
    return lambda data: hmac.digest(key, data, hashlib.sha256)


def hs512(secret: str) -> Any:
    return lambda data: hmac.digest(secret.encode(), data, hashlib.sha512)


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ed_key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def rs256(name: str = "own") -> Any:
    return lambda data: rsa_key(name).sign(data, padding.PKCS1v15(), hashes.SHA256())


def eddsa(name: str = "own") -> Any:
    return lambda data: ed_key(name).sign(data)


def pem(key: Any) -> str:
    """The public half."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def jwk(name: str = "own") -> dict[str, str]:
    """The Ed25519 key's public half."""
    raw = ed_key(name).public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}


def token(secret: str, payload: dict[str, Any] | None = None, **header: Any) -> str:
    """A good HS256 token, unless ``payload`` or ``header`` make it another."""
    return assembled({"alg": "HS256", "typ": "JWT", **header}, payload or claims(), hs256(secret))
