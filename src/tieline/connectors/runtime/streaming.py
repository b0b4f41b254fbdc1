"""Files that pass through without lying in memory whole: downloads block by block, uploads from a source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from tieline.connectors.runtime.decode import file_name
from tieline.connectors.runtime.request import Request
from tieline.security.egress import Egress, Response, StreamResponse

LONGEST: Final = 3_600.0  # seconds for a whole download
LARGEST: Final = 5 * 2**30  # bytes
_ERROR_BYTES: Final = 65_536


class Download:
    """A file on its way: ``async for block in download``, once. ``size`` in bytes where the API says it."""

    def __init__(self, response: StreamResponse) -> None:
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.content_type = self.headers.get("content-type", "application/octet-stream")
        self.name = file_name(response.headers)
        length = self.headers.get("content-length", "")
        encoded = self.headers.get("content-encoding", "identity") not in ("", "identity")
        self.size = int(length) if length.isdigit() and not encoded else None
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._response)


class Opening:
    """One attempt after the other to open a stream; only the last good one stays open, until ``stack`` is closed."""

    def __init__(self, egress: Egress, stack: AsyncExitStack, timeout: float, max_bytes: int) -> None:
        self._egress = egress
        self._stack = stack
        self._timeout = timeout
        self._max_bytes = max_bytes
        self.stream: StreamResponse | None = None

    async def once(self, request: Request) -> Response:
        """The answer as far as its headers; of an error the beginning of its body too, and the stream is closed."""
        self.stream = None
        await self._stack.aclose()
        async with AsyncExitStack() as attempt:
            stream = await attempt.enter_async_context(
                self._egress.stream(
                    request.method,
                    request.url(),
                    headers=request.final_headers(),
                    body=request.final_body(),
                    secret_headers=request.secret_headers,
                    timeout=self._timeout,
                    max_bytes=self._max_bytes,
                )
            )
            if stream.status < 400:
                self.stream = stream
                self._stack.push_async_exit(attempt.pop_all())
                return Response(stream.status, stream.headers, b"", stream.url)
            said = bytearray()
            async for block in stream:
                said += block
                if len(said) >= _ERROR_BYTES:
                    break
            return Response(stream.status, stream.headers, bytes(said[:_ERROR_BYTES]), stream.url)
