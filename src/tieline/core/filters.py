"""The filter grammar of the cloud API families: SCIM, RFC 7644 section 3.4.2.2.

    tree = parse('name eq "My sync" and not (runMode eq "manual")', {"name": Attribute(), "runMode": Attribute()})

The result is a tree of `Comparison`, `Present`, `Both`, `Either` and `Negation`, which knows nothing of storage.
Values are checked against the attribute's kind and converted. Whatever is wrong raises `BadFilter`, never anything
else. Attribute names and operators are case-insensitive, as the RFC says; complex attributes
(``emails[type eq "work"]``) and multi-valued ones do not exist in these families and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from tieline.core.errors import BadInput

MAX_LENGTH = 4096
MAX_DEPTH = 20
MAX_TERMS = 50

Kind = Literal["text", "number", "boolean", "moment", "day"]
Operator = Literal["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
Value = str | int | float | bool | datetime | date | None

_OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    "text": ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"),
    "number": ("eq", "ne", "gt", "ge", "lt", "le"),
    "boolean": ("eq", "ne"),
    "moment": ("eq", "ne", "gt", "ge", "lt", "le"),
    "day": ("eq", "ne", "gt", "ge", "lt", "le"),
}
_ALL_OPERATORS = frozenset(_OPERATORS["text"])
_LARGEST_NUMBER = 2**63


class BadFilter(BadInput):
    """A filter that cannot be read, or that names what cannot be filtered."""

    code = "invalid-filter"
    title = "Invalid filter"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, parameter="filter")


class Attribute(Struct, frozen=True):
    """One thing that may be filtered on. ``exact`` text compares with its case, other text without."""

    kind: Kind = "text"
    exact: bool = False


class Comparison(Struct, frozen=True):
    """``attribute operator value``; the value has the type of the attribute's kind, or is None."""

    attribute: str
    operator: Operator
    value: Value


class Present(Struct, frozen=True):
    """``attribute pr``: has a value that is not empty."""

    attribute: str


class Both(Struct, frozen=True):
    """All of the parts hold."""

    parts: tuple[Node, ...]


class Either(Struct, frozen=True):
    """At least one of the parts holds."""

    parts: tuple[Node, ...]


class Negation(Struct, frozen=True):
    """The part does not hold."""

    part: Node


Node = Comparison | Present | Both | Either | Negation

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<bracket>[()])
    | (?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<word>[A-Za-z$][\w$:.-]*)
    )""",
    re.VERBOSE,
)


class _Token(Struct, frozen=True):
    kind: str
    text: str
    at: int


def parse(
    text: str, attributes: Mapping[str, Attribute], *, longest: int = MAX_LENGTH, most_terms: int = MAX_TERMS
) -> Node:
    """The tree of ``text``; ``attributes`` says what may be filtered on. Raises `BadFilter`."""
    if len(text) > longest:
        raise BadFilter(f"The filter is longer than {longest} characters; shorten it.")
    return _Parser(_tokens(text), attributes, most_terms).whole()


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            place = len(text[:at]) + len(text[at:]) - len(text[at:].lstrip())
            raise BadFilter(f"The filter cannot be read at character {place + 1}; texts stand in double quotes.")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent: ``or`` binds weaker than ``and``, ``and`` weaker than ``not``."""

    def __init__(self, tokens: list[_Token], attributes: Mapping[str, Attribute], most_terms: int) -> None:
        self._tokens = tokens
        self._most_terms = most_terms
        self._attributes = {name.lower(): (name, attribute) for name, attribute in attributes.items()}
        self._at = 0
        self._depth = 0
        self._terms = 0

    def whole(self) -> Node:
        if not self._tokens:
            raise BadFilter('The filter is empty; write for example name eq "My sync", or leave the parameter out.')
        node = self._either()
        if (rest := self._peek()) is not None:
            raise BadFilter(f"The filter has {_shown(rest)} where and, or, or its end was expected.")
        return node

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _is_word(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "word" and token.text.lower() in words

    def _is_bracket(self, bracket: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "bracket" and token.text == bracket

    def _next(self, wanted: str) -> _Token:
        token = self._peek()
        if token is None:
            raise BadFilter(f"The filter ends where {wanted} was expected.")
        self._at += 1
        return token

    def _either(self) -> Node:
        parts = [self._both()]
        while self._is_word("or"):
            self._at += 1
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._factor()]
        while self._is_word("and"):
            self._at += 1
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _factor(self) -> Node:
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else None
        # "not" in front of a bracket negates; anywhere else it can only be an attribute's name.
        if self._is_word("not") and following is not None and following.text == "(" and following.kind == "bracket":
            self._at += 1
            return Negation(self._group())
        if self._is_bracket("("):
            return self._group()
        return self._term()

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadFilter(f"The filter nests deeper than {MAX_DEPTH} brackets; simplify it.")
        self._at += 1
        node = self._either()
        if not self._is_bracket(")"):
            raise BadFilter("The filter has an opening bracket that is never closed.")
        self._at += 1
        self._depth -= 1
        return node

    def _term(self) -> Node:
        self._terms += 1
        if self._terms > self._most_terms:
            raise BadFilter(f"The filter has more than {self._most_terms} comparisons; split the request.")
        name, attribute = self._attribute()
        token = self._next(f"an operator for {name}")
        operator = token.text.lower()
        if token.kind == "word" and operator == "pr":
            return Present(name)
        if token.kind != "word" or operator not in _ALL_OPERATORS:
            raise BadFilter(
                f"The filter has {_shown(token)} where an operator was expected: "
                "eq, ne, co, sw, ew, pr, gt, ge, lt or le."
            )
        for known in _OPERATORS[attribute.kind]:
            if known == operator:
                return Comparison(name, known, self._value(name, attribute, known))
        raise BadFilter(
            f"The filter compares {name} with {operator}, but it only knows {', '.join(_OPERATORS[attribute.kind])}."
        )

    def _attribute(self) -> tuple[str, Attribute]:
        token = self._next("an attribute")
        if token.kind != "word":
            raise BadFilter(f"The filter has {_shown(token)} where an attribute was expected: {self._allowed()}.")
        found = self._attributes.get(token.text.lower())
        if found is None:
            raise BadFilter(
                f"The filter names {_shown(token)}, which cannot be filtered on; allowed are {self._allowed()}."
            )
        return found

    def _allowed(self) -> str:
        return ", ".join(name for name, _ in self._attributes.values())

    def _value(self, name: str, attribute: Attribute, operator: Operator) -> Value:
        token = self._next(f"a value for {name}")
        value = _literal(token)
        if value is None:
            if operator not in {"eq", "ne"}:
                raise BadFilter(f"The filter compares {name} with null, which only eq and ne can do.")
            return None
        return _CONVERT[attribute.kind](name, value)


def _shown(token: _Token) -> str:
    text = token.text if len(token.text) <= 40 else token.text[:40] + "..."
    return repr(text)


def _literal(token: _Token) -> str | int | float | bool | None:
    if token.kind == "text":
        try:
            value: str = msgspec.json.decode(token.text, type=str)
        except (msgspec.DecodeError, UnicodeError):
            raise BadFilter(
                f"The filter has the text {_shown(token)} with an escape that JSON does not know."
            ) from None
        if "\0" in value:
            raise BadFilter("The filter has a text with a NUL character, which no value can have.")
        return value
    if token.kind == "number":
        number = float(token.text) if any(c in token.text for c in ".eE") else _integer(token.text)
        if abs(number) >= _LARGEST_NUMBER:
            raise BadFilter(f"The filter has the number {_shown(token)}, which is too large.")
        return number
    if token.kind == "word" and token.text.lower() in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[token.text.lower()]
    raise BadFilter(f"The filter has {_shown(token)} where a value was expected; texts stand in double quotes.")


def _integer(text: str) -> int:
    # Python refuses to convert more than a few thousand digits.
    return int(text) if len(text) < 40 else _LARGEST_NUMBER


def _text(name: str, value: str | int | float | bool) -> str:
    if not isinstance(value, str):
        raise BadFilter(f"The filter compares {name} with something that is no text; put it in double quotes.")
    return value


def _number(name: str, value: str | int | float | bool) -> int | float:
    if isinstance(value, bool | str):
        raise BadFilter(f"The filter compares {name} with something that is no number.")
    return value


def _boolean(name: str, value: str | int | float | bool) -> bool:
    if not isinstance(value, bool):
        raise BadFilter(f"The filter compares {name} with something that is neither true nor false.")
    return value


def _moment(name: str, value: str | int | float | bool) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(name, value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadFilter(
            f"The filter compares {name} with something that is no time; write it as 2026-01-31T12:00:00Z."
        ) from None


def _day(name: str, value: str | int | float | bool) -> date:
    try:
        return date.fromisoformat(_text(name, value)[:10])
    except ValueError:
        raise BadFilter(f"The filter compares {name} with something that is no day; write it as 2026-01-31.") from None


_CONVERT = {"text": _text, "number": _number, "boolean": _boolean, "moment": _moment, "day": _day}
