"""Values that templates may ask of the request that is being signed, and of the moment."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from tieline.connectors.runtime.auth.template import Value
from tieline.connectors.runtime.request import Request
from tieline.core.ids import new_id

_MOMENTS: Final = {
    "iso": "%Y-%m-%dT%H:%M:%SZ",
    "iso_basic": "%Y%m%dT%H%M%SZ",
    "date": "%Y-%m-%d",
    "date_basic": "%Y%m%d",
}


class Moment:
    """One moment and one nonce for everything in a request; each request has its own."""

    __slots__ = ("_nonce", "_seconds", "_uuid")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._nonce = self._uuid = ""

    def look_up(self, name: str) -> Value | None:
        """``timestamp timestamp_ms iso iso_basic date date_basic http_date nonce uuid``."""
        if name == "timestamp":
            return str(int(self._seconds))
        if name == "timestamp_ms":
            return str(int(self._seconds * 1000))
        if name == "nonce":
            self._nonce = self._nonce or secrets.token_hex(16)
            return self._nonce
        if name == "uuid":
            self._uuid = self._uuid or str(new_id())
            return self._uuid
        if name in _MOMENTS:
            return datetime.fromtimestamp(self._seconds, UTC).strftime(_MOMENTS[name])
        if name == "http_date":
            return format_datetime(datetime.fromtimestamp(int(self._seconds), UTC), usegmt=True)
        return None


def of_request(name: str, request: Request) -> Value | None:
    """``method path path_qs query query_sorted url origin host body content_type header.NAME query.NAME``, as sent."""
    match name:
        case "method":
            return request.method
        case "path":
            return request.path or "/"
        case "path_qs":
            return (request.path or "/") + ("?" + _query(request) if request.query else "")
        case "query":
            return _query(request)
        case "query_sorted":
            return "&".join(sorted(pair for _, pair in request.query))
        case "url":
            return request.url()
        case "origin":
            return request.origin
        case "host":
            return _host(request.origin)
        case "body":
            return request.whole_body()
        case "content_type":
            return request.headers.get("content-type", "")
    kind, _, rest = name.partition(".")
    if kind == "header":
        return request.headers.get(rest.lower(), "")
    if kind == "query" and rest:
        return request.get_query(rest) or ""
    return None


def _query(request: Request) -> str:
    return "&".join([pair for _, pair in request.query])


def _host(origin: str) -> str:
    """As the header Host has it: without the scheme's own port."""
    parts = urlsplit(origin)
    standard = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(standard)
