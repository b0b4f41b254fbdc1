"""One product as an ASGI application: authentication, limits, replays, the handler, faults, and a ledger around all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from tieline.sandbox import faults
from tieline.sandbox.faults import Faults, Line
from tieline.sandbox.hooks import Hooks
from tieline.sandbox.ledger import Ledger
from tieline.sandbox.limits import Limits
from tieline.sandbox.replays import Replays
from tieline.sandbox.web import MAX_BODY, Refusal, Reply, Request, Route, Router

CONTROL = "/_sandbox"


class Settings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What can be turned while the service runs.

    ``latency``: seconds before the effect; ``hold``: seconds between the effect and the answer. ``idempotency``: honour
    `Idempotency-Key`. ``unique_external_id``: a POST of a contact with a known external id is refused with 409.
    ``token_seconds``: how long a new access token lives. ``webhook_backoff``: seconds before a second delivery.
    """

    latency: float = 0.0
    hold: float = 0.0
    idempotency: bool = True
    unique_external_id: bool = False
    token_seconds: float = 3600.0
    webhook_backoff: float = 1.0


class Service:
    """``authenticate`` returns the caller's name or refuses; ``render`` makes the product's error out of a refusal."""

    def __init__(
        self,
        name: str,
        *,
        authenticate: Callable[[Request], str],
        render: Callable[[Refusal, Request], Reply],
        hooks: Hooks,
        replays: Replays,
        replay_header: bytes,
        settings: Settings,
    ) -> None:
        self.name = name
        self.router = Router()
        self.control: Callable[[Request], Reply] | None = None
        self.faults = Faults()
        self.limits = Limits()
        self.ledger = Ledger(name)
        self.hooks = hooks
        self.replays = replays
        self.settings = settings
        self._authenticate = authenticate
        self._render = render
        self._replay_header = replay_header
        self._count = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = await self._read(scope, receive)
        if request is None:
            return
        if isinstance(request, Reply):
            await _send(send, request)
        elif request.path.startswith(CONTROL) and self.control is not None:
            await _send(send, self.control(request))
        else:
            await self._exchange(request, Line(scope["state"]["transport"], receive, send))

    async def _read(self, scope: Any, receive: Any) -> Request | Reply | None:
        """The whole request; a 413 where it is too large; None where the client is gone."""
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
            if len(body) > MAX_BODY:
                break
        if message["type"] == "http.disconnect":
            return None
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1") or ":".join(map(str, scope["server"]))
        request = Request(
            method=scope["method"],
            raw_path=scope["raw_path"].decode("ascii"),
            raw_query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            base=f"{scope['scheme']}://{host}",
        )
        self._count += 1
        request.id = f"req_{self._count:08x}"
        if len(body) > MAX_BODY:
            refusal = Refusal(
                413, "too_large", "A request body has at most 1 MiB.", headers=((b"connection", b"close"),)
            )
            return self._render(refusal, request)
        return request

    async def _exchange(self, request: Request, line: Line) -> None:
        route, refusal = None, None
        try:
            route, request.params = self.router.find(request.method, request.raw_path)
        except Refusal as error:
            refusal = error
        started = time.perf_counter()
        count = self.ledger.begin(route.name if route else "unknown")
        rule = self.faults.pick(request.method, request.path) if self.faults.rules else None
        sent: Reply | None = None
        try:
            reply: Reply | None = None
            if rule is not None and rule.phase == "before":
                reply = await faults.play(rule, line, None)
            if rule is None or rule.phase == "after" or reply is faults.GO_ON:
                if self.settings.latency:
                    await asyncio.sleep(self.settings.latency)
                reply = self._answer(request, route, refusal)
                if self.settings.hold:
                    await asyncio.sleep(self.settings.hold)
                if rule is not None and rule.phase == "after":
                    reply = await faults.play(rule, line, reply)
            if reply is not None and not line.transport.is_closing():
                await _send(line.send, reply)
                sent = reply
        finally:
            self.ledger.end(count, request, route, sent, rule.kind if rule else "", started)

    def _answer(self, request: Request, route: Route | None, refusal: Refusal | None) -> Reply:
        headers: tuple[tuple[bytes, bytes], ...] = ((b"x-request-id", request.id.encode()),)
        try:
            if refusal is not None:
                raise refusal
            assert route is not None
            if not route.open:
                request.caller = self._authenticate(request)
            if self.limits.limit.calls:
                headers = (*self.limits.take(request.caller), *headers)
            reply = self._run(request, route)
        except Refusal as error:
            reply = self._render(error, request)
        return Reply(reply.status, reply.body, (*reply.headers, *headers), reply.page, reply.records)

    def _run(self, request: Request, route: Route) -> Reply:
        if request.method != "POST" or route.open or not self.settings.idempotency:
            return route.handler(request)
        if b"idempotency-key" not in request.headers:
            return route.handler(request)
        key = request.header(b"idempotency-key")
        known = self.replays.find(route, request, key)
        if known is not None:
            self.ledger.effect(self.ledger.replayed, route.object)
            return Reply(known.status, known.body, (*known.headers, (self._replay_header, b"true")))
        reply = route.handler(request)
        if reply.status < 300:
            self.replays.keep(request, key, reply)
        return reply


async def _send(send: Any, reply: Reply) -> None:
    headers = list(reply.headers)
    if reply.status != 204:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
