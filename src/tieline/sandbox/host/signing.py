"""Sign-on tokens as a partner's server makes them, without a JWT library."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tieline.core.errors import Misconfigured

SECONDS = 60


class Signer:
    """Signs with the partner's API key (HS256), or with a key of its own that Tieline knows by ``kid`` (EdDSA)."""

    def __init__(self, app_id: str, header: dict[str, str], sign: Callable[[bytes], bytes]) -> None:
        self._app_id = app_id
        self._header = {"typ": "JWT", **header}
        self._sign = sign

    @classmethod
    def with_api_key(cls, app_id: str, key: str) -> Signer:
        return cls(app_id, {"alg": "HS256"}, lambda data: hmac.digest(key.encode(), data, hashlib.sha256))

    @classmethod
    def with_ed25519(cls, app_id: str, path: Path, kid: str) -> Signer:
        """Raises `Misconfigured` for a file that is no Ed25519 key in PEM."""
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise Misconfigured(f"{path} is no private key in PEM: {error}") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise Misconfigured(f"{path} is no Ed25519 key.")
        return cls(app_id, {"alg": "EdDSA", "kid": kid}, key.sign)

    def token(self, account: dict[str, str], user: dict[str, Any], *, origin: str) -> str:
        """For one visit of one person, from pages of ``origin``. ``jti`` tells two of one second apart."""
        now = int(time.time())
        claims = {
            "iss": self._app_id,
            "iat": now,
            "exp": now + SECONDS,
            "jti": secrets.token_urlsafe(12),
            "origin": origin,
            "account": account,
            "user": user,
        }
        signed = ".".join(_packed(json.dumps(part).encode()) for part in (self._header, claims))
        return f"{signed}.{_packed(self._sign(signed.encode()))}"


def _packed(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
