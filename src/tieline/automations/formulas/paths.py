"""References at run time: from path segments to closures.

A path of names only, by far the most frequent, is a loop over dictionary look-ups; everything else walks a list of
matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tieline.automations.formulas.context import MISSING, Context, Getter
from tieline.automations.formulas.values import text_of

Run: TypeAlias = Callable[[Getter, Context], Any]
Step: TypeAlias = Callable[[Any, Getter, Context], Iterable[Any]]
"""From one value to the values it leads to; several, or none."""

_MAX_DIGITS: Final = 9


def member(value: Any, key: Any) -> Any:
    """The member of an object or list under ``key``; ``MISSING`` when there is none. Negative indexes count from the
    end."""
    if isinstance(value, Mapping):
        found = value.get(key, MISSING)
        if found is MISSING and key.__class__ is not str:
            return value.get(text_of(key), MISSING)
        return found
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        index = _index(key)
        if index is not None and -len(value) <= index < len(value):
            return value[index]
        # A list that a loop goes over carries the loop's own fields: $.loop.item, $.loop.index.
        return getattr(value, "fields", {}).get(key, MISSING)
    return MISSING


def _index(key: Any) -> int | None:
    if key.__class__ is int:
        return key
    if key.__class__ is float and key.is_integer():
        return int(key)
    if key.__class__ is str and len(key) <= _MAX_DIGITS and key.removeprefix("-").isdecimal() and key.isascii():
        return int(key)
    return None


def children(value: Any) -> list[Any]:
    """The members of a list or the values of an object."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return list(value)
    return []


def names_only(root: str, keys: tuple[str | int, ...]) -> Run:
    """``$.root.a.b``: the closure for plain names; asks nothing of the context."""
    if not keys:

        def whole(get: Getter, _context: Context) -> Any:
            value = get(root)
            return None if value is MISSING else value

        return whole

    def nested(get: Getter, _context: Context) -> Any:
        value = get(root)
        for key in keys:
            value = value.get(key) if value.__class__ is dict and key.__class__ is str else member(value, key)
            if value is None or value is MISSING:
                return None
        return value

    return nested


def walk(start: Run, steps: tuple[tuple[Step, bool, bool], ...]) -> Run:
    """A path with steps that lead to several values.

    Each step comes with two marks: whether it makes the result a list, and whether it is a plain index. An index
    straight after a filter, a slice or ``[*]`` picks among the matches unless these are lists themselves.
    """

    def run(get: Getter, context: Context) -> Any:
        value = start(get, context)
        if value is None:
            return None
        matches: list[Any] = [value]
        many = False
        for step, multiplies, index in steps:
            context.spend(20 + 100 * len(matches))
            if index and many and not any(isinstance(match, list) for match in matches):
                matches = list(step(matches, get, context))
                many = False
            else:
                following: list[Any] = []
                for match in matches:
                    following.extend(step(match, get, context))
                matches = following
            many = many or multiplies
            context.check_list(matches)
        if many:
            return matches
        return matches[0] if matches else None

    return run


def key_step(key: str | int) -> Step:
    """One member under a fixed name or index."""

    def step(value: Any, _get: Getter, _context: Context) -> Iterable[Any]:
        found = member(value, key)
        return () if found is MISSING else (found,)

    return step


def computed_step(node: Run) -> Step:
    """One member under a computed name or index."""

    def step(value: Any, get: Getter, context: Context) -> Iterable[Any]:
        key = node(get, context)
        if isinstance(key, (list, dict)) or key is None:
            return ()
        found = member(value, key if key.__class__ in {str, int, float} else text_of(key))
        return () if found is MISSING else (found,)

    return step


def keys_step(keys: tuple[str | int, ...]) -> Step:
    """Several members."""

    def step(value: Any, _get: Getter, _context: Context) -> Iterable[Any]:
        found = [member(value, key) for key in keys]
        return [item for item in found if item is not MISSING]

    return step


def slice_step(start: int | None, stop: int | None, step: int | None) -> Step:
    """A part of a list."""
    part = slice(start, stop, step)

    def take(value: Any, _get: Getter, context: Context) -> Iterable[Any]:
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
            found = list(value[part])
            context.spend(8 * len(found))
            return found
        return ()

    return take


def every_step(value: Any, _get: Getter, context: Context) -> Iterable[Any]:
    """All members."""
    found = children(value)
    if found:
        context.credit(value)
    context.spend(8 * len(found))
    return found


def descend_step(value: Any, _get: Getter, context: Context) -> Iterable[Any]:
    """The value and everything below it, parents before children; without recursion, so depth costs nothing."""
    found: list[Any] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        found.append(item)
        below = children(item)
        if below:
            context.credit(item)
        context.spend(150 + 60 * len(below))
        waiting.extend(reversed(below))
    return found


def filter_step(test: Callable[[Any, Getter, Context], Any]) -> Step:
    """The members for which a test holds: true, or present and neither null nor false."""

    def step(value: Any, get: Getter, context: Context) -> Iterable[Any]:
        found = children(value)
        if found:
            context.credit(value)
        kept = []
        for item in found:
            context.spend(200)
            answer = test(item, get, context)
            if answer is not None and answer is not False and answer is not MISSING:
                kept.append(item)
        return kept

    return step
