"""Lists by page number: ``{data, links: {first, last, prev, next}, meta}``, or a bare array with a Link header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from msgspec import Struct
from pydantic import BaseModel

from tieline.api.edge.answers import Json
from tieline.api.edge.lists import one_value
from tieline.api.oem.access import PartnerCall
from tieline.core.errors import BadInput
from tieline.oem.pages import Page

DEFAULT: Final = 100
LARGEST: Final = 100
_LAST: Final = 10**6
_NUMBER = re.compile(r"[0-9]{1,7}")


class Paging(Struct, frozen=True):
    """Which page is wanted."""

    number: int = 1
    size: int = DEFAULT


class PageLinks(BaseModel):
    """Absolute; null where there is no such page."""

    first: str
    last: str
    prev: str | None
    next: str | None


class PageMeta(BaseModel):
    """Where the page lies; ``from`` and ``to`` count from 1 and are null on an empty page."""

    current_page: int
    last_page: int
    path: str
    per_page: int
    total: int
    to: int | None


PARAMETERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "page",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "default": 1},
        "description": "Number of the page; the first is 1.",
    },
    {
        "name": "per_page",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST, "default": DEFAULT},
        "description": "How many entries a page has.",
    },
)


async def paging(request: Request) -> Paging:
    """A dependency: the page that is asked for. Raises `BadInput`."""
    return Paging(_number(request, "page", 1, _LAST), _number(request, "per_page", DEFAULT, LARGEST))


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = one_value(request, name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) is None or not 1 <= int(text) <= largest:
        raise BadInput(f"The parameter {name} must be a whole number from 1 to {largest}.", parameter=name)
    return int(text)


def moment(text: str, *, pointer: str | None = None, parameter: str | None = None) -> datetime:
    """A time as clients write it (RFC 3339); without an offset it is one in UTC. Raises `BadInput`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        what = f"The parameter {parameter}" if parameter else "This"
        raise BadInput(
            f"{what} is no time; write it as 2026-01-31T12:00:00Z.", pointer=pointer, parameter=parameter
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def paged(call: PartnerCall, page: Page, show: Callable[[dict[str, Any]], Any]) -> Json:
    """The envelope."""
    last, path = _last(page), call.link(call.request.scope["path"])
    begin = (page.number - 1) * page.size + 1
    data = [show(row) for row in page.rows]
    meta = {
        "current_page": page.number,
        "from": begin if data else None,
        "last_page": last,
        "path": path,
        "per_page": page.size,
        "to": begin + len(data) - 1 if data else None,
        "total": page.total,
    }
    return Json({"data": data, "links": dict(_links(call, page)), "meta": meta})


def bare(call: PartnerCall, page: Page, show: Callable[[dict[str, Any]], Any]) -> Json:
    """A bare array; where it goes on stands in the header Link (RFC 8288)."""
    links = ", ".join(f'<{href}>; rel="{name}"' for name, href in _links(call, page) if href is not None)
    return Json([show(row) for row in page.rows], headers={"link": links, "x-total-count": str(page.total)})


def _links(call: PartnerCall, page: Page) -> Iterable[tuple[str, str | None]]:
    last = _last(page)
    kept = [(name, value) for name, value in call.request.query_params.multi_items() if name != "page"]
    path = call.link(call.request.scope["path"])

    def at(number: int) -> str:
        return f"{path}?{urlencode([*kept, ('page', str(number))])}"

    yield "first", at(1)
    yield "last", at(last)
    yield "prev", at(min(page.number - 1, last)) if page.number > 1 else None
    yield "next", at(page.number + 1) if page.number < last else None


def _last(page: Page) -> int:
    return max(1, -(-page.total // page.size))


def page_model(name: str, item: type[BaseModel]) -> type[BaseModel]:
    """The model of a page of ``item``, for the published document."""
    from pydantic import create_model

    made: type[BaseModel] = create_model(name, data=(list[item], ...), links=(PageLinks, ...), meta=(PageMeta, ...))  # type: ignore[valid-type]
    return made
