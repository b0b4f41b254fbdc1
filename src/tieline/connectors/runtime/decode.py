"""From the bytes of an answer to data."""

from __future__ import annotations

import base64
import codecs
import json as stdlib
import math
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from tieline.connectors.manifest.xmlread import XmlRefused, read_xml
from tieline.connectors.runtime.csvdata import CSV_KINDS, TSV_KINDS, WrongTable, read_csv
from tieline.connectors.runtime.unpack import GZIP_KINDS, MAGIC, NotUnpacked, gunzip
from tieline.connectors.runtime.xmldata import plain_value
from tieline.core import json

_LINES: Final = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-seq",
)
_DOUBLE_DIGITS: Final = 17  # what IEEE 754 needs to tell any two doubles apart
_SURROGATE = re.compile("[\ud800-\udfff]")
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_SIGN_IN = re.compile(rb"sign.?in|log.?in|password|<form", re.IGNORECASE)
_FILENAME = re.compile(
    r"""filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)|filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))""", re.IGNORECASE
)


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
    XML is data as `xmldata` has it; comma-separated values (`csvdata`) and gzip files are unpacked where data is
    expected.
    """
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" and body[0] in b"{[":
        return loads(body, content_type)  # nearly always; what follows would come to the same
    if expect == "json" and body[:3] == MAGIC:
        body, content_type = _unpacked(body, kind, content_type)
        return decode(body, content_type, expect=expect) if body[:3] != MAGIC else None
    if kind in _LINES:
        return _lines(_text(body, content_type))
    if expect == "json" and kind in (*CSV_KINDS, *TSV_KINDS):
        return _table(body, content_type)
    if is_xml(kind, body):
        return _xml(body, content_type)
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
            if not declared and first == b"{" and (lines := _undeclared_lines(body, content_type)) is not None:
                return lines
            if declared or expect == "json":
                raise
    if expect == "json":
        _refuse_type(kind, body)
        return None
    return _as_it_is(body, kind, content_type)


def _as_it_is(body: bytes, kind: str, content_type: str) -> Any:
    """Text, or a file."""
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


def _refuse_type(kind: str, body: bytes) -> None:
    """Say what stands where data should be; nothing but blanks is no data, and fine."""
    if kind in ("text/html", "application/xhtml+xml") or body.lstrip()[:14].lower().startswith(
        (b"<!doctype html", b"<html")
    ):
        page = body[:100_000].lower()
        what = "a sign-in page" if _SIGN_IN.search(page) else "a web page"
        raise NotReadable(f"{what} instead of data", html=True)
    if body.strip():
        raise NotReadable(f"{kind or 'data of an unknown type'} instead of JSON")


def download(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """A file as the outputs of blocks hold it. The server's name for it loses every directory part."""
    kind = headers.get("content-type", "application/octet-stream")
    content = base64.b64encode(body).decode()
    return {"name": file_name(headers), "content_type": kind, "base64": content, "size": len(body)}


def file_name(headers: Mapping[str, str]) -> str:
    """The name in ``Content-Disposition`` (RFC 6266; ``filename*`` goes before), ``file`` without one. No folders."""
    name = ""
    for match in _FILENAME.finditer(headers.get("content-disposition", "")[:2_000]):
        if match.group(1):
            name = unquote(match.group(1))
            break
        name = name or match.group(2) or match.group(3) or ""
    name = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[\x00-\x1f\x7f]", "", name).strip(". ")[:200] or "file"


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
        return _exact(text)
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


def _exact(text: str) -> Any:
    """JSON with a number that no double can hold: it stays as its text, and so does one with more digits than a double
    keeps, so that nothing of it is lost (RFC 8259 section 6 leaves the range to the reader).
    """
    try:
        return _exact_numbers.decode(text)
    except msgspec.MsgspecError as error:
        raise NotReadable(f"JSON that is cut or damaged ({_where(error)})", broken=True) from None


def _number(text: str) -> float | str:
    value = float(text)
    digits = re.sub(r"[eE].*|[^0-9]", "", text).lstrip("0")
    return text if math.isinf(value) or len(digits) > _DOUBLE_DIGITS else value


_exact_numbers: Final = msgspec.json.Decoder(float_hook=_number)


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
    match = _CHARSET.search(content_type)
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


def is_xml(kind: str, body: bytes) -> bool:
    """True for XML by its type, or by its declaration where no type says what it is."""
    if kind in ("text/html", "application/xhtml+xml", "image/svg+xml"):
        return False
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n")[:6]
    if kind.endswith(("/xml", "+xml")):
        return start[:1] == b"<" or body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return start[:5] == b"<?xml" and b"<html" not in body[:1000].lower()


def is_untyped(content_type: str, body: bytes) -> bool:
    """True where everything in the answer is text: XML, comma-separated values, and gzip files that may hold them."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in (*CSV_KINDS, *TSV_KINDS) or body[:3] == MAGIC or is_xml(kind, body)


def _xml(body: bytes, content_type: str) -> Any:
    match = _CHARSET.search(content_type)
    try:
        return plain_value(read_xml(body, charset=match.group(1) if match else ""))
    except XmlRefused as error:
        raise NotReadable(str(error), broken=error.broken) from None


def _table(body: bytes, content_type: str) -> list[dict[str, Any]]:
    try:
        return read_csv(_text(body, content_type), content_type)
    except WrongTable as error:
        raise NotReadable(str(error)) from None


def _unpacked(body: bytes, kind: str, content_type: str) -> tuple[bytes, str]:
    """The bytes in a gzip file and their type: as declared, else as they look."""
    try:
        inside = gunzip(body)
    except NotUnpacked as error:
        raise NotReadable(str(error), broken=error.broken) from None
    if kind not in (*GZIP_KINDS, "", "application/octet-stream", "binary/octet-stream"):
        return inside, content_type
    start = inside[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return inside, "" if start[:1] in (b"{", b"[", b"<") else "text/csv"


def _undeclared_lines(body: bytes, content_type: str) -> list[Any] | None:
    """Newline-delimited JSON under another type; None where it is not that."""
    if not re.search(rb"\}\s*\n\s*\{", body[:1_000_000]):
        return None
    try:
        return _lines(_text(body, content_type))
    except NotReadable:
        return None


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
