"""PDF documents as items: headings by size and weight, code by face, tables by their gaps and rules."""

from __future__ import annotations

import re
from collections import Counter

from tieline.connectors.importers.prose import codeish
from tieline.connectors.importers.prose.items import MAX_ITEMS, Clock, Item, Place, clean, clean_code
from tieline.connectors.importers.prose.pdf_lines import Line, lines_of
from tieline.connectors.importers.prose.pdf_runs import Page, read_pages
from tieline.connectors.importers.prose.pdf_tables import table_at
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument

_BULLET = re.compile(r"[•◦▪●‣∙·*–—-]|\(?\d{1,2}[.)]")
_BULLETED = re.compile(r"(?:[•◦▪●‣∙·]\s*|[*–—-]\s+|\(?\d{1,2}[.)]\s+)(?=\S)")
_METHOD = re.compile(r"`?(?:GET|POST|PUT|PATCH|DELETE|HEAD)`?\s+`?(?:/|https?:)")
_FIELD = re.compile(r"`?[A-Za-z_][\w.\[\]-]{0,60}`?(?:\s+\([^)]{2,60}\)|\s*(?::|[-–—])\s)")
_URLISH = re.compile(r"(?:https?://|/)\S*$")


def pdf_items(data: bytes, clock: Clock) -> tuple[list[Item], str]:
    """The items of a PDF and the title that it names.

    Raises `UnreadableDocument` for broken, encrypted and scanned files, `DocumentTooLarge` beyond the limits.
    """
    pages, title, pictures = read_pages(data, clock)
    lines = lines_of(pages)
    if sum(len(line.text) for line in lines) < 20:
        why = (
            "it seems to be scanned pictures; run it through text recognition (OCR) first"
            if pictures
            else "it is empty"
        )
        raise UnreadableDocument(f"The PDF holds no text: {why}.")
    items = _Reader(lines, pages, clock).items()
    return items, clean(title)[:200]


class _Reader:
    def __init__(self, lines: list[Line], pages: list[Page], clock: Clock) -> None:
        self.lines = lines
        self.pages = {page.number: page for page in pages}
        self.clock = clock
        self.found: list[Item] = []
        self.texts = [self._code_text(line) for line in lines]
        sizes = Counter[float]()
        for line in lines:
            sizes[round(line.size * 2) / 2] += len(line.text) if not line.mono else len(line.text) // 4
        self.body = sizes.most_common(1)[0][0]
        larger = sorted({size for size in (round(line.size * 2) / 2 for line in lines) if size >= self.body * 1.12})
        self.levels = {size: rank for rank, size in enumerate(reversed(larger[-5:]), 1)}
        self.edges = self._edges()
        words = {word for line in lines for word in re.findall(r"[A-Za-z]+(?:-[A-Za-z]+)*", line.text)}
        self.words = words

    def items(self) -> list[Item]:
        index = 0
        while index < len(self.lines):
            if index % 500 == 0:
                self.clock.check()
            if len(self.found) > MAX_ITEMS:
                raise DocumentTooLarge(f"More than {MAX_ITEMS:,} paragraphs; split the document.")
            index = self._step(index)
        return self.found

    def _step(self, at: int) -> int:
        line = self.lines[at]
        if self._is_entry(line):
            return self._entry(at)
        if len(line.cells) > 1 and not line.mono:
            table = table_at(self.lines, at, self.pages[line.page])
            if table is not None:
                rows, starts, end = table
                places = [Place(self.lines[one].page, self.lines[one].number) for one in starts]
                headed = all(cell.bold for cell in line.cells)
                self.found.append(Item("table", places[0], rows=rows, places=places, headed=headed))
                return end
        if line.mono:
            return self._code(at)
        level = self._level(at)
        if level:
            return self._heading(at, level)
        end = codeish.gather(self.texts, at)
        if end > at and not (end == at + 1 and codeish.kind_of(line.text) == ""):
            self._add_code(at, end)
            return end
        return self._paragraph(at)

    def _place(self, line: Line) -> Place:
        return Place(line.page, line.number)

    def _edges(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Left and right edge of the text of each page and column."""
        found: dict[tuple[int, int], list[Line]] = {}
        for line in self.lines:
            found.setdefault((line.page, line.column), []).append(line)
        return {
            key: (min(line.x0 for line in lines), sorted(line.x1 for line in lines)[int(0.97 * (len(lines) - 1))])
            for key, lines in found.items()
        }

    @staticmethod
    def _code_text(line: Line) -> str:
        """A line of code with its inner blanks."""
        parts: list[str] = []
        for index, cell in enumerate(line.cells):
            if index:
                width = 0.6 * cell.size
                parts.append(" " * min(max(int((cell.x0 - line.cells[index - 1].x1) / width), 1), 100))
            parts.append(cell.text)
        return "".join(parts)

    def _code(self, at: int) -> int:
        first = self.lines[at]
        end = at + 1
        while end < len(self.lines):
            line, before = self.lines[end], self.lines[end - 1]
            if not line.mono or line.column != first.column:
                break
            if line.page == before.page and before.y - line.y > 2.9 * max(line.size, before.size):
                break
            if line.page != before.page and codeish.depth("\n".join(self.texts[at:end])) <= 0:
                break
            if codeish.kind_of(self.texts[end]) and self._is_whole(at, end):
                break
            end += 1
        self._add_code(at, end)
        return end

    def _is_whole(self, at: int, end: int) -> bool:
        """True where a new sample begins though no gap shows it: two samples, one under the other."""
        kind = codeish.kind_of(self.texts[at])
        return (
            kind in ("json", "curl")
            and codeish.gather(self.texts[:end], at) == end
            and codeish.kind_of(self.texts[end]) != ""
        )

    def _add_code(self, at: int, end: int) -> None:
        lines = self.lines[at:end]
        left = min(line.x0 for line in lines)
        text = "\n".join(
            " " * min(round((line.x0 - left) / (0.6 * line.size)), 80) + self.texts[at + index]
            for index, line in enumerate(lines)
        )
        self.found.append(Item("code", self._place(lines[0]), clean_code(text)))

    def _level(self, at: int) -> int:
        line = self.lines[at]
        if len(line.cells) > 1 and line.x1 - line.x0 > 0 and not line.bold and line.size < self.body * 1.12:
            return 0
        text = line.text.strip()
        size = round(line.size * 2) / 2
        if size >= self.body * 1.12 and len(text) <= 150:
            return self.levels.get(size, 1)
        if not line.bold or len(text) > 90 or text.endswith((".", ",", ";")):
            return 0
        following = self.lines[at + 1] if at + 1 < len(self.lines) else None
        if following is not None and following.bold and following.page == line.page and len(text) > 60:
            return 0
        return len(self.levels) + 1

    def _heading(self, at: int, level: int) -> int:
        line = self.lines[at]
        text = line.text
        end = at + 1
        while end < len(self.lines) and level <= len(self.levels):
            other = self.lines[end]
            near = other.page == line.page and self.lines[end - 1].y - other.y < 1.4 * line.size
            if not near or abs(other.size - line.size) > 0.3 or _METHOD.match(other.text) or end - at > 2:
                break
            text += " " + other.text
            end += 1
        self.found.append(Item("heading", self._place(line), clean(text).replace("`", ""), level))
        return end

    @staticmethod
    def _is_entry(line: Line) -> bool:
        first = line.cells[0].text
        if len(line.cells) > 1 and _BULLET.fullmatch(first):
            return True
        return len(line.cells) == 1 and bool(_BULLETED.match(first)) and not line.mono

    def _entry(self, at: int) -> int:
        line = self.lines[at]
        text = _BULLETED.sub("", line.text, count=1)
        inner = line.cells[1].x0 if len(line.cells) > 1 and _BULLET.fullmatch(line.cells[0].text) else line.x0 + 4
        left = self.edges[line.page, line.column][0]
        end = at + 1
        while end < len(self.lines):
            other = self.lines[end]
            if self._is_entry(other) or other.mono or other.x0 < inner - 2 or self._level(end):
                break
            if not self._follows(end) or len(other.cells) > 1:
                break
            text = self._join(text, other.text)
            end += 1
        depth = min(max(int((line.x0 - left) / 14), 0), 8)
        self.found.append(Item("entry", self._place(line), clean(text), depth, strong=line.bold))
        return end

    def _follows(self, at: int) -> bool:
        """True where a line continues the paragraph of the line before it."""
        line, before = self.lines[at], self.lines[at - 1]
        if line.page != before.page or line.column != before.column:
            # Over the break only in the middle of a sentence.
            full = before.x1 >= self._right(before)
            return full and line.text[:1].islower() and not before.text.rstrip().endswith((".", ":", "!", "?"))
        return before.y - line.y <= 1.75 * max(line.size, before.size) and abs(line.size - before.size) < 1.2

    def _right(self, line: Line) -> float:
        left, right = self.edges[line.page, line.column]
        return left + 0.7 * (right - left)

    def _paragraph(self, at: int) -> int:
        line = self.lines[at]
        text, end = line.text, at + 1
        while end < len(self.lines):
            other, before = self.lines[end], self.lines[end - 1]
            if not self._follows(end) or self._is_entry(other) or other.mono or other.bold != line.bold:
                break
            if self._level(end) or _METHOD.match(other.text) or codeish.gather(self.texts, end) > end:
                break
            if before.x1 < self._right(before) or (
                _FIELD.match(other.text) and before.text.rstrip().endswith((".", ":"))
            ):
                break
            if len(other.cells) > 1 and table_at(self.lines, end, self.pages[other.page]) is not None:
                break
            text = self._join(text, other.text)
            end += 1
        self.found.append(Item("paragraph", self._place(line), clean(text), strong=line.bold))
        return end

    def _join(self, text: str, following: str) -> str:
        """Two lines of a paragraph: a word or an address that was cut becomes whole again."""
        if text.endswith("\u00ad"):
            return text[:-1] + following
        cut = re.search(r"([A-Za-z]{2,})-$", text)
        head = re.match(r"[a-z]+", following)
        if cut and head and not _URLISH.search(text.replace("`", "")):
            if f"{cut[1]}-{head[0]}" in self.words and cut[1] + head[0] not in self.words:
                return text + following
            return text[:-1] + following
        if text.endswith("`") and following.startswith("`") and _URLISH.search(text[:-1]):
            return text[:-1] + following[1:]
        last = _URLISH.search(text)
        if last and len(last[0]) > 8 and re.match(r"[\w{:?&=%.-]*[/=_?&{}][^\s]*|\?", following):
            return text + following
        if last and last[0].endswith(("/", "_", "=", "&", "?", "-")) and len(last[0]) > 4:
            return text + following
        return f"{text} {following}"
