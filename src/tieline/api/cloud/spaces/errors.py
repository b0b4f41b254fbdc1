"""What can be refused about spaces, and with which status."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from tieline.api.edge.envelope import Several
from tieline.core.errors import BadInput


class SpaceRequestDenied(BadInput):
    """A request that breaks a rule, where the published document knows no 400: ``meta`` has the code of the rule."""

    code = "space-request-denied"
    status = 403
    title = "The request was denied"


class Denying(APIRoute):
    """A route of an operation that answers 403 where others answer 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        handle = super().get_route_handler()

        async def denying(request: Request) -> Response:
            try:
                return await handle(request)
            except BadInput as error:
                if error.status != 400:
                    raise
                broken = error.errors if isinstance(error, Several) else [error]
                raise Several([_denied(one) for one in broken]) from None

        return denying


def _denied(error: BadInput) -> SpaceRequestDenied:
    told = {**(error.meta or {}), "code": error.code}
    return SpaceRequestDenied(error.detail, pointer=error.pointer, parameter=error.parameter, meta=told)
