"""Chance where it spreads load and guards nothing."""

from __future__ import annotations

import random

_source = random.Random()  # noqa: S311


def between(low: float, high: float) -> float:
    """An even draw; seeded by the operating system, so that workers that start together do not draw alike."""
    return _source.uniform(low, high)
