"""Which elements of a sequence are out of order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def outside_longest_run(ranks: Sequence[int]) -> list[int]:
    """Places of the fewest elements that have to go for the rest to ascend. n log n."""
    tails: list[int] = []  # smallest last rank of an ascending run of each length
    at: list[int] = []  # where it is
    before = [-1] * len(ranks)
    for index, rank in enumerate(ranks):
        length = bisect_left(tails, rank)
        before[index] = at[length - 1] if length else -1
        if length == len(tails):
            tails.append(rank)
            at.append(index)
        else:
            tails[length], at[length] = rank, index
    kept: set[int] = set()
    index = at[-1] if at else -1
    while index >= 0:
        kept.add(index)
        index = before[index]
    return [index for index in range(len(ranks)) if index not in kept]
