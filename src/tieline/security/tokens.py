"""Bearer tokens: made once, shown once, kept only as a hash.

A token is ``prefix + 43 base62 characters (32 random bytes) + 6 base62 characters (CRC-32 of what stands before)``.
The prefix lets secret scanners find a leaked one, and the checksum refuses a mistyped one without a look-up. With 256
random bits a plain SHA-256 is the right hash: there is nothing to guess, so a slow password hash would only cost time
at each request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES = 32
_RANDOM_CHARACTERS = 43
_CHECK_CHARACTERS = 6
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,30}_")
_TOKEN = re.compile(r"[a-z][a-z0-9_]{0,30}_[0-9A-Za-z]{49}")


def new_token(prefix: str) -> str:
    """A fresh token. ``prefix`` says what it opens and ends with an underscore, such as ``tl_key_``."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("a token prefix is lower-case letters, digits and underscores, and ends with an underscore")
    body = prefix + _base62(int.from_bytes(secrets.token_bytes(_RANDOM_BYTES), "big"), _RANDOM_CHARACTERS)
    return body + _checksum(body)


def is_well_formed(token: str, prefix: str | None = None) -> bool:
    """Whether this can be a token of ours (of this prefix), without knowing whether it is valid."""
    if not _TOKEN.fullmatch(token):
        return False
    body, check = token[:-_CHECK_CHARACTERS], token[-_CHECK_CHARACTERS:]
    if prefix is not None and body[:-_RANDOM_CHARACTERS] != prefix:
        return False
    return hmac.compare_digest(_checksum(body), check)


def hash_token(token: str) -> bytes:
    """SHA-256 of the token, 32 bytes: what is stored and looked up."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def matches(token: str, digest: bytes) -> bool:
    """Whether the token has this hash, in a time that does not depend on where they differ."""
    return hmac.compare_digest(hash_token(token), digest)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_CHARACTERS)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
