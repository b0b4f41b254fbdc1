"""The address that links are built from.

A client expects links with the scheme, host and port that it asked. What it sent as ``Host`` is believed only where a
lie could not lead anybody astray: a loopback name, or the very address that the connection came in on. Everything else
gets ``TIELINE_BASE_URL``, and without that the address the server listens on. ``X-Forwarded-*`` and ``Forwarded`` are
never read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")


class Origin:
    """Builds absolute links. ``base_url`` None = nobody said under which address this server is known."""

    def __init__(self, base_url: str | None) -> None:
        self._base = base_url.rstrip("/") if base_url else None
        # A loopback base address is where the server listens, not a public name: clients may say localhost for it.
        self._public = self._base is not None and not _is_loopback(urlsplit(self._base).hostname or "")

    @property
    def https(self) -> bool:
        """True where clients come by https."""
        return self._base is not None and self._base.startswith("https://")

    def base(self, request: Request) -> str:
        """Scheme, host and port (and path, where the base address has one), without a slash at the end."""
        if self._base is not None and self._public:
            return self._base
        # A proxy may have told the server another scheme; where the base address is known, so is the scheme.
        scheme = urlsplit(self._base).scheme if self._base else request.scope["scheme"]
        hosts = [value for name, value in request.scope["headers"] if name == b"host"]
        if len(hosts) == 1 and _believable(hosts[0].decode("latin-1"), request.scope.get("server")):
            return f"{scheme}://{hosts[0].decode('latin-1')}"
        return self._base or _listening(scheme, request.scope.get("server"))

    def meant(self, request: Request) -> bool:
        """Whether the request asks for this server: by its base address, a loopback name, or the address that it came
        in on. A page whose own name was made to lead here (DNS rebinding) asks by that name.
        """
        hosts = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        if self._base is not None and hosts[0].lower() == urlsplit(self._base).netloc.lower():
            return True
        return _believable(hosts[0], request.scope.get("server"))

    def own(self, request: Request) -> str:
        """The web origin of our own pages, as a browser that has come this way writes it."""
        parts = urlsplit(self.base(request))
        port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
        host = parts.hostname or ""
        return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"

    def link(self, request: Request, query: Sequence[tuple[str, str]]) -> str:
        """This request's path under the base address, with another query."""
        return f"{self.base(request)}{request.scope['path']}?{urlencode(query)}"


def _is_loopback(name: str) -> bool:
    name = name.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _believable(host: str, server: Sequence[object] | None) -> bool:
    match = _HOST.fullmatch(host)
    if match is None or not 0 < int(match["port"] or 80) < 65536:
        return False
    if _is_loopback(match["name"]):
        return True
    if not server or server[1] is None:
        return False
    return match["name"].strip("[]") == str(server[0]) and int(match["port"] or 80) == server[1]


def _listening(scheme: str, server: Sequence[object] | None) -> str:
    if not server or server[1] is None:
        return f"{scheme}://127.0.0.1"
    name = str(server[0])
    return f"{scheme}://[{name}]:{server[1]}" if ":" in name else f"{scheme}://{name}:{server[1]}"
