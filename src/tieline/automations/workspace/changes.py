"""One change between two documents: as data, and as a line to read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LONGEST = 1000  # characters of a value in `Change.as_dict`
SHORT = 60  # of a value in `Change.text`


@dataclass(frozen=True)
class Change:
    """``kind``: added, removed, moved, renamed, changed, enabled, disabled, variable-added, variable-removed,
    variable-renamed, variable-changed, renumbered (blocks have other ids), layout (nothing that runs).

    ``block`` is the name of the block (or variable), ``field`` what of it changed, in words. Of blocks that were added,
    removed or moved, ``old`` and ``new`` are their places in words.
    """

    kind: str
    block_id: str
    block: str
    field: str
    old: Any
    new: Any
    type: str = ""  # of a block that was added or removed

    def as_dict(self) -> dict[str, Any]:
        """Plain data; very large values are cut to a text."""
        return {
            "kind": self.kind,
            "blockId": self.block_id,
            "block": self.block,
            "field": self.field,
            "old": _bounded(self.old),
            "new": _bounded(self.new),
            "text": self.text(),
        }

    def text(self) -> str:
        """One line, safe to print."""
        return "".join(sign if sign.isprintable() else " " for sign in self._line())

    def _line(self) -> str:
        if self.kind == "added":
            return f"added {_of(self.type)}“{_name(self.block)}” {self.new}"
        if self.kind == "removed":
            return f"removed {_of(self.type)}“{_name(self.block)}” {self.old}"
        if self.kind == "moved":
            return f"moved block “{_name(self.block)}”: {self.old} → {self.new}"
        if self.kind in ("enabled", "disabled"):
            return f"{self.kind} block “{_name(self.block)}”"
        if self.kind == "variable-added":
            return f"added variable “{_name(self.block)}” ({self.new})"
        if self.kind == "variable-removed":
            return f"removed variable “{_name(self.block)}” ({self.old})"
        if self.kind == "renumbered":
            return f"{self.new} block{'' if self.new == 1 else 's'} with another id"
        thing = "variable" if self.kind.startswith("variable-") else "block"
        about = f"{thing} “{_name(self.block)}”: " if self.block or self.block_id else ""
        if self.kind == "layout":
            return f"{about}layout ({self.field})"
        old, new = _brief(self.old, self.new)
        return f"{about}{self.field}: {old} → {new}"


def _of(kind: str) -> str:
    return f"{kind} " if kind else "block "


def _name(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _bounded(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else _plain(value)
    if len(text) <= LONGEST:
        return value
    return f"{text[:LONGEST]}… ({len(text):,} characters)"


def _brief(old: Any, new: Any) -> tuple[str, str]:
    """Both values on a line; of long ones the part where they begin to differ."""
    if old is None or new is None:
        return _word(old), _word(new)
    one, other = (value if isinstance(value, str) else _plain(value) for value in (old, new))
    if max(len(one), len(other)) <= SHORT:
        return _word(old), _word(new)
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, same - SHORT // 3)
    return _part(one, start), _part(other, start)


def _word(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return repr(value) if len(value) <= SHORT else _part(value, 0)
    text = _plain(value)
    return text if len(text) <= SHORT else _part(text, 0)


def _part(text: str, start: int) -> str:
    before = "…" if start else ""
    after = "…" if len(text) > start + SHORT else ""
    shown = repr(text[start : start + SHORT])
    return f"{shown[0]}{before}{shown[1:-1]}{after}{shown[-1]}"
