"""Runs of a page as lines in reading order: columns one after the other, running heads and feet left out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from tieline.connectors.importers.prose.pdf_runs import Page, Run

_MARGIN = 0.1
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|pagina|p\.?)?\s*-?\s*\d{1,4}\s*-?\s*(?:(?:of|/|von|van|sur|de)\s*\d{1,4})?", re.IGNORECASE
)


@dataclass(slots=True)
class Line:
    """One line: its cells from left to right, a cell being text without a wide gap in it."""

    page: int
    number: int
    y: float
    cells: list[Run] = field(default_factory=list)
    column: int = 0

    @property
    def x0(self) -> float:
        return self.cells[0].x0

    @property
    def x1(self) -> float:
        return self.cells[-1].x1

    @property
    def size(self) -> float:
        return max(cell.size for cell in self.cells)

    @property
    def text(self) -> str:
        """All of it, cells apart by a blank."""
        return " ".join(cell.text for cell in self.cells)

    @property
    def mono(self) -> bool:
        return all(cell.mono for cell in self.cells)

    @property
    def bold(self) -> bool:
        return all(cell.bold for cell in self.cells)


def lines_of(pages: list[Page]) -> list[Line]:
    """All lines of a document in reading order, without what stands on every page."""
    by_page = [_lines(page) for page in pages]
    repeated = _repeated(pages, by_page)
    found: list[Line] = []
    for page, lines in zip(pages, by_page, strict=True):
        kept = [line for line in lines if not _is_margin(line, page, repeated)]
        found += _in_columns(kept, page)
    return found


def _lines(page: Page) -> list[Line]:
    """Runs on one baseline, top to bottom."""
    rows: list[list[Run]] = []
    for run in sorted(page.runs, key=lambda one: (-one.y, one.x0)):
        if rows and abs(rows[-1][0].y - run.y) <= 0.35 * min(run.size, rows[-1][0].size):
            rows[-1].append(run)
        else:
            rows.append([run])
    found: list[Line] = []
    for number, row in enumerate(rows, 1):
        line = Line(page.number, number, row[0].y, _cells(sorted(row, key=lambda one: one.x0), page))
        found.append(line)
    return found


def _cells(row: list[Run], page: Page) -> list[Run]:
    """Join runs that stand side by side; code inside prose gets its backticks."""
    cells: list[list[Run]] = []
    for run in row:
        if cells:
            before = cells[-1][-1]
            gap = run.x0 - before.x1
            em = min(before.size, run.size)
            if gap < -0.5 * em and run.text == before.text:
                continue  # printed twice for a bold look
            wide = 1.15 * em if not (before.mono and run.mono) else 2.6 * em
            if gap < wide and not _ruled(before.x1, run.x0, run.y, page):
                cells[-1].append(run)
                continue
        cells.append([run])
    return [_joined(cell) for cell in cells]


def _ruled(left: float, right: float, y: float, page: Page) -> bool:
    if len(page.down) > 4000:
        return False
    return any(left - 1 <= x <= right + 1 and low - 1 <= y <= high + 1 for x, low, high in page.down)


def _joined(runs: list[Run]) -> Run:
    all_mono = all(run.mono for run in runs)
    parts: list[str] = []
    inside = False
    for index, run in enumerate(runs):
        if index:
            before = runs[index - 1]
            gap = run.x0 - before.x1
            blanks = round(gap / (0.6 * run.size)) if all_mono else int(gap > 0.13 * run.size)
        else:
            blanks = 0
        if not all_mono and run.mono != inside:
            parts.append("`" if inside else "")
            parts.append(" " * min(blanks, 1) + ("" if inside else "`"))
            inside = not inside
        else:
            parts.append(" " * min(max(blanks, 0), 200))
        parts.append(run.text)
    if inside:
        parts.append("`")
    bold = sum(len(run.text) for run in runs if run.bold) >= 0.9 * sum(len(run.text) for run in runs)
    return Run(runs[0].x0, runs[-1].x1, runs[0].y, max(run.size for run in runs), "".join(parts), all_mono, bold)


def _repeated(pages: list[Page], by_page: list[list[Line]]) -> set[tuple[str, int]]:
    """Texts (digits left out) that stand at the same height in the margins of nearly all pages."""
    counts: Counter[tuple[str, int]] = Counter()
    for page, lines in zip(pages, by_page, strict=True):
        counts.update({(_shape(line.text), round(line.y / 3)) for line in lines if _in_margin(line, page)})
    # Left and right pages may have heads of their own; the first page often has none.
    enough = max(2, len(pages) if len(pages) < 3 else len(pages) - 1 if len(pages) < 6 else (len(pages) * 2) // 5)
    return {one for one, count in counts.items() if count >= enough and one[0]}


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", text.replace("`", ""))


def _in_margin(line: Line, page: Page) -> bool:
    return line.y > page.height * (1 - _MARGIN) or line.y < page.height * _MARGIN


def _is_margin(line: Line, page: Page, repeated: set[tuple[str, int]]) -> bool:
    if not _in_margin(line, page):
        return False
    return (_shape(line.text), round(line.y / 3)) in repeated or bool(_PAGE_NUMBER.fullmatch(line.text))


def _in_columns(lines: list[Line], page: Page) -> list[Line]:
    """Two columns of prose are read one after the other; a line over both ends a pair of columns."""
    if len(lines) < 16:
        return lines
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    ruled = {id(line) for line in lines if _is_row(line, page)}
    middle = _gutter([line for line in lines if id(line) not in ruled], left, right)
    if middle is None:
        return lines
    found: list[Line] = []
    band: list[Line] = []
    for line in lines:
        if id(line) in ruled or any(cell.x0 < middle - 4 and cell.x1 > middle + 4 for cell in line.cells):
            found += _split(band, middle)
            band = []
            found.append(line)
        else:
            band.append(line)
    return found + _split(band, middle)


def _is_row(line: Line, page: Page) -> bool:
    """A line of a table with rules between its cells."""
    return any(_ruled(one.x1, other.x0, one.y, page) for one, other in zip(line.cells, line.cells[1:], strict=False))


def _gutter(lines: list[Line], left: float, right: float) -> float | None:
    """The x that next to no cell crosses though both sides are filled with prose, None where there is none."""
    width = right - left
    if width <= 100:
        return None
    cells = [cell for line in lines for cell in line.cells]
    starts = Counter(round(cell.x0) for cell in cells if 0.3 * width < cell.x0 - left < 0.7 * width)
    if not starts:
        return None
    # The gutter lies left of where most lines of the right column start.
    start = starts.most_common(1)[0][0]
    start = min(one for one, count in starts.items() if (one >= start - 30 and count >= 2) or one == start)
    middle = start - 4.0
    crossing = sum(1 for cell in cells if cell.x0 < middle - 2 and cell.x1 > middle + 2)
    if crossing > 0.12 * len(lines):
        return None
    before = [cell for cell in cells if cell.x1 <= middle + 2]
    behind = [cell for cell in cells if cell.x0 >= middle - 2]
    if min(len(before), len(behind)) < 8:
        return None
    edge = max(cell.x1 for cell in before)
    full_left = sum(1 for cell in before if cell.x1 - left > 0.75 * (edge - left))
    full_right = sum(1 for cell in behind if cell.x1 - start > 0.75 * (right - start))
    starts_left = sum(1 for cell in before if cell.x0 - left < 0.25 * (edge - left))
    if start - left < 0.35 * width:
        return None
    # Short cells on the left are the names of a table, with their meaning beside them.
    filled = (
        min(edge - left, right - start) >= 0.35 * width
        and full_left >= 0.12 * len(before)
        and full_right >= 0.12 * len(behind)
        and starts_left >= 0.7 * len(before)
    )
    return middle if (filled and not _many_cells(lines)) or _independent(lines, middle) else None


def _independent(lines: list[Line], middle: float) -> bool:
    """Both sides have lines of their own: the rows of a table begin on the left, and only its titles stand alone."""
    left = sum(1 for line in lines if line.x1 <= middle + 2 and not line.bold)
    right = sum(1 for line in lines if line.x0 >= middle - 2)
    return left >= 0.15 * len(lines) and right >= 0.15 * len(lines) and not _many_cells(lines)


def _many_cells(lines: list[Line]) -> bool:
    """A table has more than two cells in many of its rows."""
    return sum(1 for line in lines if len(line.cells) > 2) > 0.3 * len(lines)


def _split(lines: list[Line], middle: float) -> list[Line]:
    found: list[Line] = []
    for column in (0, 1):
        for line in lines:
            cells = [cell for cell in line.cells if (cell.x0 >= middle - 2) == bool(column)]
            if cells:
                found.append(Line(line.page, line.number, line.y, cells, column))
    return found
