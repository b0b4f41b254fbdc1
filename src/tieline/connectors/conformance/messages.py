"""What the mock receives and what it answers, as plain values."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec
from msgspec import Struct, field

from tieline.core import json


class Received(Struct, kw_only=True):
    """One request. ``path`` is as it came (percent-encoded), header names are lower-case, ``port`` is where it came
    in."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    port: int = 0

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}

    def param(self, name: str) -> str | None:
        """The first query parameter of that name."""
        return next((value for key, value in self.query if key == name), None)

    def data(self) -> Any:
        """A JSON body as data, a form as a dict of lists; None for nothing, text for the rest."""
        if not self.body:
            return None
        if self.content_type == "application/x-www-form-urlencoded":
            found: dict[str, list[str]] = {}
            for name, value in parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True):
                found.setdefault(name, []).append(value)
            return found
        try:
            return json.loads(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self.body.decode("utf-8", "replace")


class Reply(Struct, kw_only=True):
    """One answer; ``reset`` tears the connection down in place of it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    reset: bool = False


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return Reply(status=status, headers={"content-type": "application/json", **(headers or {})}, body=json.dumps(body))


def split_target(target: str) -> tuple[str, list[tuple[str, str]]]:
    """Path and decoded query of a request line's target."""
    path, _, query = target.partition("?")
    return path, parse_qsl(query, keep_blank_values=True)


def parts_of(url: str) -> SplitResult:
    """An address taken apart; one that cannot be is nowhere."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def decoded(text: str) -> str:
    """Percent-decoding of one path value."""
    return unquote(text)
