"""``POST /mcp``: the streamable HTTP transport, without sessions that are kept.

Who asks is found out here, on every request, as at every other door: an API key or an OAuth access token. What is said
then is the business of `protocol`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tieline.api.edge import envelope
from tieline.api.edge.access import Call, answer_headers, bearer, check_page, count, edge_of, let_read
from tieline.api.edge.bodies import decode, read_body
from tieline.api.mcp import calls, sessions
from tieline.api.mcp.errors import StrangeHost, StrangeOrigin
from tieline.core.errors import BadInput, Forbidden, Unauthorized

router = APIRouter(include_in_schema=False)

_FREE = frozenset(("initialize", "ping", "tools/list", "server/discover"))


class _Passed(Response):
    """An answer that the SDK gives."""

    def __init__(self, call: Call, session: str, body: bytes) -> None:
        super().__init__()
        self._call, self._session, self._body = call, session, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # More than a second of imports would hold up everybody else on this loop.
        protocol = await asyncio.to_thread(_protocol)
        given = False

        async def replay() -> Any:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        await protocol.serve(self._call, self._session, scope, replay, send)


@router.post("/mcp", name="mcp")
async def mcp(request: Request) -> Response:
    """One message of an agent's client."""
    edge = edge_of(request)
    if not edge.origin.meant(request):
        raise StrangeHost("The header Host names another server; set TIELINE_BASE_URL to the name clients know.")
    try:
        principal = await edge.who.authenticate(bearer(request))
    except Unauthorized as error:
        return _sign_in(request, error)
    client = principal.client_id
    await let_read(request, principal.tenant_id, client=client)
    body = await read_body(request)
    message = decode(body)
    method = message.get("method") if isinstance(message, dict) else None
    await count(edge, request, principal, 1 if method in _FREE or _is_notification(method) else 2)
    call = Call(request, principal, edge)
    await _check_origin(request, call)
    if not (principal.may("automations", "read") or principal.may("connections", "read")):
        raise Forbidden("This key may neither see automations nor connections, and so has no tools.")
    if not isinstance(message, dict):
        raise BadInput("Send one message, as a JSON object.", pointer="")
    if method == "initialize":
        session = sessions.begin(call)
        headers = answer_headers(request)
        headers.append((sessions.HEADER.encode(), session.encode()))
        if "origin" in request.headers:
            headers.append((b"access-control-expose-headers", sessions.HEADER.encode()))
        return _Passed(call, "", body)
    session = sessions.check(call)
    if method == "notifications/cancelled" and session:
        params = message.get("params")
        if isinstance(params, dict):
            await calls.cancel(call, sessions.start_key(call, session, params.get("requestId")))
    return _Passed(call, session, body)


def _is_notification(method: object) -> bool:
    return isinstance(method, str) and method.startswith("notifications/")


async def _check_origin(request: Request, call: Call) -> None:
    """Raises `StrangeOrigin` for a page that the tenant has not registered; programs send no origin. An embed session
    is further bound to its own page (`ForeignPage`).
    """
    check_page(request, call.principal)
    sent = request.headers.getlist("origin")
    if not sent or sent == [call.edge.origin.base(request)]:
        return
    client = call.principal.client_id
    if len(sent) > 1 or not await call.edge.origins.allows(call.principal.tenant_id, sent[0], client=client):
        raise StrangeOrigin("No web integration of this tenant has the origin of this page; register it there.")


def _protocol() -> Any:
    from tieline.api.mcp import protocol

    return protocol


def _sign_in(request: Request, error: Unauthorized) -> Response:
    """Says where an agent's client reads how to get a token (RFC 9728 section 5.1)."""
    where = f"{edge_of(request).origin.base(request)}/.well-known/oauth-protected-resource/mcp"
    told = {"www-authenticate": f'Bearer realm="tieline", resource_metadata="{where}"'}
    return envelope.answer([error], envelope.trace_of(request), told, path=request.scope["path"])
