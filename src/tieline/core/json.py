"""JSON and MessagePack by msgspec, with the few types that run data can hold."""

from __future__ import annotations

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(uuid_format="canonical")
_decoder = msgspec.json.Decoder()


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON. Decimals become strings, datetimes RFC 3339."""
    return _encoder.encode(value)


def loads(data: bytes | str) -> Any:
    """Plain Python data; raises ``msgspec.DecodeError`` with the byte position."""
    return _decoder.decode(data)
