"""An HMAC in a header: what most vendors do, each with a turn of its own. All turns are settings."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from tieline.security.signatures.base import (
    TOLERANCE,
    Algorithm,
    Dialect,
    Encoding,
    Message,
    SignatureRefused,
    Verified,
    decoded,
    in_time,
    moment_of,
    register,
    same,
    wire,
)

_PLACE = re.compile(r"\{(body|timestamp|url|method|id)\}")
_MOST_PAIRS = 32


@register
class Hmac(Dialect, frozen=True, kw_only=True):
    """``template`` is what is signed: any text with ``{body}``, ``{timestamp}``, ``{url}``, ``{method}`` and ``{id}``.

    The header holds ``prefix`` and the signature; or, where ``pairs`` is set, a list such as ``t=1700000000,v1=ab12``,
    in which ``pairs`` stands between the entries, the signature is called ``signature_key`` (there may be several of
    them, as while a secret is being rotated) and the time ``timestamp_key``.
    """

    NAME = "hmac"

    header: str
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    template: str = "{body}"
    timestamp_header: str = ""
    timestamp_unit: Literal["s", "ms", "iso"] = "s"
    tolerance: float = TOLERANCE
    pairs: str = ""
    signature_key: str = "v1"
    timestamp_key: str = "t"
    key_encoding: Literal["text", "hex", "base64"] = "text"

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        given, stamp = self._read(message)
        signed = None
        if stamp:
            signed = moment_of(stamp, self.timestamp_unit, self.timestamp_header or self.header)
            in_time(signed, moment, self.tolerance)
        text = self._text(message, stamp)
        good = False
        for key in keys:
            wanted = hmac.digest(self._key(key), text, self.algorithm)
            for value in given:
                signature = decoded(value, self.encoding)
                good |= signature is not None and same(wanted, signature)
        if not good:
            raise SignatureRefused("mismatch", f"the signature in {self.header} is not ours")
        return Verified("", signed)

    def _read(self, message: Message) -> tuple[list[str], str]:
        """The signatures that came, without prefix, and the timestamp as text."""
        value = message.require(self.header)
        stamp = message.require(self.timestamp_header) if self.timestamp_header else ""
        if not self.pairs:
            if not value.startswith(self.prefix):
                raise SignatureRefused("malformed", f"the header {self.header} does not begin with {self.prefix!r}")
            return [value[len(self.prefix) :]], stamp
        entries = [part.strip().partition("=") for part in value.split(self.pairs)[:_MOST_PAIRS]]
        found = [text for key, _, text in entries if key == self.signature_key]
        stamps = [text for key, _, text in entries if key == self.timestamp_key]
        if not found or (self._dated and not stamp and len(stamps) != 1):
            raise SignatureRefused("malformed", f"the header {self.header} lacks the signature or the timestamp")
        return found, stamp or (stamps[0] if self._dated else "")

    @property
    def _dated(self) -> bool:
        return "{timestamp}" in self.template

    def _text(self, message: Message, stamp: str) -> bytes:
        parts: dict[str, Callable[[], bytes]] = {
            "body": lambda: message.body,
            "timestamp": lambda: wire(stamp),
            "url": message.url.encode,
            "method": message.method.encode,
            "id": lambda: wire(self.named(message)),
        }
        # Odd entries are the names of places.
        pieces = _PLACE.split(self.template)
        return b"".join(parts[piece]() if at % 2 else piece.encode() for at, piece in enumerate(pieces))

    def _key(self, secret: str) -> bytes:
        if self.key_encoding == "text":
            return secret.encode("utf-8", "surrogatepass")
        return decoded(secret, self.key_encoding) or secret.encode("utf-8", "surrogatepass")
