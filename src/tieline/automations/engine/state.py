"""What formulas see while a run goes on: outputs of blocks, variables, the items of running loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tieline.automations.formulas import MISSING

ASIDE_FROM = 256 * 1024  # bytes on disk; larger outputs are kept apart from the journal
MEMORY_BUDGET = 48 * 2**20  # bytes of such outputs held at once
MOST_WARNINGS = 100  # that a run keeps
OUTPUT_LIMIT = 5 * 2**20  # bytes that output blocks may collect in one run

EMPTY: dict[str, Any] = {"string": "", "number": 0, "list": [], "object": {}, "table": []}


class LoopList(list[Any]):
    """A collected list that also knows the item of the loop that runs over it (`$.name` and `$.name.item`)."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(values)
        self.fields: dict[str, Any] = {}


class Aside:
    """Stands for an output that lies apart; `State.ensure` puts the value back before a formula asks for it."""

    __slots__ = ("blob", "size")

    def __init__(self, blob: str, size: int) -> None:
        self.blob = blob
        self.size = size


class State:
    """One run's data. Names are reference names of blocks, or names of variables, which win."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables: dict[str, Any] = {name: _empty(kind) for name, kind in variables.items()}
        self.shared: set[str] = set()  # variables that somebody has looked at since they were last copied
        self.outputs: dict[str, Any] = {}
        self.asides: dict[str, Aside] = {}
        self.fields: dict[str, dict[str, Any]] = {}  # of collected lists: the item of their loop
        self.shown: list[Any] = []
        self.shown_bytes = 0
        self.warnings: list[dict[str, Any]] = []
        self.title = ""
        self.items = 0  # items of outermost loops that are done
        self.written: set[str] | None = None  # names of outputs, where somebody wants to know

    def begin_with(self, sample: Mapping[str, Any]) -> None:
        """Outputs and variables by reference name, before anything has run."""
        for name, value in sample.items():
            if name in self.variables:
                self.variables[name] = value
            else:
                self.put(name, value)

    def fork(self) -> State:
        """A state that begins as this one and changes alone."""
        other = State({})
        other.variables = dict(self.variables)
        other.shared = set(self.variables)
        self.shared |= other.shared
        other.outputs = dict(self.outputs)
        other.asides = dict(self.asides)
        other.fields = dict(self.fields)
        other.written = set()
        return other

    def absorb(self, other: State) -> None:
        """Takes over outputs and warnings of a fork; variables and what it showed come by their blocks."""
        for name in other.written or ():
            self.put(name, other.outputs.get(name), other.asides.get(name))
        self.warnings += other.warnings[: max(0, MOST_WARNINGS - len(self.warnings))]

    def get(self, name: str) -> Any:
        """The value behind ``$.name`` (the formula scope)."""
        if name in self.variables:
            self.shared.add(name)
            return self.variables[name]
        return self.outputs.get(name, MISSING)

    def own(self, name: str) -> Any:
        """The value of a variable, to be changed in place: copied first where somebody may still hold it."""
        value = self.variables.get(name)
        if name in self.shared:
            self.shared.discard(name)
            if isinstance(value, (list, dict)):
                return value.copy()
        return value

    def put(self, name: str, value: Any, aside: Aside | None = None) -> None:
        """Sets a block's output; ``aside`` says where it lies when it is large."""
        self.outputs[name] = value
        if self.written is not None:
            self.written.add(name)
        if isinstance(value, LoopList):
            self.fields[name] = value.fields
        elif self.fields:
            self.fields.pop(name, None)
        if aside is not None:
            self.asides[name] = aside
            self._evict(keep=name)
        elif self.asides:
            self.asides.pop(name, None)

    def _evict(self, keep: str) -> None:
        held = sum(aside.size for name, aside in self.asides.items() if not isinstance(self.outputs.get(name), Aside))
        for name, aside in self.asides.items():
            if held <= MEMORY_BUDGET:
                return
            if name != keep and not isinstance(self.outputs[name], Aside):
                self.outputs[name] = aside
                held -= aside.size

    def absent(self, roots: frozenset[str]) -> list[tuple[str, Aside]]:
        """Names that a block is about to use and whose values lie apart."""
        if not self.asides:
            return []
        found = ((name, self.outputs.get(name)) for name in roots)
        return [(name, value) for name, value in found if isinstance(value, Aside)]

    def restore_value(self, name: str, value: Any) -> None:
        """Brings an output back that lay apart."""
        self.outputs[name] = self._with_fields(name, value)
        self._evict(keep=name)

    def _with_fields(self, name: str, value: Any) -> Any:
        if name not in self.fields or not isinstance(value, list):
            return value
        found = LoopList(value)
        found.fields = self.fields[name]
        return found

    def snapshot(self) -> dict[str, Any]:
        """Plain data for a checkpoint; outputs that lie apart go in as references."""
        kept: dict[str, Any] = {}
        for name, value in self.outputs.items():
            if name in self.asides:
                kept[name] = None
            elif isinstance(value, LoopList):
                kept[name] = list(value)
            else:
                kept[name] = value
        return {
            "o": kept,
            "b": {name: [aside.blob, aside.size] for name, aside in self.asides.items()},
            "v": self.variables,
            "f": self.fields,
            "s": self.shown,
            "sb": self.shown_bytes,
            "w": self.warnings,
            "t": self.title,
            "n": self.items,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """The inverse of `snapshot`."""
        self.fields = data["f"]
        self.outputs = {name: self._with_fields(name, value) for name, value in data["o"].items()}
        self.asides = {name: Aside(blob, size) for name, (blob, size) in data["b"].items()}
        self.outputs.update(self.asides)
        self.variables = data["v"]
        self.shared.clear()
        self.shown, self.shown_bytes = data["s"], data["sb"]
        self.warnings = data["w"]
        self.title = data["t"]
        self.items = data["n"]


def _empty(kind: str) -> Any:
    value = EMPTY.get(kind, "")
    return value.copy() if isinstance(value, (list, dict)) else value
