"""Twilio: HMAC-SHA1 over the address and the sorted form fields, base64, in ``X-Twilio-Signature``.

A JSON body is not part of that; its SHA-256 stands in the address as ``bodySHA256``, which is.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from tieline.security.signatures.base import Dialect, Message, SignatureRefused, Verified, decoded, register, same

_MOST_FIELDS = 1000


@register
class Twilio(Dialect, frozen=True, kw_only=True):
    """The address is the one that we gave to the sender, so a proxy in between cannot spoil the signature."""

    NAME = "twilio"

    header: str = "X-Twilio-Signature"
    id_header: str = "I-Twilio-Idempotency-Token"

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        signature = decoded(message.require(self.header), "base64")
        text = message.url + _fields(message)
        good = False
        for key in keys:
            wanted = hmac.digest(key.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha1)
            good |= signature is not None and same(wanted, signature)
        if not good:
            raise SignatureRefused("mismatch", f"the signature in {self.header} is not ours")
        return Verified()


def _fields(message: Message) -> str:
    """The form fields as they are signed; nothing for a JSON body, once its hash is found right."""
    told = [value for name, value in parse_qsl(urlsplit(message.url).query) if name == "bodySHA256"]
    if told:
        if not same(hashlib.sha256(message.body).hexdigest().encode(), told[0].lower().encode()):
            raise SignatureRefused("mismatch", "the body is not the one whose hash is in the address")
        return ""
    try:
        pairs = parse_qsl(message.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise SignatureRefused("malformed", "the form cannot be read") from None
    return "".join(name + value for name, value in sorted(set(pairs)))
