"""The texts that a surface says types with, read again; and what two of them mean for each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

BREAKING: Final = "breaking"
COMPATIBLE: Final = "compatible"
DOCUMENTATION: Final = "documentation"
Weight = Literal["breaking", "compatible", "documentation"]

_TYPE = re.compile(
    r"(?P<kind>[^?! ]+)(?P<null>\?)?(?P<required>!)?(?: =(?P<default>.*?))?(?: \{(?P<values>.*?)\})?"
    r"(?P<bounds>(?: \[[^\]]*\.\.[^\]]*\])*)(?: /(?P<pattern>.*)/)?"
)
_BOUND = re.compile(r"\[([^\]]*?)\.\.([^\]]*?)\]")

Bounds = tuple[tuple[float | None, float | None], ...]


class Type(Struct, frozen=True):
    """A type as a surface says it."""

    kind: str
    null: bool = False
    required: bool = False
    default: str | None = None
    values: frozenset[str] = frozenset()
    bounds: Bounds = ()
    pattern: str = ""

    @property
    def schema(self) -> str:
        """The one named schema that it is; "" where it is anything else."""
        return self.kind[1:] if self.kind.startswith("@") and "|" not in self.kind else ""


def read(text: str) -> Type:
    """The type that a text says."""
    match = _TYPE.fullmatch(text)
    if match is None:
        return Type(text)
    return Type(
        match["kind"],
        null=bool(match["null"]),
        required=bool(match["required"]),
        default=match["default"],
        values=frozenset((match["values"] or "").split("|")) - {""},
        bounds=tuple((_number(low), _number(high)) for low, high in _BOUND.findall(match["bounds"] or "")),
        pattern=match["pattern"] or "",
    )


def differences(before: Type, after: Type, *, wider: Weight, narrower: Weight) -> Iterator[tuple[Weight, str]]:
    """What changed about the values. ``wider`` weighs that more are possible, ``narrower`` that fewer are: who reads
    minds the one, who writes the other."""
    if before.kind != after.kind and not (before.schema and after.schema):
        yield _kinds(before.kind, after.kind, wider, narrower), f"the type was {before.kind} and is {after.kind}"
    if before.null != after.null:
        yield (wider, "may be null") if after.null else (narrower, "may no longer be null")
    if not before.values or not after.values:
        if before.values:
            yield wider, "any value is possible"
        elif after.values:
            yield narrower, f"only {', '.join(sorted(after.values))}"
    else:
        # Programs send it and compare with it, so it is missed on either side.
        yield from ((BREAKING, f"the value {value!r} was removed") for value in sorted(before.values - after.values))
        yield from ((COMPATIBLE, f"the value {value!r} is new") for value in sorted(after.values - before.values))
    if before.bounds != after.bounds:
        tighter = _tighter(before.bounds, after.bounds)
        # More or longer values than before do not stop a reader.
        yield (narrower, "the bounds are tighter") if tighter else (COMPATIBLE, "the bounds are wider")
    if before.pattern != after.pattern:
        yield (narrower, f"has to match {after.pattern}") if after.pattern else (COMPATIBLE, "the pattern is gone")


def _kinds(before: str, after: str, wider: Weight, narrower: Weight) -> Weight:
    old, new = set(before.split("|")), set(after.split("|"))
    if before == "any" or new < old or (before, after) == ("number", "integer"):
        return narrower
    if after == "any" or old < new or (before, after) == ("integer", "number"):
        return wider
    # Without a format it is still the same type.
    plain = before.partition(":")[0], after.partition(":")[0]
    if plain[0] == plain[1]:
        return narrower if ":" in after else wider
    return BREAKING


def _tighter(old: Bounds, new: Bounds) -> bool:
    if len(old) != len(new):
        return len(new) > len(old)
    return any(
        (least is not None and (low is None or least > low)) or (most is not None and (high is None or most < high))
        for (low, high), (least, most) in zip(old, new, strict=True)
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
