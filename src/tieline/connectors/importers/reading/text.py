"""Bytes to text: byte order marks, UTF-8, UTF-16 and the Windows code page that pretends to be UTF-8."""

from __future__ import annotations

import codecs

from tieline.connectors.manifest.errors import UnreadableDocument
from tieline.connectors.manifest.model import Notice

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KINDS = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a ZIP archive (or an office document)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
)


def decode(data: bytes, notices: list[Notice]) -> str:
    """The text of ``data``; a guess about its encoding is reported in ``notices``.

    Raises `UnreadableDocument` for binary files and for bytes that fit no encoding that we accept.
    """
    for start, kind in _KINDS:
        if data.startswith(start):
            raise UnreadableDocument(f"This is {kind}, not an API document in JSON or YAML.")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    guess = _without_mark(data[:4])
    if guess:
        return _strict(data, guess)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _windows(data, error, notices)


def _without_mark(start: bytes) -> str:
    """UTF-16 or UTF-32 by the zeros that an ASCII first character leaves (the table of RFC 4627 section 3)."""
    if len(start) < 4 or 0 not in start:
        return ""
    zeros = (start[0] == 0, start[1] == 0, start[2] == 0, start[3] == 0)
    return {
        (True, True, True, False): "utf-32-be",
        (False, True, True, True): "utf-32-le",
        (True, False, True, False): "utf-16-be",
        (False, True, False, True): "utf-16-le",
    }.get(zeros, "")


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"The document says that it is {encoding.upper()}, but byte {error.start} breaks that; save it as UTF-8."
        ) from None


def _windows(data: bytes, error: UnicodeDecodeError, notices: list[Notice]) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
    # 0xFF is the letter that such texts never hold and that binary data always does.
    if b"\xff" not in data and b"\x00" not in data:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            pass
        else:
            notices.append(
                Notice(
                    code="encoding",
                    message=f"line {line}, column {column}: not UTF-8; the document was read as Windows-1252.",
                )
            )
            return text
    raise UnreadableDocument(
        f"byte 0x{data[error.start]:02x} is neither UTF-8 nor Windows-1252 text; save the document as UTF-8.",
        line=line,
        column=column,
    )
