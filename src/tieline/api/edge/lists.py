"""Lists: the query of a request, the page, and the links to its neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import Request
from msgspec import Raw, Struct
from sqlalchemy import Select

from tieline.api.edge.access import Call
from tieline.core import filters, sorting
from tieline.core.errors import BadInput
from tieline.core.paging import BadCursor, BadLimit, Cursor, Position, check_limit
from tieline.storage.unit import Unit
from tieline.tenancy.listing import Listing

MAX_LIMIT = 200
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


class ListQuery(Struct, frozen=True):
    """What a client asked of a list. ``given`` holds the parameters as they came, for the links."""

    limit: int
    sort: str
    filter: str
    list_all: bool | None
    cursor: str
    cursor_name: str
    given: tuple[tuple[str, str], ...]


class _Asked(Struct, frozen=True):
    position: Position | None
    sort: str
    filter: str
    list_all: bool


class Lists(Struct, frozen=True):
    """How one list behaves: its name, its page size and what can be asked of it."""

    name: str
    listing: Listing
    default_limit: int = 100
    maximum: int = MAX_LIMIT
    default_sort: str = "id"
    list_all: bool | None = None  # the parameter's default; None = the list does not have it

    async def read(self, request: Request) -> ListQuery:
        """The query of a request; a dependency. Raises `BadInput` for the first parameter that breaks a rule."""
        names = ("cursor", "next", "limit", "sort", "filter", "listAll")
        given = {name: value for name in names if (value := one_value(request, name)) is not None}
        sort = given.get("sort")
        name, cursor = _cursor(given)
        return ListQuery(
            limit=_limit(given.get("limit"), self.default_limit, self.maximum),
            sort=str(sorting.parse(sort, self.listing.sorts)) if sort is not None else "",
            filter=given.get("filter", "").strip(),
            list_all=flag(request, "listAll"),
            cursor=cursor,
            cursor_name=name,
            given=tuple(pair for pair in given.items() if pair[0] not in {"cursor", "next"}),
        )

    async def answer(
        self,
        call: Call,
        unit: Unit,
        query: ListQuery,
        statement: Callable[[bool], Select[Any]],
        show: Callable[[dict[str, Any]], dict[str, Any] | Raw],
        *,
        cursor_name: str = "cursor",
        within: str = "",
    ) -> dict[str, Any]:
        """The body of the list: ``{"data": [...], "links": {...}}``.

        ``statement`` makes the SELECT, told whether all of the tenant is asked for; ``within`` sets apart lists below
        different parents.
        """
        context = f"{self.name}:{within}:{call.principal.tenant_id}:{call.principal.user_id}".encode()
        asked = self._asked(call, query, context)
        sort = sorting.parse(asked.sort or self.default_sort, self.listing.sorts)
        tree = filters.parse(asked.filter, self.listing.attributes) if asked.filter else None
        page = await self.listing.page(
            unit, statement(asked.list_all), tree, sort, position=asked.position, limit=query.limit
        )

        def link(where: Position | None) -> dict[str, str | None]:
            if where is None:
                return {"href": None}
            cursor = Cursor(where, asked.sort, asked.filter, _flags(asked.list_all))
            text = call.edge.cursors.write(cursor, context)
            return {"href": call.edge.origin.link(call.request, [*query.given, (cursor_name, text)])}

        links = {"next": link(page.next), "prev": link(page.previous)}
        return {"data": [show(row) for row in page.rows], "links": links}

    def _asked(self, call: Call, query: ListQuery, context: bytes) -> _Asked:
        """The question of the first request: a cursor carries it, and what else is sent must not contradict it."""
        list_all = bool(self.list_all) if query.list_all is None else query.list_all
        if not query.cursor:
            return _Asked(None, query.sort, query.filter, list_all)
        cursor = call.edge.cursors.read(query.cursor, context, parameter=query.cursor_name)
        if (
            (query.sort and query.sort != (cursor.sort or self.default_sort))
            or (query.filter and query.filter != cursor.filter)
            or (query.list_all is not None and cursor.flags != _flags(query.list_all))
        ):
            raise BadCursor(
                "The cursor was made for another sort, filter or listAll; start again without it.",
                parameter=query.cursor_name,
            )
        return _Asked(cursor.position, cursor.sort, cursor.filter, bool(cursor.flags))

    def parameters(self) -> list[dict[str, Any]]:
        """The query parameters as OpenAPI parameter objects."""
        described = [
            _parameter("cursor", {"type": "string"}, "Where the list goes on: taken from a link of the page before."),
            _parameter("next", {"type": "string"}, "The same as `cursor`."),
            _parameter(
                "filter",
                {"type": "string", "maxLength": filters.MAX_LENGTH},
                "SCIM expression (RFC 7644 section 3.4.2.2) on "
                + ", ".join(f"`{name}`" for name in self.listing.attributes)
                + ".",
            ),
            _parameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": self.maximum, "default": self.default_limit},
                "How many to give at most.",
            ),
            _parameter(
                "sort",
                {
                    "type": "string",
                    "enum": [sign + name for sign in ("", "+", "-") for name in self.listing.sorts],
                    "default": self.default_sort,
                },
                "The field that decides the order; `-` in front of it turns the order round.",
            ),
        ]
        if self.list_all is not None:
            described.append(
                _parameter(
                    "listAll",
                    {"type": "boolean", "default": self.list_all},
                    "Also what belongs to others and lies in no space; for tenant administrators.",
                )
            )
        return described


def one_value(request: Request, name: str) -> str | None:
    """A query parameter that has one value. Raises `BadInput` for a second one and for what is no text.

    The vendor's older JavaScript client adds its query to links that have it already, and leaves its ``+`` unencoded:
    the same value again, with blanks in place of ``+``, is no second value.
    """
    values = request.query_params.getlist(name)
    if len({value.replace(" ", "+") for value in values}) > 1:
        raise BadInput(f"The parameter {name} stands there with more than one value; send one.", parameter=name)
    if not values:
        return None
    # The server replaces bytes that are no UTF-8 by this character.
    if "\0" in values[0] or "\ufffd" in values[0]:
        raise BadInput(f"The parameter {name} holds characters that are no text.", parameter=name)
    return values[0]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _cursor(given: Mapping[str, str]) -> tuple[str, str]:
    cursor, following = given.get("cursor", ""), given.get("next", "")
    if cursor and following:
        raise BadInput("Send either cursor or next, not both.", parameter="next")
    return ("next", following) if following else ("cursor", cursor)


def _limit(text: str | None, default: int, maximum: int) -> int:
    if text is None:
        return default
    if _INTEGER.fullmatch(text) is None:
        raise BadLimit("The limit is not a whole number.")
    return check_limit(int(text), default=default, maximum=maximum)


def number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A query parameter that the document calls a number: whole, or cut down to the whole. Raises `BadLimit`."""
    text = one_value(request, name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) is None:
        raise BadLimit(f"The {name} is not a number.")
    value = float(text)
    if not least <= value <= most:
        raise BadLimit(f"The {name} is outside {least} to {most}; ask for fewer and follow links.next.href.")
    return int(value)


def flag(request: Request, name: str) -> bool | None:
    """A query parameter that is true or false; None where it was not sent. Raises `BadInput`."""
    text = one_value(request, name)
    return None if text is None else truth(name, text)


def truth(name: str, text: str) -> bool:
    """The value of a query parameter that is true or false. Raises `BadInput`."""
    if text.lower() not in {"true", "false"}:
        raise BadInput(f"The parameter {name} is neither true nor false.", parameter=name)
    return text.lower() == "true"


def _flags(list_all: bool) -> str:
    return "all" if list_all else ""


def query_parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """An optional parameter of a query, as OpenAPI has it."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def page_parameters(
    sorts: Sequence[str], *, minimum: int, maximum: int, default: int, default_sort: str = ""
) -> list[dict[str, Any]]:
    """``limit`` and ``sort`` of a list, as OpenAPI has them."""
    sort: dict[str, Any] = {"type": "string", "enum": [sign + name for name in sorts for sign in ("", "+", "-")]}
    return [
        query_parameter(
            "limit",
            {"type": "number", "minimum": minimum, "maximum": maximum, "default": default},
            "How many to give at most.",
        ),
        query_parameter(
            "sort",
            sort | ({"default": default_sort} if default_sort else {}),
            "The field that decides the order; `-` in front of it turns the order round.",
        ),
    ]
