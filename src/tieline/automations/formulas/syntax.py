"""The syntax tree of a formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; ``raw`` is how an unquoted word was written, so that ``1.10`` stays ``1.10`` where text is wanted."""

    value: Any
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Texts and formulas joined into one text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """``.name``, ``['name']``, ``[0]``: one member. ``node`` is computed when it is not a plain ``str`` or ``int``."""

    key: str | int | Node


@dataclass(frozen=True, slots=True)
class Keys:
    """``['a','b']``, ``[0,2]``: several members."""

    keys: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """``[start:stop:step]``."""

    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True, slots=True)
class Every:
    """``[*]``, ``.*``: all members."""


@dataclass(frozen=True, slots=True)
class Descend:
    """``..``: the value and everything below it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """``[?(...)]``: the members for which ``test`` holds."""

    test: Node


Segment: TypeAlias = Key | Keys | Slice | Every | Descend | Filter


@dataclass(frozen=True, slots=True)
class Reference:
    """``$.root.segments``."""

    root: str
    segments: tuple[Segment, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Current:
    """``@.segments``: the member that a filter looks at."""

    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``; ``right`` is absent for unary operators."""

    operator: str
    left: Node
    right: Node | None


@dataclass(frozen=True, slots=True)
class Logic:
    """``&&``, ``||`` and ``!`` inside a filter."""

    operator: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """``{name: argument, ...}``."""

    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """An object literal whose keys and values may hold formulas."""

    members: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list literal whose items may hold formulas."""

    items: tuple[Node, ...]


Node: TypeAlias = Literal | Template | Reference | Current | Comparison | Logic | Call | ObjectOf | ListOf
