"""Lists that go on by ``next`` and go back by ``prev``: both are cursors, sealed and bound to the caller's list.

What the first request asked (sort and filters) lies in the cursor; a later one may repeat it, but not change it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from msgspec import Struct
from sqlalchemy import Select

from tieline.api.edge.access import Call
from tieline.api.edge.lists import number, one_value, page_parameters, query_parameter
from tieline.core import sorting
from tieline.core.errors import BadInput
from tieline.core.paging import BadCursor, Cursor, Position
from tieline.storage.unit import Unit
from tieline.tenancy.listing import Listing


class TwowayQuery(Struct, frozen=True):
    """What a client asked of a list. ``wishes`` are the filters, ``given`` all parameters as they came."""

    limit: int
    sort: str
    wishes: tuple[tuple[str, str], ...]
    cursor: str
    parameter: str
    given: tuple[tuple[str, str], ...]


class Twoway(Struct, frozen=True):
    """How one list behaves. ``sorts`` are the fields of the listing that clients may name, ``filters`` its other
    parameters."""

    name: str
    listing: Listing
    sorts: tuple[str, ...]
    filters: tuple[str, ...] = ()
    default_sort: str = "id"
    default_limit: int = 20
    maximum: int = 100
    minimum: int = 1

    async def read(self, request: Request) -> TwowayQuery:
        """The query of a request; a dependency. Raises `BadInput` for the first parameter that breaks a rule."""
        following, back = one_value(request, "next"), one_value(request, "prev")
        if following and back:
            raise BadInput("Send either next or prev, not both.", parameter="prev")
        values = {name: one_value(request, name) for name in ("limit", "sort", *self.filters)}
        given = tuple((name, value) for name, value in values.items() if value is not None)
        sort = values["sort"]
        return TwowayQuery(
            limit=number(request, "limit", self.default_limit, self.minimum, self.maximum),
            sort=str(sorting.parse(sort, self.sorts)) if sort is not None else "",
            wishes=tuple(pair for pair in given if pair[0] in self.filters),
            cursor=(following or back) or "",
            parameter="prev" if back else "next",
            given=given,
        )

    async def answer(
        self,
        call: Call,
        unit: Unit,
        query: TwowayQuery,
        statement: Callable[[dict[str, str]], Select[Any]],
        show: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> dict[str, Any]:
        """The body of the list: ``{"data": [...], "links": {"self": ..., "next": ..., "prev": ...}}``; a link that
        leads nowhere is not there. ``statement`` makes the SELECT from the filters, by their names."""
        position, asked, wishes = self._asked(call, query)
        sort = sorting.parse(asked or self.default_sort, self.listing.sorts)
        rows = statement(dict(parse_qsl(wishes, keep_blank_values=True)))
        page = await self.listing.page(unit, rows, None, sort, position=position, limit=query.limit)

        def link(more: Sequence[tuple[str, str]]) -> dict[str, str]:
            return {"href": call.edge.origin.link(call.request, [*query.given, *more]).removesuffix("?")}

        def cursor_of(where: Position) -> str:
            return call.edge.cursors.write(Cursor(where, asked, wishes), self._context(call))

        links = {"self": link([(query.parameter, query.cursor)] if query.cursor else [])}
        for name, where in (("next", page.next), ("prev", page.previous)):
            if where is not None:
                links[name] = link([(name, cursor_of(where))])
        return {"data": [show(row) for row in page.rows], "links": links}

    def wishes(self, call: Call, query: TwowayQuery) -> dict[str, str]:
        """The filters by their names: those of the request, or those that its cursor carries. Raises `BadCursor`."""
        return dict(parse_qsl(self._asked(call, query)[2], keep_blank_values=True))

    def _asked(self, call: Call, query: TwowayQuery) -> tuple[Position | None, str, str]:
        """Place, sort and filters: a cursor carries them, and what else is sent must not contradict it."""
        wishes = urlencode(query.wishes)
        if not query.cursor:
            return None, query.sort, wishes
        cursor = call.edge.cursors.read(query.cursor, self._context(call), parameter=query.parameter)
        if (query.sort and query.sort != cursor.sort) or (wishes and wishes != cursor.filter):
            raise BadCursor(
                "The cursor was made for another sort or filter; start again without it.", parameter=query.parameter
            )
        return cursor.position, cursor.sort, cursor.filter

    def _context(self, call: Call) -> bytes:
        return f"{self.name}::{call.principal.tenant_id}:{call.principal.user_id}".encode()

    def parameters(self) -> list[dict[str, Any]]:
        """The query parameters as OpenAPI parameter objects, but for the filters."""
        return [
            query_parameter("next", {"type": "string"}, "Where the list goes on: taken from a link."),
            query_parameter("prev", {"type": "string"}, "Where the list goes back: taken from a link."),
            *page_parameters(self.sorts, minimum=self.minimum, maximum=self.maximum, default=self.default_limit),
        ]
