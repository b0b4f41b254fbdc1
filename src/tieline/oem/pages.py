"""Pages by number, as the partner's API shows lists."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Select, func, select

from tieline.storage.unit import Unit


class Page(Struct, frozen=True):
    """``rows`` of page ``number`` (1 is the first) of ``size``, of ``total`` in all."""

    rows: list[dict[str, Any]]
    number: int
    size: int
    total: int


async def page_of(unit: Unit, statement: Select[Any], number: int, size: int) -> Page:
    """One page of a SELECT that has an order."""
    total: int = await unit.scalar(select(func.count()).select_from(statement.order_by(None).subquery()))
    rows = await unit.all(statement.limit(size).offset((number - 1) * size))
    return Page(rows, number, size, total)
