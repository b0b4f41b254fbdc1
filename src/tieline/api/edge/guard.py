"""The outermost layer of the application: what every request passes before any route is looked for.

It gives the request its trace id, refuses paths with more than one reading, counts headers and bytes, answers HEAD,
OPTIONS and the preflights of browsers, adds the security headers, turns whatever escaped into a clean 500, and
measures.
"""

from __future__ import annotations

import time

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.api.edge import cors, envelope
from tieline.api.edge.answers import Empty
from tieline.api.edge.intake import BodyGate, Intake, check_headers
from tieline.api.edge.metrics import Metrics
from tieline.api.edge.paths import acceptable
from tieline.api.edge.trace import trace_id
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
        trace = trace_id(next((value for name, value in scope["headers"] if name == b"traceparent"), None))
        gate = BodyGate(receive, self._intake, scope["headers"])
        # HEAD is GET without the body, which the server leaves away by itself.
        extra: list[tuple[bytes, bytes]] = []
        scope = {**scope, "tieline.trace": trace, "tieline.gate": gate, "tieline.headers": extra}
        method = scope["method"]
        if method == "HEAD":
            scope["method"] = "GET"
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 413:
                    await gate.drain()
                headers = [*message.get("headers", []), *extra, (b"x-trace-id", trace.encode())]
                message["headers"] = self._completed(headers, status)
            await send(message)

        try:
            with called_by(trace, _address(scope)):
                await self._handle(scope, gate, sending)
        except Exception as error:
            if status:
                # Half an answer is out already; only the server can end it, by closing the connection.
                raise
            await self._broken(error, scope, gate, sending)
        finally:
            self._metrics.observe(method, _route(scope), status, time.perf_counter() - started)

    async def _handle(self, scope: Scope, gate: BodyGate, send: Send) -> None:
        request = Request(scope)
        try:
            check_headers(scope, self._intake)
            if not acceptable(scope.get("raw_path") or scope["path"].encode()):
                raise NotFound(
                    "There is nothing at this path; a path has one spelling, without //, dots, ; or / at its end."
                )
            if scope["method"] == "OPTIONS" and (methods := envelope.methods_of(request.app.routes, request)):
                answer = Empty()
                answer.headers["allow"] = ", ".join(methods)
                extra: list[tuple[bytes, bytes]] = scope["tieline.headers"]
                extra += await cors.preflight(request.app.state.edge.origins, request, methods)
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
            log.error("request failed", trace_id=trace, path=scope["path"], exc_info=error)
            problem = TielineError("The server met a fault of its own; the log has it under the trace id.")
        await envelope.answer([problem], trace, path=scope["path"])(scope, gate, send)

    def _completed(self, headers: list[tuple[bytes, bytes]], status: int) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        completed = [*headers, cors.VARY, *((name, value) for name, value in self._headers if name not in present)]
        if status in {408, 413}:
            # The rest of the body is still on its way, and nobody will read it.
            completed.append((b"connection", b"close"))
        return completed


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
