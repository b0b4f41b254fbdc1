"""Selections that people write: read by a grammar of our own and written anew, so that nothing else gets through.

Allowed are fields, aliases, arguments with constant values and inline fragments (October 2021 spec, section 2.4 to
2.8). Not allowed are variables, directives, named fragments and anything that could end the selection: what a person
writes can never become a second operation.
"""

from __future__ import annotations

import re
from typing import Final

from tieline.core.errors import BadInput

LONGEST: Final = 20_000
MAX_DEPTH: Final = 12
MAX_FIELDS: Final = 500
_TOKEN: Final = re.compile(
    r"""[\s,\ufeff]*(?:\#[^\n]*[\s,]*)*(?:
      (?P<name>[_A-Za-z][_0-9A-Za-z]*)
    | (?P<spread>\.\.\.)
    | (?P<number>-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?)(?![_0-9A-Za-z.])
    | (?P<text>"(?!"")(?:[^"\\\n\r]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*")
    | (?P<mark>[{}()\[\]:])
    )""",
    re.VERBOSE,
)
_REST: Final = re.compile(r"[\s,\ufeff]*(?:#[^\n]*[\s,]*)*\Z")
_DOTTED: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*(?:\.[_A-Za-z][_0-9A-Za-z]*)*")
_STRUCTURED: Final = re.compile(r"[{}():\"\[#]|\.\.\.")


def read(given: str | list[object], what: str) -> str:
    """The text between the braces for ``id, customer.name``, a list of such names, or a GraphQL selection.

    ``what`` names the input in errors. Raises BadInput.
    """
    if isinstance(given, list | tuple):
        if not all(isinstance(one, str) for one in given):
            raise BadInput(f"{what} must be a list of field names", parameter="fields")
        names = [str(one) for one in given]
    elif not isinstance(given, str):
        raise BadInput(f"{what} must be field names or a GraphQL selection", parameter="fields")
    elif len(given) > LONGEST:
        raise BadInput(f"{what} is {len(given)} characters long; at most {LONGEST} are allowed", parameter="fields")
    elif _STRUCTURED.search(given):
        return _Reader(given, what).read()
    else:
        names = re.split(r"[\s,;]+", given.strip(" \t\r\n,;"))
    return _of_names([name.strip() for name in names if name.strip()], what)


def _of_names(names: list[str], what: str) -> str:
    if not names:
        raise BadInput(f"{what} names no field", parameter="fields")
    if len(names) > MAX_FIELDS:
        raise BadInput(f"{what} names {len(names)} fields; at most {MAX_FIELDS} are allowed", parameter="fields")
    root: dict[str, dict] = {}  # type: ignore[type-arg]
    for name in names:
        if not _DOTTED.fullmatch(name) or len(name) > 500:
            raise BadInput(
                f"{what} holds {name[:60]!r}, which is no field name; write names like id or customer.name",
                parameter="fields",
            )
        steps = name.split(".")
        if len(steps) > MAX_DEPTH:
            raise BadInput(f"{what} goes deeper than {MAX_DEPTH} levels", parameter="fields")
        below = root
        for step in steps:
            _refuse(step, what)
            below = below.setdefault(step, {})
    return _written(root)


def _written(tree: dict[str, dict]) -> str:  # type: ignore[type-arg]
    return " ".join(f"{name} {{ {_written(below)} }}" if below else name for name, below in tree.items())


def _refuse(name: str, what: str) -> None:
    if name.startswith("__") and name != "__typename":
        raise BadInput(f"{what} may not ask for {name[:60]!r}, which belongs to introspection", parameter="fields")


class _Reader:
    """A recursive descent over at most `LONGEST` characters and `MAX_DEPTH` levels."""

    def __init__(self, source: str, what: str) -> None:
        self.source = source
        self.what = what
        self.at = 0
        self.fields = 0
        self.kind = self.token = ""
        self._next()

    def read(self) -> str:
        braced = self._is("{")
        if braced:
            self._next()
        found = self._selection(1)
        if braced:
            self._expect("}")
        if self.kind:
            raise self._wrong()
        return found

    def _next(self) -> None:
        match = _TOKEN.match(self.source, self.at)
        if match is None:
            if not _REST.match(self.source, self.at):
                self.token = self.source[self.at : self.at + 20].strip() or "?"
                raise self._wrong()
            self.kind = self.token = ""
            return
        self.at = match.end()
        self.kind = match.lastgroup or ""
        self.token = match.group(self.kind)

    def _is(self, mark: str) -> bool:
        return self.kind == "mark" and self.token == mark

    def _expect(self, mark: str) -> None:
        if not self._is(mark):
            raise self._wrong(f"{mark!r} is missing")
        self._next()

    def _name(self) -> str:
        if self.kind != "name":
            raise self._wrong()
        found = self.token
        self._next()
        return found

    def _wrong(self, why: str = "") -> BadInput:
        near = f"near {self.token[:20]!r}" if self.token else "at its end"
        said = why or "only fields, aliases, constant arguments and inline fragments are allowed"
        return BadInput(f"{self.what} is no valid selection {near}: {said}", parameter="fields")

    def _selection(self, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise self._wrong(f"it goes deeper than {MAX_DEPTH} levels")
        parts: list[str] = []
        while self.kind in ("name", "spread"):
            parts.append(self._fragment(depth) if self.kind == "spread" else self._field(depth))
        if not parts:
            raise self._wrong("braces without a field")
        return " ".join(parts)

    def _fragment(self, depth: int) -> str:
        self._next()
        type_ = ""
        if self.kind == "name":
            if self.token != "on":  # noqa: S105
                raise self._wrong("only inline fragments (... on Type { }) are allowed")
            self._next()
            type_ = f"on {self._name()} "
        return f"... {type_}{{ {self._braced(depth)} }}"

    def _braced(self, depth: int) -> str:
        self._expect("{")
        found = self._selection(depth + 1)
        self._expect("}")
        return found

    def _field(self, depth: int) -> str:
        self.fields += 1
        if self.fields > MAX_FIELDS:
            raise self._wrong(f"it has more than {MAX_FIELDS} fields")
        name = self._name()
        _refuse(name, self.what)
        text = name
        if self._is(":"):
            self._next()
            field = self._name()
            _refuse(field, self.what)
            text = f"{name}: {field}"
        if self._is("("):
            self._next()
            given = []
            while not self._is(")"):
                argument = self._name()
                self._expect(":")
                given.append(f"{argument}: {self._value(depth)}")
            self._next()
            text += f"({', '.join(given)})" if given else ""
        if self._is("{"):
            text += f" {{ {self._braced(depth)} }}"
        return text

    def _value(self, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise self._wrong(f"a value goes deeper than {MAX_DEPTH} levels")
        if self.kind in ("name", "number", "text"):
            found = self.token
            self._next()
            return found
        parts = []
        if self._is("["):
            self._next()
            while not self._is("]"):
                parts.append(self._value(depth + 1))
            self._next()
            return f"[{', '.join(parts)}]"
        self._expect("{")
        while not self._is("}"):
            name = self._name()
            self._expect(":")
            parts.append(f"{name}: {self._value(depth + 1)}")
        self._next()
        return f"{{{', '.join(parts)}}}"
