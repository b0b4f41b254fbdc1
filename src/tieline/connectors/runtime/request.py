"""One HTTP request while it is being put together: cheap to copy, cheap to change one parameter of."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from msgspec import UNSET, UnsetType

from tieline.connectors.runtime.styles import encode
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.security.egress import Upload
from tieline.security.redact import secret_parameter

# Framing belongs to the transport (RFC 9112 section 6, RFC 9110 section 7.2): no input may set it.
_FORBIDDEN: Final = frozenset(
    (
        *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"),
        *("keep-alive", "accept-encoding", "http2-settings", "proxy-connection", "proxy-authorization"),
    )
)
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED: Final = re.compile(r'="([^"]+)"')
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


class Request:
    """``headers`` have lower-case names; ``query`` is a list of (name, encoded pair)."""

    __slots__ = (
        "body",
        "cookies",
        "credential",
        "encoder",
        "envelope",
        "form",
        "headers",
        "held",
        "json",
        "method",
        "origin",
        "path",
        "query",
        "secret_headers",
        "secret_query",
        "trusted",
    )

    def __init__(self, method: str, base: str) -> None:
        self.method = method
        self.query: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        self.json: Any | UnsetType = UNSET
        self.body: bytes | Upload | None = None
        self.form: list[tuple[str, str]] | None = None
        self.secret_headers: set[str] = set()
        self.secret_query: set[str] = set()
        self.credential = ""  # the token that the auth method put in, to tell which one was refused
        self.held: tuple[str, ...] = ()  # secrets that belong to it and are not sent: refresh token, token secret
        self.trusted = True  # whether the connection's credentials may go to this origin
        self.encoder: Callable[[Request], bytes] | None = None  # writes ``json`` where it is not sent as JSON
        self.envelope: dict[str, Any] = {}  # what goes around it: headers and credentials of a SOAP envelope
        self.origin = self.path = ""
        self.goto(base)

    def copy(self) -> Request:
        other = object.__new__(Request)
        other.method, other.origin, other.path, other.trusted = self.method, self.origin, self.path, self.trusted
        other.query = self.query.copy()
        other.headers = self.headers.copy()
        other.cookies = self.cookies.copy()
        other.json, other.body, other.credential = self.json, self.body, self.credential
        other.form, other.held = self.form, self.held
        other.encoder, other.envelope = self.encoder, self.envelope.copy()
        other.secret_headers, other.secret_query = self.secret_headers.copy(), self.secret_query.copy()
        return other

    def goto(self, url: str) -> None:
        """Take path and query from ``url`` as they are; the origin is checked by the caller."""
        self.origin, self.path, query = _taken_apart(url)
        self.query = list(query)

    def url(self) -> str:
        query = "&".join([pair for _, pair in self.query])
        address = f"{self.origin}{self.path or '/'}"
        return f"{address}?{query}" if query else address

    def masked_url(self) -> str:
        """For run history: the values of credentials, and of what is named like one, are left out."""
        if not self.query:
            return self.url()
        hidden = self.secret_query
        pairs = [f"{name}=***" if name in hidden or secret_parameter(name) else pair for name, pair in self.query]
        return f"{self.origin}{self.path or '/'}?{'&'.join(pairs)}"

    def without_secrets(self, text: str) -> str:
        """``text`` without the credentials of this request, in case the API repeats them."""
        for word in self._credentials():
            if len(word) >= 8 and word in text:
                text = text.replace(word, "***")
        return text

    def secrets(self) -> list[str]:
        """Every credential that this request carries, also those inside of a header or of a session's values."""
        found = [word for word in self._credentials() if len(word) >= 8]
        credential = self.credential.strip()
        found += (credential, *self.held)
        if credential[:1] == "{":  # of a session: the JSON of all that the login gave
            with suppress(ValueError):
                held = json.loads(credential)
                found += [str(value) for value in held.values() if isinstance(value, str)] if held else []
        token = self.envelope.get("token")
        if token is not None:
            found.append(token.password)
        for name in self.secret_headers:
            # key="value" of Digest and OAuth (RFC 9110 section 11.4); a signature is as secret as what it is made of.
            found += [part for part in _QUOTED.findall(self.headers.get(name, "")) if len(part) >= 16]
        return found

    def _credentials(self) -> list[str]:
        found = [self.headers.get(name, "") for name in self.secret_headers]
        found += [self.get_query(name) or "" for name in self.secret_query]
        found += [str(value) for value in self.envelope.get("credentials", {}).values()]
        if "cookie" in self.secret_headers:
            found += self.cookies.values()
        return [word for value in found for word in (value, *value.split())]

    def get_query(self, name: str) -> str | None:
        for given, pair in self.query:
            if given == name:
                return unquote_plus(pair.partition("=")[2])
        return None

    def add_query(self, name: str, value: str) -> None:
        self.query.append((name, f"{encode(name)}={encode(value)}"))

    def set_query(self, name: str, value: str | None) -> None:
        """Replace every ``name`` of the query, or take it out."""
        if any(given == name for given, _ in self.query):
            self.query = [pair for pair in self.query if pair[0] != name]
        if value is not None:
            self.add_query(name, value)

    def set_header(self, name: str, value: str) -> None:
        """RFC 9110 section 5: raises BadInput for a name or value that could end the header."""
        self.headers[_header_name(name)] = _clean(value, "header", name).strip(" \t")

    def set_cookie(self, name: str, value: str) -> None:
        """RFC 6265 section 4.1.1, but any text without separators and controls is let through, as browsers do."""
        if not name or any(c in '=;, \t"' for c in name) or any(c in ";," for c in value):
            raise BadInput(f"the cookie {name[:60]!r} may not hold a semicolon or comma", parameter=name[:60])
        self.cookies[name] = _clean(value, "cookie", name)

    def final_headers(self) -> dict[str, str]:
        if not self.cookies:
            return self.headers
        return {**self.headers, "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def whole_body(self) -> bytes:
        """The body for who has to sign it; raises BadInput for one that is only there block by block."""
        body = self.final_body()
        if isinstance(body, Upload):
            raise BadInput("the connection signs the bodies of its calls, so a file cannot be streamed; send it whole")
        return body or b""

    def final_body(self) -> bytes | Upload | None:
        if self.encoder is not None:
            return self.encoder(self)
        if self.json is UNSET:
            if self.form is None:
                return self.body
            return "&".join([f"{encode(name)}={encode(value)}" for name, value in self.form]).encode()
        try:
            return json.dumps(self.json)
        except (UnicodeEncodeError, OverflowError, RecursionError) as error:
            raise BadInput(f"the body cannot be written as JSON: {error}") from None


@lru_cache(maxsize=1024)
def _header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise BadInput(f"{name[:60]!r} is not a valid header name", parameter=name[:60])
    low = name.lower()
    if low in _FORBIDDEN:
        raise BadInput(f"the header {name!r} belongs to the transport and cannot be set", parameter=name)
    return low


def _clean(value: str, what: str, name: str) -> str:
    if _CONTROL.search(value):
        raise BadInput(f"the {what} {name!r} may not hold line breaks or control characters", parameter=name)
    return value


@lru_cache(maxsize=1024)
def _taken_apart(url: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Origin as written, path, and query as (name, pair)."""
    parts = urlsplit(url)
    query = tuple((unquote_plus(pair.partition("=")[0]), pair) for pair in parts.query.split("&") if pair)
    return f"{parts.scheme}://{parts.netloc}", parts.path, query
