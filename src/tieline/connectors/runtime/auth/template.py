"""The small language of texts in auth methods: ``"{method}\\n{path_qs}\\n{body|sha256|hex}"``.

``{name}`` is a value, ``{name|filter|filter:argument}`` one that goes through filters, ``{{`` and ``}}`` are braces. An
argument is the name of a value (``hmac_sha256:secret``) or, for ``first`` and ``join``, a literal. ``{name.member}``
is a member of a value that is a JSON text. Nothing else exists: no code, no loops, no recursion, and every text is
bounded, so rendering always ends.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, Protocol
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import msgspec
from msgspec import Struct

from tieline.core import json
from tieline.core.errors import Misconfigured

Value = str | bytes

_LONGEST: Final = 20_000
_EXPRESSIONS: Final = 100
_FILTERS: Final = 10
_LARGEST: Final = 64 * 1024 * 1024
_DEEPEST: Final = 20
_PART: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")
_HASHES: Final = ("md5", "sha1", "sha256", "sha384", "sha512")


class Scope(Protocol):
    """Where names get their values; None = there is no such name."""

    def look_up(self, name: str) -> Value | None: ...


class _Expression(Struct, frozen=True):
    name: str
    filters: tuple[tuple[str, str], ...]


class Template:
    """A compiled text. Raises Misconfigured for what is not in the language."""

    __slots__ = ("_parts", "source")

    def __init__(self, source: str) -> None:
        if len(source) > _LONGEST:
            raise Misconfigured(f"a template of an auth method may have at most {_LONGEST} characters")
        self.source = source
        self._parts: tuple[str | _Expression, ...] = tuple(_parsed(source))

    def value(self, scope: Scope) -> Value:
        """The text; bytes where it is one expression that gives bytes."""
        if len(self._parts) == 1 and isinstance(self._parts[0], _Expression):
            return _evaluated(self._parts[0], scope, self.source)
        return self.text(scope)

    def text(self, scope: Scope) -> str:
        """The text; raises Misconfigured for an unknown name and for bytes that are no UTF-8."""
        done: list[str] = []
        size = 0
        for part in self._parts:
            text = part if isinstance(part, str) else _as_text(_evaluated(part, scope, self.source), part.name)
            size += len(text)
            if size > _LARGEST:
                raise Misconfigured("a template of an auth method gives more than 64 MB")
            done.append(text)
        return "".join(done)


@lru_cache(maxsize=2048)
def compiled(source: str) -> Template:
    """A template, parsed once."""
    return Template(source)


class Names:
    """A scope over dictionaries and functions; a function is called each time, because a request changes under it."""

    __slots__ = ("_depth", "_last", "_more", "_values")

    def __init__(
        self,
        *values: dict[str, Any],
        more: Callable[[str], Value | None] | None = None,
        last: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self._values = values
        self._more = more
        self._last = last
        self._depth = 0

    def look_up(self, name: str) -> Value | None:
        """The value of ``name``: from the dictionaries in their order, ``more``, ``last``, and then as a member."""
        for values in self._values:
            if name in values:
                return self._plain(values[name], name)
        found = self._more(name) if self._more is not None else None
        if found is not None:
            return found
        for values in self._last:
            if name in values:
                return self._plain(values[name], name)
        first, dot, rest = name.partition(".")
        whole = self.look_up(first) if dot else None
        return None if whole is None else _member(whole, rest)

    def _plain(self, value: Any, name: str) -> Value:
        if isinstance(value, Template):
            if self._depth >= _DEEPEST:
                raise Misconfigured(f"the value {name!r} of an auth method is defined by itself")
            self._depth += 1
            try:
                return value.value(self)
            finally:
                self._depth -= 1
        if callable(value):
            return self._plain(value(), name)
        if isinstance(value, str | bytes):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        if isinstance(value, list) and all(isinstance(entry, str | int) for entry in value):
            return " ".join(map(str, value))
        return json.dumps(value).decode()


def rendered(value: Any, scope: Scope, depth: int = 0) -> Any:
    """Plain data in which every text is a template."""
    if depth > _DEEPEST:
        raise Misconfigured("a template of an auth method is nested too deeply")
    if isinstance(value, str):
        return compiled(value).text(scope)
    if isinstance(value, dict):
        return {str(name): rendered(entry, scope, depth + 1) for name, entry in value.items()}
    if isinstance(value, list):
        return [rendered(entry, scope, depth + 1) for entry in value]
    return value


def _parsed(source: str) -> Iterable[str | _Expression]:
    done = count = 0
    for match in _PART.finditer(source):
        if match.start() > done:
            yield source[done : match.start()]
        done = match.end()
        if match[0] in ("{{", "}}"):
            yield match[0][0]
        elif match[1] is None:
            raise Misconfigured(f"the template {source[:60]!r} has a single brace; write {{{{ or }}}} for a brace")
        else:
            count += 1
            if count > _EXPRESSIONS:
                raise Misconfigured(f"a template of an auth method may have at most {_EXPRESSIONS} expressions")
            yield _expression(match[1], source)
    if done < len(source):
        yield source[done:]


def _expression(text: str, source: str) -> _Expression:
    name, *filters = (part.strip() for part in text.split("|"))
    if not _NAME.match(name):
        raise Misconfigured(f"the template {source[:60]!r} has {name[:40]!r} where the name of a value should stand")
    if len(filters) > _FILTERS:
        raise Misconfigured(f"the template {source[:60]!r} has more than {_FILTERS} filters in one place")
    pairs = []
    for one in filters:
        kind, _, argument = one.partition(":")
        if kind not in _FILTER and not (kind.startswith("hmac_") and kind[5:] in _HASHES and argument):
            known = ", ".join([*sorted(_FILTER), "hmac_sha256:NAME ..."])
            raise Misconfigured(f"the template {source[:60]!r} has the unknown filter {one[:40]!r}; there are: {known}")
        if kind in ("first", "last") and not argument.isdecimal():
            raise Misconfigured(f"the filter {kind!r} needs a number: {kind}:8")
        pairs.append((kind, argument))
    return _Expression(name, tuple(pairs))


def _evaluated(part: _Expression, scope: Scope, source: str) -> Value:
    value = _found(scope, part.name, source)
    for kind, argument in part.filters:
        if len(value) > _LARGEST:
            raise Misconfigured("a value of an auth method's template is larger than 64 MB")
        if kind.startswith("hmac_"):
            key = _as_bytes(_found(scope, argument, source))
            value = hmac.new(key, _as_bytes(value), kind[5:]).digest()
            continue
        try:
            value = _FILTER[kind](value, argument)
        except (ValueError, binascii.Error):
            raise Misconfigured(f"the value {part.name!r} is nothing that the filter {kind!r} can read") from None
    return value


def _found(scope: Scope, name: str, source: str) -> Value:
    value = scope.look_up(name)
    if value is None:
        raise Misconfigured(f"the template {source[:60]!r} asks for {name!r}, which nothing gives")
    return value


def _as_bytes(value: Value) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _as_text(value: Value, name: str) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Misconfigured(f"the value {name!r} is bytes; add a filter such as |hex or |base64") from None


def _member(text: Value, path: str) -> Value | None:
    try:
        value = json.loads(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else value if isinstance(value, str) else json.dumps(value).decode()


def _hash(kind: str) -> Callable[[Value, str], Value]:
    return lambda value, _: hashlib.new(kind, _as_bytes(value), usedforsecurity=False).digest()


def _text(change: Callable[[str], str]) -> Callable[[Value, str], Value]:
    return lambda value, _: change(_as_text(value, "of a template"))


def _padded(text: Value) -> bytes:
    raw = _as_bytes(text).strip().replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    return raw + b"=" * (-len(raw) % 4)


_FILTER: Final[dict[str, Callable[[Value, str], Value]]] = {
    **{kind: _hash(kind) for kind in _HASHES},
    "hex": lambda value, _: _as_bytes(value).hex(),
    "base64": lambda value, _: base64.b64encode(_as_bytes(value)).decode(),
    "base64url": lambda value, _: base64.urlsafe_b64encode(_as_bytes(value)).decode().rstrip("="),
    "unhex": lambda value, _: bytes.fromhex(_as_text(value, "of a template")),
    "unbase64": lambda value, _: base64.b64decode(_padded(value), validate=True),
    "upper": _text(str.upper),
    "lower": _text(str.lower),
    "trim": _text(str.strip),
    "xml": _text(lambda text: escape(text, {'"': "&quot;"})),
    "url": _text(lambda text: quote(text, safe="-._~")),
    "form": _text(quote_plus),
    "json": _text(lambda text: json.dumps(text).decode()),
    "first": lambda value, argument: value[: int(argument)],
    "last": lambda value, argument: value[-int(argument) :] if int(argument) else value[:0],
}
