"""What a browser carries for us: readable, short-lived, and proof against changes.

Signed with a key derived from the secret keys (HMAC-SHA256), so that every process reads what any of them wrote. The
purpose is signed with it, so that nothing written for one can be shown for another.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

MAX_LENGTH = 16_384
_TAG = 32


class Seals:
    """Signs with the first key, accepts the signature of any."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        self._keys = [hmac.digest(key, b"tieline/seal/1", hashlib.sha256) for key in secret_keys]

    def seal(self, data: bytes, purpose: str) -> str:
        """Text for a cookie or a form."""
        return urlsafe_b64encode(_tag(self._keys[0], data, purpose) + data).decode().rstrip("=")

    def open(self, text: str, purpose: str) -> bytes | None:
        """What was sealed; None for anything that `seal` did not make for this purpose."""
        if not text or len(text) > MAX_LENGTH or not text.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            return None
        if urlsafe_b64encode(sealed).decode().rstrip("=") != text:
            return None  # another spelling of the same bytes
        tag, data = sealed[:_TAG], sealed[_TAG:]
        good = [hmac.compare_digest(tag, _tag(key, data, purpose)) for key in self._keys]
        return data if any(good) else None


def _tag(key: bytes, data: bytes, purpose: str) -> bytes:
    name = purpose.encode()
    return hmac.digest(key, len(name).to_bytes(4, "big") + name + data, hashlib.sha256)
