"""Web origins, as a browser writes them (RFC 6454 section 6.2; WHATWG HTML, "serialization of an origin").

    normalized("HTTPS://Bücher.Example:443")     # 'https://xn--bcher-kva.example'

What is kept is exactly what a browser sends in ``Origin``, so that the two are compared byte for byte.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

from tieline.core.errors import BadInput

MAX_LENGTH = 300

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORM = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::(?P<port>[^:]*))?")
_PORT = re.compile(r"[0-9]{1,5}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A last label like this makes a browser read the whole as an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class InvalidOrigin(BadInput):
    """A text that is no web origin, or one that cannot be allowed."""

    code = "invalid-origin"
    title = "Invalid origin"


def normalized(text: str, *, pointer: str | None = None) -> str:
    """``scheme://host[:port]``: lower case, host in ASCII (IDNA 2008 with UTS 46), no default port.

    Raises `InvalidOrigin` for anything that is more than an http or https origin, or less.
    """

    def refused(why: str) -> InvalidOrigin:
        return InvalidOrigin(f"The origin {_shown(text)} {why}.", pointer=pointer)

    if not text or len(text) > MAX_LENGTH:
        raise InvalidOrigin(
            f"An origin has 1 to {MAX_LENGTH} characters, like https://app.example.com.", pointer=pointer
        )
    if text in {"*", "null"}:
        raise refused("stands for anybody; name each origin as https://host or https://host:port")
    if not text.isprintable() or any(character.isspace() for character in text) or "\\" in text:
        raise refused("holds a blank, a control character or a backslash; remove it")
    _, separator, rest = text.partition("://")
    if not separator:
        raise refused("has no scheme; write it as https://host or https://host:port")
    if any(character in rest for character in "/?#"):
        raise refused("goes on after its host; leave the path, the query and the slash at the end away")
    if "@" in rest:
        raise refused("carries user info; write the host alone")
    if "*" in rest:
        raise refused("has a wildcard; name each origin")
    match = _FORM.fullmatch(text)
    if match is None:
        raise refused("is not of the form https://host or https://host:port")
    scheme = match["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise refused("is neither http nor https")
    host = _host(match["host"])
    if host is None:
        raise refused("does not have a valid host name or IP address")
    port = _port(match["port"])
    if port == 0:
        raise refused("has a port that is no number from 1 to 65535")
    return f"{scheme}://{host}" if port in {None, _DEFAULT_PORTS[scheme]} else f"{scheme}://{host}:{port}"


def _port(text: str | None) -> int | None:
    """None without a port, 0 for one that cannot be."""
    if text is None:
        return None
    port = int(text) if _PORT.fullmatch(text) else 0
    return port if port < 65536 else 0


def _host(text: str) -> str | None:
    if text.startswith("["):
        return _v6(text[1:-1])
    host = text
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    host = host.lower()
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if not _NUMBER.fullmatch(labels[-1]):
        return host
    try:
        # Only the form that a browser writes: 127.1 and 0x7f000001 are refused, not understood.
        return host if str(IPv4Address(host)) == host else None
    except AddressValueError:
        return None


def _v6(text: str) -> str | None:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return None
    mapped = address.ipv4_mapped
    if mapped is not None:
        # Browsers write these groups in hexadecimal; Python does or does not, by its version.
        return f"[::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}]"
    return f"[{address.compressed}]"


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:80] + "...")
