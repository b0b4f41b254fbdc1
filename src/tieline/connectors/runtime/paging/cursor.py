"""Opaque cursors from the answer, sent back as a parameter, in the body or in a header."""

from __future__ import annotations

from typing import Any, Final

from tieline.connectors.manifest import paths
from tieline.connectors.runtime.errors import PagingIncomplete
from tieline.connectors.runtime.paging.base import Pager, View, need, next_value, register
from tieline.connectors.runtime.request import Request

# Where cursors usually lie, for manifests whose document does not say it.
_USUAL: Final = (
    *("next_cursor", "nextCursor", "next_page_token", "nextPageToken", "next_token", "nextToken", "continuation_token"),
    *("continuationToken", "continuation", "next_page", "nextPage", "scroll_id", "meta.next_cursor", "meta.nextCursor"),
    *("meta.cursor.next", "meta.next_token", "pagination.next_cursor", "pagination.nextCursor", "pagination.next"),
    *(
        "paging.next_cursor",
        "paging.next.after",
        "paging.cursors.after",
        "page.next_cursor",
        "response_metadata.next_cursor",
    ),
    *("page_info.end_cursor", "pageInfo.endCursor", "cursor.next", "cursors.next", "cursors.after", "next", "cursor"),
)


@register("cursor")
class Cursor(Pager):
    """The state is the cursor, null for the first page. An empty page with a cursor is not the end."""

    def first(self, request: Request) -> Any:
        name = need(self.paging.param, "param", self.style)
        return self.value(request, name, self.paging.location)

    def place(self, request: Request, state: Any) -> None:
        if state is not None:
            self.set(request, self.paging.param, state, self.paging.location)

    def following(self, state: Any, view: View) -> Any:
        flag = self.flag(view)
        if flag is False:
            return None
        found = self._found(view)
        if found is None:
            if flag:
                where = f"at {self.paging.next!r}" if self.paging.next else "in a usual place"
                raise PagingIncomplete(
                    f"the API says that there is more after page {view.number}, but gives no cursor {where}"
                )
            return None
        if view.raw_count == 0 and found == state:
            return None  # nothing new, and the same place again: how some APIs say "up to date"
        return found

    def _found(self, view: View) -> Any:
        if self.paging.next:
            return next_value(view, self.paging)
        for place in _USUAL:
            found = paths.get(view.body, place)
            if isinstance(found, str) and found and not found.startswith(("http:", "https:", "/")):
                return found
            if isinstance(found, int) and found > 0 and not isinstance(found, bool):
                return found
        return None
