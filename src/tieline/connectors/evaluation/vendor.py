"""Labels that vendors write into their own documents, and documents without them.

* ``x-ms-pageable`` (AutoRest): ``nextLinkName`` names the field with the next address, null = one piece; ``itemName``
  (default ``value``) the list.
* ``x-speakeasy-pagination``: ``type`` url, cursor or offsetLimit; ``inputs`` with the parameters and their roles;
  ``outputs`` with the places of results, next cursor or URL, number of pages.
* ``x-ms-notification-url`` (Power Platform): true on the field that takes the address to call back, so that the
  operation subscribes. In a document that has one, operations without it do not subscribe.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tieline.connectors.evaluation.entries import METHODS
from tieline.connectors.evaluation.labels import Label, LabelSet, PagingLabel
from tieline.connectors.evaluation.vocabulary import place
from tieline.connectors.importers.reading import read_document
from tieline.connectors.manifest.errors import UnreadableDocument
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.core.errors import BadInput

EXTENSIONS = (
    "x-ms-pageable",
    "x-speakeasy-pagination",
    "x-ms-notification-url",
    "x-ms-notification-content",
    "x-ms-trigger",
)
_SUFFIXES = (".json", ".yaml", ".yml")
_DEEPEST = 60
_NOTIFIES = "x-ms-notification-url"


def vendor_labels(folder: Path) -> LabelSet:
    """The labels in the documents of a folder (or in one document). Raises BadInput where there are none."""
    files = sorted(one for one in folder.rglob("*") if one.suffix.lower() in _SUFFIXES) if folder.is_dir() else [folder]
    found = LabelSet(folders=[folder if folder.is_dir() else folder.parent])
    for file in files:
        try:
            if file.stat().st_size > MAX_BYTES:
                continue
            data = file.read_bytes()
        except OSError as error:
            raise BadInput(f"{file} cannot be read ({error.strerror}); name a folder of documents") from None
        if not any(name.encode() in data for name in EXTENSIONS):
            continue
        try:
            root = read_document(data).data
        except UnreadableDocument as error:
            found.oddities[f"{file.name} was left out: {error.detail}"] += 1
            continue
        if labels := list(_labels(root)):
            found.documents[str(file.relative_to(found.folders[0]))] = labels
    if not found.count:
        raise BadInput(f"no document in {folder} has any of {', '.join(EXTENSIONS[:3])}; there is nothing to score")
    return found


def hidden(data: bytes) -> bytes:
    """The document without those extensions, as JSON; the very bytes where it has none (or cannot be read).

    Raises `UnreadableDocument` for one that nests too deep to be written again.
    """
    if not any(name.encode() in data for name in EXTENSIONS):
        return data
    try:
        root = read_document(data).data
    except UnreadableDocument:
        return data
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for name in EXTENSIONS:
                node.pop(name, None)
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    try:
        return json.dumps(root).encode()
    except RecursionError:
        raise UnreadableDocument("The document nests too deep.") from None


def _labels(root: Any) -> Iterator[Label]:
    notifies = _has(root, _NOTIFIES)
    for method, path, node in operations(root):
        paging, records, origin = _paged(node)
        subscribes = None
        if notifies:
            subscribes = _has([node, root["paths"][path].get("parameters"), _bodies(root, node)], _NOTIFIES)
        if paging is None and subscribes is None:
            continue
        yield Label(
            method=method,
            path=path,
            paging=paging,
            records=records,
            webhook=None if subscribes is None else "subscribe" if subscribes else "none",
            origin=origin or _NOTIFIES,
        )


def operations(root: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and node of every operation of an OpenAPI document."""
    paths = root.get("paths") if isinstance(root, dict) else None
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method, node in item.items() if isinstance(item, dict) else ():
            if isinstance(node, dict) and str(method).upper() in METHODS:
                yield str(method).upper(), str(path), node


def _paged(node: dict[str, Any]) -> tuple[tuple[PagingLabel, ...] | None, tuple[str, ...] | None, str]:
    if isinstance(hint := node.get("x-speakeasy-pagination"), dict):
        return (*_speakeasy(hint), "x-speakeasy-pagination")
    if isinstance(hint := node.get("x-ms-pageable"), dict):
        link = hint.get("nextLinkName")
        item = place([str(hint.get("itemName") or "value")])
        if "nextLinkName" in hint and not link:
            return (), (item or "$",), "x-ms-pageable"
        next_ = place([str(link or "nextLink")]) or "$"
        return (PagingLabel("next_url", (("next", next_),)),), (item or "$",), "x-ms-pageable"
    return None, None, ""


def _speakeasy(hint: dict[str, Any]) -> tuple[tuple[PagingLabel, ...], tuple[str, ...] | None]:
    outputs = hint.get("outputs")
    said = outputs if isinstance(outputs, dict) else {}
    members: dict[str, str] = {}
    roles = set()
    inputs = hint.get("inputs")
    for one in inputs if isinstance(inputs, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            roles.add(one.get("type"))
            members["size_param" if one.get("type") == "limit" else "param"] = one["name"]
    kind = str(hint.get("type"))
    style = {"url": "next_url", "cursor": "cursor"}.get(kind, "offset" if "offset" in roles else "page")
    following = place(said.get("nextCursor") or said.get("nextUrl"))
    if kind == "cursor" and "-1" in str(said.get("nextCursor")):
        # The cursor is a field of the last record.
        style, following = "keyset", None
    if following:
        members["next"] = following
    results = place(said.get("results"))
    return (PagingLabel(style, tuple(sorted(members.items()))),), (results,) if results else None


def _bodies(root: Any, node: dict[str, Any]) -> list[Any]:
    """What the parameters and the body of an operation refer to, one step away and no further."""
    found: list[Any] = []
    pending: list[Any] = [node.get("parameters"), node.get("requestBody")]
    for _ in range(500):
        if not pending:
            break
        one = pending.pop()
        if isinstance(one, dict):
            ref = one.get("$ref")
            if isinstance(ref, str) and ref.startswith("#/") and ref not in found:
                found.append(ref)
                target: Any = root
                for token in ref[2:].split("/"):
                    key = token.replace("~1", "/").replace("~0", "~")
                    target = target.get(key) if isinstance(target, dict) else None
                found.append(target)
                pending.append(target)
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
    return found


def _has(node: Any, name: str, depth: int = 0) -> bool:
    """True where the extension is anywhere in the node and not switched off."""
    if depth > _DEEPEST:
        return False
    if isinstance(node, dict):
        return node.get(name) in (True, "true") or any(_has(one, name, depth + 1) for one in node.values())
    return any(_has(one, name, depth + 1) for one in node) if isinstance(node, list) else False
