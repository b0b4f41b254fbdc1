"""Forms with files (RFC 7578), in one piece or block by block."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from tieline.connectors.runtime.coerce import File
from tieline.security.egress import Upload

_KIND: Final = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;[^\r\n]*)?")


def multipart(form: list[tuple[str, str]], files: list[tuple[str, File]], boundary: str) -> bytes | Upload:
    """The body. Names are encoded as HTML section 4.10.22.8 says: quotes and line breaks cannot end the header.

    With a file that comes from a source it is an `Upload`, whose size is known where all of theirs are.
    """
    parts: list[bytes | Upload] = []
    for name, value in form:
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
        parts.append(head.encode("utf-8", "replace") + value.encode("utf-8", "replace") + b"\r\n")
    for name, entry in files:
        kind = entry.content_type if _KIND.fullmatch(entry.content_type) else "application/octet-stream"
        place = f'name="{_quoted(name)}"; filename="{_quoted(entry.name)}"'
        head = f"--{boundary}\r\ncontent-disposition: form-data; {place}\r\ncontent-type: {kind}\r\n\r\n"
        parts += [head.encode("utf-8", "replace"), entry.content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    whole = [part for part in parts if isinstance(part, bytes)]
    if len(whole) == len(parts):
        return b"".join(whole)
    sizes = [len(part) if isinstance(part, bytes) else part.size for part in parts]

    async def blocks() -> AsyncGenerator[bytes]:
        for part in parts:
            if isinstance(part, bytes):
                yield part
            else:
                async with aclosing(part.blocks()) as source:
                    async for block in source:
                        yield block

    return Upload(blocks, size=None if None in sizes else sum(size or 0 for size in sizes))


def _quoted(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
