"""Tables of a PDF: columns by vertical rules or by where cells start, rows by rules or by the first column."""

from __future__ import annotations

from bisect import bisect_right

from tieline.connectors.importers.prose.items import clean
from tieline.connectors.importers.prose.pdf_lines import Line
from tieline.connectors.importers.prose.pdf_runs import Page, Run

_MAX_ROWS = 3_000


def table_at(lines: list[Line], at: int, page: Page) -> tuple[list[list[str]], list[int], int] | None:
    """The table that begins at line ``at``: its rows, the line each row begins with, and the index behind it.

    None where the lines are no table (fewer than two rows that share their columns).
    """
    rules = _columns_by_rules(lines[at], page)
    if rules:
        return _ruled(lines, at, page, rules)
    return _open(lines, at, page)


def _columns_by_rules(line: Line, page: Page) -> list[float]:
    """The x of the vertical rules that stand around a line."""
    y = line.y + 0.3 * line.size
    xs = sorted({round(x) for x, low, high in page.down if low - 1 <= y <= high + 1})
    merged: list[float] = []
    for x in xs:
        if not merged or x - merged[-1] > 4:
            merged.append(x)
    inside = [x for x in merged if line.x0 < x < line.x1]
    return merged if len(inside) >= 1 and len(merged) <= 41 else []


def _ruled(lines: list[Line], at: int, page: Page, rules: list[float]) -> tuple[list[list[str]], list[int], int] | None:
    heights = sorted({round(y, 1) for y, left, right in page.across if right > rules[0] and left < rules[-1]})
    rows: list[list[list[Run]]] = []
    starts: list[int] = []
    end, band = at, -1
    while end < len(lines) and len(rows) < _MAX_ROWS:
        line = lines[end]
        if line.page != page.number or line.column != lines[at].column:
            break
        y = line.y + 0.3 * line.size
        if end > at and not _stands_in(y, rules, page):
            break
        here = bisect_right(heights, y)
        if not rows or (here != band if heights else True):
            rows.append([[] for _ in range(max(len(rules) - 1, 1) + 2)])
            starts.append(end)
        band = here
        for cell in line.cells:
            rows[-1][bisect_right(rules, (cell.x0 + min(cell.x1, cell.x0 + 4)) / 2)].append(cell)
        end += 1
    return _finished(rows, starts, end)


def _stands_in(y: float, rules: list[float], page: Page) -> bool:
    around = sum(1 for x, low, high in page.down if low - 1 <= y <= high + 1 and rules[0] - 3 <= x <= rules[-1] + 3)
    return around >= 2


def _open(lines: list[Line], at: int, page: Page) -> tuple[list[list[str]], list[int], int] | None:
    """Without vertical rules: columns are where the cells of the first lines begin."""
    first = lines[at]
    starts = [cell.x0 for cell in first.cells]
    heights = sorted({round(y, 1) for y, left, right in page.across if right > first.x0 and left < first.x1})
    between = [y for y in heights if y < first.y]
    rows: list[list[list[Run]]] = []
    begun: list[int] = []
    end = at
    full = 0
    by_rule = False
    while end < len(lines) and len(rows) < _MAX_ROWS:
        line = lines[end]
        if line.page != first.page or line.column != first.column:
            break
        before = lines[end - 1] if end > at else line
        gap = before.y - line.y
        ruled = (
            any(line.y + 0.7 * line.size < y < before.y + 0.2 * line.size for y in between[-400:]) if end > at else True
        )
        if end > at and gap > (3.2 if ruled else 2.6) * max(line.size, before.size):
            break
        places = [_column(cell, starts) for cell in line.cells]
        if any(place < 0 for place in places) or len(set(places)) != len(places):
            break
        if len(line.cells) == 1 and (places[0] == 0 and not ruled):
            # One cell in the first column: text behind the table, unless its next line has the other cells.
            following = lines[end + 1] if end + 1 < len(lines) else None
            if following is None or len(following.cells) < 2 or line.x1 > (starts[1] if len(starts) > 1 else line.x1):
                break
        by_rule = by_rule or (ruled and end > at)
        new = ruled if by_rule and end > at else places[0] == 0
        if not rows or new:
            rows.append([[] for _ in starts])
            begun.append(end)
        for place, cell in zip(places, line.cells, strict=True):
            rows[-1][place].append(cell)
        full += len(line.cells) > 1
        end += 1
    if full < 2 or len(rows) < 2:
        return None
    return _finished(rows, begun, end)


def _column(cell: Run, starts: list[float]) -> int:
    """The column that a cell stands in, -1 where it fits none."""
    for index in range(len(starts) - 1, -1, -1):
        if cell.x0 >= starts[index] - 4:
            limit = starts[index + 1] if index + 1 < len(starts) else float("inf")
            return index if cell.x1 <= limit + 4 else -1
    return -1


def _finished(
    rows: list[list[list[Run]]], starts: list[int], end: int
) -> tuple[list[list[str]], list[int], int] | None:
    cells = [[_text(column) for column in row] for row in rows]
    used = [index for index in range(len(cells[0])) if any(row[index] for row in cells)] if cells else []
    if len(used) < 2:
        return None
    return [[row[index] for index in used] for row in cells], starts, end


def _text(runs: list[Run]) -> str:
    """The lines of one cell: what was cut because the column is narrow becomes whole again."""
    text = ""
    for run in runs:
        piece = clean(run.text)
        last = text.rsplit(" ", 1)[-1]
        if not text:
            text = piece
        elif (run.mono or "/" in last or "_" in last) and " " not in piece and last[-1:] in "/_-=&{.":
            text += piece
        elif text.endswith("-") and piece[:1].islower():
            text = text[:-1] + piece
        else:
            text = f"{text} {piece}"
    return text
