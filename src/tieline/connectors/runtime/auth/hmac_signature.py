"""Requests signed with a shared secret, in the way that the manifest declares: kind ``hmac``."""

from __future__ import annotations

import base64
import hmac
from typing import Final

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.auth.base import Surroundings, register
from tieline.connectors.runtime.auth.jwts import key_of
from tieline.connectors.runtime.auth.steps import Stepped
from tieline.connectors.runtime.auth.template import Names, Template, Value, compiled
from tieline.connectors.runtime.request import Request
from tieline.core.errors import Misconfigured

_ALGORITHMS: Final = ("md5", "sha1", "sha256", "sha384", "sha512")


@register("hmac")
class Hmac(Stepped):
    """``{signature}`` in an injection is the HMAC of the method's ``template``; ``{canonical}`` is the text itself.

    Injections happen in their order, so that a timestamp in the query can be part of what is signed after it.
    """

    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        self._algorithm = method.signature.upper().removeprefix("HMAC-").replace("-", "").lower() or "sha256"
        if self._algorithm not in _ALGORITHMS:
            raise Misconfigured(
                f"the signature {method.signature!r} of auth method {method.id!r} is not known; use HMAC-SHA256,"
                " HMAC-SHA512, HMAC-SHA384, HMAC-SHA1 or HMAC-MD5"
            )

    def _check(self) -> None:
        super()._check()
        if not self.method.template:
            raise Misconfigured(f"the auth method {self.method.id!r} has no template of the text that is signed")
        compiled(self.method.template)

    def _of_request(self, request: Request, held: dict[str, str]) -> Names:
        inner = super()._of_request(request, held)
        canonical: Template = compiled(self.method.template)

        def more(name: str) -> Value | None:
            if name == "canonical":
                return canonical.value(inner)
            if name == "signature":
                text = canonical.value(inner)
                key = key_of(self.method, inner)
                return self._encoded(hmac.new(_bytes(key), _bytes(text), self._algorithm).digest())
            return inner.look_up(name)

        return Names(more=more)

    def _encoded(self, digest: bytes) -> str:
        if self.method.encoding == "hex":
            return digest.hex()
        if self.method.encoding == "base64":
            return base64.b64encode(digest).decode()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _bytes(value: Value) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
