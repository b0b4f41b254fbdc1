"""Answers for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tieline.server.cli.common import say, table

_WIDEST = 120


def show_rows(rows: Sequence[Any], columns: Sequence[str]) -> None:
    """A table of these columns."""
    names = [one for one in columns if any(isinstance(row, Mapping) and row.get(one) is not None for row in rows)]
    if not names:
        for row in rows:
            say(_cell(row))
        return
    cells = ([_cell(row.get(one)) if isinstance(row, Mapping) else "" for one in names] for row in rows)
    table(cells, *(one.upper() for one in names))


def show(answer: Any) -> None:
    """An object line by line, a text as it is."""
    if isinstance(answer, str):
        say(answer.rstrip("\n"))
    elif isinstance(answer, Mapping):
        width = max((len(name) for name in answer), default=0)
        for name, value in answer.items():
            if value not in (None, "", [], {}):
                say(f"{name:{width}}  {_text(value)}")
    elif answer is not None:
        say(json.dumps(answer, ensure_ascii=False))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> str:
    text = "" if value is None else _text(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
