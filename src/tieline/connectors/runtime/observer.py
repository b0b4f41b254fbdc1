"""Who wants to know about every HTTP exchange: run history and metrics."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from tieline.connectors.runtime.request import Request
from tieline.security.egress import Response
from tieline.security.known import Known

_NOTHING_KNOWN = Known()


class Exchange(Struct, frozen=True, kw_only=True):
    """One request and its fate. ``url`` is masked; ``status`` 0 means that no answer came, ``error`` says why.

    ``failed``: no answer, a status from 400 on, or a refusal by the connector's error rules. ``request`` and
    ``response`` are the real ones, with credentials, and only good during the call; of exchanges for tokens and logins
    they are None. ``hidden()`` is what must be taken out of what is shown of them. The body of a download that went
    well is not there: it has not passed yet.
    """

    method: str
    url: str
    status: int
    ms: float
    sent_bytes: int = 0
    received_bytes: int = 0
    attempt: int = 1
    block: str = ""
    error: str = ""
    purpose: str = "call"  # call, page, poll, download, token
    failed: bool = False
    request: Request | None = None
    response: Response | None = None
    known: Known = _NOTHING_KNOWN

    def hidden(self) -> Known:
        """All secrets of the connection and of this request."""
        return self.known if self.request is None else self.known.more(self.request.secrets())


class Observer(Protocol):
    """Sees what a client does."""

    async def before(self) -> None:
        """Asked before each attempt, behind all waiting; what it raises ends the call."""

    def exchange(self, exchange: Exchange) -> None:
        """Told after each exchange, in the order of their ends; must be quick and must not raise."""


class Counters(Struct):
    """Totals of one client."""

    calls: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
