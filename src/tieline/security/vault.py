"""Sealed secrets: AES-256-GCM under a ring of keys, bound to the place where they are kept.

    vault = Vault(parse_keys(settings.secret_keys))
    sealed = vault.seal(b"hunter2", context=b"connections/018f.../secrets")
    vault.open(sealed, context=b"connections/018f.../secrets")

An envelope is ``version (1) | key id (8) | nonce (12) | ciphertext | tag (16)``. The context (table, row, column) and
the head of the envelope are authenticated with it (RFC 5116 associated data): a sealed value that is moved to another
row, or whose key id is changed, does not open. The first key seals, all of them open, so that keys rotate without a
pause. Nonces are random, which is safe for 2**32 seals under one key (NIST SP 800-38D section 8.3); rotate long before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tieline.core.errors import Misconfigured, Terminal

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES
OVERHEAD = _HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES
"""Bytes that an envelope is longer than what it holds."""


class VaultError(Terminal):
    """A sealed value does not open: unknown key, damaged, or sealed for another place."""

    code = "vault-error"
    status = 500
    title = "Secret cannot be opened"


class Vault:
    """Seals and opens; keeps no plaintext. Safe to share between tasks and threads."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys`` of 32 bytes, newest first. Raises ``Misconfigured`` when there is none or one has another length."""
        if not keys:
            raise Misconfigured("TIELINE_SECRET_KEYS is empty; set it to 32 random bytes in base64.")
        self._ciphers: dict[bytes, AESGCM] = {}
        for number, key in enumerate(keys, start=1):
            if len(key) != KEY_BYTES:
                raise Misconfigured(
                    f"Key {number} of TIELINE_SECRET_KEYS has {len(key)} bytes; it must have {KEY_BYTES}."
                )
            self._ciphers.setdefault(hashlib.sha256(key).digest()[:_KEY_ID_BYTES], AESGCM(key))
        self._newest = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"<Vault of {len(self._ciphers)} keys>"

    def __reduce__(self) -> str:
        raise TypeError("A Vault holds keys and cannot be pickled.")

    @staticmethod
    def generate_key() -> str:
        """A fresh key as it stands in ``TIELINE_SECRET_KEYS`` (base64url, 43 characters)."""
        return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).rstrip(b"=").decode()

    def seal(self, plaintext: bytes, *, context: bytes) -> bytes:
        """An envelope that opens only with the same ``context``, which names the place: table, row, column."""
        head = _VERSION + self._newest
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + self._ciphers[self._newest].encrypt(nonce, plaintext, _bound(head, context))

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """The plaintext. Raises ``VaultError``; the message never tells more than that it does not open, and why."""
        key_id = _key_id(sealed)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise VaultError(
                f"The secret was sealed with the key {key_id.hex()}, which is not among TIELINE_SECRET_KEYS; "
                "add that key at the end of the list."
            )
        nonce = sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES + _NONCE_BYTES :], _bound(sealed[:_HEAD_BYTES], context))
        except InvalidTag:
            raise VaultError("The secret is damaged or was sealed for another place; enter it again.") from None

    def needs_rotation(self, sealed: bytes) -> bool:
        """Whether it was sealed with another key than the newest."""
        return _key_id(sealed) != self._newest

    def reseal(self, sealed: bytes, *, context: bytes) -> bytes:
        """The same secret under the newest key; the very same bytes when it already is."""
        plaintext = self.open(sealed, context=context)
        return self.seal(plaintext, context=context) if self.needs_rotation(sealed) else sealed


def parse_keys(text: str) -> list[bytes]:
    """The keys of ``TIELINE_SECRET_KEYS``: base64 or base64url, separated by commas or blanks, newest first.

    Raises ``Misconfigured`` that counts, and does not quote, what is wrong.
    """
    keys: list[bytes] = []
    for number, entry in enumerate((part for part in re.split(r"[\s,]+", text) if part), start=1):
        body = entry.rstrip("=").replace("+", "-").replace("/", "_")
        try:
            key = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise Misconfigured(f"Key {number} of TIELINE_SECRET_KEYS is not base64.") from None
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"Key {number} of TIELINE_SECRET_KEYS has {len(key)} bytes; it must have {KEY_BYTES}.")
        keys.append(key)
    return keys


def _key_id(sealed: bytes) -> bytes:
    if len(sealed) < OVERHEAD or sealed[:1] != _VERSION:
        raise VaultError("The secret is not an envelope of this vault; enter it again.")
    return bytes(sealed[1:_HEAD_BYTES])


def _bound(head: bytes, context: bytes) -> bytes:
    if not context:
        raise ValueError("a secret is sealed for a place: the context must not be empty")
    return bytes(head) + context
