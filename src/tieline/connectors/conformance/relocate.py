"""A manifest whose addresses all lead to the mock.

Each origin that the manifest names gets a port of its own, so that the runtime's rules about origins and credentials
hold in the mock as they do outside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from tieline.connectors.conformance.messages import parts_of
from tieline.connectors.conformance.server import HOST
from tieline.connectors.manifest.authsteps import AuthStep
from tieline.connectors.manifest.model import AuthMethod, Block, Manifest, Paging, Server

_VARIABLE = re.compile(r"\{([^{}]+)\}")
_URLS = (
    *("token_url", "authorization_url", "refresh_url", "revoke_url", "discovery_url", "device_url"),
    "request_token_url",
)
_MOST_ORIGINS = 20
SAMPLE = "sample"
LARGEST_PAGE = 1000


class Map(Struct):
    """Origins and the ports that stand for them; the first is where relative addresses lead."""

    origins: list[str]
    ports: list[int]

    def moved(self, url: str) -> str:
        """An absolute or relative address on the mock."""
        parts = parts_of(url)
        if parts.scheme not in ("http", "https"):
            return f"http://{HOST}:{self.ports[0]}/{url.lstrip('/')}".rstrip("/")
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        at = self.origins.index(origin) if origin in self.origins else 0
        return parts._replace(scheme="http", netloc=f"{HOST}:{self.ports[at]}").geturl()


def origins(manifest: Manifest, params: Mapping[str, Any]) -> list[str]:
    """All origins that the manifest names, its first server's first."""
    urls = [filled(server, params) for server in manifest.servers]
    for block in manifest.blocks:
        urls.append(filled(Server(url=block.server), params))
    for method in manifest.auth:
        urls += [filled(Server(url=getattr(method, name)), params) for name in _URLS]
        urls += _step_urls(method, params)
    found = [""] if not urls or not _absolute(urls[0]) else []
    for url in urls:
        if _absolute(url):
            parts = parts_of(url)
            origin = f"{parts.scheme}://{parts.netloc}".lower()
            if origin not in found:
                found.append(origin)
    return found[:_MOST_ORIGINS]


def relocate(manifest: Manifest, params: Mapping[str, Any], places: Map) -> Manifest:
    """A copy with every address on the mock, and with pages that are not larger than `LARGEST_PAGE`."""

    def move(url: str, server: Server | None = None) -> str:
        return places.moved(filled(server or Server(url=url), params))

    servers = [Server(url=move("", server), description=server.description) for server in manifest.servers]
    blocks: list[Block] = [
        msgspec.structs.replace(
            block, server=move(block.server) if "://" in block.server else block.server, paging=_bounded(block.paging)
        )
        for block in manifest.blocks
    ]
    auth: list[AuthMethod] = []
    for method in manifest.auth:
        changed: dict[str, Any] = {name: move(url) for name in _URLS if (url := getattr(method, name))}
        changed["steps"] = [_moved_step(step, move) for step in method.steps]
        auth.append(msgspec.structs.replace(method, **changed))
    return msgspec.structs.replace(
        manifest,
        servers=servers or [Server(url=places.moved(""))],
        blocks=blocks,
        auth=auth,
        paging=_bounded(manifest.paging),
    )


def _bounded(paging: Paging | UnsetType) -> Paging | UnsetType:
    """A page of a million records shows nothing that one of a thousand does not."""
    if paging is UNSET or 0 <= paging.size <= LARGEST_PAGE:
        return paging
    return msgspec.structs.replace(paging, size=LARGEST_PAGE if paging.size > 0 else 0)


def filled(server: Server, params: Mapping[str, Any]) -> str:
    """An address with its variables filled in."""

    def value(match: re.Match[str]) -> str:
        text = _value(match.group(1))
        return text.lstrip("/") if server.url[: match.start()].endswith("/") else text

    def _value(name: str) -> str:
        if params.get(name) not in (None, ""):
            return str(params[name])
        declared = server.variables.get(name)
        if declared is not None and (declared.default or declared.choices):
            return declared.default or declared.choices[0]
        return SAMPLE

    text = _VARIABLE.sub(value, server.url)
    return text if text != SAMPLE else ""


def unasked(manifest: Manifest) -> list[str]:
    """Names in addresses and paths for which nobody is asked for a value."""
    asked = {name for server in manifest.servers for name in server.variables}
    asked |= {field.id for method in manifest.auth for field in method.fields}
    found = {name for server in manifest.servers for name in _VARIABLE.findall(server.url) if name not in asked}
    for method in manifest.auth:
        found |= {name for url in _URLS for name in _VARIABLE.findall(getattr(method, url)) if name not in asked}
    for block in manifest.blocks:
        own = {spec.name or spec.id for spec in block.inputs if spec.location == "path"}
        paging = block.paging or manifest.paging
        own |= {paging.param} if paging else set()
        names = set(_VARIABLE.findall(block.path.partition("?")[0])) | set(_VARIABLE.findall(block.server))
        found |= {f"{name} (block {block.id})" for name in names - own - asked}
    return sorted(found)


def _absolute(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _step_urls(method: AuthMethod, params: Mapping[str, Any]) -> list[str]:
    return [
        filled(Server(url=_host(step.request.url)), params)
        for step in method.steps
        if step.request is not UNSET and _absolute(step.request.url)
    ]


def _host(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _moved_step(step: AuthStep, move: Callable[[str], str]) -> AuthStep:
    """A step with its absolute address moved; the templates in its path stay."""
    if step.request is UNSET or not _absolute(step.request.url):
        return step
    host = _host(step.request.url)
    url = move(host).rstrip("/") + step.request.url[len(host) :]
    return msgspec.structs.replace(step, request=msgspec.structs.replace(step.request, url=url))
