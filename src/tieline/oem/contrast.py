"""Contrast of two colours (WCAG 2.2, "relative luminance" and "contrast ratio"), and the nearest that has enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

TEXT: Final = 4.5  # success criterion 1.4.3
CONTROL: Final = 3.0  # 1.4.11
COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}\Z")

_STEPS: Final = 256

Rgb = tuple[float, float, float]


def ratio(one: str, other: str) -> float:
    """From 1 to 21, of two colours written ``#rrggbb``."""
    lighter, darker = sorted((_luminance(_read(one)), _luminance(_read(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def shown(value: float) -> float:
    """A ratio with two digits, cut and not rounded: 4.499 is less than 4.5 and has to look so."""
    return int(value * 100) / 100


def nearest(colour: str, good: Callable[[str], bool]) -> str | None:
    """The colour of the same hue with the least change towards black or white that is ``good``; None where none is."""
    for candidate in _towards(colour):
        if good(candidate):
            return candidate
    return None


def _towards(colour: str) -> Iterator[str]:
    red, green, blue = _read(colour)
    for step in range(_STEPS + 1):
        part = step / _STEPS
        yield _written((red * (1 - part), green * (1 - part), blue * (1 - part)))
        yield _written((red + (1 - red) * part, green + (1 - green) * part, blue + (1 - blue) * part))


def _read(colour: str) -> Rgb:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _written(colour: Rgb) -> str:
    return "#" + "".join(f"{round(one * 255):02x}" for one in colour)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
