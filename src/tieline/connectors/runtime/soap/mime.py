"""Answers in several parts (RFC 2387): the envelope, and the files beside it (MTOM, SOAP with attachments)."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from typing import Any, Final

from msgspec import Struct

from tieline.connectors.runtime.decode import NotReadable

_MAX_PARTS: Final = 1_000
_PARAMETER = re.compile(r";\s*([\w-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]+))")
_NAME = re.compile(r"(?:file)?name\*?\s*=\s*(?:\"([^\"]*)\"|([^;\s]+))", re.IGNORECASE)


class Part(Struct):
    """One part with its headers by lower-case name."""

    headers: dict[str, str]
    content: bytes

    @property
    def content_id(self) -> str:
        return self.headers.get("content-id", "").strip().strip("<>")

    def as_file(self) -> dict[str, Any]:
        """As the outputs of blocks hold files."""
        found = _NAME.search(self.headers.get("content-disposition", "") + ";" + self.headers.get("content-type", ""))
        name = re.split(r"[/\\]", (found.group(1) or found.group(2) or "") if found else self.content_id)[-1]
        return {
            "name": re.sub(r"[\x00-\x1f\x7f]", "", name).strip(". ")[:200] or "file",
            "content_type": self.headers.get("content-type", "application/octet-stream"),
            "base64": base64.b64encode(self.content).decode(),
            "size": len(self.content),
        }


def split(body: bytes, content_type: str) -> tuple[Part, list[Part]]:
    """The root part and the others; raises `NotReadable`."""
    parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(content_type)}
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise NotReadable("an answer in several parts without a boundary")
    mark = b"--" + boundary.encode("latin-1", "replace")
    if not body.startswith(mark):
        start = body.find(b"\n" + mark)
        if start < 0:
            raise NotReadable("an answer in several parts that holds none", broken=True)
        body = body[start + 1 :]
    pieces = re.split(rb"\r?\n" + re.escape(mark), body[len(mark) :], maxsplit=_MAX_PARTS)
    if len(pieces) > _MAX_PARTS:
        raise NotReadable(f"an answer with more than {_MAX_PARTS} parts")
    if len(pieces) < 2 or not any(one.startswith(b"--") for one in pieces):
        raise NotReadable("an answer in several parts that is cut", broken=True)
    parts = []
    for piece in pieces:
        if piece.startswith(b"--"):
            break
        parts.append(_part(piece))
    if not parts:
        raise NotReadable("an answer in several parts that holds none", broken=True)
    start_id = parameters.get("start", "").strip("<>")
    root = next((one for one in parts if start_id and one.content_id == start_id), parts[0])
    return root, [one for one in parts if one is not root]


def _part(piece: bytes) -> Part:
    piece = piece.lstrip(b" \t")
    piece = piece.removeprefix(b"\r\n") if piece.startswith(b"\r\n") else piece.removeprefix(b"\n")
    if piece[:1] in (b"\r", b"\n"):
        head, content = b"", piece.removeprefix(b"\r\n") if piece.startswith(b"\r\n") else piece[1:]
    else:
        match = re.search(rb"\r?\n\r?\n", piece)
        head, content = (piece[: match.start()], piece[match.end() :]) if match else (piece, b"")
    headers: dict[str, str] = {}
    for line in re.sub(rb"\r?\n[ \t]+", b" ", head).split(b"\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    coding = headers.get("content-transfer-encoding", "").lower()
    try:
        if coding == "base64":
            content = base64.b64decode(re.sub(rb"\s+", b"", content), validate=True)
        elif coding == "quoted-printable":
            content = quopri.decodestring(content)
    except (binascii.Error, ValueError):
        raise NotReadable("a part of the answer that is no valid base64", broken=True) from None
    return Part(headers, content)
