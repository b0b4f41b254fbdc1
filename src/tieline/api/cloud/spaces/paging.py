"""Lists of this family: any whole number is a limit, and each list says how many rows there are on all its pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from sqlalchemy import Select, func, select

from tieline.api.edge.access import Call
from tieline.api.edge.lists import one_value, query_parameter
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core import sorting
from tieline.core.errors import BadInput
from tieline.core.paging import BadLimit
from tieline.storage.unit import Unit

DEFAULT_LIMIT = 10
MOST = 100
_WHOLE = re.compile(r"-?[0-9]{1,10}")
_LARGEST = 2**31 - 1


def reading(twoway: Twoway) -> Callable[[Request], Coroutine[Any, Any, TwowayQuery]]:
    """The dependency of a list. A limit below 1 counts as 1, one above 100 as 100: the document bounds it by 32 bits.

    Raises `BadInput` for the first parameter that breaks a rule.
    """

    async def read(request: Request) -> TwowayQuery:
        following, back = one_value(request, "next"), one_value(request, "prev")
        if following and back:
            raise BadInput("Send either next or prev, not both.", parameter="prev")
        names = ("limit", *(("sort",) if twoway.sorts else ()), *twoway.filters)
        given = tuple((name, value) for name in names if (value := one_value(request, name)) is not None)
        values = dict(given)
        sort = values.get("sort") or None
        return TwowayQuery(
            limit=_limit(values.get("limit")),
            sort=str(sorting.parse(sort, twoway.sorts)) if sort is not None else "",
            wishes=tuple(pair for pair in given if pair[0] in twoway.filters),
            cursor=(following or back) or "",
            parameter="prev" if back else "next",
            given=given,
        )

    return read


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if _WHOLE.fullmatch(text) is None or not -_LARGEST - 1 <= int(text) <= _LARGEST:
        raise BadLimit("The limit is not a whole number of 32 bits.")
    return min(max(int(text), 1), MOST)


async def answer(
    call: Call,
    unit: Unit,
    twoway: Twoway,
    query: TwowayQuery,
    statement: Callable[[dict[str, str]], Select[Any]],
    show: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """The body of a list, with ``meta.count``."""
    asked: list[Select[Any]] = []

    def remembered(wishes: dict[str, str]) -> Select[Any]:
        asked.append(statement(wishes))
        return asked[0]

    body = await twoway.answer(call, unit, query, remembered, show)
    count = await unit.scalar(select(func.count()).select_from(asked[0].subquery()))
    return {**body, "meta": {"count": count}}


def parameters(twoway: Twoway) -> list[dict[str, Any]]:
    """The query parameters as OpenAPI parameter objects, but for the filters."""
    described = [
        query_parameter("limit", {"type": "integer", "format": "int32", "default": DEFAULT_LIMIT}, "At most 100."),
        query_parameter("next", {"type": "string"}, "Where the list goes on: taken from a link."),
        query_parameter("prev", {"type": "string"}, "Where the list goes back: taken from a link."),
    ]
    if twoway.sorts:
        sorts = ", ".join(f"`{name}`" for name in twoway.sorts)
        described.append(query_parameter("sort", {"type": "string"}, f"{sorts}, with `+` or `-` in front."))
    return described
