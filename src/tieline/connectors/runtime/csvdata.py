"""Comma- and tab-separated answers (RFC 4180) as records: the first row names the columns."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final

MAX_COLUMNS: Final = 10_000
MAX_ROWS: Final = 5_000_000
MAX_CELL: Final = 16 * 2**20
CSV_KINDS: Final = ("text/csv", "application/csv", "text/comma-separated-values", "application/vnd.ms-excel+csv")
TSV_KINDS: Final = ("text/tab-separated-values", "text/tsv")


class WrongTable(Exception):
    """The text says what is wrong, without showing data."""


def read_csv(text: str, content_type: str) -> list[dict[str, Any]]:
    """One object a row, all values text, null where a row is shorter than the first one; raises `WrongTable`.

    The delimiter is the one of ``, ; | tab`` that the first row has most of, unless the type says tab.
    """
    kind = content_type.partition(";")[0].strip().lower()
    text = text.removeprefix("\ufeff")
    hint = re.match(r"sep=(.)\r?\n", text)
    if hint:
        text = text[hint.end() :]
    delimiter = "\t" if kind in TSV_KINDS else hint.group(1) if hint else _delimiter(text)
    csv.field_size_limit(MAX_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    try:
        return _records(rows, header="header=absent" not in content_type.lower())
    except csv.Error as error:
        raise WrongTable(f"a broken row in comma-separated values ({error})") from None


def _records(rows: Any, *, header: bool) -> list[dict[str, Any]]:
    names: list[str] | None = None
    records: list[dict[str, Any]] = []
    for row in rows:
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        if len(row) > MAX_COLUMNS:
            raise WrongTable(f"comma-separated values with more than {MAX_COLUMNS} columns")
        if names is None:
            names = _names(row) if header else [f"column_{index}" for index in range(1, len(row) + 1)]
            if header:
                continue
        if len(records) >= MAX_ROWS:
            raise WrongTable(f"comma-separated values with more than {MAX_ROWS} rows")
        while len(names) < len(row):
            names.append(f"column_{len(names) + 1}")
        records.append(dict(zip(names, [*row, *[None] * (len(names) - len(row))], strict=True)))
    return records


def _names(row: list[str]) -> list[str]:
    found: dict[str, None] = {}
    tried: dict[str, int] = {}
    for index, cell in enumerate(row, 1):
        base = name = cell.strip() or f"column_{index}"
        while name in found:
            tried[base] = tried.get(base, 1) + 1
            name = f"{base}_{tried[base]}"
        found[name] = None
    return list(found)


def _delimiter(text: str) -> str:
    """Counted outside of quotes, in the first row that has something."""
    counts = dict.fromkeys(",;\t|", 0)
    quoted = False
    for char in text[:100_000]:
        if char == '"':
            quoted = not quoted
        elif not quoted and char in counts:
            counts[char] += 1
        elif not quoted and char in "\r\n" and any(counts.values()):
            break
    best = max(counts, key=lambda one: counts[one])
    return best if counts[best] else ","
