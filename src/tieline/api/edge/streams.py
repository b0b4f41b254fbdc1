"""Server-sent events (WHATWG HTML, section 9.2): answers that go on until there is nothing more to tell.

Streams are counted: a process has room for so many, and a tenant for some of them. A stream ends by itself after an
hour; a client that comes back with ``Last-Event-ID`` misses nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tieline.core import json
from tieline.core.errors import RateLimited, TielineError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "text/event-stream"
OF_PROCESS = 200
OF_TENANT = 20
HEARTBEAT_SECONDS = 10.0
LONGEST_SECONDS = 3600.0
_HEADERS = {"content-type": f"{MEDIA_TYPE}; charset=utf-8", "x-accel-buffering": "no"}


class TooManyStreams(RateLimited):
    """Too many streams are open."""

    code = "too-many-streams"
    title = "Too many open streams"


class Streams:
    """The open streams of this process. ``closing``: the process is about to end, so they end."""

    def __init__(self, *, most: int = OF_PROCESS, of_tenant: int = OF_TENANT) -> None:
        self.most, self.of_tenant = most, of_tenant
        self.closing = False
        self._open: Counter[UUID] = Counter()

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open.total()

    def check(self, tenant_id: UUID) -> None:
        """Raises `TooManyStreams` where there is no room for another one."""
        if self._open[tenant_id] >= self.of_tenant or self.count >= self.most:
            raise TooManyStreams(
                f"At most {self.of_tenant} streams of a tenant and {self.most} in all may be open; close one first.",
                retry_after=5,
            )

    def take(self, tenant_id: UUID) -> None:
        """Counts one more. Raises `TooManyStreams`."""
        self.check(tenant_id)
        self._open[tenant_id] += 1

    def give_back(self, tenant_id: UUID) -> None:
        """One has ended."""
        self._open[tenant_id] -= 1
        if self._open[tenant_id] <= 0:
            del self._open[tenant_id]


STREAMS = Streams()


def event(name: str, data: Any, identity: str = "") -> bytes:
    """One event on the wire; JSON has no line breaks of its own."""
    head = f"id: {identity}\n" if identity else ""
    return head.encode() + f"event: {name}\ndata: ".encode() + json.dumps(data) + b"\n\n"


class EventStream(Response):
    """Sends what ``source`` gives until it ends, the client is gone, or ``allowed`` raises.

    ``source`` gives packed events, and b"" at least every second or so while there is nothing to tell.
    """

    def __init__(
        self, source: AsyncGenerator[bytes, None], tenant_id: UUID, allowed: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(status_code=200, headers=_HEADERS)
        del self.headers["content-length"]
        self._source = source
        self._tenant_id = tenant_id
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        STREAMS.take(self._tenant_id)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            telling = asyncio.create_task(self._tell(send), name="event stream")
            leaving = asyncio.create_task(_left(receive), name="event stream client")
            try:
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (telling, leaving):
                    task.cancel()
                await asyncio.gather(telling, leaving, return_exceptions=True)
                await self._source.aclose()
        finally:
            STREAMS.give_back(self._tenant_id)
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        opened = told = asked = time.monotonic()
        await send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True})
        try:
            async for piece in self._source:
                moment = time.monotonic()
                if moment - asked >= 1.0:
                    await self._allowed()
                    asked = moment
                if not piece and moment - told >= HEARTBEAT_SECONDS:
                    piece = b": still here\n\n"
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    told = moment
                if STREAMS.closing or moment - opened >= LONGEST_SECONDS:
                    return
        except TielineError as error:
            # The answer has begun, so that there is no status to tell it with: the client comes back and hears.
            log.info("stream.ended", code=error.code)
        except OSError:
            return


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
