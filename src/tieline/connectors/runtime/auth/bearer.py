"""A token that somebody entered, as ``Authorization: Bearer`` (RFC 6750 section 2.1)."""

from __future__ import annotations

from tieline.connectors.runtime.auth.base import Auth, register
from tieline.connectors.runtime.request import Request


@register("bearer")
class Bearer(Auth):
    """``prefix`` and ``name`` of the method replace ``Bearer`` and ``Authorization`` where an API wants others."""

    async def apply(self, request: Request) -> None:
        token = self.answer("token", "access_token", "bearer", "api_key")
        prefix = self.method.prefix or "Bearer "
        if token.lower().startswith(prefix.lower()):
            token = token[len(prefix) :]
        name = (self.method.name or "Authorization").lower()
        request.set_header(name, prefix + token.strip())
        request.secret_headers.add(name)
