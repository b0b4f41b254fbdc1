"""Run data on disk: MessagePack, compressed where that pays."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

_WIDE, _BROKEN = 1, 2  # extension types: whole numbers beyond 64 bits, text with lone surrogates


def extension(code: int, data: memoryview) -> Any:
    if code == _WIDE:
        return int(bytes(data))
    return bytes(data).decode("utf-8", "surrogatepass")


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ext_hook=extension)
_PLAIN, _ZLIB = b"\x00", b"\x01"
COMPRESS_FROM = 1024  # bytes; below, the header costs more than it saves


def encode(value: Any) -> bytes:
    """One byte that tells the packing, then the data."""
    data = pack(value)
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
    try:
        return _encoder.encode(value)
    except (OverflowError, UnicodeEncodeError):
        return _encoder.encode(_unusual(value))


def size(value: Any) -> int:
    """Bytes that a value takes on disk before compression."""
    return len(pack(value))


def copy(value: Any) -> Any:
    """The value as a replay would see it; shares nothing with the original."""
    return _decoder.decode(pack(value))


def _unusual(value: Any) -> Any:
    """The same with extension types in place of what MessagePack cannot say."""
    if isinstance(value, dict):
        return {_unusual(key): _unusual(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unusual(entry) for entry in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return msgspec.msgpack.Ext(_WIDE, str(value).encode())
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return msgspec.msgpack.Ext(_BROKEN, value.encode("utf-8", "surrogatepass"))
    return value
