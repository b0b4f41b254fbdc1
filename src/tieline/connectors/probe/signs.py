"""What an answer shows about its own form: where the records lie, what leads to the next page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Input, Paging

_DEEPEST: Final = 4
_LINKS: Final = re.compile(r"^(?:next|nextlink|nextpage|nexturl|nextpageurl|nextpagelink|nexthref|odatanextlink)$")
_CURSORS: Final = re.compile(
    r"^(?:nextcursor|nextpagetoken|nexttoken|pagetoken|continuation|continuationtoken|endcursor|nextpagecursor|cursornext"
    r"|after|bookmark|nextmarker|scrollid|nextstart|nextoffset|nextpage|next)$"
)
_MOVERS: Final = (
    *("cursor", "pagetoken", "pagecursor", "nexttoken", "token", "after", "startingafter", "continuation"),
    *("continuationtoken", "nextcursor", "bookmark", "marker", "scrollid", "start", "offset", "page", "pagenumber"),
)
_HEADERS: Final = ("next-page", "x-next-page", "next-link", "x-next-link", "next-url", "x-next-url")
_REMAINING: Final = re.compile(r"^(?:x-)?rate-?limit-(?:requests-)?remaining(?:-requests)?$")
_RESET: Final = re.compile(r"^(?:x-)?rate-?limit-(?:requests-)?reset(?:-after|-requests)?$")


class Place(Struct, frozen=True):
    """A place in an answer and what is there."""

    steps: tuple[str | int, ...]
    value: Any

    @property
    def path(self) -> str:
        """As a manifest writes it."""
        return paths.render(list(self.steps))


def bare(name: str) -> str:
    """Lower-case letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def fit(name: str) -> bool:
    """Whether a name out of an answer may become part of a manifest."""
    return len(name) <= 100 and name.isprintable()


def places(body: Any, steps: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Every member of the objects of an answer, not of the entries of its lists."""
    if isinstance(body, dict) and len(steps) < _DEEPEST:
        for name, value in list(body.items())[:200]:
            if fit(name):
                yield Place((*steps, name), value)
                yield from places(value, (*steps, name))


def lists(body: Any) -> list[Place]:
    """Places of lists of objects, the longest first; the answer itself where it is one."""
    if isinstance(body, list):
        return [Place((), body)] if _is_rows(body) else []
    found = [one for one in places(body) if _is_rows(one.value)]
    return sorted(found, key=lambda one: (-len(one.value), len(one.steps)))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def paging(body: Any, headers: Mapping[str, str], inputs: list[Input]) -> Paging | None:
    """How the next page is asked for, where the answer itself shows it; None where it does not."""
    link = headers.get("link", "")
    if re.search(r"""rel\s*=\s*"?[^",;]*\bnext\b""", link, re.IGNORECASE):
        return Paging(style="link_header", next="Link", next_in="header", stop=["no_next"])
    for name in _HEADERS:
        if headers.get(name, "").startswith(("http://", "https://", "/", "?")):
            return Paging(style="next_url", next=name, next_in="header", stop=["no_next"])
    found = list(places(body))
    for one in found:
        words = bare("".join(str(step) for step in one.steps[-2:]))
        named = _LINKS.match(bare(str(one.steps[-1]))) or words in ("nexthref", "linksnext", "pagingnext")
        if named and isinstance(one.value, str) and one.value.startswith(("http://", "https://", "/", "?")):
            return Paging(style="next_url", next=one.path, stop=["no_next"])
    mover = next(
        (spec for name in _MOVERS for spec in inputs if spec.location == "query" and bare(spec.name) == name), None
    )
    for one in found:
        if mover is None or not _CURSORS.match(bare(str(one.steps[-1]))):
            continue
        if isinstance(one.value, str | int) and not isinstance(one.value, bool) and one.value not in ("", 0):
            return Paging(style="cursor", param=mover.name, next=one.path, stop=["no_next"])
    return None


def rate_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """The names of the headers that tell what is left and when it starts anew; empty where there are none."""
    names = [name.lower() for name in headers]
    remaining = next((name for name in names if _REMAINING.match(name)), "")
    reset = next((name for name in names if _RESET.match(name)), "")
    return remaining, reset
