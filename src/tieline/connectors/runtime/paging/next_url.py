"""The answer holds the address of the next page, in the body or in a header."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus, urlsplit

from tieline.connectors.runtime.errors import PagingError, PagingForeign, PagingIncomplete
from tieline.connectors.runtime.origins import origin_of
from tieline.connectors.runtime.paging.base import Pager, View, need, next_value, register
from tieline.connectors.runtime.request import Request


@register("next_url")
class NextUrl(Pager):
    """The state is path and query of the page, without credentials; null for the first page."""

    def first(self, request: Request) -> Any:
        return None

    def place(self, request: Request, state: Any) -> None:
        if state is not None:
            if not isinstance(state, str) or not state.startswith("/") or state.startswith("//"):
                raise PagingError("the stored place in the list is not a path; start the list again")
            request.goto(request.origin + state)

    def following(self, state: Any, view: View) -> Any:
        flag = self.flag(view)
        if flag is False:
            return None
        link = self.link(view)
        if link is None:
            if flag:
                raise PagingIncomplete(
                    f"the API says that there is more after page {view.number}, but gives no link to it"
                )
            return None
        url = self.base.follow(link, view.url)
        if url is None:
            raise PagingForeign(
                f"the link to the page after page {view.number} leads away from {origin_of(view.url)}; it is not"
                " followed,"
                " because the connection's credentials must not go there"
            )
        place = _without(url, view.secrets)
        if view.raw_count == 0 and place == state:
            return None
        return place

    def link(self, view: View) -> str | None:
        need(self.paging.next, "next", self.style)
        found = next_value(view, self.paging)
        if found is not None and not isinstance(found, str):
            raise PagingError(f"at {self.paging.next!r} there is no link to the next page but a {type(found).__name__}")
        return found


def _without(url: str, secrets: set[str]) -> str:
    """Path and query of a link, without the credentials that an API may repeat in it: they are added to each
    request.
    """
    parts = urlsplit(url)
    query = parts.query
    if secrets:
        query = "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in secrets)
    return f"{parts.path or '/'}?{query}" if query else parts.path or "/"
