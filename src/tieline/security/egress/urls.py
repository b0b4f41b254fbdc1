"""Strict reading of URLs, so that the checker and the connection can never see two different hosts.

RFC 3986 syntax; hosts by UTS #46 (IDNA) and then once more as the C library would read them (octal, hexadecimal,
short forms). What browsers repair (backslashes, tabs, user info, percent-encoded hosts) is refused: every repair is a
place where two parsers disagree.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import quote, urljoin

import idna
from yarl import URL

from tieline.security.egress.addresses import Address
from tieline.security.egress.errors import BadUrl

MAX_URL = 64 * 1024
_CACHED_LENGTH = 512
DEFAULT_PORTS = {"http": 80, "https": 443}

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\]")
_QUOTED = re.compile(r"[^!#-;=?-_a-z{|}~]")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PORT = re.compile(r"[0-9]{1,5}")


class Target(NamedTuple):
    """A URL that is safe to hand to the HTTP library; ``address`` is set when the host is a literal address."""

    scheme: str
    host: str
    port: int
    address: Address | None
    text: str
    url: URL

    @property
    def origin(self) -> tuple[str, str, int]:
        """RFC 6454 section 4."""
        return (self.scheme, self.host, self.port)


def parse(url: str) -> Target:
    """Raises ``BadUrl`` for everything but an absolute http or https URL with a plain host. The fragment is dropped."""
    return _parse(url) if len(url) > _CACHED_LENGTH else _parse_cached(url)


def _parse(url: str) -> Target:
    if not url:
        raise BadUrl("The URL is empty; write one that starts with https:// or http://.")
    if len(url) > MAX_URL:
        raise BadUrl(f"The URL has {len(url)} characters; the limit is {MAX_URL}.")
    if bad := _REFUSED.search(url):
        raise BadUrl(f"The URL holds {bad.group()!r} at character {bad.start()}; percent-encode it.")
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise BadUrl(f"The URL {_shown(url)} has no scheme and host; write one that starts with https:// or http://.")
    scheme = parts[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise BadUrl(f"The URL scheme {scheme[:40]!r} is not allowed; only https and http are.")
    host, port, address = _authority(scheme, parts[2])
    rest = parts[3]
    if not rest.startswith("/"):
        rest = "/" + rest
    if _QUOTED.search(rest):
        rest = _encode(rest)
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    text = f"{scheme}://{shown_host}{shown_port}{rest}"
    return Target(scheme, host, port, address, text, URL(text, encoded=True))


_parse_cached = lru_cache(maxsize=1024)(_parse)


def join(base: Target, location: str) -> Target:
    """The target of a ``Location`` header (RFC 9110 section 10.2.2), read as strictly as any other URL."""
    location = location.strip(" ")
    if bad := _REFUSED.search(location):
        raise BadUrl(f"The server at {base.host} redirects to a URL that holds {bad.group()!r}.")
    try:
        return parse(urljoin(base.text, location))
    except BadUrl as error:
        raise BadUrl(f"The server at {base.host} redirects to a URL that is refused: {error.detail}") from None
    except ValueError:
        raise BadUrl(f"The server at {base.host} redirects to something that is not a URL.") from None


def _encode(rest: str) -> str:
    try:
        return _QUOTED.sub(lambda found: quote(found.group(), safe="%"), rest)
    except UnicodeEncodeError:
        raise BadUrl("The URL holds half of a surrogate pair; write its characters in percent-encoded UTF-8.") from None


def _shown(url: str) -> str:
    """The beginning of a URL for a message, without its query (where keys hide)."""
    return repr(url.split("?", 1)[0].split("#", 1)[0][:80])


@lru_cache(maxsize=4096)
def _authority(scheme: str, authority: str) -> tuple[str, int, Address | None]:
    if "@" in authority:
        raise BadUrl("The URL carries user info (user:password@host); put credentials into the connection instead.")
    if "%" in authority:
        raise BadUrl("The host of the URL is percent-encoded or has a zone id; write the host as it is.")
    if authority.startswith("["):
        literal, closed, tail = authority[1:].partition("]")
        if not closed or (tail and not tail.startswith(":")):
            raise BadUrl("The URL has an IPv6 host without its closing bracket.")
        try:
            address: Address | None = IPv6Address(literal)
        except AddressValueError:
            raise BadUrl(f"The host [{literal[:60]}] of the URL is not an IPv6 address.") from None
        host = str(address)
        port_text = tail[1:] if tail else None
    else:
        name, colon, text = authority.partition(":")
        host, address = _name(name)
        port_text = text if colon else None
    return host, _port(scheme, port_text), address


def _port(scheme: str, text: str | None) -> int:
    if text is None:
        return DEFAULT_PORTS[scheme]
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        raise BadUrl(f"The port {text[:20]!r} of the URL is not a number from 1 to 65535.")
    return int(text)


def _name(text: str) -> tuple[str, IPv4Address | None]:
    if not text:
        raise BadUrl("The URL has no host.")
    if len(text) > 1024:
        raise BadUrl("The host of the URL is longer than 253 characters.")
    host = text
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise BadUrl(f"The host {text[:80]!r} of the URL is not a valid international domain name.") from None
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadUrl(f"The host {text[:80]!r} of the URL is not a domain name.")
    # A last label that is a number makes the C library (and WHATWG URL, "ends in a number") read the whole as an IPv4
    # address.
    if not _NUMBER.fullmatch(labels[-1]):
        return host, None
    try:
        address = IPv4Address(socket.inet_aton(host))
    except OSError:
        raise BadUrl(f"The host {text[:80]!r} of the URL ends in a number but is not an IPv4 address.") from None
    if str(address) != host:
        raise BadUrl(f"The host {text[:80]!r} of the URL is a disguised address; write it as {address}.")
    return host, address
