"""Spans out of this process, by OpenTelemetry, where its standard variables ask for them.

    with telemetry.sending("tieline-server"):   # once for a process; does nothing where nothing is asked for
        ...

Spans are kept in a bounded queue and sent by a thread of its own (`BatchSpanProcessor`; ``OTEL_BSP_*``). A collector
that is slow, away or wrong costs spans and a line in the log, never a request or a run. What the SDK's own global
provider would bring along (the instrumentation of libraries, which writes down more than we want to) stays off.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from tieline.core import tracing
from tieline.core.errors import Misconfigured
from tieline.security.redact import looks_secret, mask_url

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 5.0

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_BY_PROTOCOL = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc", "http/json": "otlp_json_http"}


class Shown(NamedTuple):
    """One variable as a person may see it."""

    variable: str
    value: str


def wanted(environment: Mapping[str, str]) -> list[str]:
    """Names of the exporters that the environment asks for; none = no spans.

    The specification sends to localhost where nothing is said; here nothing said is off.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    named = [name.strip() for name in environment.get("OTEL_TRACES_EXPORTER", "").split(",") if name.strip()]
    if not named and any(environment.get(name, "").strip() for name in _ENDPOINTS):
        named = ["otlp"]
    return [_exporter(name, environment) for name in named if name != "none"]


def shown(environment: Mapping[str, str]) -> list[Shown]:
    """The ``OTEL_`` variables that are set, for ``tieline doctor``; secrets masked."""
    return [
        Shown(name, _masked(name, environment[name]))
        for name in sorted(environment)
        if name.startswith("OTEL_") and environment[name]
    ]


def check(environment: Mapping[str, str]) -> tuple[bool, str] | None:
    """Whether what the environment asks for can be had, and a sentence; None where it asks for nothing."""
    names = wanted(environment)
    if not names:
        return None
    try:
        for name in names:
            _loaded(name)
    except Misconfigured as error:
        return False, error.detail
    return True, f"spans are sent by {', '.join(names)}"


@contextmanager
def sending(service: str) -> Iterator[None]:
    """Spans that are made inside are sent; what is still in the queue at the end goes within five seconds.

    What cannot be set up is logged, and there are no spans: a server does not stay down for its tracing.
    """
    names = wanted(os.environ)
    if not names:
        yield
        return
    try:
        provider = provide(service, [_loaded(name)() for name in names])
    except Misconfigured as error:
        log.error("tracing.off", detail=error.detail)
        yield
        return
    except Exception as error:  # noqa: BLE001 - exporters read many variables, and raise what they like
        log.error("tracing.off", error=type(error).__name__, detail="an exporter could not be set up; see OTEL_*")
        yield
        return
    log.info("tracing.on", exporters=names)
    tracing.tracer = provider.get_tracer("tieline", version("tieline"))
    try:
        yield
    finally:
        tracing.tracer = None
        # In a thread that nobody waits for at the end: an exporter may try for long to reach a collector.
        leaving = threading.Thread(target=provider.shutdown, name="tracing", daemon=True)
        leaving.start()
        leaving.join(FLUSH_SECONDS)


def provide(service: str, exporters: list[Any], *, batched: bool = True) -> TracerProvider:
    """A provider of tracers that sends to ``exporters``, set up by the environment but for that.

    ``batched`` False sends each span when it ends: for tests.
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    class Ids(IdGenerator):
        """Random, where the next span was not given its ids."""

        def generate_trace_id(self) -> int:
            return tracing.wanted.get().trace_id or int(tracing.new_trace_id(), 16)

        def generate_span_id(self) -> int:
            return tracing.wanted.get().span_id or secrets.randbits(63) + 1

    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before what is said here.
    said = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    resource = Resource.create({**said, "service.version": version("tieline"), "process.pid": os.getpid()})
    provider = TracerProvider(resource=resource, id_generator=Ids(), shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter) if batched else SimpleSpanProcessor(exporter))
    return provider


def _exporter(name: str, environment: Mapping[str, str]) -> str:
    """The exporter's name among the installed ones; ``otlp`` is one by its protocol."""
    if name != "otlp":
        return name
    protocol = next((environment[key].strip() for key in _PROTOCOLS if environment.get(key, "").strip()), "")
    return _BY_PROTOCOL.get(protocol or "http/protobuf", f"otlp over {protocol}")


def _loaded(name: str) -> Any:
    """The class of an exporter. Raises `Misconfigured`."""
    found = list(entry_points(group="opentelemetry_traces_exporter", name=name))
    try:
        __import__("opentelemetry.sdk.trace")
        if found:
            return found[0].load()
    except ImportError:
        found = []
    raise Misconfigured(
        f"The OTEL_ variables ask for the exporter {name}, which is not installed; install tieline[otel] (it brings "
        "otlp over http/protobuf, and console) or the exporter's own package, or unset them."
    )


def _masked(name: str, value: str) -> str:
    # Headers carry the key of the collector's owner.
    return "********" if name.endswith("_HEADERS") or looks_secret(name) else mask_url(value)
