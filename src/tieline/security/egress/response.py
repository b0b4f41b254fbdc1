"""Answers: read under the caps, verified to be whole, decoded without surprises."""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import msgspec
from aiohttp import ClientError, ClientResponse, hdrs
from multidict import CIMultiDict, CIMultiDictProxy

from tieline.core import json
from tieline.security.egress.decoding import Bounded, decoder_for
from tieline.security.egress.errors import BadResponse, ResponseTooLarge

_BOM = codecs.BOM_UTF8
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:+-]+)""", re.IGNORECASE)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)", re.DOTALL
)
_NO_BODY_STATUS = frozenset((204, 304))


class Response:
    """A complete answer with any status; the body is decompressed and verified."""

    __slots__ = ("body", "elapsed", "headers", "received_bytes", "sent_bytes", "status", "url")

    def __init__(
        self,
        status: int,
        headers: CIMultiDictProxy[str],
        body: bytes,
        url: str,
        *,
        elapsed: float = 0.0,
        sent_bytes: int = 0,
        received_bytes: int = 0,
    ) -> None:
        """``url`` after redirects; ``elapsed`` in seconds over all hops; bytes of bodies as they went over the wire."""
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
        self.elapsed = elapsed
        self.sent_bytes = sent_bytes
        self.received_bytes = received_bytes

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"

    def text(self) -> str:
        """The body as text, by its charset parameter, else UTF-8. Raises ``BadResponse`` when it is not in that
        charset."""
        return _text(self.body, self.headers)

    def json(self) -> Any:
        """The body as JSON; None when it is empty. A byte-order mark is skipped, the charset parameter is honoured,
        half surrogate pairs (valid in JSON, not in text) become U+FFFD. Raises ``BadResponse`` for what is not JSON."""
        body = self.body
        if not body or not body.strip():
            return None
        if _charset(self.headers) not in (None, "utf-8", "ascii"):
            body = _text(body, self.headers).encode("utf-8", "surrogatepass")
        body = body.removeprefix(_BOM)
        try:
            return _loads(body)
        except RecursionError:
            raise BadResponse("The answer is JSON that is nested too deeply.") from None
        except UnicodeDecodeError as error:
            raise BadResponse(f"The answer is not valid UTF-8 at byte {error.start}.") from None
        except msgspec.MsgspecError as error:
            kind = self.headers.get("Content-Type", "no content type").partition(";")[0][:60]
            raise BadResponse(f"The answer ({kind}, {len(self.body)} bytes) is not JSON: {error}.") from None


class StreamResponse:
    """An answer whose body is read block by block, under the same caps and checks; iterate it once."""

    __slots__ = ("_blocks", "headers", "status", "url")

    def __init__(self, status: int, headers: CIMultiDictProxy[str], url: str, blocks: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.url = url
        self._blocks = blocks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._blocks


class BodyReader:
    """Reads one body from aiohttp's stream."""

    __slots__ = ("_decoder", "_expected", "_host", "_max_bytes", "_response", "received")

    def __init__(self, response: ClientResponse, host: str, max_bytes: int) -> None:
        """Raises ``ResponseTooLarge`` or ``BadResponse`` when the headers alone say so."""
        self.received = 0
        self._response = response
        self._host = host
        self._max_bytes = max_bytes
        headers = response.headers
        self._expected: int | None = None
        self._decoder: Bounded | None = None
        if response.status == 101:
            raise BadResponse(f"{host} switches to another protocol, which nobody asked for.")
        if response.method == "HEAD" or response.status in _NO_BODY_STATUS:
            return
        transfer = headers.get(hdrs.TRANSFER_ENCODING)
        length = headers.get(hdrs.CONTENT_LENGTH)
        if transfer is not None:
            # RFC 9112 section 6.3: both together are how requests are smuggled.
            if length is not None:
                raise BadResponse(f"The answer of {host} has both Content-Length and Transfer-Encoding.")
            if transfer.strip().lower() != "chunked":
                raise BadResponse(
                    f"The answer of {host} has the transfer coding {transfer[:40]!r}; only chunked is accepted."
                )
        elif length is not None:
            self._expected = int(length)
            if self._expected > max_bytes:
                raise self._too_large()
        if (coding := headers.get(hdrs.CONTENT_ENCODING)) is not None:
            if len(headers.getall(hdrs.CONTENT_ENCODING)) > 1:
                coding = ",".join(headers.getall(hdrs.CONTENT_ENCODING))
            self._decoder = decoder_for(coding, max_bytes)

    async def whole(self) -> bytes:
        """The complete body."""
        if self._decoder is not None:
            return b"".join([block async for block in self.blocks()])
        content = self._response.content
        block = await self._read()
        if content.at_eof():
            self._verify()
            return block
        blocks = []
        while block:
            blocks.append(block)
            block = await self._read()
        self._verify()
        return b"".join(blocks)

    async def blocks(self) -> AsyncGenerator[bytes]:
        """The body in pieces as they arrive; compressed ones in steps, with room for other tasks between them."""
        decoder = self._decoder
        while data := await self._read():
            if decoder is None:
                yield data
                continue
            for step, block in enumerate(decoder.feed(data)):
                if step:
                    await asyncio.sleep(0)
                yield block
        self._verify()
        if decoder is not None:
            decoder.finish()

    async def _read(self) -> bytes:
        try:
            block = await self._response.content.readany()
        except (ClientError, OSError, RuntimeError):
            # aiohttp reports a lost connection in each of these ways, by the moment at which it is noticed.
            of = "" if self._expected is None else f" of the {self._expected} it announced"
            raise BadResponse(f"The answer of {self._host} broke off after {self.received} bytes{of}.") from None
        self.received += len(block)
        if self.received > self._max_bytes:
            raise self._too_large()
        return block

    def _verify(self) -> None:
        if self._expected is not None and self.received != self._expected:
            raise BadResponse(
                f"The answer of {self._host} stopped after {self.received} of the {self._expected} bytes it announced."
            )

    def _too_large(self) -> ResponseTooLarge:
        return ResponseTooLarge(
            f"The answer of {self._host} is larger than {self._max_bytes} bytes; "
            "ask for smaller pages or raise the limit."
        )


def clean_headers(response: ClientResponse) -> CIMultiDictProxy[str]:
    """The headers as text that can be stored: aiohttp keeps bytes that are not UTF-8 as half surrogate pairs."""
    headers = response.headers
    for value in headers.values():
        if not value.isascii():
            break
    else:
        return headers
    return CIMultiDictProxy(
        CIMultiDict(
            (name, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            for name, value in headers.items()
        )
    )


def _charset(headers: CIMultiDictProxy[str]) -> str | None:
    found = _CHARSET.search(headers.get("Content-Type", ""))
    if found is None:
        return None
    try:
        return codecs.lookup(found[1]).name
    except LookupError:
        return None


def _text(body: bytes, headers: CIMultiDictProxy[str]) -> str:
    charset = _charset(headers) or "utf-8"
    if charset == "utf-8":
        body = body.removeprefix(_BOM)
    try:
        return body.decode(charset)
    except (UnicodeDecodeError, LookupError):
        raise BadResponse(f"The answer is not valid {charset}.") from None


def _loads(body: bytes) -> Any:
    try:
        return json.loads(body)
    except msgspec.DecodeError:
        if b"\\ud" not in body and b"\\uD" not in body:
            raise
    return json.loads(_ESCAPE.sub(_mended, body))


def _mended(escape: re.Match[bytes]) -> bytes:
    """A pair and every other escape as they are; half a pair as the replacement character."""
    text = escape.group()
    return b"\\ufffd" if len(text) == 6 and text[2:3] in b"dD" and text[3:4] in b"89abcdefABCDEF" else text
