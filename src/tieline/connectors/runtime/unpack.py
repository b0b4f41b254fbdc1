"""Gzip files as answers: a body that is compressed although no Content-Encoding says so."""

from __future__ import annotations

import zlib
from typing import Final

MAGIC: Final = b"\x1f\x8b\x08"
GZIP_KINDS: Final = ("application/gzip", "application/x-gzip", "application/x-gunzip", "application/gzip-compressed")
MAX_BYTES: Final = 256 * 2**20
_FREE: Final = 8 * 2**20  # up to here any ratio will do
MAX_RATIO: Final = 200
_MAX_MEMBERS: Final = 1_000  # empty ones would cost time without ever growing


class NotUnpacked(Exception):
    """``broken``: cut or damaged; else larger than we unpack."""

    def __init__(self, reason: str, *, broken: bool) -> None:
        super().__init__(reason)
        self.broken = broken


def gunzip(data: bytes) -> bytes:
    """All members of a gzip file (RFC 1952), at most `MAX_BYTES` and beyond 8 MB at most `MAX_RATIO` times its size."""
    limit = min(MAX_BYTES, max(_FREE, len(data) * MAX_RATIO))
    parts: list[bytes] = []
    total, rest, members = 0, data, 0
    while rest[:2] == MAGIC[:2]:
        members += 1
        if members > _MAX_MEMBERS:
            raise NotUnpacked(f"a gzip file with more than {_MAX_MEMBERS} members", broken=False)
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                piece = member.decompress(rest, min(1 << 20, limit - total + 1))
                rest = member.unconsumed_tail
                total += len(piece)
                if total > limit:
                    raise NotUnpacked(f"a gzip file that unpacks to more than {limit // 2**20} MB", broken=False)
                parts.append(piece)
                if not piece and not rest and not member.eof:
                    raise NotUnpacked("a gzip file that is cut", broken=True)
        except zlib.error:
            raise NotUnpacked("a gzip file that is damaged", broken=True) from None
        rest = member.unused_data
    return b"".join(parts)
