"""Who wants to know about every HTTP exchange: run history and metrics."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class Exchange(Struct, frozen=True, kw_only=True):
    """One request and its fate. ``url`` is masked; ``status`` 0 means that no answer came, ``error`` says why."""

    method: str
    url: str
    status: int
    ms: float
    sent_bytes: int = 0
    received_bytes: int = 0
    attempt: int = 1
    block: str = ""
    error: str = ""
    purpose: str = "call"  # call, page, poll, token, check


class Observer(Protocol):
    """Called after each exchange, in the order of their ends; must be quick and must not raise."""

    def exchange(self, exchange: Exchange) -> None: ...


class Counters(Struct):
    """Totals of one client."""

    calls: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
