"""Page numbers."""

from __future__ import annotations

from typing import Any

from tieline.connectors.runtime.coerce import text
from tieline.connectors.runtime.errors import PagingError
from tieline.connectors.runtime.paging.base import Pager, View, need, register
from tieline.connectors.runtime.paging.offset import Offset
from tieline.connectors.runtime.request import Request


@register("page")
class PageNumber(Pager):
    """The state is the number of the page."""

    def first(self, request: Request) -> Any:
        name = need(self.paging.param, "param", self.style)
        return whole(self.value(request, name, self.paging.location), self.paging.start)

    def place(self, request: Request, state: Any) -> None:
        self.set(request, self.paging.param, whole(state, self.paging.start), self.paging.location)

    def following(self, state: Any, view: View) -> Any:
        return whole(state, self.paging.start) + 1 if self.more(view) else None


@register("total")
class Total(Pager):
    """Pages or offsets, with nothing but a total that says where they end."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        if not self.paging.total and not self.paging.total_pages:
            need("", "total", "total")
        self._inner = (Offset if self.paging.step == "records" else PageNumber)(*given)

    def prepare(self, request: Request) -> None:
        self._inner.prepare(request)
        self.size = self._inner.size

    def first(self, request: Request) -> Any:
        return self._inner.first(request)

    def place(self, request: Request, state: Any) -> None:
        self._inner.place(request, state)

    def following(self, state: Any, view: View) -> Any:
        return self._inner.following(state, view)


def whole(value: Any, default: int) -> int:
    """A page number or offset that came from an input or a stored state."""
    if value is None:
        return default
    try:
        return int(text(value))
    except ValueError:
        raise PagingError(f"the start of the list must be a whole number, not {text(value)[:40]!r}") from None
