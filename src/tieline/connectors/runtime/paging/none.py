"""Everything in one answer, unless the answer itself says otherwise in a header.

Documentation often does not say that lists are paged, and a server that names the next page in a header (RFC 8288, or
``Next-Page`` and the like) means it: to stop there would lose records without a word.
"""

from __future__ import annotations

from typing import Final

from tieline.connectors.runtime.paging.base import View, register
from tieline.connectors.runtime.paging.link_header import LinkHeader

_NAMES: Final = ("next-page", "x-next-page", "next-link", "x-next-link", "next-url", "x-next-url", "x-next")


@register("none")
class OnePage(LinkHeader):
    """A link to another origin is not followed and is no error: nobody said that this list is paged."""

    def link(self, view: View) -> str | None:
        told = super().link(view) or next((view.headers[name] for name in _NAMES if view.headers.get(name)), None)
        if told is None or not told.startswith(("https://", "http://", "/", "?")):
            return None  # the number of a page, say, without the parameter that it belongs into
        return told if self.base.follow(told, view.url) is not None else None
