"""Taking a request in: how many headers, how large a body, how slowly it may come."""

from __future__ import annotations

import asyncio
import time

from msgspec import Struct
from starlette.types import Message, Receive, Scope

from tieline.core.errors import Terminal, Transient

MEGABYTE = 2**20


class Intake(Struct, frozen=True):
    """What a client may send. Sizes in bytes, times in seconds."""

    body: int = 1 * MEGABYTE
    large_body: int = 20 * MEGABYTE
    file_body: int = 48 * MEGABYTE  # documents of 25 MB and more, in base64
    headers: int = 64
    header_bytes: int = 32 * 1024
    target_bytes: int = 60 * 1024
    body_pause: float = 10.0
    body_total: float = 60.0
    drained: int = 64 * MEGABYTE
    drain_total: float = 5.0


class BodyTooLarge(Terminal):
    """More bytes than the operation takes."""

    code = "body-too-large"
    status = 413
    title = "Body too large"


class BodyTooSlow(Transient):
    """The body did not arrive in time."""

    code = "body-too-slow"
    status = 408
    title = "Body too slow"


class HeadersTooLarge(Terminal):
    """More headers than anybody needs."""

    code = "headers-too-large"
    status = 431
    title = "Headers too large"


class TargetTooLong(Terminal):
    """A path and query longer than anybody needs."""

    code = "target-too-long"
    status = 414
    title = "Address too long"


class UnsupportedEncoding(Terminal):
    """A body that is compressed."""

    code = "unsupported-encoding"
    status = 415
    title = "Unsupported content encoding"


class BodyGate:
    """Stands in front of ``receive``: counts what arrives and how long it takes.

    The cap begins at ``intake.body``; an operation that takes more raises it with `allow_large` before it reads.
    """

    def __init__(self, receive: Receive, intake: Intake, headers: list[tuple[bytes, bytes]]) -> None:
        self._receive = receive
        self._intake = intake
        self._declared = _declared_length(headers)
        self._asks_first = any(name == b"expect" for name, _ in headers)
        self._cap = intake.body
        self._taken = 0
        self._deadline: float | None = None
        self._complete = False

    def allow_large(self) -> None:
        """Lets this request bring a document."""
        self._cap = max(self._cap, self._intake.large_body)

    def allow_file(self) -> None:
        """Lets this request bring a file, in base64."""
        self._cap = max(self._cap, self._intake.file_body)

    def check_expectations(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Raises `UnsupportedEncoding` for a compressed body, which nobody could cap."""
        for name, value in headers:
            if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
                raise UnsupportedEncoding("The body is compressed; send it as it is, without content-encoding.")

    def check_declared(self) -> None:
        """Raises `BodyTooLarge` before the first byte where the declared length is over the cap."""
        if self._declared is not None and self._declared > self._cap:
            raise self._too_large()

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        self.check_declared()
        if self._deadline is None:
            self._deadline = time.monotonic() + self._intake.body_total
        pause = min(self._intake.body_pause, self._deadline - time.monotonic())
        try:
            async with asyncio.timeout(max(pause, 0)):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(
                f"The body paused for {self._intake.body_pause:g} s or took over {self._intake.body_total:g} s in all; "
                "send it faster."
            ) from None
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > self._cap:
                raise self._too_large()
            self._complete = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Reads away the rest of a body that was refused, within bounds: who still sends would not see the answer."""
        if self._asks_first and not self._taken:
            return
        try:
            async with asyncio.timeout(self._intake.drain_total):
                while not self._complete and self._taken < self._intake.drained:
                    message = await self._receive()
                    self._taken += len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)
        except TimeoutError:
            return

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is larger than {self._cap} bytes; send less.", meta={"maximum": self._cap})


def _declared_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """The ``content-length``; the server has refused what is no number already."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and len(value) < 20:
            return int(value)
    return None


def check_headers(scope: Scope, intake: Intake) -> None:
    """Raises `HeadersTooLarge` or `TargetTooLong`."""
    headers = scope["headers"]
    size = sum(len(name) + len(value) + 4 for name, value in headers)
    if len(headers) > intake.headers or size > intake.header_bytes:
        raise HeadersTooLarge(
            f"The request has more than {intake.headers} headers or {intake.header_bytes} bytes of them."
        )
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > intake.target_bytes:
        raise TargetTooLong(
            f"The path and query are longer than {intake.target_bytes} bytes; shorten the filter or the cursor."
        )
