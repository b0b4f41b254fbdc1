"""Addresses for callbacks: how they are made, and how ours are found again in a vendor's list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from tieline.connectors.webhooks.keys import TOKEN_PREFIX
from tieline.security import tokens

PATH = "/hooks/"
_OURS = re.compile(rf"(?P<base>https?://[^\s\"'<>]{{1,300}}){PATH}(?P<token>{TOKEN_PREFIX}[0-9A-Za-z]{{49}})")
_DEEPEST = 6
_MOST_VALUES = 2000


def callback_url(base_url: str, token: str) -> str:
    """Where the vendor is to send to."""
    return f"{base_url.rstrip('/')}{PATH}{token}"


def found_in(entry: Any) -> Iterator[tuple[str, str]]:
    """Base address and token of every callback address of Tieline's form in a record, wherever it stands in it."""
    for text in _texts(entry):
        for match in _OURS.finditer(unquote(text) if "%" in text else text):
            if tokens.is_well_formed(match["token"], TOKEN_PREFIX):
                yield match["base"], match["token"]


def same_base(one: str, other: str) -> bool:
    """Whether two base addresses are one: vendors change the case of host names and drop default ports."""
    return _plain(one) == _plain(other)


def _plain(base: str) -> str:
    text = base.rstrip("/").lower()
    for scheme, port in (("http://", ":80"), ("https://", ":443")):
        if text.startswith(scheme):
            host, slash, path = text.removeprefix(scheme).partition("/")
            return scheme + host.removesuffix(port) + slash + path
    return text


def _texts(entry: Any) -> Iterator[str]:
    waiting: list[tuple[Any, int]] = [(entry, 0)]
    seen = 0
    while waiting and seen < _MOST_VALUES:
        value, depth = waiting.pop()
        seen += 1
        if isinstance(value, str):
            yield value
        elif depth < _DEEPEST and isinstance(value, dict):
            waiting.extend((inner, depth + 1) for inner in value.values())
        elif depth < _DEEPEST and isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in value[:_MOST_VALUES])
