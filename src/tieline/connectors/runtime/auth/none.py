"""No credentials."""

from __future__ import annotations

from tieline.connectors.runtime.auth.base import Auth, register
from tieline.connectors.runtime.request import Request


@register("none")
class NoAuth(Auth):
    async def apply(self, request: Request) -> None:
        return None
