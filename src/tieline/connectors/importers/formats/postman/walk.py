"""All requests of a collection, each with what its folders hand down: names, variables, authentication."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tieline.connectors.importers.formats.postman.secrets import Secrets
from tieline.connectors.importers.formats.postman.variables import Scope
from tieline.connectors.importers.values import Notices, mapping, sequence, text

MAX_ITEMS = 200_000
_MAX_FOLDERS = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One request where it stands. ``auth`` is what applies: its own, or the nearest folder's that has one."""

    item: dict[str, Any]
    request: dict[str, Any]
    folders: tuple[str, ...]  # outer first
    scope: Scope
    auth: Any
    pointer: str


@dataclass(slots=True)
class Tally:
    """What was met on the way and is not imported."""

    scripts: int = 0


def walk(collection: dict[str, Any], scope: Scope, secrets: Secrets, notices: Notices, tally: Tally) -> Iterator[Found]:
    """The requests in the order of the document. Never recurses; at most `MAX_ITEMS` items are looked at."""
    tally.scripts += _scripts(collection)
    pending: list[tuple[Any, tuple[str, ...], Scope, Any, str]] = []
    _push(pending, collection.get("item"), (), scope, collection.get("auth"), "", notices)
    count = 0
    while pending:
        item, folders, around, auth, at = pending.pop()
        count += 1
        if count > MAX_ITEMS:
            notices.add("too-many-items", f"Only the first {MAX_ITEMS:,} items were read.", "/item")
            return
        if not isinstance(item, dict):
            notices.add("wrong-type", "The item is not a mapping; it was left out.", at)
            continue
        tally.scripts += _scripts(item)
        inner = around.inner(item.get("variable"), secrets) if item.get("variable") else around
        if "item" in item:
            below = (*folders, name) if (name := text(item.get("name"), 200)) else folders
            own = item.get("auth") if isinstance(item.get("auth"), dict) else auth
            _push(pending, item["item"], below[:_MAX_FOLDERS], inner, own, at, notices)
            continue
        request = item.get("request")
        if isinstance(request, str):
            request = {"method": "GET", "url": request}
        if not isinstance(request, dict):
            notices.add("wrong-type", "The item holds neither a request nor further items; it was left out.", at)
            continue
        own = request.get("auth") if isinstance(request.get("auth"), dict) else auth
        yield Found(item, request, folders, inner, own, at)


def _push(
    pending: list[tuple[Any, tuple[str, ...], Scope, Any, str]],
    items: Any,
    folders: tuple[str, ...],
    scope: Scope,
    auth: Any,
    at: str,
    notices: Notices,
) -> None:
    if items is not None and not isinstance(items, list):
        notices.add("wrong-type", "`item` is not a list.", at + "/item")
    listed = sequence(items)
    for index in range(len(listed) - 1, -1, -1):
        pending.append((listed[index], folders, scope, auth, f"{at}/item/{index}"))


def _scripts(node: dict[str, Any]) -> int:
    found = 0
    for event in sequence(node.get("event"))[:50]:
        script = mapping(mapping(event).get("script"))
        lines = script.get("exec")
        found += bool("".join(text(one) for one in lines[:50]) if isinstance(lines, list) else text(lines))
        found += bool(text(script.get("src")))
    return found
