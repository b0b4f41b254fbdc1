"""The span of an outbound call.

It names method, host, status, attempts and bytes (OpenTelemetry's semantic conventions for HTTP clients), and of the
URL nothing more: path and query may hold tokens and what customers are called. Nothing of our trace is sent along: a
``traceparent`` would tell each connected API which of its calls belong together across the accounts and tenants that a
run touches, and names ids that our own answers carry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from tieline.core import tracing
from tieline.security.egress.urls import Target

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_resends: ContextVar[int] = ContextVar("tieline resends", default=0)

_KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"})


@contextmanager
def resending(times: int) -> Iterator[None]:
    """So many attempts went before the call that is made inside of it."""
    token = _resends.set(times)
    try:
        yield
    finally:
        _resends.reset(token)


def call_span(method: str, target: Target) -> AbstractContextManager[Span]:
    """A call with its redirects. Only where tracing is on."""
    verb = str(method).upper()
    verb = verb if verb in _KNOWN else "_OTHER"
    attributes: dict[str, str | int] = {
        "http.request.method": verb,
        "server.address": target.host,
        "server.port": target.port,
    }
    if again := _resends.get():
        attributes["http.request.resend_count"] = again
    return tracing.span(verb if verb in _KNOWN else "HTTP", attributes, kind="client")


def told(span: Span, status: int, sent: int | None = None, received: int | None = None) -> None:
    """What came of it; ``sent`` and ``received`` are bytes of bodies on the wire."""
    span.set_attribute("http.response.status_code", status)
    if sent is not None:
        span.set_attribute("http.request.body.size", sent)
    if received is not None:
        span.set_attribute("http.response.body.size", received)
    if status >= 400:
        tracing.failed(str(status), span)
