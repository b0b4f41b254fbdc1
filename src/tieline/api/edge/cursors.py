"""Cursors signed with a key derived from the secret keys, so that every process reads every process's cursors."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from tieline.core.paging import BadCursor, Cursors

_TAG = 16


def signed_cursors(secret_keys: Sequence[bytes]) -> Cursors:
    """Signs with the first key, accepts the signature of any (HMAC-SHA256, cut to 128 bits)."""
    keys = [hmac.digest(key, b"tieline/cursor/1", hashlib.sha256) for key in secret_keys]

    def sign(key: bytes, data: bytes, context: bytes) -> bytes:
        return hmac.digest(key, len(context).to_bytes(4, "big") + context + data, hashlib.sha256)[:_TAG]

    def seal(data: bytes, context: bytes) -> bytes:
        return sign(keys[0], data, context) + data

    def open_(sealed: bytes, context: bytes) -> bytes:
        tag, data = sealed[:_TAG], sealed[_TAG:]
        if not any(hmac.compare_digest(tag, sign(key, data, context)) for key in keys):
            raise BadCursor()
        return data

    return Cursors(seal, open_)
