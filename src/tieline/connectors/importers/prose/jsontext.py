"""JSON samples as documentation prints them: cut short with dots, with comments, wrapped in the middle of a text."""

from __future__ import annotations

import json
import re
from typing import Any

from tieline.connectors.importers.prose.codeish import depth
from tieline.connectors.importers.reading.repair import Unrepairable, repair

MAX_SAMPLE = 200_000
_DOTS = re.compile(
    r"(?P<string>\"(?:[^\"\\\n]|\\.)*\")|(?P<dots>,?[ \t\n]{0,80}(?:\.{3,4}|…)[ \t]{0,9}(?:more|etc|and so on)?[ "
    r"\t]{0,9},?)"
)
_PLACEHOLDER = re.compile(
    r"(?P<string>\"(?:[^\"\\\n]|\\.)*\")|(?P<gap>(?<=[:\[,])[ \t]{0,9}<[^<>\n\"]{1,60}>|(?<=[:\[,])[ "
    r"\t]{0,9}\{\{[\w. ]{1,60}\}\})"
)
_BARE_KEY = re.compile(r"([{,]\s{0,80})([A-Za-z_]\w{0,60})(\s{0,9}:)")
_SINGLE = re.compile(r"'((?:[^'\\\n]|\\.)*)'")


def read_sample(text: str) -> Any:
    """The data of a JSON sample, None where it is none.

    Dots that stand for more are left out, comments and commas too much too; a text that a renderer broke over two lines
    becomes whole. Nothing is added.
    """
    text = text.strip()[:MAX_SAMPLE]
    if text[:1] not in ("{", "["):
        return None
    variants = _variants(text)
    for attempt in (text, *variants):
        try:
            return _bounded(json.loads(attempt, parse_constant=lambda _: None))
        except (ValueError, RecursionError):
            continue
    for attempt in variants:
        try:
            return _bounded(json.loads(repair(attempt)[0], parse_constant=lambda _: None))
        except (Unrepairable, ValueError, RecursionError):
            continue
    return None


def _bounded(value: Any) -> Any:
    return value if isinstance(value, dict | list) else None


def _variants(text: str) -> list[str]:
    whole = _mend_strings(text)
    dotless = _DOTS.sub(lambda match: match["string"] if match["string"] is not None else _dots(match), whole)
    filled = _PLACEHOLDER.sub(lambda match: match["string"] if match["string"] is not None else ' ""', dotless)
    found = [whole, dotless, filled]
    if '"' not in text or _BARE_KEY.search(text):
        quoted = (
            _SINGLE.sub(lambda match: json.dumps(match[1]), filled) if filled.count("'") > filled.count('"') else filled
        )
        found.append(_BARE_KEY.sub(r'\1"\2"\3', quoted))
    if (open_ := depth(filled)) > 0 and open_ < 30:
        found.append(_closed(filled))
    return found


def _dots(match: re.Match[str]) -> str:
    said = match["dots"]
    return "," if said.lstrip().startswith(",") and said.rstrip().endswith(",") else "\n"


def _mend_strings(text: str) -> str:
    """A line break inside a string is where the page was too narrow."""
    lines = text.split("\n")
    result: list[str] = []
    for line in lines:
        if result and len(re.findall(r'(?<!\\)"', result[-1])) % 2:
            joint = "" if re.search(r"[/_=&?%.-]$|\w$", result[-1]) and "http" in result[-1].rsplit('"', 1)[-1] else " "
            result[-1] = result[-1] + joint + line.strip()
        else:
            result.append(line)
    return "\n".join(result)


def _closed(text: str) -> str:
    """A sample whose end was cut off, closed where it stands."""
    stack: list[str] = []
    for token in re.finditer(r'"(?:[^"\\\n]|\\.)*"?|[{}\[\]]', text):
        mark = token[0]
        if mark in "{[":
            stack.append("}" if mark == "{" else "]")
        elif mark in "}]" and stack:
            stack.pop()
    return re.sub(r",\s*$", "", text.rstrip()) + "".join(reversed(stack))


def samples_in(code: str) -> list[tuple[Any, int, str]]:
    """Every JSON value in a block of code: its data, the line it begins on, and the text before it."""
    found: list[tuple[Any, int, str]] = []
    lines = code[:MAX_SAMPLE].split("\n")
    index, before, failed = 0, 0, 0
    while index < len(lines) and len(found) < 20 and failed < 8:
        if not re.match(r"\s*[{\[]", lines[index]) or re.match(r"\s*\[[A-Za-z][\w ]*\]\s*$", lines[index]):
            index += 1
            continue
        open_, end = 0, index
        while end < len(lines):
            open_ += depth(lines[end])
            end += 1
            if open_ <= 0:
                break
        value = read_sample("\n".join(lines[index:end]))
        if value is not None:
            found.append((value, index, "\n".join(lines[before:index]).strip()))
            before = end
            index = end
        else:
            index += 1
            failed += 1
    return found
