"""Keysets: the next page starts after (or at) a field of the last record."""

from __future__ import annotations

from typing import Any

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.runtime.errors import PagingIncomplete
from tieline.connectors.runtime.paging.base import Pager, View, need, register
from tieline.connectors.runtime.request import Request


@register("keyset")
class Keyset(Pager):
    """The state is the key of the last record, null for the first page.

    Where the API answers "at or after", the records that share the key come again; the walk drops them (`Walk`).
    """

    def first(self, request: Request) -> Any:
        need(self.paging.param, "param", self.style)
        need(self.paging.key, "key", self.style)
        return None

    def place(self, request: Request, state: Any) -> None:
        if state is not None:
            self.set(request, self.paging.param, state, self.paging.location)

    def following(self, state: Any, view: View) -> Any:
        verdict = self.evidence(view)
        if verdict.more is False or (view.count == 0 and verdict.more is None):
            return None
        if verdict.more is None and "short" in self.paging.stop and self.size and view.raw_count < self.size:
            return None
        if view.raw_count == 0:
            if verdict.counted:
                return None
            raise PagingIncomplete(
                f"page {view.number} is empty although the API says that there is more; without a record there is"
                " no key to"
                " go on from"
            )
        key = key_of(view.last, self.paging.key)
        if key is None:
            raise PagingIncomplete(
                f"the last record of page {view.number} has no {self.paging.key!r}, so the next page cannot be"
                " asked for"
            )
        return key


def key_of(record: Any, key: str) -> Any:
    """The key of a record, None where it has none. ``key`` is a field name or ``$``-path."""
    found = record[key] if isinstance(record, dict) and key in record else paths.get(record, key)
    return None if found is MISSING or found == "" or isinstance(found, dict | list) else found
