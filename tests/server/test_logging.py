"""Logging: one JSON object a line for machines, trace ids, no secrets, other libraries in the same form."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tieline.server.logging import configure, current_trace_id, new_trace_id, traced


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def logged(level: str = "info") -> tuple[io.StringIO, Any]:
    stream = io.StringIO()
    configure(level, stream=stream)
    return stream, structlog.get_logger("tieline.test")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_message_is_one_json_object_with_time_level_and_logger() -> None:
    stream, log = logged()
    log.info("run started", run_id="r1", text="two\nlines")
    (line,) = lines(stream)
    assert line["event"] == "run started"
    assert (line["level"], line["logger"], line["run_id"], line["text"]) == ("info", "tieline.test", "r1", "two\nlines")
    assert line["timestamp"].endswith("Z")


def test_a_terminal_gets_text() -> None:
    stream = io.StringIO()
    configure("info", stream=stream, as_json=False)
    structlog.get_logger("tieline.test").info("run started")
    assert "run started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_less_severe_messages_are_dropped() -> None:
    stream, log = logged("warning")
    log.info("hidden")
    logging.getLogger("uvicorn.error").info("hidden")
    log.warning("shown")
    assert [line["event"] for line in lines(stream)] == ["shown"]


def test_other_libraries_come_out_in_the_same_form() -> None:
    stream, _ = logged()
    logging.getLogger("uvicorn.error").warning("port %d is taken", 8400)
    (line,) = lines(stream)
    assert line["event"] == "port 8400 is taken"
    assert line["logger"] == "uvicorn.error"


def test_chatty_libraries_speak_only_when_asked() -> None:
    stream, _ = logged("info")
    logging.getLogger("procrastinate.worker").info("job done")
    assert lines(stream) == []
    stream, _ = logged("debug")
    logging.getLogger("procrastinate.worker").info("job done")
    assert len(lines(stream)) == 1


@pytest.mark.parametrize(
    "key, value",
    [
        ("authorization", "Bearer abc123-hunter2"),
        ("headers", {"X-Api-Key": "abc-hunter2"}),
        ("password", "hunter2"),
        ("url", "https://user:hunter2@host/path"),
        ("nested", {"deep": [{"client_secret": "hunter2"}]}),
    ],
)
def test_secrets_do_not_reach_the_log(key: str, value: object) -> None:
    stream, log = logged()
    log.info("call", **{key: value})
    assert "hunter2" not in stream.getvalue()
    assert lines(stream)[0]["event"] == "call"


@pytest.mark.parametrize(
    "value",
    [object(), float("nan"), "\ud800", b"\xff", {1: {2}}, {(1, 2): 3}, RuntimeError("x")],
    ids=["object", "nan", "half-a-letter", "bytes", "set", "tuple-key", "exception"],
)
def test_what_json_does_not_know_is_still_logged(value: object) -> None:
    stream, log = logged()
    log.info("odd", value=value)
    stream.getvalue().encode()
    assert lines(stream)[0]["event"] == "odd"
    assert "NaN" not in stream.getvalue()


def test_an_exception_is_logged_without_the_values_of_its_variables() -> None:
    stream, log = logged()
    token = "hunter2"  # noqa: F841
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        log.exception("failed")
    assert "RuntimeError: broken" in lines(stream)[0]["exception"]
    assert "hunter2" not in stream.getvalue()


def test_a_trace_id_is_on_every_line_inside_and_gone_outside() -> None:
    stream, log = logged()
    with traced() as trace_id:
        assert current_trace_id() == trace_id
        log.info("inside")
        logging.getLogger("other").warning("inside too")
    log.info("outside")
    *inside, outside = (line["traceId"] for line in lines(stream))
    assert inside == [trace_id, trace_id]
    assert re.fullmatch("[0-9a-f]{32}", outside), "a line outside of any trace has the process's"
    assert outside != trace_id
    assert current_trace_id() is None


@pytest.mark.anyio
async def test_tasks_side_by_side_keep_their_own_trace_ids() -> None:
    stream, log = logged()

    async def work(trace_id: str) -> None:
        with traced(trace_id):
            await asyncio.sleep(0)
            log.info("step", mine=trace_id)

    await asyncio.gather(*(work(new_trace_id()) for _ in range(20)))
    assert len(lines(stream)) == 20
    assert all(line["traceId"] == line["mine"] for line in lines(stream))


def test_a_trace_id_has_the_form_of_the_w3c() -> None:
    assert len({new_trace_id() for _ in range(100)}) == 100
    assert all(len(trace_id) == 32 and int(trace_id, 16) for trace_id in (new_trace_id(),))
