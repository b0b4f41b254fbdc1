"""HTTP Basic (RFC 7617), in UTF-8."""

from __future__ import annotations

from base64 import b64encode

from tieline.connectors.runtime.auth.base import Auth, register
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.request import Request


@register("basic")
class Basic(Auth):
    async def apply(self, request: Request) -> None:
        user = self.answer("username", "user", "login", at=0, required=False)
        password = self.answer("password", "secret", at=1, required=False)
        if not user and not password:
            self.answer("username")
        if ":" in user:
            raise ReconnectNeeded("the user name holds a colon, which HTTP Basic cannot carry; connect again")
        request.headers["authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        request.secret_headers.add("authorization")
