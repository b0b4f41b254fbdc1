"""One call, or a list over all its pages, as the description of the operation says."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import typer

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

MOST_PER_PAGE = 100
# Unless more is asked for: nobody reads more, and a log has no end.
FIRST_ROWS = 1000
_PATIENCE = 300.0
# The person has said it already by naming the resource, and confirmed it where there is a terminal.
CONFIRMED = {"qlik-confirm-delete": "id"}


def client(told: Mapping[str, Any], url: str | None, key: str | None, partner: tuple[str | None, str | None]) -> Api:
    """The client with the credentials that the operation takes. Raises `BadParameter` where a partner's are missing."""
    from tieline.server.cli.api import Api

    if not told.get("partner"):
        return Api.local(url, key)
    app_id, secret = partner[0] or os.environ.get("TIELINE_APP_ID"), partner[1] or os.environ.get("TIELINE_PARTNER_KEY")
    if not app_id or not secret:
        raise typer.BadParameter(
            "--app-id and --partner-key are needed (or TIELINE_APP_ID and TIELINE_PARTNER_KEY); "
            "`tieline partners key` makes a key"
        )
    return Api.of_partner(url, app_id, secret)


def path_of(told: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """The path with its parameters, each one segment whatever is in it."""
    path = str(told["path"])
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def headers_of(told: Mapping[str, Any], given: Mapping[str, Any], path: Mapping[str, str]) -> dict[str, str]:
    """What goes into headers. Raises `BadParameter` for one that is required and missing."""
    found = {}
    for option in told["options"]:
        if option["in"] != "header":
            continue
        name = option["name"]
        value = given.get(name, path.get(CONFIRMED.get(name, "")))
        if value is not None:
            found[name] = str(value)
        elif option["required"]:
            raise typer.BadParameter(f"--{name.lower()} is needed")
    return found


async def call(api: Api, told: Mapping[str, Any], path: str, body: Any, **more: Any) -> Any:
    return await api.call(told["method"], path, body, timeout=_PATIENCE, **more)


async def rows(
    api: Api,
    told: Mapping[str, Any],
    path: str,
    body: Any,
    query: dict[str, Any],
    headers: Mapping[str, str],
    most: int,
) -> list[Any]:
    """At most ``most`` rows; a line on standard error says where there are more that nobody has cut off on purpose."""
    found: list[Any] = []
    async for row in _pages(api, told, path, body, query, headers, most):
        if len(found) == most:
            return found
        found.append(row)
    return found


def say_more() -> None:
    sys.stderr.write(f"tieline: these are the first {FIRST_ROWS}; --all shows all, --limit so many\n")


async def _pages(
    api: Api,
    told: Mapping[str, Any],
    path: str,
    body: Any,
    query: dict[str, Any],
    headers: Mapping[str, str],
    most: int,
) -> AsyncIterator[Any]:
    listed = told["list"]
    size = min(most, MOST_PER_PAGE)
    if listed["pages"]:
        query = {**query, listed["pages"]: size}
    number = 1
    page = await call(api, told, path, body, query=query, headers=headers)
    while True:
        entries = page[listed["rows"]] if listed["rows"] else page
        for entry in entries:
            yield entry
        if listed["page"]:
            # A bare array tells nothing of its neighbours; a short one is the last.
            if len(entries) < size:
                return
            number += 1
            page = await call(api, told, path, body, query={**query, "page": number}, headers=headers)
            continue
        following = _following(page)
        if not following:
            return
        # Through the address that we came by: behind a proxy, the server's own name may not be reachable from here.
        page = await call(api, told, "/" + following.split("/", 3)[-1], body, headers=headers)


def _following(page: Any) -> str | None:
    links = page.get("links") if isinstance(page, dict) else None
    link = links.get("next") if isinstance(links, dict) else None
    return (link.get("href") if isinstance(link, dict) else link) or None
