"""Content codings (RFC 9110 section 8.4.1), bounded and verified.

A decoder never puts out more than ``STEP`` bytes at a time, stops when the expansion passes the cap or a ratio that
no honest document reaches, and says so when a stream ends early or goes on after its end. HTTP libraries hand half a
gzip stream on as a complete 200: records would be lost without a word.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from tieline.security.egress.errors import BadResponse, ResponseTooLarge

STEP = 256 * 1024
MAX_CODINGS = 3
MAX_RATIO = 250
RATIO_FLOOR = 16 * 2**20
"""Expanded bytes from which the ratio counts; below it a bomb is harmless and dull data compresses well."""

MAX_MEMBERS = 1000
"""Of one gzip body; a body of nothing but empty members would cost time without ever growing."""

ACCEPT_ENCODING = "gzip, deflate"
_GZIP, _ZLIB, _RAW = 31, 15, -15


class Decoder(Protocol):
    """One layer: ``feed`` bytes in, blocks out; ``finish`` raises when the stream is not complete."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None: ...


class Inflate:
    """gzip (RFC 1952, also several members) and deflate (RFC 1950, or bare RFC 1951 as some servers send it)."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._stream = zlib.decompressobj(_GZIP) if coding == "gzip" else None
        self._fed = False
        self._members = 1

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        self._fed = True
        if self._stream is None:
            # RFC 1950: the low nibble of the first byte is 8 for a zlib header; a bare deflate block cannot have that
            # and pass.
            self._stream = zlib.decompressobj(_ZLIB if data[0] & 0x0F == 8 else _RAW)
        try:
            while True:
                block = self._stream.decompress(data, STEP)
                if block:
                    yield block
                if self._stream.eof:
                    data = self._stream.unused_data
                    if not data:
                        return
                    if self._coding != "gzip" or data[:1] != b"\x1f":
                        raise BadResponse(f"The {self._coding} body goes on after its end.")
                    self._members += 1
                    if self._members > MAX_MEMBERS:
                        raise BadResponse(f"The gzip body has more than {MAX_MEMBERS} members.")
                    self._stream = zlib.decompressobj(_GZIP)
                    continue
                data = self._stream.unconsumed_tail
                if not data and len(block) < STEP:
                    return
        except zlib.error:
            raise BadResponse(f"The body is said to be {self._coding} and is not, or is damaged.") from None

    def finish(self) -> None:
        if self._fed and (self._stream is None or not self._stream.eof):
            raise BadResponse(f"The {self._coding} body stops in the middle.")


class Bounded:
    """The layers of one body with the caps around each of them."""

    def __init__(self, layers: list[Decoder], max_bytes: int) -> None:
        self._layers = layers
        self._max_bytes = max_bytes
        self._sizes = [0] * len(layers)
        self._received = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Blocks of at most ``STEP`` bytes. Raises ``ResponseTooLarge`` before more than the cap is held."""
        self._received += len(data)
        return self._through(data, 0)

    def finish(self) -> None:
        """Raises ``BadResponse`` when a layer has not seen its end."""
        for layer in self._layers:
            layer.finish()

    def _through(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == len(self._layers):
            yield data
            return
        for block in self._layers[depth].feed(data):
            self._count(depth, len(block))
            yield from self._through(block, depth + 1)

    def _count(self, depth: int, size: int) -> None:
        total = self._sizes[depth] = self._sizes[depth] + size
        if total > self._max_bytes:
            raise ResponseTooLarge(
                f"The answer expands to more than {self._max_bytes} bytes; ask for smaller pages or raise the limit."
            )
        if total > RATIO_FLOOR and total > self._received * MAX_RATIO:
            raise ResponseTooLarge(
                f"The answer expands to more than {MAX_RATIO} times its size, as a decompression bomb does."
            )


def decoder_for(header: str, max_bytes: int) -> Bounded | None:
    """The decoder for a Content-Encoding value; None for identity. Raises ``BadResponse`` for codings we did not ask
    for."""
    names = [name for part in header.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if not names:
        return None
    if len(names) > MAX_CODINGS:
        raise BadResponse(f"The answer is encoded {len(names)} times; at most {MAX_CODINGS} are accepted.")
    layers: list[Decoder] = []
    for name in reversed(names):
        if name in ("gzip", "x-gzip"):
            layers.append(Inflate("gzip"))
        elif name == "deflate":
            layers.append(Inflate("deflate"))
        else:
            raise BadResponse(f"The answer has the content coding {name[:40]!r}, which was not asked for.")
    return Bounded(layers, max_bytes)
