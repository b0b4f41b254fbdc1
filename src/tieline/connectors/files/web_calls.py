"""HTTP calls of storages: transient faults become one error, bodies of errors are read within bounds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

from tieline.connectors.files.base import CHUNK
from tieline.connectors.files.errors import StorageUnavailable
from tieline.core.errors import BadInput
from tieline.security.egress import (
    BadResponse,
    ConnectFailed,
    Egress,
    Response,
    StreamResponse,
    TimedOut,
    Upload,
)

SECONDS = 60.0  # for a call without a file
LONGEST = 4 * 3600.0  # for a transfer
LARGEST_ANSWER = 16 * 2**20  # bytes of what is no file
LARGEST_READ = 8 * 2**30  # bytes of a file


class Web:
    """The calls of one storage, to one origin."""

    def __init__(self, egress: Egress, host: str) -> None:
        self._egress, self._host = egress, host

    async def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Upload | None = None, *, secret: str = ""
    ) -> Response:
        """One call, no redirects: a signature is for one address."""
        try:
            return await self._egress.request(
                method,
                url,
                headers=headers,
                body=body,
                timeout=LONGEST if isinstance(body, Upload) or (body and len(body) > CHUNK) else SECONDS,
                max_bytes=LARGEST_ANSWER,
                follow_redirects=False,
            )
        except (ConnectFailed, TimedOut, BadResponse) as error:
            raise StorageUnavailable(error.detail) from None

    @asynccontextmanager
    async def reading(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[StreamResponse]:
        """A file as it comes."""
        try:
            async with self._egress.stream(
                "GET", url, headers=headers, timeout=LONGEST, max_bytes=LARGEST_READ, follow_redirects=False
            ) as answer:
                yield answer
        except (ConnectFailed, TimedOut, BadResponse) as error:
            raise StorageUnavailable(error.detail) from None


async def rest_of(answer: StreamResponse, offset: int) -> AsyncGenerator[bytes]:
    """The body from byte ``offset`` on; a server that ignores Range (RFC 9110 section 14.2) sends it whole."""
    skip = offset if answer.status == 200 else 0
    async for block in answer:
        if skip >= len(block):
            skip -= len(block)
            continue
        yield block[skip:] if skip else block
        skip = 0


async def excerpt(answer: StreamResponse) -> bytes:
    """The beginning of an error's body."""
    found = bytearray()
    async for block in answer:
        found += block
        if len(found) > 64 * 1024:
            break
    return bytes(found[: 64 * 1024])


def whole_number(text: str) -> int | None:
    """A number as headers and listings write it, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() else None


def quoted(path: str) -> str:
    """A path as it goes into a URL (RFC 3986: everything encoded but unreserved characters and slashes)."""
    return quote(path, safe="/-._~")


def endpoint(given: str, default: str) -> tuple[str, str, str]:
    """(scheme, host with port, path without its last slash) of an address that somebody entered; raises BadInput."""
    text = (given or default).rstrip("/")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise BadInput(f"the endpoint of the connection is not a valid address ({error})") from None
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc or parts.query:
        raise BadInput("the endpoint of the connection must be like https://host:port, without user name or query")
    netloc = parts.netloc.lower()
    netloc = netloc.removesuffix(":443" if parts.scheme == "https" else ":80")
    return parts.scheme, netloc, parts.path
