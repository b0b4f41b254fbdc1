"""Credentials in the header of a SOAP envelope: WS-Security UsernameToken, and headers of the service's own."""

from __future__ import annotations

from tieline.connectors.runtime.auth.base import Auth, register
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.soap.envelope import Token


@register("wsse")
class UsernameToken(Auth):
    """WS-Security UsernameToken Profile 1.1: ``signature`` is PasswordText or PasswordDigest."""

    async def apply(self, request: Request) -> None:
        user = self.answer("username", "user", "login", at=0)
        password = self.answer("password", "secret", at=1)
        request.envelope["token"] = Token(user, password, self.method.signature.lower().endswith("digest"))


@register("soap_header")
class SoapHeader(Auth):
    """Fields that stand in declared headers; the name of each is a JSON pointer such as ``/AuthHeader/UserName``."""

    async def apply(self, request: Request) -> None:
        given = {field.name: value for field in self.method.fields if (value := self.given(field))}
        request.envelope["credentials"] = given
