"""Messages that are not signed: a shared secret in a header, a name and password, or nothing but the secret address."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

from tieline.security.signatures.base import Dialect, Message, SignatureRefused, Verified, register, same_text


@register
class Token(Dialect, frozen=True, kw_only=True):
    """The header holds ``prefix`` and the secret itself."""

    NAME = "token"

    header: str = "X-Webhook-Token"
    prefix: str = ""

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        value = message.require(self.header)
        good = False
        for key in keys:
            good |= same_text(self.prefix + key, value)
        if not good:
            raise SignatureRefused("mismatch", f"the secret in {self.header} is not ours")
        return Verified()


@register
class Basic(Dialect, frozen=True, kw_only=True):
    """HTTP Basic (RFC 7617) with the secret as password. Without ``username`` any name will do."""

    NAME = "basic"

    username: str = ""

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        scheme, _, credentials = message.require("Authorization").partition(" ")
        try:
            raw = base64.b64decode(credentials.strip(), validate=True).decode()
        except (ValueError, binascii.Error):
            raw = ""
        if scheme.lower() != "basic" or ":" not in raw:
            raise SignatureRefused("malformed", "the header Authorization must be Basic with a name and a password")
        name, _, password = raw.partition(":")
        good = False
        for key in keys:
            good |= same_text(key, password)
        if self.username and not same_text(self.username, name):
            good = False
        if not good:
            raise SignatureRefused("mismatch", "the name or the password in Authorization is not ours")
        return Verified()


@register
class Unsigned(Dialect, frozen=True, kw_only=True):
    """Nothing to check: whoever knows the address may send."""

    NAME = "unsigned"
    SECRET = False

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        return Verified()
