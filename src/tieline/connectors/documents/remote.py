"""Files on the server of a document, fetched because it refers to them: through egress, from the same origin only."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from tieline.connectors.documents.archive import is_archive, open_archive
from tieline.connectors.documents.bundle import Bundle
from tieline.connectors.documents.graphql import hints_at_graphql, introspect, may_be_endpoint
from tieline.connectors.documents.links import links
from tieline.connectors.importers.reading.parts import relative
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.core.errors import TielineError
from tieline.security.egress import Egress, Response

_HEADERS: Final = {
    "accept": "application/json, application/yaml;q=0.9, text/yaml;q=0.9, */*;q=0.5",
    "user-agent": "tieline",
}
MAX_FETCHED: Final = 100
_ALL_SECONDS = 60.0
_ONE_SECONDS = 20.0
_MAX_HOPS = 4
_FULL: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_FILES: Final = re.compile(r"\.(?:json|ya?ml|xsd|wsdl|xml|graphqls?|gql|md|html?)$", re.IGNORECASE)


def is_url(address: str) -> bool:
    """True for what can be fetched."""
    return address.startswith(("http://", "https://"))


async def fetch(
    egress: Egress,
    url: str,
    *,
    timeout: float = 30.0,
    max_bytes: int = MAX_BYTES,
    format: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One document. Raises the errors of egress; the status is the caller's to judge.

    A GraphQL endpoint, by ``format`` or by what its answer to a GET looks like, is asked for its schema. ``headers``
    carry credentials and stay with the origin of ``url``.
    """
    limits: dict[str, Any] = {"timeout": timeout, "max_bytes": max_bytes}
    if format == "graphql" and may_be_endpoint(url):
        found = await introspect(egress, url, headers=headers, **limits)
        if found is not None:
            return found
    given = {name.lower(): value for name, value in (headers or {}).items()}
    answer = await egress.request("GET", url, headers={**_HEADERS, **given}, secret_headers=tuple(given), **limits)
    if format is None and hints_at_graphql(url, answer):
        found = await introspect(egress, answer.url, headers=headers if answer.url == url else None, **limits)
        return answer if found is None else found
    return answer


async def gather_url(
    egress: Egress, data: bytes, url: str, *, asked: str = "", headers: Mapping[str, str] | None = None
) -> Bundle:
    """The document ``data`` that came from ``url`` with the files of the same origin that it refers to.

    At most `MAX_FETCHED` files within a minute; what fails is ``missing`` and the import goes on without it. An
    archive is opened instead. ``headers`` carry credentials for the origin of ``asked``, the address before any
    redirect; they are not sent where that led elsewhere. Raises what `open_archive` raises.
    """
    if is_archive(data):
        return await asyncio.to_thread(open_archive, data)
    bundle = Bundle(data, address=url)
    try:
        async with asyncio.timeout(_ALL_SECONDS):
            await _follow(egress, bundle, url, dict(headers or {}) if _same_origin(asked, url) else {})
    except TimeoutError:
        bundle.lacks("what was not there in time")
    return bundle


async def _follow(egress: Egress, bundle: Bundle, url: str, headers: dict[str, str]) -> None:
    pending = deque([(url, bundle.data)])
    asked: set[str] = {url.partition("#")[0]}
    while pending:
        here, content = pending.popleft()
        listing = here == url
        for names in await asyncio.to_thread(links, content):
            addresses = [_absolute(here, name) for name in names]
            if listing and len(names) > 1:
                # Swagger 1.2 section 5.1.2: the path of a declaration hangs on the listing's own address.
                addresses = [f"{url.partition('?')[0].rstrip('/')}/{names[0]}", *addresses]
            for address in addresses:
                if not address or address in asked or not _same_origin(address, url):
                    continue
                if _FULL.match(names[0]) and not _beside(address, here):
                    continue
                if len(asked) > MAX_FETCHED or not bundle.room:
                    bundle.lacks(names[0])
                    break
                asked.add(address)
                found = await _fetched(egress, address, url, bundle.room, headers)
                if found is not None:
                    bundle.parts[relative(address, url)] = found
                    pending.append((address, found))
                    break
            else:
                here_already = (one == url or relative(one, url) in bundle.parts for one in addresses)
                if not any(here_already):
                    bundle.lacks(names[0])


async def _fetched(egress: Egress, address: str, url: str, room: int, headers: dict[str, str]) -> bytes | None:
    """The content of a file, None where it is not to be had; a redirect is followed within the origin."""
    for _ in range(_MAX_HOPS):
        try:
            answer = await egress.request(
                "GET",
                address,
                headers={**_HEADERS, **headers},
                timeout=_ONE_SECONDS,
                max_bytes=room,
                follow_redirects=False,
                secret_headers=tuple(headers),
            )
        except TielineError:
            return None
        if answer.status not in (301, 302, 303, 307, 308):
            return answer.body if answer.status == 200 and answer.body else None
        address = _absolute(address, answer.headers.get("location", ""))
        if not address or not _same_origin(address, url):
            return None
    return None


def _beside(address: str, here: str) -> bool:
    """Whether an address that a document writes out in full is that of a file: by its name, or because it is the
    document's own but for the query (``?xsd=1``). Any other could be one where a GET does something.
    """
    path = urlsplit(address).path
    return path == urlsplit(here).path or bool(_FILES.search(path))


def _absolute(base: str, link: str) -> str:
    try:
        found = urljoin(base, link)
    except ValueError:
        return ""
    return found if re.match(r"https?://", found) else ""


def _same_origin(one: str, other: str) -> bool:
    try:
        mine, theirs = urlsplit(one), urlsplit(other)
        return (mine.scheme, mine.hostname, mine.port) == (theirs.scheme, theirs.hostname, theirs.port)
    except ValueError:
        return False
