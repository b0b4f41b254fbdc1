"""How much of a foreign document we are willing to read.

The largest public API document known to us has 35 MB and some two million values, none nests deeper than 80 levels.
"""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 64 * 2**20
MAX_VALUES: Final = 4_000_000
MAX_DEPTH: Final = 500
MAX_ALIASED: Final = 1_000_000  # values that YAML aliases and merge keys stand for, all together
MAX_INTEGER_DIGITS: Final = 400
MAX_PARTS: Final = 2_000  # further files of one documentation
