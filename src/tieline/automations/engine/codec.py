"""Run data on disk: MessagePack, compressed where that pays."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()
_PLAIN, _ZLIB = b"\x00", b"\x01"
COMPRESS_FROM = 1024  # bytes; below, the header costs more than it saves


def encode(value: Any) -> bytes:
    """One byte that tells the packing, then the data."""
    data = _encoder.encode(value)
    if len(data) >= COMPRESS_FROM:
        packed = zlib.compress(data, 1)
        if len(packed) < len(data):
            return _ZLIB + packed
    return _PLAIN + data


def decode(data: bytes) -> Any:
    """The inverse of `encode`."""
    packing, body = data[:1], data[1:]
    return _decoder.decode(zlib.decompress(body) if packing == _ZLIB else body)


def pack(value: Any) -> bytes:
    """Bare MessagePack, to be put into something larger."""
    return _encoder.encode(value)


def size(value: Any) -> int:
    """Bytes that a value takes on disk before compression."""
    return len(_encoder.encode(value))
