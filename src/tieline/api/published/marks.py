"""What a document says about each operation beyond its shape: access, rate limit, which of two paths to prefer.

``x-tieline-tier``: the rate limit that the operation counts towards, ``{"tier": "1", "limit": 1000}``, the limit in
requests a minute. ``x-tieline-scope``: the scope that a key needs. ``x-tieline-preferred`` / ``x-tieline-replaces``: of
two paths with the same operation, the other one, as ``GET /api/workflows/automations``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tieline.api.edge.access import NEEDED
from tieline.api.published.families import FAMILIES, family_of, title_of, twins
from tieline.tenancy.limits import Tiers, tier_of
from tieline.tenancy.oauth.scopes import OFFLINE
from tieline.tenancy.scopes import ADMIN, KNOWN, USER_DEFAULT

_MEANING = {ADMIN: "Everything in the tenant.", USER_DEFAULT: "Everything that the user may do."}


def security_schemes(base_url: str) -> dict[str, Any]:
    """How callers say who they are."""
    scopes = {scope: _meaning(scope) for scope in KNOWN}
    token = f"{base_url}/oauth/token"
    code = {
        "authorizationUrl": f"{base_url}/oauth/authorize",
        "tokenUrl": token,
        "refreshUrl": token,
        "scopes": {**scopes, OFFLINE: "A refresh token as well."},
    }
    return {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer tln_...`."},
        "oauth2": {
            "type": "oauth2",
            "description": "An access token of an OAuth client; codes need PKCE with S256.",
            "flows": {
                "clientCredentials": {"tokenUrl": token, "scopes": scopes},
                "authorizationCode": code,
            },
        },
        "appId": {"type": "apiKey", "in": "header", "name": "X-App-Id", "description": "A partner's app id."},
        "partnerKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "A partner's key."},
    }


def mark(app: FastAPI, built: dict[str, Any]) -> None:
    """Adds the marks to every operation of the document ``built``, and the descriptions of its tags."""
    scopes = dict(_scopes(app))
    tiers = Tiers()
    for path, item in built["paths"].items():
        for method, operation in item.items():
            security = operation.get("security")
            if security == [{"apiKey": []}]:
                tier = tier_of(method.upper())
                operation["x-tieline-tier"] = {"tier": str(tier), "limit": tiers.of(tier, {})}
                scope = scopes.get((method, path))
                operation["security"] = [{"apiKey": []}, {"oauth2": [scope] if scope else []}]
                if scope:
                    operation["x-tieline-scope"] = scope
            elif security and "partnerKey" in security[0]:
                operation["x-tieline-tier"] = {"tier": "oem", "limit": tiers.oem}
            else:
                # Said, so that nobody takes it for forgotten.
                operation["security"] = []
            _prefer(built, path, method, operation)
            family = family_of(path) or "other"
            # A family that is as large as the partner's API keeps a tag for each of its resources.
            named = operation.get("tags", ["other"])[0]
            operation["tags"] = [f"oem-{named}" if family == "oem" else family]
    built["tags"] = tags(built)


def tags(built: dict[str, Any]) -> list[dict[str, Any]]:
    """The tags of the operations of ``built``, in the order of the families."""
    used = {tag for item in built["paths"].values() for operation in item.values() for tag in operation["tags"]}
    order = {name: number for number, name in enumerate(FAMILIES)}
    return [
        {"name": name, "description": _sentence(title_of("oem" if name.startswith("oem-") else name))}
        for name in sorted(used, key=lambda tag: (order.get(tag, len(order)), tag))
    ]


def _prefer(built: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> None:
    both = twins(path)
    if both is None or any(method not in built["paths"].get(one, ()) for one in both):
        return
    old, new = both
    if path == old:
        operation["x-tieline-preferred"] = f"{method.upper()} {new}"
    else:
        operation["x-tieline-replaces"] = f"{method.upper()} {old}"


def _scopes(app: FastAPI) -> Iterator[tuple[tuple[str, str], str]]:
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        needed = next((NEEDED[one.call] for one in getattr(dependant, "dependencies", ()) if one.call in NEEDED), None)
        if needed is None or needed[0] is None:
            continue
        resource, action = needed
        for method in route.methods or ():
            scope = resource if action == "write" else f"{resource}:read"
            # What no scope of its own opens is open to those that stand for everything.
            yield (method.lower(), getattr(route, "path_format", "") or ""), scope if scope in KNOWN else USER_DEFAULT


def _meaning(scope: str) -> str:
    if scope in _MEANING:
        return _MEANING[scope]
    resource, _, reading = scope.partition(":")
    return f"Read {resource}." if reading else f"Read, change and run {resource}."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
