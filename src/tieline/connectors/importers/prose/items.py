"""The neutral stream that every prose format is turned into: headings, paragraphs, list entries, tables and code."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Literal

from tieline.connectors.manifest.errors import DocumentTooLarge

MAX_ITEMS = 60_000
MAX_TEXT = 20_000_000
MAX_CELLS = 200_000
_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
    "\u00a0": " ",
    "\u2007": " ",
    "\u202f": " ",
    "\u00ad": "",
    "\u200b": "",
    "\u200c": "",
    "\u200d": "",
    "\u2060": "",
    "\ufeff": "",
    "\u2011": "-",
}
_TABLE = str.maketrans(_LIGATURES)
_CODE_TABLE = str.maketrans(
    {"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'", "\u2212": "-", "\r": ""}
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands; page 0 = the document has no pages."""

    page: int = 0
    line: int = 0

    def __str__(self) -> str:
        return f"page {self.page}, line {self.line}" if self.page else f"line {self.line}"


@dataclass(slots=True)
class Item:
    """One piece of the document. Code inside running text stands between backticks.

    ``level``: of a heading (1 = top) or the depth of a list entry (0 = outermost). ``rows``: the cells of a table, the
    header first where ``headed``; a definition list is a table of two columns without header.
    """

    kind: Literal["heading", "paragraph", "entry", "table", "code"]
    place: Place
    text: str = ""
    level: int = 0
    language: str = ""
    strong: bool = False  # the whole paragraph is bold
    rows: list[list[str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)  # of the rows
    headed: bool = False

    def row_place(self, index: int) -> Place:
        """Where a row stands."""
        return self.places[index] if index < len(self.places) else self.place


class Clock:
    """The time that one document may take."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """True once the time is used up."""
        return time.monotonic() > self._until

    def check(self) -> None:
        """Raises `DocumentTooLarge` once the time is used up."""
        if self.over:
            raise DocumentTooLarge("It takes too long to read; give the pages that document the API alone.")


def clean(text: str) -> str:
    """One line of prose: ligatures opened, odd blanks and control characters gone, white space collapsed."""
    return " ".join(_CONTROL.sub("", text.translate(_TABLE)).split())


def clean_code(text: str) -> str:
    """Code keeps its lines and indentation; typographic quotes are what a word processor made of straight ones."""
    text = _CONTROL.sub("", text.translate(_TABLE).translate(_CODE_TABLE)).expandtabs(4)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def plain_text(text: str) -> str:
    """Without the marks of inline code."""
    return text.replace("`", "")
