"""The sort grammar of the cloud API families: one field, ``+`` or nothing for ascending, ``-`` for descending."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from tieline.core.errors import BadInput


class BadSort(BadInput):
    """A sort by something that cannot be sorted by."""

    code = "invalid-sort"
    title = "Invalid sort"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, parameter="sort")


class Sort(Struct, frozen=True):
    """Which field decides the order. Rows that are equal in it follow their id in the same direction."""

    field: str
    descending: bool = False

    def __str__(self) -> str:
        return ("-" if self.descending else "") + self.field


def parse(text: str, fields: Collection[str]) -> Sort:
    """``[+-]field``; a ``+`` that was not encoded arrives as a blank and means the same. Raises `BadSort`."""
    name = text[1:] if text[:1] in {"+", "-", " "} else text
    if name not in fields:
        shown = name if len(name) <= 40 else name[:40] + "..."
        raise BadSort(f"The sort field {shown!r} is not known; allowed are {', '.join(fields)}, with + or - before it.")
    return Sort(name, descending=text.startswith("-"))
