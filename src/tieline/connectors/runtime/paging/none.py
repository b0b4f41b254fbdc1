"""Everything in one answer."""

from __future__ import annotations

from typing import Any

from tieline.connectors.runtime.paging.base import Pager, View, register
from tieline.connectors.runtime.request import Request


@register("none")
class OnePage(Pager):
    def first(self, request: Request) -> Any:
        return None

    def place(self, request: Request, state: Any) -> None:
        return None

    def following(self, state: Any, view: View) -> Any:
        return None
