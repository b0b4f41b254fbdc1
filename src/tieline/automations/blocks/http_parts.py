"""Bodies that Call URL sends, and what it makes of answers."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from typing import Any
from urllib.parse import urlencode

from tieline.automations.blocks.values import decoded, items, pairs
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.formulas import text_of
from tieline.connectors.runtime.coerce import File
from tieline.connectors.runtime.multipart import multipart
from tieline.core import json
from tieline.security.egress import Response

# what people write -> the kind of body
ENCODINGS = {
    "json": "json",
    "application/json": "json",
    "form": "form",
    "form_params": "form",
    "application/x-www-form-urlencoded": "form",
    "multipart": "multipart",
    "multipart/form-data": "multipart",
    "raw": "raw",
    "text": "text",
    "text/plain": "text",
    "xml": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
    "base64": "base64",
    "binary": "base64",
}
RESPONSES = ("auto", "json", "text", "file")
LARGEST_FILE = 16 * 2**20  # bytes of an answer that becomes a file
_CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"} | {
    "text": "text/plain; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "base64": "application/octet-stream",
}
_FILENAME = re.compile(r"filename\s*=\s*\"?([^\";]+)", re.IGNORECASE)


def is_charset(name: str) -> bool:
    """Whether this is the name of a character encoding: exports have one where we have the kind of body."""
    try:
        found = codecs.lookup(name)
        return found._is_text_encoding and found.name != "undefined"
    except (LookupError, ValueError):
        return False


def mapping(value: Any, what: str) -> dict[str, Any]:
    """An object, however the editor wrote it; raises `BlockInputInvalid`."""
    value = decoded(pairs(value))
    if value is None or value in ("", []):
        return {}
    if not isinstance(value, dict):
        raise BlockInputInvalid(f"{what} must be an object or a list of key and value")
    return value


def with_query(url: str, query: Any, what: str) -> str:
    """The URL with more parameters; a list repeats its name."""
    flat = _flat(mapping(query, what))
    if not flat:
        return url
    head, mark, fragment = url.partition("#")
    encoded = urlencode(flat, errors="replace")
    return head + ("&" if "?" in head else "?") + encoded + mark + fragment


def _flat(fields: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, text_of(entry)) for key, value in fields.items() for entry in _several(value)]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def body_of(value: Any, encoding: str, headers: dict[str, str], boundary: str) -> bytes | None:
    """The body in bytes; sets Content-Type where ``headers`` has none."""
    if value is None or value == "":
        return None
    if encoding == "json" and isinstance(value, str) and not isinstance(decoded(value), (dict, list)):
        encoding = "raw"
    content_type = _CONTENT_TYPES.get(encoding)
    if encoding == "multipart":
        content_type = f"multipart/form-data; boundary={boundary}"
        headers = _without(headers, "content-type")
    if content_type and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    if encoding == "form":
        return urlencode(_flat(mapping(value, "body")), errors="replace").encode()
    if encoding == "multipart":
        return _multipart(mapping(value, "body"), boundary)
    if encoding == "base64":
        return _unpacked(value, "body")
    if encoding == "json":
        try:
            return value.encode() if isinstance(value, str) else json.dumps(pairs(value))
        except (UnicodeEncodeError, OverflowError, RecursionError) as error:
            raise BlockInputInvalid(f"body cannot be written as JSON: {error}"[:200]) from None
    return text_of(value).encode("utf-8", "replace")


def _without(headers: dict[str, str], name: str) -> dict[str, str]:
    """The same mapping without a header, whatever its case."""
    for given in [one for one in headers if one.lower() == name]:
        del headers[given]
    return headers


def _multipart(fields: dict[str, Any], boundary: str) -> bytes:
    """Fields that are objects with ``content`` are files: {name, type, content, encoding: text or base64}."""
    form: list[tuple[str, str]] = []
    files: list[tuple[str, File]] = []
    for name, value in fields.items():
        for entry in _several(value):
            if isinstance(entry, dict) and "content" in entry:
                data = (
                    _unpacked(entry["content"], f"body.{name[:60]}.content")
                    if entry.get("encoding") == "base64"
                    else text_of(entry["content"]).encode("utf-8", "replace")
                )
                kind = text_of(entry.get("type") or "application/octet-stream")
                files.append((name, File(name=text_of(entry.get("name") or name), content=data, content_type=kind)))
            else:
                form.append((name, text_of(entry)))
    made = multipart(form, files, boundary)
    if not isinstance(made, bytes):
        raise BlockInputInvalid("body must hold its files whole")
    return made


def _unpacked(value: Any, what: str) -> bytes:
    text = value.get("content") if isinstance(value, dict) else value
    try:
        return base64.b64decode("".join(text_of(text).split()), validate=True)
    except (binascii.Error, ValueError):
        raise BlockInputInvalid(f"{what} is not base64; choose another encoding for plain text") from None


def content_of(response: Response, kind: str) -> Any:
    """The body of an answer as data: ``auto`` goes by what it is, ``file`` gives {name, type, size, encoding, content}.

    Bytes that are no text become a file under ``auto``, too.
    """
    if kind == "file":
        return _file(response)
    if not response.body:
        return None if kind != "text" else ""
    if kind == "json" or (kind == "auto" and "json" in response.headers.get("content-type", "")):
        return response.json()
    if kind == "auto" and _is_binary(response):
        return _file(response)
    text = response.text()
    return text if kind == "text" else decoded(text)


def _is_binary(response: Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind.endswith(("json", "xml", "javascript", "x-www-form-urlencoded")):
        return False
    if kind.startswith(("image/", "audio/", "video/", "font/")) or kind in ("application/pdf", "application/zip"):
        return True
    return b"\0" in response.body[:4096] or not _readable(response)


def _readable(response: Response) -> bool:
    if "charset" in response.headers.get("content-type", ""):
        return True
    try:
        response.body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _file(response: Response) -> dict[str, Any]:
    if len(response.body) > LARGEST_FILE:
        raise BlockInputInvalid(f"the answer has {len(response.body)} bytes; a file may have {LARGEST_FILE} at most")
    named = _FILENAME.search(response.headers.get("content-disposition", ""))
    name = named[1].strip() if named else response.url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return {
        "name": (re.sub(r"[\x00-\x1f/\\]", "_", name) or "file")[:200],
        "type": response.headers.get("content-type", "application/octet-stream").partition(";")[0].strip(),
        "size": len(response.body),
        "encoding": "base64",
        "content": base64.b64encode(response.body).decode(),
    }


def statuses(value: Any) -> list[tuple[int, int]]:
    """ "200-299, 404" as ranges; raises ``ValueError``."""
    ranges = []
    for part in items(value) if isinstance(value, list) else str(value).split(","):
        first, _, last = str(part).strip().partition("-")
        low, high = int(first), int(last or first)
        if not 100 <= low <= high <= 599:
            raise ValueError(part)
        ranges.append((low, high))
    return ranges
