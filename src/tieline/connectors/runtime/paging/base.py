"""What a paging style is, and the evidence that all of them read.

A style turns a small JSON value (its *state*) into the request of one page, and a page into the state of the next one.
So a walk can be left at any page and taken up again by somebody else with nothing but that state.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from msgspec import Struct

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Paging
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.runtime import build
from tieline.connectors.runtime.coerce import text
from tieline.connectors.runtime.errors import PagingError
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.styles import encode
from tieline.core.errors import Misconfigured

STYLES: dict[str, type[Pager]] = {}
_NO = frozenset({"false", "0", "no", "n", "", "null", "none"})


class View(Struct):
    """One page as a pager sees it."""

    request: Request  # as it was sent, with its credentials
    body: Any
    headers: Mapping[str, str]
    count: int  # records that are new on this page
    raw_count: int  # records on this page
    last: Any  # its last record
    number: int  # 1 for the first page of the walk
    size: int  # records that were asked for; 0 = the server decides
    seen: int  # records of the walk so far, this page included

    @property
    def url(self) -> str:
        return self.request.url()

    @property
    def secrets(self) -> set[str]:
        """Names of query parameters that carry credentials."""
        return self.request.secret_query


class Verdict(Struct, frozen=True):
    """What a page says about the end. ``more`` None = nothing; ``counted``: only a total says so."""

    more: bool | None
    counted: bool = False


class Pager(ABC):
    """One walk over the pages of one block."""

    style: ClassVar[str]

    def __init__(self, paging: Paging, base: Base) -> None:
        self.paging = paging
        self.base = base
        self.size = paging.size
        if paging.size_max and self.size > paging.size_max:
            self.size = paging.size_max

    def prepare(self, request: Request) -> None:
        """Ask for the page size, unless the caller did with an input of his own."""
        name = self.paging.size_param
        if not name:
            return
        given = self.value(request, name, self.paging.size_location)
        if given is not None:
            try:
                self.size = int(str(given))
            except ValueError:
                self.size = 0
        elif self.size:
            self.set(request, name, self.size, self.paging.size_location)

    @abstractmethod
    def first(self, request: Request) -> Any:
        """The state of the first page; null where the request is right as it is."""

    @abstractmethod
    def place(self, request: Request, state: Any) -> None:
        """Change ``request`` (a copy of the first one) into that of the page at ``state``."""

    @abstractmethod
    def following(self, state: Any, view: View) -> Any:
        """The state of the page after ``view``, or None at the end."""

    def set(self, request: Request, name: str, value: Any, location: str) -> None:
        """Put a parameter where the manifest says it goes."""
        if location == "query":
            request.set_query(name, text(value))
        elif location == "header":
            request.set_header(name, text(value))
        elif location == "path":
            request.path = request.path.replace("{" + name + "}", encode(text(value)))
        elif request.form is not None:
            request.form = [pair for pair in request.form if pair[0] != name] + [(name, text(value))]
        else:
            body = build.unshared(request.json) if isinstance(request.json, dict) else {}
            if not build.put(body, name, value):
                raise PagingError(f"the paging parameter {name!r} has no place in the body of the request")
            request.json = body
            request.headers.setdefault("content-type", "application/json")

    def value(self, request: Request, name: str, location: str) -> Any:
        """What the caller himself gave for a parameter of paging, or None."""
        if location == "query":
            return request.get_query(name)
        if location == "header":
            return request.headers.get(name.lower())
        if location == "body" and request.form is not None:
            return next((given for key, given in request.form if key == name), None)
        if location == "body" and isinstance(request.json, dict):
            found = paths.get(request.json, "." + name.strip("/").replace("/", ".") if name.strip("/") else "$")
            return None if found is MISSING or isinstance(found, dict | list) else found
        return None

    def flag(self, view: View) -> bool | None:
        """The has-more flag, or None where there is none. A path that starts with ``!`` is one that says "last
        page".
        """
        path = self.paging.has_more
        if not path:
            return None
        found = read(view, path.removeprefix("!"), "body")
        if found is None:
            return None
        yes = found.strip().lower() not in _NO if isinstance(found, str) else bool(found)
        return yes != path.startswith("!")

    def total(self, view: View) -> int | None:
        """The number of all records that the API states, unless the walk has shown already that it is not true."""
        stated = number(read(view, self.paging.total, self.paging.total_in))
        return None if stated is None or stated < view.seen else stated

    def evidence(self, view: View) -> Verdict:
        """has_more, then the next link, then totals: the first that says something."""
        paging = self.paging
        flag = self.flag(view)
        if flag is not None:
            return Verdict(flag)
        if paging.next:
            return Verdict(bool(next_value(view, paging)))
        trusted = "total" in paging.stop or paging.style == "total"
        total = self.total(view)
        if total is not None:
            if view.seen < total:
                return Verdict(True, counted=True)
            return Verdict(False if trusted else None)
        if paging.total and number(read(view, paging.total, paging.total_in)) is not None:
            return Verdict(None)  # a total that is not true says nothing, and neither do pages counted from it
        pages = number(read(view, paging.total_pages, paging.total_in))
        if pages is not None:
            if view.number < pages:
                return Verdict(True, counted=True)
            if trusted:
                return Verdict(False)
        return Verdict(None)

    def more(self, view: View) -> bool:
        """Whether to go on after this page, for styles that can always count one further."""
        verdict = self.evidence(view)
        if verdict.more is not None:
            return verdict.more
        if "short" in self.paging.stop and self.size and view.raw_count < self.size:
            return False
        return view.raw_count > 0


def read(view: View, place: str, where: str) -> Any:
    """The value at a ``$``-path of the body or in a header, None when it is not there."""
    if not place:
        return None
    if where == "header":
        return view.headers.get(place)
    found = paths.get(view.body, place)
    return None if found is MISSING else found


def next_value(view: View, paging: Paging) -> Any:
    """The next cursor or link, None where there is none: missing, null, empty text, false and 0 all say "no more"."""
    found = read(view, paging.next, paging.next_in)
    if isinstance(found, str):
        found = found.strip()
    if isinstance(found, dict):
        found = found.get("href") or found.get("url")
    return found if found not in (None, "", False, 0, [], {}) else None


def number(value: Any) -> int | None:
    """A count as APIs write it: 12, "12", {"value": 12} (Elasticsearch) or "items 0-9/12" (RFC 9110 section 14.4)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < 1e15 else None
    if isinstance(value, dict):
        return number(value.get("value"))
    if isinstance(value, str):
        match = re.search(r"(?:^|/)\s*(\d{1,15})\s*$", value)
        return int(match.group(1)) if match else None
    return None


P = TypeVar("P", bound=type[Pager])


def register(style: str) -> Callable[[P], P]:
    """Class decorator: this class serves ``Paging.style`` ``style``."""

    def add(cls: P) -> P:
        if style in STYLES:
            raise Misconfigured(f"the paging style {style!r} is registered twice")
        cls.style = style
        STYLES[style] = cls
        return cls

    return add


def open_pager(paging: Paging, base: Base) -> Pager:
    """The pager of a block; raises PagingError where the style misses something that it cannot do without."""
    cls = STYLES.get(paging.style)
    if cls is None:
        raise Misconfigured(
            f"the paging style {paging.style!r} is not supported; supported are: {', '.join(sorted(STYLES))}"
        )
    return cls(paging, base)


def need(value: str, field: str, style: str) -> str:
    """``value``, or a PagingError that says which field of the manifest is empty."""
    if not value:
        raise PagingError(f"the paging style {style!r} needs {field!r}; add it to the connector's manifest")
    return value
