"""From the bytes of an answer to data."""

from __future__ import annotations

import base64
import codecs
import json as stdlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tieline.core import json

_LINES: Final = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-seq",
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SIGN_IN = re.compile(rb"sign.?in|log.?in|password|<form", re.IGNORECASE)
_FILENAME = re.compile(r"""filename\*?\s*=\s*(?:UTF-8'[^']*')?(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))""", re.IGNORECASE)


class NotReadable(Exception):
    """The bytes are not what they should be; the text says what is wrong, without showing data."""

    def __init__(self, reason: str, *, html: bool = False, broken: bool = False) -> None:
        super().__init__(reason)
        self.html = html  # a web page stands where data should be
        self.broken = broken  # JSON that is cut or damaged: the same request may do better


def decode(body: bytes, content_type: str, *, expect: str = "json") -> Any:
    """The data of an answer. ``expect`` is ``json``, or ``any`` where text and files are welcome too.

    No bytes are None. JSON is recognised by its form, whatever the content type says; a byte-order mark and the charset
    parameter are honoured. Where keys repeat, the last one counts. NaN and Infinity are refused (RFC 8259 section 6).
    """
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _LINES:
        return _lines(_text(body, content_type))
    first = body.lstrip(b" \t\r\n\xef\xbb\xbf")[:1]
    declared = kind.endswith(("/json", "+json")) or kind == "text/json"
    if (
        declared
        or first in b'{["'
        or (expect == "json" and (first in b"-0123456789tfn") and not kind.startswith("text/html"))
    ):
        try:
            return loads(body, content_type)
        except NotReadable:
            if declared or expect == "json":
                raise
    if expect == "json":
        if kind in ("text/html", "application/xhtml+xml") or body.lstrip()[:14].lower().startswith(
            (b"<!doctype html", b"<html")
        ):
            page = body[:100_000].lower()
            what = "a sign-in page" if _SIGN_IN.search(page) else "a web page"
            raise NotReadable(f"{what} instead of data", html=True)
        if kind.endswith(("/xml", "+xml")) or first == b"<":
            raise NotReadable("XML instead of JSON")
        if not body.strip():
            return None
        raise NotReadable(f"{kind or 'data of an unknown type'} instead of JSON")
    if kind.startswith("text/") or kind.endswith(("/xml", "+xml")) or kind == "application/javascript":
        return _text(body, content_type)
    if not kind:
        try:
            return body.decode()
        except UnicodeDecodeError:
            pass
    return {
        "base64": base64.b64encode(body).decode(),
        "content_type": kind or "application/octet-stream",
        "size": len(body),
    }


def download(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """A file as the outputs of blocks hold it. The server's name for it loses every directory part."""
    kind = headers.get("content-type", "application/octet-stream")
    match = _FILENAME.search(headers.get("content-disposition", ""))
    name = (match.group(1) or match.group(2) or "") if match else ""
    name = re.split(r"[/\\]", name)[-1]
    name = re.sub(r"[\x00-\x1f\x7f]", "", name).strip(". ")[:200]
    return {"name": name or "file", "content_type": kind, "base64": base64.b64encode(body).decode(), "size": len(body)}


def loads(body: bytes, content_type: str = "") -> Any:
    """JSON in any charset that is declared; raises `NotReadable`."""
    try:
        return json.loads(body)
    except RecursionError:
        raise NotReadable("JSON that is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        first = error
    text = _text(body, content_type)
    try:
        return json.loads(text)
    except RecursionError:
        raise NotReadable("JSON that is nested too deeply") from None
    except msgspec.ValidationError:
        raise NotReadable("JSON with a number that is out of range") from None
    except (msgspec.DecodeError, UnicodeError):
        pass
    if _holds_surrogates(text):
        # RFC 8259 section 8.2 leaves half characters open; they become U+FFFD, so that they can be stored.
        try:
            return _whole_characters(stdlib.loads(text, parse_constant=_refuse))
        except (ValueError, RecursionError):
            pass
    if not text.strip():
        return None
    raise NotReadable(f"JSON that is cut or damaged ({_where(first)})", broken=True)


def _where(error: Exception) -> str:
    found = re.search(r"byte (\d+)", str(error))
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are not UTF-8"
    return f"at byte {found.group(1)}" if found else "it ends too early"


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _holds_surrogates(text: str) -> bool:
    return re.search(r"\\u[dD][89a-fA-F]", text) is not None


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_SURROGATE.sub("\ufffd", name): _whole_characters(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_whole_characters(entry) for entry in value]
    return value


def _text(body: bytes, content_type: str) -> str:
    if body.startswith(codecs.BOM_UTF8):
        body = body[3:]
    match = re.search(r"charset\s*=\s*\"?([\w.:-]+)", content_type, re.IGNORECASE)
    encoding = match.group(1) if match else "utf-8"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        if codecs.lookup(encoding).name not in _CHARSETS:
            encoding = "utf-8"
    except LookupError:
        encoding = "utf-8"
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        raise NotReadable(f"bytes that are not valid {encoding}") from None


# Only text encodings: Python's codec registry also holds compressions, and "idna" is quadratic.
_CHARSETS: Final = frozenset(
    codecs.lookup(name).name
    for name in (
        *("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "iso-8859-2", "iso-8859-5"),
        *("iso-8859-7", "iso-8859-9", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252", "windows-1254"),
        *("koi8-r", "shift_jis", "euc-jp", "euc-kr", "gb2312", "gbk", "gb18030", "big5"),
    )
)


def _lines(text: str) -> list[Any]:
    records = []
    for number, line in enumerate(text.replace("\x1e", "").split("\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise NotReadable(f"a broken line in newline-delimited JSON (line {number})", broken=True) from None
    return records
