"""Standard Webhooks 1.0 (standardwebhooks.com), and Svix, from which it came: the same under other header names.

The header holds a list ``v1,<base64> v1,<base64>``; versions that we do not know are passed over, so that a sender can
introduce one, and rotate his secret by signing with both.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from tieline.security.signatures.base import (
    TOLERANCE,
    Dialect,
    Message,
    SignatureRefused,
    Verified,
    decoded,
    in_time,
    moment_of,
    preset,
    register,
    same,
    wire,
)

_MOST_SIGNATURES = 32


@register
class Standard(Dialect, frozen=True, kw_only=True):
    """HMAC-SHA256 over ``id.timestamp.body``; the secret is ``whsec_`` and base64."""

    NAME = "standard"

    prefix: str = "webhook"
    tolerance: float = TOLERANCE

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        name = message.require(f"{self.prefix}-id")
        stamp = message.require(f"{self.prefix}-timestamp")
        given = message.require(f"{self.prefix}-signature").split()[:_MOST_SIGNATURES]
        signed = moment_of(stamp, "s", f"{self.prefix}-timestamp")
        in_time(signed, moment, self.tolerance)
        signatures = [
            decoded(value, "base64") for version, _, value in (one.partition(",") for one in given) if version == "v1"
        ]
        text = b".".join((wire(name), wire(stamp), message.body))
        good = False
        for key in keys:
            wanted = hmac.digest(_key(key), text, hashlib.sha256)
            for signature in signatures:
                good |= signature is not None and same(wanted, signature)
        if not good:
            raise SignatureRefused("mismatch", f"no signature in {self.prefix}-signature is ours")
        return Verified(name[:1000], signed)

    def make_secret(self) -> str:
        return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def sign(secret: str, identity: str, moment: int, body: bytes) -> str:
    """The value of ``webhook-signature`` for a message of ours (Standard Webhooks 1.0, "Signature scheme").

    ``moment`` in seconds since the epoch, as it goes into ``webhook-timestamp``. Verified by `Standard`.
    """
    text = b".".join((identity.encode(), str(moment).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(_key(secret), text, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    """The key behind ``whsec_``; a secret that is no base64 is taken as it is."""
    return decoded(secret.removeprefix("whsec_"), "base64") or secret.encode()


preset("svix", "standard", prefix="svix")
