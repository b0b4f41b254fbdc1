"""Changes as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from tieline.api.published.changes.compare import Change
from tieline.api.published.changes.types import BREAKING, COMPATIBLE, DOCUMENTATION

_HEADINGS = {BREAKING: "Breaking", COMPATIBLE: "Compatible", DOCUMENTATION: "Documentation"}


def summary(changes: Sequence[Change]) -> dict[str, int]:
    """How many there are of each weight."""
    return {weight: sum(1 for one in changes if one.weight == weight) for weight in _HEADINGS}


def line(change: Change) -> str:
    """A change in one line."""
    where = f" {change.where}" if change.where else ""
    return f"{change.subject}{where}: {change.what}"


def markdown(changes: Sequence[Change], title: str) -> str:
    """An entry of a change log, with its newline; says so where nothing changed."""
    lines = [f"## {title}", ""]
    if not changes:
        lines += ["No changes.", ""]
    for weight, heading in _HEADINGS.items():
        own = [one for one in changes if one.weight == weight]
        if own:
            lines += [f"### {heading}", ""]
            for one in own:
                where = f" `{one.where}`" if one.where else ""
                lines.append(f"* `{one.subject}`{where}: {one.what}")
            lines.append("")
    return "\n".join(lines)
