"""Places in a JSON body, written as ``$``-paths.

The subset: ``$`` is the whole body, ``.name`` and ``['name']`` a member (quotes for names with dots, blanks or ``@``),
``[0]`` and ``[-1]`` an entry counted from the start or the end, ``.*`` and ``[*]`` every member or entry. Without a
wildcard a path gives one value; with one it gives the list of all values found, flattened by one level for each
wildcard. The leading ``$`` may be left out, and ``.@odata.nextLink`` is first tried as one name, because people write
it so.

A path is compiled once and kept, so a look-up costs a few dictionary reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, final

from tieline.core.errors import BadInput


class PathError(BadInput):
    """The text is not a ``$``-path."""

    code = "invalid-path"
    status = 422
    title = "Not a valid path"


@final
class Missing:
    """The type of `MISSING`: nothing is at the path, which differs from a null that is there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()

Step = str | int | None  # member name, entry number, or None for a wildcard
Getter = Callable[[Any], Any]

_TOKEN = re.compile(
    r"""
      \.\*                                    # .*
    | \.(?P<name>[^.\[\]'"\s*][^.\[\]]*)      # .name
    | \[\s*(?P<index>-?\d{1,9})\s*\]          # [0]
    | \[\s*\*\s*\]                            # [*]
    | \[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\] # ['name']
    | \[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\] # ["name"]
    """,
    re.VERBOSE,
)
_LONGEST: Final = 1000


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path; raises `PathError` that quotes the part which is wrong."""
    if len(path) > _LONGEST:
        raise PathError(f"the path is {len(path)} characters long; at most {_LONGEST} are allowed")
    text = path.strip()
    if text in ("", "$"):
        return ()
    if text.startswith("$"):
        text = text[1:]
    elif text[0] not in ".[":
        text = "." + text
    steps: list[Step] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise PathError(f"the path {path!r} cannot be read at {text[at:]!r}; write it like $.data[0]['first name']")
        name, index, single, double = match.group("name", "index", "single", "double")
        quoted = single if single is not None else double
        if name is not None:
            steps.append(name)
        elif index is not None:
            steps.append(int(index))
        elif quoted is not None:
            steps.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            steps.append(None)
        at = match.end()
    return tuple(steps)


def render(steps: tuple[Step, ...] | list[Step]) -> str:
    """The path of steps, quoted only where it must be: the inverse of `parse`."""
    parts = ["$"]
    for step in steps:
        if step is None:
            parts.append("[*]")
        elif isinstance(step, int):
            parts.append(f"[{step}]")
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", step):
            parts.append(f".{step}")
        else:
            parts.append("['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']")
    return "".join(parts)


@lru_cache(maxsize=4096)
def compiled(path: str) -> Getter:
    """A function body -> value, or `MISSING`."""
    steps = parse(path)
    if not steps:
        return _whole
    if None in steps:
        return lambda body: _every(body, steps)
    if len(steps) == 1 and isinstance(steps[0], str):
        name = steps[0]
        return lambda body: body.get(name, MISSING) if isinstance(body, dict) else MISSING
    joined = _dotted(steps)
    return lambda body: _one(body, steps, joined)


def get(body: Any, path: str) -> Any:
    """The value at ``path``, or `MISSING`."""
    return compiled(path)(body)


def put(body: Any, path: str, value: Any) -> None:
    """Set ``path`` (without wildcards, not ``$`` itself) in ``body``; objects on the way are made, lists are not."""
    steps = parse(path)
    if not steps or None in steps:
        raise PathError(f"the path {path!r} does not name one place to write to")
    for step, following in pairwise(steps):
        below = _child(body, step)
        if below is MISSING or below is None:
            if not isinstance(step, str) or not isinstance(following, str) or not isinstance(body, dict):
                raise PathError(f"the path {path!r} leads through a list entry that is not there")
            below = body[step] = {}
        body = below
    last = steps[-1]
    if (isinstance(last, str) and isinstance(body, dict)) or (
        isinstance(last, int) and isinstance(body, list) and -len(body) <= last < len(body)
    ):
        body[last] = value  # type: ignore[index]
        return
    raise PathError(f"the path {path!r} leads into something that is neither an object nor a list with that entry")


def _whole(body: Any) -> Any:
    return body


def _dotted(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Names that stand for one member although they hold dots (``@odata.nextLink``), joined from the last ``@`` on."""
    for at, step in enumerate(steps[:-1]):
        if isinstance(step, str) and step.startswith("@") and all(isinstance(rest, str) for rest in steps[at:]):
            return (*map(str, steps[:at]), ".".join(map(str, steps[at:])))
    return ()


def _child(body: Any, step: Step) -> Any:
    if isinstance(body, dict):
        return body.get(step, MISSING) if isinstance(step, str) else MISSING
    if isinstance(body, list) and isinstance(step, int) and -len(body) <= step < len(body):
        return body[step]
    return MISSING


def _one(body: Any, steps: tuple[Step, ...], joined: tuple[str, ...] = ()) -> Any:
    if joined:
        found = _one(body, joined)
        if found is not MISSING:
            return found
    for step in steps:
        body = _child(body, step)
        if body is MISSING:
            return MISSING
    return body


def _every(body: Any, steps: tuple[Step, ...]) -> Any:
    at = steps.index(None)
    holder = _one(body, steps[:at])
    if isinstance(holder, dict):
        values = list(holder.values())
    elif isinstance(holder, list):
        values = holder
    else:
        return MISSING if holder is MISSING else None
    rest = steps[at + 1 :]
    if not rest:
        return values
    inner = [_every(value, rest) if None in rest else _one(value, rest) for value in values]
    found = [value for value in inner if value is not MISSING]
    if None in rest:
        return [entry for value in found for entry in (value or ())]
    return found
