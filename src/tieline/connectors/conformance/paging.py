"""The other side of each paging style: from a request to the page that it asks for.

Written from the meaning of `Paging`, not from the runtime's code, so that each checks the other. A style is a function
that registers itself; it reads the place in the list out of the request and says where the next page is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode

from msgspec import UNSET, Struct

from tieline.connectors.conformance.messages import Received, Reply, answer, decoded
from tieline.connectors.conformance.places import PLACE, in_path
from tieline.connectors.conformance.server import HOST
from tieline.connectors.conformance.shapes import listing, put
from tieline.connectors.manifest.model import Block, Manifest, Paging
from tieline.connectors.manifest.paths import MISSING, get

SERVER_SIZE: Final = 3
_NEXT: Final = "tl_cursor"
_PLACE: Final = re.compile(r"\{([^{}]+)\}")

Reader = Callable[["Shelf", Received], int]
READERS: dict[str, Reader] = {}


class Refused(Exception):
    """The request asks for a page in a way that the API does not know."""


def reads(*styles: str) -> Callable[[Reader], Reader]:
    """Decorator: this function finds the first record's index for the styles."""

    def add(reader: Reader) -> Reader:
        for style in styles:
            READERS[style] = reader
        return reader

    return add


class Shelf(Struct, kw_only=True):
    """A list of records and how it is handed out. ``stuck``: the same page for ever, as a broken API does it."""

    block: Block
    paging: Paging
    records: list[Any]
    base: str
    stuck: bool = False
    numbers: dict[str, int] = {}

    @property
    def size(self) -> int:
        """Records on a page where the request asks for no number."""
        return self.paging.size or SERVER_SIZE

    def page(self, received: Received) -> Reply:
        """The answer to one request; raises `Refused`."""
        paging = self.paging
        size = self._asked_size(received)
        start = READERS[paging.style](self, received)
        if self.stuck:
            start = 0
        shown = self.records if paging.style == "none" else self.records[start : start + size]
        after = start + len(shown)
        more = after < len(self.records)
        next_ = self._next(received, after, size) if more or self.stuck else None
        return self._written(shown, more or self.stuck, next_, size)

    def cursor(self, index: int) -> str:
        return f"c{index}-{'stuck' if self.stuck else 'ok'}"

    def at_cursor(self, text: str) -> int:
        match = re.fullmatch(r"c(\d+)-(?:ok|stuck)", text)
        if match is None:
            raise Refused(f"the cursor {text[:60]!r} is none that was given out")
        return int(match.group(1))

    def value(self, received: Received) -> str | None:
        """What the request says at the parameter that moves."""
        return value_at(received, self.paging.param, self.paging.location, self.block, self.base)

    def _asked_size(self, received: Received) -> int:
        name = self.paging.size_param
        if not name or self.paging.location == "header":
            return self.size
        given = value_at(received, name, self.paging.size_location, self.block, self.base)
        if given is None:
            if self.paging.size:
                raise Refused(f"the page size is missing at {name!r} in the {self.paging.size_location}")
            return self.size
        if not given.isdigit() or not int(given):
            raise Refused(f"the page size {given[:40]!r} is not a number")
        if self.paging.size_max and int(given) > self.paging.size_max:
            raise Refused(f"the page size {given} is more than {self.paging.size_max}")
        return int(given)

    def _next(self, received: Received, after: int, size: int) -> str:
        if self.paging.style not in ("next_url", "link_header"):
            return self.cursor(after)
        query = [pair for pair in received.query if pair[0] != _NEXT]
        query = [*query, (_NEXT, self.cursor(after))]
        return f"http://{HOST}:{received.port}{received.path}?{urlencode(query, quote_via=quote)}"

    def _written(self, shown: list[Any], more: bool, next_: str | None, size: int) -> Reply:
        paging = self.paging
        headers: dict[str, str] = {}
        members: list[tuple[str, Any]] = []
        if paging.style == "link_header":
            relation = paging.next if paging.next.lower() not in ("", "link") else "next"
            if next_ is not None:
                headers["link"] = f'<http://{HOST}/first>; rel="first", <{next_}>; rel="{relation}"'
        elif paging.style in ("next_url", "cursor"):
            where = paging.next or "next_cursor"
            if paging.next_in == "header" and paging.next:
                headers.update({where: next_} if next_ is not None else {})
            elif next_ is not None or paging.next:
                members.append((where, next_))
        elif paging.next and paging.next_in == "body":
            members.append((paging.next, next_))
        if paging.has_more:
            members.append((paging.has_more.removeprefix("!"), more != paging.has_more.startswith("!")))
        count = len(self.records)
        for where, number in ((paging.total, count), (paging.total_pages, -(-count // size))):
            if where and paging.total_in == "header":
                headers[where] = str(number)
            elif where:
                members.append((where, number))
        body = listing(self.block, shown, with_members=bool(members))
        for where, value in members:
            if isinstance(body, list):
                raise Refused(f"the manifest reads {where!r} in an answer that is a list of records")
            body = put(body, where, value)
        return answer(body, headers=headers)


def paging_of(block: Block, manifest: Manifest) -> Paging:
    """A block's paging, the manifest's where it has none; nothing for blocks that give no list."""
    found = block.paging if block.paging is not UNSET else manifest.paging
    return found if found is not UNSET and block.iterable else Paging()


def value_at(received: Received, name: str, location: str, block: Block, base: str) -> str | None:
    """A parameter of a request as text, None where it is not there."""
    match location:
        case "query":
            return received.param(name)
        case "header":
            return received.headers.get(name.lower())
        case "path":
            return path_values(received, block, base).get(name)
    data = received.data()
    if not isinstance(data, dict):
        return None
    found: Any = data
    for part in name.strip("/").split("/"):
        if isinstance(found, list):
            found = found[int(part)] if part.isdigit() and int(part) < len(found) else MISSING
        else:
            found = found.get(part, MISSING) if isinstance(found, dict) else MISSING
    if isinstance(found, list) and found:
        found = found[0]
    if found is MISSING or found is None or isinstance(found, dict | list):
        return None
    return str(found)


def path_values(received: Received, block: Block, base: str) -> dict[str, str]:
    """What stands in the places of a block's path; empty where the path does not fit."""
    found = values_in_path(block, base, received.path)
    if found is None:
        return {}
    names = _PLACE.findall(block.path.partition("?")[0])
    return {name: decoded(text) for name, text in zip(names, found, strict=True)}


def values_in_path(block: Block, base: str, path: str) -> list[str] | None:
    """The values in the order of their places, as they came; None where it is no path of the block's requests."""
    template = block.path.partition("?")[0]
    if template and not template.startswith("/"):
        template = "/" + template
    start = base.rstrip("/")
    if not path.startswith(start):
        return None
    rest = path[len(start) :]
    if not template:
        return [] if rest in ("", "/") else None
    return in_path(_PLACE.sub(PLACE, template), rest, _spellings)


def _spellings(text: str) -> tuple[str, ...]:
    """A piece of a path as it stands, or percent-encoded on its way."""
    encoded = quote(text, safe="/:@!$&'()*+,;=-._~%")
    return (text,) if encoded == text else (text, encoded)


@reads("none")
def _whole(shelf: Shelf, received: Received) -> int:
    return 0


@reads("page")
def _page(shelf: Shelf, received: Received) -> int:
    paging = shelf.paging
    given = shelf.value(received)
    number = paging.start if given is None else _number(given)
    if number < paging.start:
        raise Refused(f"pages begin at {paging.start}, and page {number} was asked for")
    return (number - paging.start) * shelf._asked_size(received)


@reads("offset")
def _offset(shelf: Shelf, received: Received) -> int:
    paging = shelf.paging
    given = shelf.value(received)
    if paging.location == "header" and paging.param.lower() == "range":
        match = re.fullmatch(r"[\w-]+=(\d+)-(\d+)", given or "")
        if match is None:
            raise Refused(f"the Range {given!r} is none")
        return int(match.group(1))
    first = 0 if paging.start == 1 and paging.step == "page" else paging.start
    return (first if given is None else _number(given)) - first


@reads("total")
def _total(shelf: Shelf, received: Received) -> int:
    return (_offset if shelf.paging.step == "records" else _page)(shelf, received)


@reads("cursor")
def _cursor(shelf: Shelf, received: Received) -> int:
    given = shelf.value(received)
    return 0 if given is None else shelf.at_cursor(given)


@reads("next_url", "link_header")
def _link(shelf: Shelf, received: Received) -> int:
    given = received.param(_NEXT)
    return 0 if given is None else shelf.at_cursor(given)


@reads("keyset")
def _keyset(shelf: Shelf, received: Received) -> int:
    given = shelf.value(received)
    if given is None:
        return 0
    for at, record in enumerate(shelf.records):
        if str(_key(record, shelf.paging.key)) == given:
            return at + 1
    raise Refused(f"no record has the key {given[:60]!r}")


def _key(record: Any, key: str) -> Any:
    if isinstance(record, dict) and key in record:
        return record[key]
    return get(record, key) if isinstance(record, dict) else MISSING


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,12}", text):
        raise Refused(f"{text[:40]!r} is not a number")
    return int(text)
