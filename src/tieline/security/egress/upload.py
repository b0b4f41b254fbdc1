"""Bodies that are sent block by block, so that a large file never lies in memory whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable

from msgspec import Struct

from tieline.core.errors import BadInput


class UploadMismatch(BadInput):
    """A source that gives more or fewer bytes than it said. The server has seen part of it."""

    code = "upload-mismatch"
    title = "The upload has another size than announced"


class Upload(Struct, frozen=True):
    """``open`` begins the body anew each time it is called: a redirect, or another attempt, sends it again.

    ``size`` in bytes goes out as Content-Length; None = unknown, sent in chunks (RFC 9112 section 7.1).
    """

    open: Callable[[], AsyncIterator[bytes]]
    size: int | None = None

    async def blocks(self) -> AsyncGenerator[bytes]:
        """The body; raises `UploadMismatch` before a byte too many goes out, or at the end of one too short.

        Closing it closes the source, which may hold a file open.
        """
        sent = 0
        source = self.open()
        try:
            async for block in source:
                sent += len(block)
                if self.size is not None and sent > self.size:
                    raise UploadMismatch(f"the source gave more than the {self.size} bytes that it announced")
                yield block
        finally:
            if isinstance(source, AsyncGenerator):
                await source.aclose()
        if self.size is not None and sent < self.size:
            raise UploadMismatch(f"the source gave {sent} bytes in place of the {self.size} that it announced")
