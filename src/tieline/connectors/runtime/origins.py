"""Where a connection's requests go, and the one rule about credentials: they stay with their origin.

An origin is scheme, host and port (RFC 6454 section 4). Credentials are sent to the origin of the connection's base
URL and to the origin of its auth method's token URL, and nowhere else.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from tieline.connectors.manifest.model import Block, Server
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.errors import OriginRefused
from tieline.core.errors import BadInput

_VARIABLE = re.compile(r"\{([^{}]+)\}")
_IN_HOST = re.compile(r"[A-Za-z0-9._:-]*\Z")
_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=1024)
def origin_of(url: str) -> str:
    """``scheme://host:port`` in lower case with the port always written; raises BadInput for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadInput(f"the address is not a valid URL ({error}); write it like https://api.example.com") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadInput("the address must start with https:// or http:// and name a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port or _PORTS[parts.scheme]}"


class Base:
    """The base URL of a connection, and what may be reached from it."""

    __slots__ = ("_declared", "_default", "origin", "overridden", "params", "slashed", "url")

    def __init__(self, account: Account) -> None:
        servers = account.manifest.servers
        self.params = account.params
        self.overridden = bool(account.server)
        default = _fill(servers[0], self.params, lenient=self.overridden) if servers else ""
        self._default = default if _is_absolute(default) else ""
        url = account.server or default
        if not _is_absolute(url):
            address = account.manifest.source.address if account.manifest.source else ""
            if url and _is_absolute(address):
                url = _joined(address, url)  # OpenAPI 3.1 section 4.8.5: relative to the document
            else:
                raise BadInput(
                    f"the connector {account.manifest.name!r} names no base URL; enter one as the connection's server"
                )
        self.origin = origin_of(url)
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise BadInput("the base URL holds a user name or password; enter them as the connection's credentials")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.slashed = len(parts.path) > 1 and parts.path.endswith("/")  # of an address that is called as it is
        self._declared = frozenset(
            origin_of(filled)
            for server in servers
            if not self.overridden and _is_absolute(filled := _fill(server, self.params, lenient=True))
        )

    def of_block(self, block: Block) -> tuple[str, bool]:
        """The base URL of one block, and whether the connection's credentials may go there.

        A block's own server counts as the connection's when it has the same origin or is one of the manifest's servers.
        Where the connection replaces the manifest's base URL, the replacement's origin takes the place of the
        manifest's.
        """
        if not block.server:
            return self.url, True
        url = _fill(Server(url=block.server), self.params, lenient=False)
        if not _is_absolute(url):
            # What begins with two slashes names a host all the same (RFC 3986 section 4.2).
            url = _joined(self.url + "/", url)
        url = url.rstrip("/")
        origin = origin_of(url)
        if origin == self.origin or origin in self._declared:
            return url, True
        if self._default and origin == origin_of(self._default):
            return self.moved(url), True
        return url, False

    def of_token(self, url: str) -> str:
        """An auth method's declared endpoint as an absolute URL."""
        if not url:
            raise BadInput("the auth method declares no token_url; add it to the connector's manifest")
        url = _fill(Server(url=url), self.params, lenient=False)
        if not _is_absolute(url):
            url = _joined(self.url + "/", url)
        if self.overridden and self._default and origin_of(url) == origin_of(self._default):
            return self.moved(url)
        origin_of(url)
        return url

    def moved(self, url: str) -> str:
        """The same path and query on this connection's origin."""
        parts, mine = urlsplit(url), urlsplit(self.url)
        return parts._replace(scheme=mine.scheme, netloc=mine.netloc).geturl()

    def follow(self, link: str, current: str) -> str | None:
        """``link`` from a page at ``current`` as an absolute URL of the same origin, or None when it leads elsewhere.

        ``http`` on an ``https`` connection to the same host is the usual mistake of a server behind a TLS proxy: it is
        followed over https.
        """
        try:
            url = urljoin(current, link.strip())
            origin = origin_of(url)
        except (BadInput, ValueError):
            return None
        here = origin_of(current)
        if origin == here:
            return url
        if here.startswith("https:") and origin.startswith("http:"):
            mine, theirs = urlsplit(here), urlsplit(origin)
            if mine.hostname == theirs.hostname and theirs.port in (80, mine.port):
                parts = urlsplit(url)
                return parts._replace(scheme="https", netloc=urlsplit(current).netloc).geturl()
        return None


def require_same(origin: str, allowed: str, what: str) -> None:
    """Refuse to send credentials from ``allowed`` to ``origin``."""
    if origin != allowed:
        raise OriginRefused(
            f"{what} is at {origin}, but the connection's credentials belong to {allowed}; "
            "list that server in the connector's manifest or connect to it by itself"
        )


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise BadInput(f"the address is not a valid URL ({error}); write it like https://api.example.com") from None


def _is_absolute(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _fill(server: Server, params: dict[str, Any], *, lenient: bool) -> str:
    """The URL with its variables filled in; a value cannot leave the place it stands in."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        given = params.get(name)
        declared = server.variables.get(name)
        if given in (None, "") and declared is not None:
            given = declared.default
        if given in (None, ""):
            if lenient:
                return match.group(0)
            raise BadInput(f"the base URL needs a value for {name!r}; enter it in the connection's settings")
        text = str(given)
        if match.start() == 0:
            return text.rstrip("/")  # the variable is the whole address: checked as one afterwards
        before = server.url[: match.start()]
        if before.count("/") < 3:
            if not _IN_HOST.match(text):
                raise BadInput(
                    f"the value of {name!r} is part of a host name and may hold only letters, digits, '.', '-', ':'"
                    " and '_'"
                )
            return text
        if any(part in (".", "..") for part in text.split("/")):
            raise BadInput(f"the value of {name!r} may not hold '..'")
        return quote(text.lstrip("/") if before.endswith("/") else text, safe="/-._~")

    filled = _VARIABLE.sub(value, server.url)
    if "{" in filled and lenient:
        return ""
    return filled
