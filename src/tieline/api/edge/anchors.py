"""Lists that go on beside a row: ``startingAfter`` and ``endingBefore`` are ids, never both.

The rows stay where they are between two pages, but for those that others change meanwhile; a row that is gone cannot be
gone on from, and is told as a parameter that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request
from msgspec import Struct
from sqlalchemy import Select

from tieline.api.edge.access import Call
from tieline.api.edge.ids import parse_id
from tieline.api.edge.lists import number, one_value, page_parameters, query_parameter
from tieline.core import sorting
from tieline.core.errors import BadInput
from tieline.core.paging import BadCursor, Position
from tieline.core.sorting import Sort
from tieline.storage.unit import Unit
from tieline.tenancy.listing import Listing

_AFTER, _BEFORE = "startingAfter", "endingBefore"


class AnchorQuery(Struct, frozen=True):
    """What a client asked of a list. ``given`` holds the parameters as they came, for the links."""

    limit: int
    sort: Sort
    anchor: str
    backwards: bool
    given: tuple[tuple[str, str], ...]


class Anchored(Struct, frozen=True):
    """How one list behaves. ``sorts`` are the fields of the listing that clients may name."""

    listing: Listing
    sorts: tuple[str, ...]
    default_sort: str
    default_limit: int = 10
    maximum: int = 100
    minimum: int = 0
    kept: tuple[str, ...] = ()
    """Other parameters of the list that its links repeat."""

    async def read(self, request: Request) -> AnchorQuery:
        """The query of a request; a dependency. Raises `BadInput` for the first parameter that breaks a rule."""
        names = ("limit", "sort", *self.kept)
        given = [(name, value) for name in names if (value := one_value(request, name)) is not None]
        after, before = one_value(request, _AFTER), one_value(request, _BEFORE)
        if after is not None and before is not None:
            raise BadInput(f"Send either {_AFTER} or {_BEFORE}, not both.", parameter=_BEFORE)
        sort = one_value(request, "sort")
        return AnchorQuery(
            limit=number(request, "limit", self.default_limit, self.minimum, self.maximum),
            sort=sorting.parse(self.default_sort if sort is None else sort, self.sorts),
            anchor=(after or before) or "",
            backwards=before is not None and before != "",
            given=tuple(given),
        )

    async def answer(
        self,
        call: Call,
        unit: Unit,
        query: AnchorQuery,
        statement: Select[Any],
        show: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> dict[str, Any]:
        """The body of the list: ``{"data": [...], "links": {"self": ..., "next": ..., "prev": ...}}``; a link that
        leads nowhere is not there. Raises `BadCursor` for a row that the caller's list does not have."""
        position = await self._position(unit, query, statement)
        data: list[dict[str, Any]] = []
        links = {"self": _link(call, query.given, _here(query))}
        if query.limit:
            page = await self.listing.page(unit, statement, None, query.sort, position=position, limit=query.limit)
            data = [show(row) for row in page.rows]
            for name, where in (("next", page.next), ("prev", page.previous)):
                if where is not None:
                    parameter = _BEFORE if where.backwards else _AFTER
                    links[name] = _link(call, query.given, [(parameter, str(where.id))])
        return {"data": data, "links": links}

    async def _position(self, unit: Unit, query: AnchorQuery, statement: Select[Any]) -> Position | None:
        if not query.anchor:
            return None
        parameter = _BEFORE if query.backwards else _AFTER
        unknown = BadCursor(f"The parameter {parameter} names nothing that is in this list.", parameter=parameter)
        try:
            identifier = parse_id(query.anchor, "entry", BadInput)
        except BadInput:
            raise unknown from None
        found = await self.listing.beside(unit, statement, query.sort, identifier, backwards=query.backwards)
        if found is None:
            raise unknown
        return found

    def parameters(self) -> list[dict[str, Any]]:
        """The query parameters as OpenAPI parameter objects."""
        return [
            query_parameter(_AFTER, {"type": "string"}, f"The id of the row before; not together with `{_BEFORE}`."),
            query_parameter(_BEFORE, {"type": "string"}, f"The id of the row behind; not together with `{_AFTER}`."),
            *page_parameters(
                self.sorts,
                minimum=self.minimum,
                maximum=self.maximum,
                default=self.default_limit,
                default_sort=self.default_sort,
            ),
        ]


def _here(query: AnchorQuery) -> list[tuple[str, str]]:
    return [(_BEFORE if query.backwards else _AFTER, query.anchor)] if query.anchor else []


def _link(call: Call, given: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {"href": call.edge.origin.link(call.request, [*given, *more]).removesuffix("?")}
