"""Offsets: how many records to skip, as a parameter or as a ``Range`` header."""

from __future__ import annotations

from typing import Any

from tieline.connectors.runtime.coerce import text
from tieline.connectors.runtime.errors import PagingError, PagingIncomplete
from tieline.connectors.runtime.paging.base import Pager, View, need, register
from tieline.connectors.runtime.request import Request


@register("offset")
class Offset(Pager):
    """The state is the offset. It moves by the records that came, not by those that were asked for.

    With ``location: header`` and ``param: Range`` it is written ``items=0-99`` (RFC 9110 section 14.2, Heroku,
    PostgREST); the unit stands in ``size_param`` where it is another.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.ranged = self.paging.location == "header" and self.paging.param.lower() == "range"

    def prepare(self, request: Request) -> None:
        if not self.ranged:
            super().prepare(request)
        elif not self.size:
            self.size = 100

    def first(self, request: Request) -> Any:
        name = need(self.paging.param, "param", self.style)
        start = 0 if self.paging.start == 1 and self.paging.step == "page" else self.paging.start
        given = None if self.ranged else self.value(request, name, self.paging.location)
        if given is None:
            return start
        try:
            return int(text(given))
        except ValueError:
            raise PagingError(f"the start of the list must be a whole number, not {text(given)[:40]!r}") from None

    def place(self, request: Request, state: Any) -> None:
        if self.ranged:
            unit = self.paging.size_param or "items"
            request.set_header("Range", f"{unit}={int(state)}-{int(state) + self.size - 1}")
        else:
            self.set(request, self.paging.param, int(state), self.paging.location)

    def following(self, state: Any, view: View) -> Any:
        if not self.more(view):
            return None
        step = view.count or view.raw_count or self.size
        if not step:
            raise PagingIncomplete(
                f"page {view.number} is empty although the API says that there is more; add a page size to the"
                " connector"
            )
        return int(state) + step
