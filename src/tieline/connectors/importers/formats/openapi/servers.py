"""Where the API lives: OpenAPI 3 server objects, Swagger 2 host, basePath and schemes."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from tieline.connectors.importers.values import Notices, mapping, sequence, text
from tieline.connectors.manifest.model import Server, ServerVariable

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_SCHEMES = ("https", "http")


def read_servers(root: dict[str, Any], notices: Notices, *, old: bool, address: str) -> list[Server]:
    """The base URLs, absolute where the document or its own address says enough; the first one is the default."""
    found = _swagger(root, notices, address) if old else _openapi(root.get("servers"), notices, address, "/servers")
    if not found and (origin := _origin(address)):
        # OpenAPI 3.0.3 section 4.8.1: without servers the base is "/", relative to the document.
        found = [Server(url=origin)]
    if not found:
        notices.add("no-server", "The document names no server; give the base URL with the connection.")
    return found


def read_server(node: Any, notices: Notices, address: str, at: str) -> str:
    """The base URL of a path or an operation that has its own, "" where it has none."""
    found = _openapi(node, notices, address, at)
    return _filled(found[0]) if found else ""


def _openapi(node: Any, notices: Notices, address: str, at: str) -> list[Server]:
    if node is not None and not isinstance(node, list):
        notices.add("wrong-type", "`servers` is not a list.", at)
    found: list[Server] = []
    for index, item in enumerate(sequence(node)[:50]):
        item = mapping(item)
        url = text(item.get("url"), 2000)
        if not url:
            continue
        absolute = _absolute(url, address)
        if absolute is None:
            notices.add("unusable-server", f"The server {url[:100]!r} is not an HTTP address.", f"{at}/{index}")
            continue
        server = Server(url=absolute, description=text(item.get("description"), 500))
        declared = mapping(item.get("variables"))
        for name in dict.fromkeys(_VARIABLE.findall(absolute)):
            variable = mapping(declared.get(name))
            server.variables[name] = ServerVariable(
                default=text(variable.get("default"), 500),
                choices=[text(one, 500) for one in sequence(variable.get("enum"))[:200]],
                description=text(variable.get("description"), 1000),
            )
        if server.url not in (one.url for one in found):
            found.append(server)
    return found


def _absolute(url: str, address: str) -> str | None:
    """An http(s) URL without credentials, query or final slash; a path where nothing says on which host; else None."""
    scheme = urlsplit_scheme(url)
    if scheme and scheme not in _SCHEMES and "{" not in scheme:
        return None
    if not scheme and not url.startswith("{"):
        if url.startswith("//"):
            url = (urlsplit_scheme(address) or "https") + ":" + url
        elif _looks_like_host(url):
            url = "https://" + url
        elif urlsplit_scheme(address) in _SCHEMES:
            url = urljoin(address, url)
    url = re.sub(r"^(https?://)[^/@{}]*@", r"\1", url)
    url = url.split("#")[0].split("?")[0]
    return url.rstrip("/") or None


def urlsplit_scheme(url: str) -> str:
    """The scheme of ``url`` in lower case, "" where it has none."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*|\{[^{}/]*\}):(?=//|[^/0-9])", url)
    return match[1].lower() if match else ""


def _looks_like_host(url: str) -> bool:
    return bool(re.match(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::\d+)?(?:/|$)", url)) and not url.startswith("/")


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
        if parts.scheme in _SCHEMES and parts.hostname:
            return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}"
    except ValueError:
        pass
    return ""


def _filled(server: Server) -> str:
    return _VARIABLE.sub(
        lambda match: (server.variables[match[1]].default if match[1] in server.variables else "") or match[0],
        server.url,
    )


def _swagger(root: dict[str, Any], notices: Notices, address: str) -> list[Server]:
    host = re.sub(r"^\w+://", "", text(root.get("host"), 500)).strip("/")
    origin = _origin(address)
    if not host and not origin:
        return []
    base = text(root.get("basePath"), 500).strip("/")
    schemes = [text(one, 10).lower() for one in sequence(root.get("schemes"))]
    schemes = [one for one in schemes if one in _SCHEMES]
    if not host:
        host = origin.split("://", 1)[1]
        schemes = schemes or [origin.split("://", 1)[0]]
    scheme = "https" if "https" in schemes else schemes[0] if schemes else _scheme_of(host, origin)
    url = f"{scheme}://{host.rsplit('@', 1)[-1]}" + (f"/{base}" if base else "")
    return [Server(url=url, variables={name: ServerVariable() for name in dict.fromkeys(_VARIABLE.findall(url))})]


def _scheme_of(host: str, origin: str) -> str:
    """Swagger 2.0: without schemes the one that the document came by counts, and https where that is unknown."""
    return origin.split("://", 1)[0] if origin else "https"
