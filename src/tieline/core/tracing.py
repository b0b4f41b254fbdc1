"""One name for all that belongs together, and spans of it where the operator wants them (OpenTelemetry).

    with traced() as trace_id:              # every log line inside carries this trace id
        ...
    if tracing.tracer is not None:          # off, this one `if` is all that tracing costs
        with tracing.span("block", {"tieline.block.id": step.id}):
            ...

A trace id is 32 hexadecimal digits, not all zero (W3C Trace Context, section 3.2.2.3). Spans carry the same one as the
log lines and the answers. ``tracer`` is set by `tieline.server.telemetry`; nothing here imports the SDK.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

TRACE = "trace_id"

Kind = Literal["internal", "server", "client", "consumer"]
Attributes = Mapping[str, str | int | float | bool]

tracer: Tracer | None = None
"""None = tracing is off."""

_TRACE_ID = re.compile(r"[0-9a-f]{32}\Z")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\Z")
_SAMPLED = 1


class Place(NamedTuple):
    """A place in a trace: of a span, or (``span_id`` "") only the trace itself."""

    trace_id: str
    span_id: str = ""
    sampled: bool = False


class Wanted(NamedTuple):
    """The ids that the next span gets; None = random ones."""

    trace_id: int | None = None
    span_id: int | None = None


RANDOM = Wanted()
wanted: ContextVar[Wanted] = ContextVar("tieline wanted ids", default=RANDOM)
"""Read by the generator of ids, because the API of OpenTelemetry does not take any."""


def new_trace_id() -> str:
    """A random trace id."""
    return secrets.token_hex(16)


def bind(trace_id: str, **more: Any) -> None:
    """What is logged from here on, in this task and those that it starts, carries ``trace_id`` and ``more``."""
    bind_contextvars(trace_id=trace_id, **more)


@contextmanager
def traced(trace_id: str | None = None) -> Iterator[str]:
    """All that is logged inside, also by tasks started inside, carries ``trace_id`` (a new one when None)."""
    trace_id = trace_id or new_trace_id()
    with bound_contextvars(**{TRACE: trace_id}):
        yield trace_id


def current_trace_id() -> str | None:
    """The trace id in force here, if any."""
    value = get_contextvars().get(TRACE)
    return value if isinstance(value, str) else None


def apart() -> Context:
    """For a task that outlives what started it: it belongs to no trace."""
    return Context()


def carried() -> str | None:
    """What is written down so that something later goes on in this trace: a ``traceparent`` where a span is open, else
    the trace id; None outside of any.
    """
    if tracer is not None:
        from opentelemetry.trace import get_current_span

        here = get_current_span().get_span_context()
        if here.is_valid:
            return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags & _SAMPLED:02x}"
    return current_trace_id()


def place(text: str | None) -> Place | None:
    """A ``traceparent`` or a trace id, taken apart; None where it is neither (or all zero, or of version ff)."""
    if text is None or len(text) > 55:
        return None
    if _TRACE_ID.match(text) and text.strip("0"):
        return Place(text)
    match = _TRACEPARENT.match(text)
    if match is None or not match[1].strip("0") or not match[2].strip("0"):
        return None
    return Place(match[1], match[2], bool(int(match[3], 16) & _SAMPLED))


def digest(name: str, size: int) -> str:
    """An id of ``size`` bytes that is always the same for ``name``, in hexadecimal digits."""
    return hashlib.blake2b(name.encode(), digest_size=size).hexdigest()


@contextmanager
def span(name: str, attributes: Attributes | None = None, *, kind: Kind = "internal") -> Iterator[Span]:
    """A span below the one that is open here. Only where ``tracer`` is not None."""
    from opentelemetry.trace import SpanKind

    assert tracer is not None
    # What went wrong is said by its code (see `failed`): the texts of exceptions are not fit for strangers' servers.
    with tracer.start_as_current_span(
        name,
        kind=SpanKind[kind.upper()],
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        try:
            yield opened
        except Exception as error:
            failed(error, opened)
            raise


@contextmanager
def entry(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: Kind,
    trace_id: str,
    parent: Place | None = None,
    link: Place | None = None,
    span_id: str | None = None,
) -> Iterator[Span]:
    """The first span of this process in a trace: below ``parent`` (which we wrote down), else the root of ``trace_id``.
    ``link``: a span that it has to do with and does not belong to; ``span_id``: the one that it gets.
    """
    from opentelemetry.context import Context as Carrier
    from opentelemetry.trace import Link, SpanKind, set_span_in_context, use_span

    assert tracer is not None
    context = Carrier()
    if parent is not None and parent.span_id:
        context = set_span_in_context(_remote(parent), context)
    links = [Link(_remote(link).get_span_context())] if link is not None and link.span_id else []
    token = wanted.set(Wanted(int(trace_id, 16), int(span_id, 16) if span_id else None))
    try:
        opened = tracer.start_span(
            name, context=context, kind=SpanKind[kind.upper()], attributes=attributes, links=links
        )
    finally:
        wanted.reset(token)
    with use_span(opened, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield opened
        except Exception as error:
            failed(error, opened)
            raise


def note(**attributes: str | int | float | bool) -> None:
    """Adds attributes to the open span; ``run_status`` is written ``tieline.run.status``."""
    from opentelemetry.trace import get_current_span

    opened = get_current_span()
    for name, value in attributes.items():
        opened.set_attribute("tieline." + name.replace("_", "."), value)


def failed(error: Exception | str, opened: Span | None = None) -> None:
    """Marks a span (the open one when None) as failed, by the error's code or class, never by its text."""
    from opentelemetry.trace import StatusCode, get_current_span

    told = error if isinstance(error, str) else str(getattr(error, "code", type(error).__name__))
    opened = opened or get_current_span()
    opened.set_attribute("error.type", told)
    opened.set_status(StatusCode.ERROR)


def _remote(known: Place) -> Any:
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    flags = TraceFlags(TraceFlags.SAMPLED if known.sampled else TraceFlags.DEFAULT)
    return NonRecordingSpan(SpanContext(int(known.trace_id, 16), int(known.span_id, 16), True, flags))
