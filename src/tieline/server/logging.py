"""Logging: structlog, on standard error; JSON lines for machines, colours for a terminal.

    configure("info")                       # once, at the start of a process
    log = structlog.get_logger(__name__)    # anywhere, in any package
    with traced():                          # everything logged inside carries one trace id
        log.info("run started", run_id=run_id)

Packages below ``server`` need nothing from here: they call ``structlog.get_logger`` and, where a request or a job
begins, `tieline.core.tracing.bind`. What other libraries log by ``logging`` takes the same form. Every line has a
``traceId``: that of the request, job or run, else one that stands for the process.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from tieline.core.tracing import TRACE, current_trace_id, new_trace_id, traced
from tieline.security import redact

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import Processor

__all__ = ["TRACE", "configure", "current_trace_id", "new_trace_id", "traced"]

_SHOWN = "traceId"  # as in the errors of the API, so that one search finds both

# They tell of every query, job and request at the level "info"; ours say the same with more context.
_CHATTY = ("aiohttp.access", "alembic", "asyncio", "procrastinate", "psycopg", "sqlalchemy", "uvicorn.access")


def configure(level: str = "info", *, stream: TextIO | None = None, as_json: bool | None = None) -> None:
    """Sets up logging for this process; a second call replaces the first.

    ``stream`` defaults to standard error, which keeps standard output free for results; ``as_json`` defaults to whether
    the stream is no terminal.
    """
    stream = stream or sys.stderr
    as_json = not stream.isatty() if as_json is None else as_json
    threshold = logging.getLevelNamesMapping()[level.upper()]

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Traces(),
                # Last, so that nothing that was added on the way gets past it.
                redact.redact_event,
                _renderer(as_json=as_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(threshold if threshold <= logging.DEBUG else max(threshold, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


class _Traces:
    """A processor: every line has a trace id, whoever logged it, also from threads and before the first request."""

    def __init__(self) -> None:
        self._process = new_trace_id()

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event[_SHOWN] = event.pop(TRACE, None) or self._process
        return event


def _renderer(*, as_json: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(serializer=_dumps)
    return structlog.dev.ConsoleRenderer(pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)


def _dumps(event: Any, **_options: Any) -> str:
    """A log line must come out whatever was handed to it, so what JSON does not know is printed as its ``repr``."""
    try:
        return json.dumps(event, default=repr, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError):
        plain = {str(key): value if isinstance(value, str) else repr(value) for key, value in event.items()}
        return json.dumps(plain, separators=(",", ":"))
