"""What was measured, by work, figure and contender; medians, spread and ratios of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One column of figures: what is counted, and whether more is better. ``goal`` is DESIGN's, in words."""

    line: str
    unit: str
    more_is_better: bool = True
    goal: str = ""


@dataclass
class Results:
    """Samples in the order in which they were taken, one a round."""

    figures: dict[str, Figure] = field(default_factory=dict)
    samples: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Who failed in what, and why."""

    def add(self, figure: Figure, contender: str, sample: float) -> None:
        self.figures.setdefault(figure.line, figure)
        self.samples.setdefault((figure.line, contender), []).append(sample)

    def failed(self, contender: str, what: str, why: str) -> None:
        note = f"{contender}, {what}: {why}"
        if note not in self.notes:
            self.notes.append(note)

    def median(self, line: str, contender: str) -> float | None:
        taken = self.samples.get((line, contender))
        return None if not taken else statistics.median(taken)

    def contenders(self, line: str) -> list[str]:
        return [contender for known, contender in self.samples if known == line]

    def ratio(self, line: str, ours: str, theirs: str) -> float | None:
        """How many times better we are: the median over rounds that both have, else the ratio of medians."""
        mine, other = self.samples.get((line, ours), []), self.samples.get((line, theirs), [])
        if not mine or not other:
            return None
        if len(mine) == len(other):
            pairs: Iterable[tuple[float, float]] = zip(mine, other, strict=True)
        else:
            pairs = [(statistics.median(mine), statistics.median(other))]
        ratios = [_better(self.figures[line], *pair) for pair in pairs]
        return statistics.median(ratios)


def _better(figure: Figure, ours: float, theirs: float) -> float:
    if figure.more_is_better:
        return ours / theirs if theirs else float("inf")
    return theirs / ours if ours else float("inf")
