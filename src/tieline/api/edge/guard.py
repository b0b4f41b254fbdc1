"""The outermost layer of the application: what every request passes before any route is looked for.

It gives the request its trace id, refuses paths with more than one reading, counts headers and bytes, answers HEAD,
OPTIONS and the preflights of browsers, adds the security headers, turns whatever escaped into a clean 500, and
measures.
"""

from __future__ import annotations

import time
from contextlib import nullcontext

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.api.edge import cors, envelope
from tieline.api.edge.answers import Empty
from tieline.api.edge.draining import DRAIN
from tieline.api.edge.intake import BodyGate, Intake, check_headers
from tieline.api.edge.metrics import Metrics
from tieline.api.edge.paths import acceptable
from tieline.api.edge.trace import came_from, server_span, told
from tieline.core import tracing
from tieline.core.errors import BadInput, NotFound, TielineError
from tieline.tenancy.audit import called_by

log = structlog.get_logger(__name__)

_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_UNTRACED = nullcontext()
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Guard:
    """ASGI middleware. ``https`` = clients come by https, so that they can be told to stay with it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        intake: Intake,
        metrics: Metrics,
        https: bool = False,
    ) -> None:
        self._app = app
        self._intake = intake
        self._metrics = metrics
        self._headers = (*_SECURITY, _HSTS) if https else _SECURITY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        caller = came_from(next((value for name, value in scope["headers"] if name == b"traceparent"), None))
        trace = caller.trace_id if caller is not None else tracing.new_trace_id()
        # For as long as the server's task for this request lives: its own lines carry the trace id as well.
        tracing.bind(trace)
        gate = BodyGate(receive, self._intake, scope["headers"])
        # HEAD is GET without the body, which the server leaves away by itself.
        extra: list[tuple[bytes, bytes]] = []
        scope = {**scope, "tieline.trace": trace, "tieline.gate": gate, "tieline.headers": extra}
        method = scope["method"]
        if method == "HEAD":
            scope["method"] = "GET"
            scope["tieline.head"] = True  # for what only a real GET may do
        status = 0
        DRAIN.under_way += 1

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 413:
                    await gate.drain()
                headers = [*message.get("headers", []), *extra, (b"x-trace-id", trace.encode())]
                message["headers"] = self._completed(headers, status)
            await send(message)

        with server_span(scope, trace, caller) if tracing.tracer is not None else _UNTRACED as span:
            try:
                with called_by(trace, _address(scope)):
                    await self._handle(scope, gate, sending)
            except Exception as error:
                if status:
                    # Half an answer is out already; only the server can end it, by closing the connection.
                    raise
                await self._broken(error, scope, gate, sending)
            finally:
                DRAIN.under_way -= 1
                seconds, route = time.perf_counter() - started, _route(scope)
                self._metrics.observe(method, route, status, seconds)
                if status >= 400 or not status:
                    log.info("request.refused" if status else "request.left", **_line(method, route, status, seconds))
                else:
                    log.debug("request.answered", **_line(method, route, status, seconds))
                if span is not None:
                    told(span, scope, method, route, status)

    async def _handle(self, scope: Scope, gate: BodyGate, send: Send) -> None:
        request = Request(scope)
        try:
            check_headers(scope, self._intake)
            DRAIN.check(scope["path"])
            if not acceptable(scope.get("raw_path") or scope["path"].encode()):
                raise NotFound(
                    "There is nothing at this path; a path has one spelling, without //, dots, ; or / at its end."
                )
            if scope["method"] == "OPTIONS" and (methods := envelope.methods_of(request.app.routes, request)):
                answer = Empty()
                answer.headers["allow"] = ", ".join(methods)
                extra: list[tuple[bytes, bytes]] = scope["tieline.headers"]
                served = envelope.methods_of(request.app.routes, request, all_served=True)
                extra += await cors.preflight(request.app.state.edge.origins, request, served)
                await answer(scope, gate, send)
                return
            gate.check_expectations(scope["headers"])
        except TielineError as error:
            await envelope.answer([error], envelope.trace_of(request), path=scope["path"])(scope, gate, send)
            return
        await self._app(scope, gate, send)

    async def _broken(self, error: Exception, scope: Scope, gate: BodyGate, send: Send) -> None:
        trace: str = scope["tieline.trace"]
        if isinstance(error, TielineError):
            problem = error
        elif isinstance(error, UnicodeError):
            problem = BadInput("The request holds characters that are no text.")
        else:
            log.error("request.failed", method=scope["method"], route=_route(scope), exc_info=error)
            problem = TielineError("The server met a fault of its own; the log has it under the trace id.")
        await envelope.answer([problem], trace, path=scope["path"])(scope, gate, send)

    def _completed(self, headers: list[tuple[bytes, bytes]], status: int) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        completed = [*headers, cors.VARY, *((name, value) for name, value in self._headers if name not in present)]
        if DRAIN.begun or status in {408, 413}:
            # The process ends; or the rest of the body is still on its way, and nobody will read it.
            completed.append((b"connection", b"close"))
        return completed


def _line(method: str, route: str, status: int, seconds: float) -> dict[str, object]:
    """Without the path that was asked for: it may hold a token."""
    return {"method": method[:20], "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _route(scope: Scope) -> str:
    """The path as the routes know it, with names in place of values, so that labels stay few; "" = no such path."""
    if "route" not in scope:
        return ""
    names = {str(value): name for name, value in scope.get("path_params", {}).items()}
    parts = scope["path"].lower().split("/")
    if not names.keys() <= set(parts):
        # A value that is only a part of its segment; the route's own path tells it without its prefix.
        return str(getattr(scope["route"], "path", ""))
    return "/".join(f"{{{names[part]}}}" if part in names else part for part in parts)
