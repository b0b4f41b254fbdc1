"""Secrets that are known by value: taken out of text in every form in which a server may repeat them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from tieline.security.redact import MASK

SHORTEST = 4  # characters; shorter values would mask ordinary words
SHORTEST_ENCODED = 6  # for base64 and hexadecimal forms
LONGEST = 16_384
MOST = 256
_DEEPEST = 64
_RUN = re.compile(r"[A-Za-z0-9+/_\-]*={0,2}")


class Known:
    """The secrets of one connection or call. Building one costs nothing; the forms are worked out when first asked."""

    __slots__ = ("_cores", "_longest", "_pattern", "_plain", "_values")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = values if isinstance(values, tuple) else tuple(values)
        self._plain: tuple[str, ...] | None = None
        self._pattern: re.Pattern[str] | None = None
        self._cores: re.Pattern[str] | None = None
        self._longest = -1

    def __repr__(self) -> str:
        return "Known()"

    def more(self, values: Iterable[str]) -> Known:
        """These secrets and others."""
        return Known((*self._values, *values))

    def url(self, url: str) -> str:
        """A URL without them; quick, for every call."""
        if self._plain is None:
            forms = {form for value in self._kept() for form in (value, quote(value, safe=""), quote_plus(value))}
            self._plain = tuple(sorted(forms, key=len, reverse=True))
        for form in self._plain:
            if form in url:
                url = url.replace(form, MASK)
        return url

    def text(self, text: str) -> str:
        """Text without them: as they are, in JSON, percent-encoded, in HTML or XML, in hexadecimal, and any run of
        base64 that holds one.
        """
        self._prepare()
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        if self._cores is not None:
            text = _without_runs(text, self._cores)
        return text

    def data(self, value: Any, depth: int = 0) -> Any:
        """Plain data without them, in names too."""
        if isinstance(value, str):
            return self.text(value)
        if depth > _DEEPEST:
            return "..."
        if isinstance(value, dict):
            return {self.data(name): self.data(item, depth + 1) for name, item in value.items()}
        if isinstance(value, list):
            return [self.data(item, depth + 1) for item in value]
        return value

    @property
    def longest(self) -> int:
        """Characters of the longest form: so much of the end of a text that was cut may be a piece of one."""
        self._prepare()
        return self._longest

    def _kept(self) -> list[str]:
        found = dict.fromkeys(value for value in self._values if SHORTEST <= len(value) <= LONGEST)
        return list(found)[:MOST]

    def _prepare(self) -> None:
        if self._longest >= 0:
            return
        exact: set[str] = set()
        loose: set[str] = set()  # in upper or lower case
        cores: set[str] = set()
        for value in self._kept():
            escaped = json.dumps(value)[1:-1]
            exact |= {value, escaped, json.dumps(value, ensure_ascii=False)[1:-1], escaped.replace("/", "\\/")}
            exact |= {
                html.escape(value),
                html.escape(value, quote=False),
                html.escape(value).replace("&#x27;", "&#39;"),
            }
            loose |= {quote(value), quote(value, safe=""), quote_plus(value)}
            if len(value) >= SHORTEST_ENCODED:
                raw = value.encode("utf-8", "surrogatepass")
                loose.add(raw.hex())
                cores |= {core for offset in (0, 1, 2) for core in _in_base64(raw, offset)}
        loose -= exact
        self._longest = max(map(len, exact | loose | cores), default=0)
        if exact:
            self._pattern = re.compile("|".join([_any(exact), *([f"(?i:{_any(loose)})"] if loose else [])]))
        if cores:
            self._cores = re.compile(_any(cores))


def _any(forms: set[str]) -> str:
    return "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))


def _in_base64(raw: bytes, offset: int) -> tuple[str, str]:
    """What base64 in both alphabets (RFC 4648 sections 4 and 5) makes of a value that begins ``offset`` bytes into a
    group of three, without the characters that also depend on its neighbours.
    """
    padded = b"\0" * offset + raw
    begin, end = (0, 2, 3)[offset], len(padded) * 8 // 6
    coded = base64.b64encode(padded).decode()[begin:end]
    return coded, coded.replace("+", "-").replace("/", "_")


def _without_runs(text: str, cores: re.Pattern[str]) -> str:
    """Masks each whole run of base64 around a core; walks outwards from it, so that it takes linear time."""
    parts: list[str] = []
    done = 0
    for found in cores.finditer(text):
        if found.start() < done:
            continue
        begin = found.start()
        while begin > done and (text[begin - 1].isascii() and (text[begin - 1].isalnum() or text[begin - 1] in "+/_-")):
            begin -= 1
        run = _RUN.match(text, found.end())
        parts += [text[done:begin], MASK]
        done = run.end() if run else found.end()
    return "".join([*parts, text[done:]]) if parts else text
