"""Regular expressions on RE2, whose time grows linearly with the text (https://github.com/google/re2/wiki/Syntax).

A pattern may stand between ``/``, ``#`` or ``~`` with flags after it, as in PHP: ``/^a+$/i``. Look-around and
back-references do not exist in RE2 and are refused.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import re2

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaValueError

_MAX_PATTERN: Final = 2000
_MAX_CLASSES: Final = 12
_PROBE_MEMORY: Final = 2**20
_FULL_MEMORY: Final = 8 * 2**20
_DELIMITED = re.compile(r"([/#~])(.*)\1([a-zA-Z]*)", re.DOTALL)
_FLAGS: Final = frozenset("imsU")
_IGNORED_FLAGS: Final = frozenset("uDgS")
_INSTRUCTIONS_PER_UNIT: Final = 50
_MATCH_COST: Final = 300
_CLOCK_EVERY: Final = 32
_CLOCK_OFTEN: Final = 4
_LONG: Final = 16_384
_SLOW_TIMES: Final = 4
_UNITS_PER_SECOND: Final = 200_000_000

_GROUP = re.compile(r"\\([0-9]{1,2})|\$([0-9]{1,2})|\$\{([0-9]{1,2})\}|(\\\\)")
"""``\\1``, ``$1``, ``${1}`` and ``\\\\`` in a replacement."""


Spans: TypeAlias = Sequence[tuple[int, int]]
"""Where a match and its groups lie, in bytes; (-1, -1) is a group that took no part."""


def group(match: Spans, data: bytes, number: int = 0) -> str | None:
    """The text of a group of a match in ``data``; None when it took no part."""
    start, end = match[number]
    return None if start < 0 else data[start:end].decode("utf-8", "replace")


class Pattern:
    """A compiled pattern that pays for its work."""

    __slots__ = ("_regexp", "_weight", "groups")

    def __init__(self, regexp: Any) -> None:
        self._regexp = regexp
        self.groups: int = regexp.groups
        self._weight: int = 1 + regexp.programsize // _INSTRUCTIONS_PER_UNIT

    def search(self, context: Context, data: bytes) -> Spans | None:
        """The first match or None."""
        return next(self.matches(context, data), None)

    def matches(self, context: Context, data: bytes) -> Iterator[Spans]:
        """All matches in UTF-8 text, with offsets in bytes.

        A linear engine does not make finding all of them linear: each may look through the rest of the text. So matches
        that take many times longer than usual on this machine cost what they take. In a long text one match can take
        a thousand times longer, so the clock is asked more often.
        """
        context.spend(len(data) * self._weight + _MATCH_COST)
        every = _CLOCK_EVERY if len(data) < _LONG else _CLOCK_OFTEN
        most = _SLOW_TIMES * usual_seconds() * every / _CLOCK_EVERY
        before = time.thread_time()
        was_slow = False
        for number, match in enumerate(self._regexp.finditer(data), 1):
            context.work -= _MATCH_COST
            if number % every == 0 or context.work < 0:
                now = time.thread_time()
                taken, before = now - before, now
                # One slow round may be the machine's doing, a second one in a row is the pattern's.
                context.spend(int(taken * _UNITS_PER_SECOND) if was_slow and taken > most else 0)
                was_slow = taken > most
            spans = match._spans  # all at once: asking the match for each costs as much as finding it
            start, end = spans[0]
            if start == end and start < len(data) and data[start] & 0xC0 == 0x80:
                continue
            yield spans


@lru_cache(maxsize=1)
def usual_seconds() -> float:
    """Processor time of ``_CLOCK_EVERY`` plain matches on this machine."""
    regexp = _compile(b"a", _PROBE_MEMORY)
    data = b"a" * _CLOCK_EVERY
    rounds = []
    for _ in range(7):
        before = time.thread_time()
        for match in regexp.finditer(data):
            match.span()
        rounds.append(time.thread_time() - before)
    return max(min(rounds), 1e-6)


def encoded(text: str) -> bytes:
    """UTF-8; what cannot be encoded becomes '?'."""
    return text.encode("utf-8", "replace")


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """The pattern, with or without delimiters; raises ``FormulaValueError`` when RE2 does not accept it."""
    if len(pattern) > _MAX_PATTERN:
        raise FormulaValueError(f"the pattern has {len(pattern)} characters; at most {_MAX_PATTERN} are allowed")
    if pattern.count("\\p") + pattern.count("\\P") > _MAX_CLASSES:
        raise FormulaValueError(f"the pattern has more than {_MAX_CLASSES} classes of the form \\p")
    source = encoded(_with_flags(pattern))
    try:
        # A small memory limit makes an oversized pattern fail early; matching is faster with a large one.
        _compile(source, _PROBE_MEMORY)
        return Pattern(_compile(source, _FULL_MEMORY))
    except re2.error as error:
        raise FormulaValueError(f"the pattern is not accepted: {_reason(error)}") from None


def _with_flags(pattern: str) -> str:
    delimited = _DELIMITED.fullmatch(pattern)
    if delimited is None:
        return pattern
    delimiter, body, flags = delimited.groups()
    unknown = set(flags) - _FLAGS - _IGNORED_FLAGS
    if unknown:
        raise FormulaValueError(f"the pattern's flag '{min(unknown)}' is not known; use i, m, s, U or u")
    wanted = "".join(sorted(set(flags) & _FLAGS))
    body = body.replace("\\" + delimiter, delimiter)
    return f"(?{wanted}){body}" if wanted else body


def _compile(source: bytes, memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return re2.compile(source, options)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return text[:80] or "it is not a regular expression"


def replacement_parts(replacement: str, groups: int) -> list[bytes | int]:
    """A replacement as fixed pieces and the numbers of groups; groups that the pattern does not have are left out."""
    parts: list[bytes | int] = []
    at = 0
    for reference in _GROUP.finditer(replacement):
        parts.append(encoded(replacement[at : reference.start()]))
        at = reference.end()
        if reference.group(4):
            parts.append(b"\\")
            continue
        number = int(reference.group(1) or reference.group(2) or reference.group(3))
        if number <= groups:
            parts.append(number)
    parts.append(encoded(replacement[at:]))
    return [part for part in parts if part != b""]
