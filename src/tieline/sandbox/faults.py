"""Faults on demand: what networks and servers do to a client on a bad day.

A rule says which calls it hits and what happens to them. ``phase`` "before": nothing has happened on the server;
"after": it happened, and only the answer suffers. Each kind registers itself with `@kind`.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
from asyncio import Transport
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from time import time
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from tieline.sandbox.web import JSON, Headers, Refusal, Reply

Phase = Literal["before", "after"]
Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


class Line(Struct, frozen=True):
    """The connection that a fault plays with."""

    transport: Transport
    receive: Receive
    send: Send

    async def gone(self, seconds: float | None = None) -> None:
        """Waits until the client hangs up, at most ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                while (await self.receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            return


GO_ON = Reply(100)
"""What a kind returns to continue as if nothing had been."""

Play = Callable[[Line, Reply | None, dict[str, Any]], Awaitable[Reply | None]]
"""Takes the line, the real reply (None in phase "before") and the rule's params; returns what to send, None where
nothing is left to send, or `GO_ON`."""

KINDS: dict[str, tuple[Play, Phase]] = {}


def kind(name: str, phase: Phase = "before") -> Callable[[Play], Play]:
    """Registers a kind of fault and the phase that it takes where the rule names none."""

    def register(play: Play) -> Play:
        KINDS[name] = (play, phase)
        return play

    return register


class Rule(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which calls, and what happens to them.

    ``method`` ("" = any) and ``path`` (regular expression, searched) choose; the first ``skip`` pass, then at most
    ``times`` are hit (0 = always), each with ``probability`` drawn from ``seed``. ``kind``: a name of ``KINDS`` or a
    status from 400 to 599.
    """

    kind: str
    method: str = ""
    path: str = ""
    phase: Literal["", "before", "after"] = ""
    times: Annotated[int, Meta(ge=0)] = 1
    skip: Annotated[int, Meta(ge=0)] = 0
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: int = 1
    params: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    seen: int = 0
    hit: int = 0


class Faults:
    """The rules of one service; the first that fits hits."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._compiled: dict[int, tuple[re.Pattern[str], random.Random]] = {}
        self._next = 1

    def add(self, rule: Rule) -> Rule:
        """Raises 422 for an unknown kind, a bad pattern or a bad number among the params."""
        if rule.kind not in KINDS and not re.fullmatch("[45][0-9][0-9]", rule.kind):
            names = ", ".join(sorted(KINDS))
            raise Refusal(
                422, "unknown_fault", f"'kind' is a status from 400 to 599 or one of: {names}.", field="/kind"
            )
        try:
            pattern = re.compile(rule.path)
        except re.error as error:
            raise Refusal(422, "bad_pattern", f"'path' is no regular expression: {error}.", field="/path") from None
        for name in ("seconds", "retry_after", "pieces"):
            value = rule.params.get(name, 1)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86_400:
                raise Refusal(422, "bad_param", f"'{name}' must be a number from 0 to 86400.", field=f"/params/{name}")
        rule.id, rule.seen, rule.hit = self._next, 0, 0
        rule.phase = rule.phase or KINDS.get(rule.kind, (None, "before"))[1]
        if rule.kind == "timeout_after":
            rule.phase = "after"
        self._compiled[rule.id] = (pattern, random.Random(rule.seed))
        self._next += 1
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: int | None = None) -> int:
        """Removes one rule or all of them; returns how many went."""
        gone = [rule for rule in self.rules if rule_id in (None, rule.id)]
        self.rules = [rule for rule in self.rules if rule not in gone]
        for rule in gone:
            del self._compiled[rule.id]
        return len(gone)

    def pick(self, method: str, path: str) -> Rule | None:
        for rule in self.rules:
            if rule.times and rule.hit >= rule.times:
                continue
            pattern, dice = self._compiled[rule.id]
            if (rule.method and rule.method.upper() != method) or not pattern.search(path):
                continue
            rule.seen += 1
            if rule.seen <= rule.skip or (rule.probability < 1 and dice.random() >= rule.probability):
                continue
            rule.hit += 1
            return rule
        return None


async def play(rule: Rule, line: Line, reply: Reply | None) -> Reply | None:
    """Lets one rule happen."""
    known = KINDS.get(rule.kind)
    if known is None:
        return _status(int(rule.kind), rule.params)
    return await known[0](line, reply, rule.params)


def _status(status: int, params: dict[str, Any]) -> Reply:
    headers: Headers = (JSON,)
    wait = params.get("retry_after", 1 if status in (429, 503) else None)
    if wait is not None:
        date = params.get("retry_after_style") == "date"
        value = formatdate(time() + wait, usegmt=True) if date else f"{wait:g}"
        headers = (*headers, (b"retry-after", value.encode()))
    if status == 401:
        headers = (*headers, (b"www-authenticate", b'Bearer error="invalid_token"'))
    return Reply(status, b'{"error":{"code":"sandbox_fault","message":"This failure was asked for."}}', headers)


@kind("reset")
async def reset(line: Line, reply: Reply | None, params: dict[str, Any]) -> None:
    """The connection is torn down (TCP RST) without an answer."""
    sock = line.transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.transport.abort()
    await line.gone(5)


@kind("close")
async def close(line: Line, reply: Reply | None, params: dict[str, Any]) -> None:
    """The connection is closed in good order, but without an answer."""
    line.transport.close()
    await line.gone(5)


@kind("slow")
async def slow(line: Line, reply: Reply | None, params: dict[str, Any]) -> Reply:
    """The true answer, ``seconds`` (1) later."""
    await asyncio.sleep(params.get("seconds", 1))
    return GO_ON if reply is None else reply


@kind("drip", "after")
async def drip(line: Line, reply: Reply | None, params: dict[str, Any]) -> Reply | None:
    """The true answer in ``pieces`` (10) over ``seconds`` (1)."""
    if reply is None or not reply.body:
        return reply or _status(503, params)
    pieces = max(1, int(params.get("pieces", 10)))
    pause = params.get("seconds", 1) / pieces
    size = -(-len(reply.body) // pieces)
    await line.send(_start(reply))
    for place in range(0, len(reply.body), size):
        await asyncio.sleep(pause)
        piece = reply.body[place : place + size]
        await line.send({"type": "http.response.body", "body": piece, "more_body": place + size < len(reply.body)})
    return None


@kind("truncated", "after")
async def truncated(line: Line, reply: Reply | None, params: dict[str, Any]) -> None:
    """The answer announces its length, and the connection ends half-way through the body."""
    reply = reply or _status(503, params)
    body = reply.body or b" " * 16
    await line.send(_start(Reply(reply.status if reply.body else 200, body, reply.headers)))
    await line.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    line.transport.close()
    await line.gone(5)


@kind("timeout")
async def timeout(line: Line, reply: Reply | None, params: dict[str, Any]) -> None:
    """No answer for ``seconds`` (3600); then the connection closes."""
    await line.gone(params.get("seconds", 3600))
    line.transport.close()
    await line.gone(5)


KINDS["timeout_after"] = (timeout, "after")


@kind("garbage")
async def garbage(line: Line, reply: Reply | None, params: dict[str, Any]) -> None:
    """Bytes that are not HTTP."""
    line.transport.write(b"\x15\x03\x01\x00\x02\x02\x16 this is not HTTP\r\n\r\n")
    line.transport.close()
    await line.gone(5)


@kind("bad_json", "after")
async def bad_json(line: Line, reply: Reply | None, params: dict[str, Any]) -> Reply:
    """Status 200 and JSON that stops half-way, with a content length that fits."""
    body = reply.body if reply is not None and reply.body else b'{"data":[]}'
    return Reply(200, body[: len(body) // 2], (JSON,))


@kind("html", "after")
async def html(line: Line, reply: Reply | None, params: dict[str, Any]) -> Reply:
    """Status 200 and a web page where JSON was asked for."""
    page = b"<!doctype html><title>Please wait</title><p>We will be right back.</p>"
    return Reply(200, page, ((b"content-type", b"text/html; charset=utf-8"),))


def _start(reply: Reply) -> dict[str, Any]:
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
