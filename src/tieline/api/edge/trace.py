"""A name for each request, so that an error can be found in the logs (W3C Trace Context, trace-id)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.types import Scope

from tieline.core import tracing
from tieline.core.tracing import Place

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def came_from(traceparent: bytes | None) -> Place | None:
    """The caller's place in its own trace, where it sent a valid one (W3C Trace Context, section 3.2)."""
    if traceparent is None or len(traceparent) != 55:
        return None
    return tracing.place(traceparent.decode("latin-1"))


def trace_id(traceparent: bytes | None) -> str:
    """The caller's trace id where it sent a valid one, else a new one: 32 hexadecimal digits."""
    place = came_from(traceparent)
    return place.trace_id if place is not None else tracing.new_trace_id()


@contextmanager
def server_span(scope: Scope, trace: str, caller: Place | None) -> Iterator[Span]:
    """The span of a request. Only where tracing is on.

    A caller's trace id is only a name: its span is linked, it is not the parent, and its sampling flag is not obeyed. A
    stranger can neither make us record nor keep us from it.
    """
    method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
    attributes = {"http.request.method": method, "url.scheme": scope.get("scheme", "http")}
    with tracing.entry(method, attributes, kind="server", trace_id=trace, link=caller) as span:
        yield span


def told(span: Span, scope: Scope, method: str, route: str, status: int) -> None:
    """What is known of a request when it is over (OpenTelemetry's semantic conventions for HTTP servers). No query, and
    no path with a token in it.
    """
    if route:
        span.update_name(f"{method if method in _METHODS else 'HTTP'} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("url.path", route if "{token}" in route else scope["path"])
    if status:
        span.set_attribute("http.response.status_code", status)
    if status >= 500 or not status:
        tracing.failed(str(status) if status else "client-left", span)
