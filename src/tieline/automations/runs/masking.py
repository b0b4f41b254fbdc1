"""What people see of a run's data: the same without secrets, wherever a request or an answer may carry them.

Adds to `tieline.security.redact` what only run data has: lists of ``{key, value}``, JSON and forms inside of text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from tieline.security.redact import MASK, looks_secret, mask, mask_text

DEEPEST = 64
_NAMES = ("key", "name", "id", "header", "field")
_WHOLE = re.compile(r"cookie|passw|secret|credential|authori[sz]ation|private")
_PAIR = re.compile(r"(?:^|(?<=[&;\n?]))\s*([A-Za-z0-9_.%\[\]\-]{1,80})=([^&;\n]*)")
_HEADER = re.compile(r"^([A-Za-z][A-Za-z0-9\-]{1,60}):[ \t]*(\S[^\r\n]*)", re.MULTILINE)
_MEMBER = re.compile(r'(["\'])([A-Za-z0-9_.\-]{1,80})\1\s*:\s*(["\'])((?:\\.|(?!\3)[^\\])*)\3')
_ELEMENT = re.compile(r"<(?:[\w\-]{1,80}:)?([\w.\-]{1,80})(?:\s[^<>]{0,2000})?>([^<]+)")
_ATTRIBUTE = re.compile(r"""\s(?:[\w\-]{1,80}:)?([\w.\-]{1,80})\s?=\s?(["'])([^"'<]+)""")
_PART = re.compile(r'form-data;[^\r\n]{0,200}?\bname="([^"\r\n]{1,200})"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]+)')


def hidden(value: Any, depth: int = 0) -> Any:
    """A copy of plain data with secrets masked."""
    if isinstance(value, str):
        return hidden_text(value)
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping):
        if depth >= DEEPEST:
            return "..."
        named = next((value[name] for name in _NAMES if isinstance(value.get(name), str)), "")
        secret = "value" in value and secret_name(named)
        return {
            name: mask(item)
            if (secret and name == "value" and not isinstance(item, bool)) or _is_secret(name, item)
            else hidden(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        if depth >= DEEPEST:
            return "..."
        if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], str) and secret_name(value[0]):
            return [value[0], mask(value[1])]  # a header, as a pair
        return [hidden(item, depth + 1) for item in value]
    return value


def hidden_text(text: str) -> str:
    """Text that may be a message, a URL, a form, a block of headers or JSON."""
    start = text[:64].lstrip()[:1]
    if start in ("{", "["):
        try:
            inside = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            inside = None
        if isinstance(inside, (dict, list)):
            shown = hidden(inside, DEEPEST // 2)
            return mask_text(text) if shown == inside else msgspec.json.encode(shown).decode()
    text = mask_text(text)
    if "=" in text:
        text = _PAIR.sub(_mask_pair, text)
    if ":" in text:
        text = _MEMBER.sub(_mask_member, text)
        text = _HEADER.sub(_mask_line, text)
    if "<" in text:
        text = _ELEMENT.sub(_mask_second, text)
        text = _ATTRIBUTE.sub(_mask_third, text)
    if "form-data" in text:
        text = _PART.sub(_mask_second, text)
    return text


def secret_name(name: str) -> bool:
    """`looks_secret` for names that people give, as in "API token"."""
    return looks_secret(name.strip().replace(" ", "_"))


def _is_secret(name: object, item: Any) -> bool:
    # Numbers and flags are none: `tokens: 17`. Objects are looked into: a `session` may be one of a conference.
    if not isinstance(name, str) or isinstance(item, (int, float, type(None))) or not secret_name(name):
        return False
    return not isinstance(item, (dict, list, tuple)) or _WHOLE.search(name.lower()) is not None


def _mask_pair(found: re.Match[str]) -> str:
    if not looks_secret(unquote_plus(found[1])):
        return found[0]
    return found[0][: found.start(2) - found.start()] + mask(found[2])


def _mask_member(found: re.Match[str]) -> str:
    if not looks_secret(found[2]):
        return found[0]
    return found[0][: found.start(4) - found.start()] + mask(found[4]) + found[3]


def _mask_second(found: re.Match[str]) -> str:
    if not looks_secret(found[1]) or not found[2].strip():
        return found[0]
    return found[0][: found.start(2) - found.start()] + MASK


def _mask_third(found: re.Match[str]) -> str:
    return found[0][: found.start(3) - found.start()] + MASK if looks_secret(found[1]) else found[0]


def _mask_line(found: re.Match[str]) -> str:
    if not looks_secret(found[1]):
        return found[0]
    return f"{found[1]}: {MASK}"
