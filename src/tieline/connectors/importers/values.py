"""Reading values that may be of any type: documents in the wild put a list where a mapping belongs, and the like."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.manifest.model import Notice

MAX_NOTICES = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def mapping(value: Any) -> dict[str, Any]:
    """``value`` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any, limit: int = 10_000) -> str:
    """Text without control characters, at most ``limit`` characters; numbers are written out, anything else is ""."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    found = str(value)
    if len(found) > limit:
        found = found[: limit - 1] + "…"
    return _CONTROL.sub("", found).strip()


def truth(value: Any) -> bool:
    """Booleans, and the words that YAML 1.1 took for one."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "on", "1", "y")
    return value is True


def hints(value: dict[str, Any]) -> dict[str, Any]:
    """The vendor extensions of a node."""
    return {key: one for key, one in value.items() if key[:2] == "x-"}


def escape(token: str) -> str:
    """One reference token of a JSON pointer (RFC 6901 section 3)."""
    return token.replace("~", "~0").replace("/", "~1")


def pointer(base: str, *tokens: str | int) -> str:
    """``base`` with more tokens behind it."""
    return base + "".join("/" + escape(str(token)) for token in tokens)


class Unique:
    """Gives out names, each once: a name that is taken gets a number behind it."""

    def __init__(self, separator: str = "_") -> None:
        self._separator = separator
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, base: str) -> str:
        """``base``, or ``base_2``, ``base_3`` ... where it is taken."""
        found, number = base, self._next.get(base, 2)
        while found in self._taken:
            found, number = f"{base}{self._separator}{number}", number + 1
        self._next[base] = number
        self._taken.add(found)
        return found


class Notices(list[Notice]):
    """A list of notices that says each thing once and stays readable."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[tuple[str, str, str]] = set()
        self._left_out = 0

    def add(self, code: str, message: str, at: str = "") -> None:
        """Take a notice unless it is known already or there are `MAX_NOTICES` of them."""
        key = (code, message, at)
        if key in self._seen:
            return
        if len(self) >= MAX_NOTICES:
            self._left_out += 1
            return
        self._seen.add(key)
        self.append(Notice(code=code, message=message, pointer=at))

    def close(self) -> list[Notice]:
        """All notices, the last one tells how many more there were."""
        if self._left_out:
            self.append(Notice(code="more", message=f"{self._left_out} more notices were left out."))
            self._left_out = 0
        return list(self)
