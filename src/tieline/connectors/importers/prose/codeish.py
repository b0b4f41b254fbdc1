"""What looks like code though nothing marks it as code, and where it ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MAX_LINES = 1500
_JSON_START = re.compile(r"(?:[{\[]\s*(?:$|[\"'{\[\]}]|//|\.\.\.)|\{\s*\w+\s*:\s)")
_CURL = re.compile(r"(?:[$>#%]\s{0,3})?curl\s+\S")
_REQUEST = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE|HEAD)\s+\S{1,2000}\s+HTTP/[\d.]+\s*$")
_STATUS = re.compile(r"HTTP/[\d.]+\s+[1-5]\d\d\b")
_HEADER = re.compile(r"[A-Za-z][\w-]{0,60}:\s+\S")


def depth(text: str) -> int:
    """How many brackets of a JSON-like text are still open; brackets inside strings do not count."""
    open_ = 0
    for token in re.finditer(r'"(?:[^"\\\n]|\\.)*"?|[{}\[\]]', text):
        mark = token[0]
        if mark in "{[":
            open_ += 1
        elif mark in "}]":
            open_ -= 1
    return open_


def kind_of(text: str) -> str:
    """``json``, ``curl``, ``http`` or "" by how a line begins."""
    text = text.lstrip(" `")
    if _JSON_START.match(text):
        return "json"
    if _CURL.match(text):
        return "curl"
    if _REQUEST.match(text) or _STATUS.match(text):
        return "http"
    return ""


def gather(lines: Sequence[str], at: int) -> int:
    """The index behind the code that begins at line ``at``; ``at`` itself where none begins there."""
    kind = kind_of(lines[at])
    if kind == "json":
        return _json_end(lines, at)
    if kind == "curl":
        return _curl_end(lines, at)
    if kind == "http":
        return _http_end(lines, at)
    return at


def _json_end(lines: Sequence[str], at: int) -> int:
    open_ = 0
    for index in range(at, min(len(lines), at + _MAX_LINES)):
        open_ += depth(lines[index])
        if open_ <= 0:
            return index + 1
    return at


def _curl_end(lines: Sequence[str], at: int) -> int:
    quotes = ""
    index = at
    while index < min(len(lines), at + 200):
        quotes = open_quote(lines[index], quotes)
        following = lines[index + 1].lstrip() if index + 1 < len(lines) else ""
        goes_on = bool(quotes) or lines[index].rstrip().endswith(("\\", "^"))
        index += 1
        if not goes_on and not re.match(r"--?[A-Za-z][\w-]*\b(?:\s|=|['\"])", following):
            break
    return index


def _http_end(lines: Sequence[str], at: int) -> int:
    index = at + 1
    while index < len(lines) and _HEADER.match(lines[index]) and index < at + 60:
        index += 1
    if index < len(lines) and not lines[index].strip():
        index += 1
    if index < len(lines) and kind_of(lines[index]) == "json":
        return max(index, _json_end(lines, index))
    return index


def open_quote(line: str, quote: str = "") -> str:
    """The quote that is still open at the end of a shell line, given the one open before it."""
    index = 0
    while index < len(line):
        mark = line[index]
        if mark == "\\" and quote != "'":
            index += 1
        elif quote:
            quote = "" if mark == quote else quote
        elif mark in "'\"":
            quote = mark
        index += 1
    return quote
