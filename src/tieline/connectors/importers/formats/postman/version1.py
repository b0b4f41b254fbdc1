"""Collections of version 1, a flat list of requests, rewritten as version 2."""

from __future__ import annotations

from typing import Any

from tieline.connectors.importers.values import Notices, mapping, sequence, text

_MODES = {"raw": "raw", "params": "formdata", "urlencoded": "urlencoded", "binary": "file", "graphql": "graphql"}
_MAX_DEPTH = 20


def is_version_1(root: dict[str, Any]) -> bool:
    """Version 1 has no ``item``, but ``requests`` and the order that they stand in."""
    return isinstance(root.get("requests"), list) and "item" not in root and ("order" in root or "name" in root)


def modernised(root: dict[str, Any], notices: Notices) -> dict[str, Any]:
    """The same collection as version 2.1; evidence points into the rewritten form."""
    notices.add("old-version", "The collection is of version 1; places in it are given as in version 2.1.")
    requests = {text(one.get("id"), 100): one for one in map(mapping, sequence(root.get("requests"))) if one}
    folders = {text(one.get("id"), 100): one for one in map(mapping, sequence(root.get("folders"))) if one}
    used: set[str] = set()

    def items(node: dict[str, Any], depth: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for id_ in (text(one, 100) for one in sequence(node.get("folders_order"))):
            if id_ in folders and id_ not in used and depth < _MAX_DEPTH:
                used.add(id_)
                found.append(_folder(folders[id_], items(folders[id_], depth + 1)))
        for id_ in (text(one, 100) for one in sequence(node.get("order"))):
            if id_ in requests and id_ not in used:
                used.add(id_)
                found.append(_item(requests[id_]))
        return found

    listed = items(root, 0)
    for id_, folder in folders.items():
        if id_ not in used:
            used.add(id_)
            listed.append(_folder(folder, items(folder, 1)))
    listed += [_item(one) for id_, one in requests.items() if id_ not in used]
    return {
        "info": {"name": root.get("name"), "description": root.get("description")},
        "item": listed,
        "variable": root.get("variables") or root.get("variable"),
        "auth": _auth(root),
    }


def _folder(node: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": node.get("name"), "description": node.get("description"), "auth": _auth(node), "item": items}


def _auth(node: dict[str, Any]) -> Any:
    """``auth`` as in version 2.0, or the older ``currentHelper`` with its attributes."""
    if isinstance(node.get("auth"), dict):
        return node["auth"]
    helper = text(node.get("currentHelper"), 40)
    kind = {
        "basicAuth": "basic",
        "bearerAuth": "bearer",
        "digestAuth": "digest",
        "oAuth1": "oauth1",
        "oAuth2": "oauth2",
    }
    return {"type": kind[helper], kind[helper]: node.get("helperAttributes")} if helper in kind else None


def _item(node: dict[str, Any]) -> dict[str, Any]:
    mode = _MODES.get(text(node.get("dataMode"), 20), "")
    body: dict[str, Any] = {"mode": mode}
    if mode == "raw":
        body["raw"] = node.get("rawModeData") if isinstance(node.get("rawModeData"), str) else node.get("data")
    elif mode == "graphql":
        body["graphql"] = node.get("graphqlModeData")
    elif mode:
        body[mode] = [
            {**one, "disabled": one.get("enabled") is False} for one in map(mapping, sequence(node.get("data")))
        ]
    declared = mapping(node.get("pathVariables"))
    scripts = [{"script": {"exec": node.get(name)}} for name in ("tests", "preRequestScript") if node.get(name)]
    return {
        "name": node.get("name"),
        "event": scripts,
        "request": {
            "method": node.get("method"),
            "url": {
                "raw": node.get("url"),
                "variable": node.get("pathVariableData")
                or [{"key": key, "value": value} for key, value in list(declared.items())[:200]],
            },
            "header": node.get("headerData") or node.get("headers"),
            "description": node.get("description"),
            "body": body if mode else None,
            "auth": _auth(node),
        },
        "response": [
            {
                "name": one.get("name"),
                "code": mapping(one.get("responseCode")).get("code"),
                "header": one.get("headers"),
                "body": one.get("text"),
            }
            for one in map(mapping, sequence(node.get("responses")))
        ],
    }
