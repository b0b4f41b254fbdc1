"""Security schemes of Swagger 2 and OpenAPI 3 as auth methods, and what each operation asks for."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from tieline.connectors.importers.classify.auth import (
    api_key,
    basic,
    bearer,
    combined,
    digest,
    header_value,
    method_id,
    oauth2,
)
from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import Notices, mapping, pointer, text
from tieline.connectors.manifest.model import AuthMethod, Fact, Location, OAuth2Grant

_MAX_SCHEMES = 200
_FLOWS: dict[str, OAuth2Grant] = {
    "clientcredentials": "client_credentials",
    "application": "client_credentials",
    "authorizationcode": "authorization_code",
    "accesscode": "authorization_code",
    "password": "password",
    "implicit": "implicit",
    "deviceauthorization": "device_code",
}
_KEY_PLACES: dict[str, Location] = {"header": "header", "query": "query", "cookie": "cookie"}


class Security:
    """Auth methods by scheme name; combinations that must be sent together become a method of their own."""

    def __init__(
        self, root: dict[str, Any], references: References, notices: Notices, *, old: bool, address: str
    ) -> None:
        self.references = references
        self.notices = notices
        self.address = address
        self.ids: dict[str, str] = {}
        self.found: dict[str, AuthMethod] = {}
        base, schemes = (
            ("/securityDefinitions", root.get("securityDefinitions"))
            if old
            else ("/components/securitySchemes", mapping(root.get("components")).get("securitySchemes"))
        )
        if schemes is not None and not isinstance(schemes, dict):
            notices.add("wrong-type", "The security schemes are not a mapping.", base)
        for name, node in list(mapping(schemes).items())[:_MAX_SCHEMES]:
            if name[:2] == "x-":
                continue
            at = pointer(base, name)
            method = self._method(name, mapping(references.resolve(node)), at)
            if method is not None:
                method.id = method_id(name, self.found)
                self.found[method.id] = method
                self.ids[name] = method.id
        self.default = self._requirement(root.get("security"), "/security")

    def methods(self) -> list[AuthMethod]:
        """All auth methods, those that the whole document asks for first."""
        first = self.default or []
        return sorted(
            self.found.values(), key=lambda method: first.index(method.id) if method.id in first else len(first)
        )

    def required(self, node: Any, at: str) -> list[str] | None:
        """What an operation accepts: ids of methods, None for all of them, [] for none."""
        if node is None:
            return self.default
        return self._requirement(node, at + "/security")

    def _requirement(self, node: Any, at: str) -> list[str] | None:
        if not isinstance(node, list):
            if node is not None:
                self.notices.add("wrong-type", "`security` is not a list.", at)
            return None
        found: list[str] = []
        open_to_all = False
        for one in node[:50]:
            if isinstance(one, str):
                one = {one: []}
            names = [name for name in mapping(one) if name in self.ids]
            for name in mapping(one):
                if name not in self.ids:
                    self.notices.add("unknown-scheme", f"The security scheme {name[:60]!r} is not defined.", at)
            if not mapping(one):
                open_to_all = True
            elif len(names) == 1:
                found.append(self.ids[names[0]])
            elif all(self.found[self.ids[name]].kind == "oauth2" for name in names):
                # Two tokens cannot be sent in one header: such a list means either of them.
                found += [self.ids[name] for name in names]
            elif names:
                found.append(self._together([self.ids[name] for name in names]))
        if not found:
            return [] if open_to_all or not node else None
        return list(dict.fromkeys(found))

    def _together(self, ids: list[str]) -> str:
        name = "_and_".join(ids)[:80]
        if name not in self.found:
            self.found[name] = combined(name, [self.found[one] for one in ids])
        return name

    def _method(self, name: str, node: dict[str, Any], at: str) -> AuthMethod | None:
        kind = text(node.get("type"), 40).lower()
        said = text(node.get("description"), 3000)
        method: AuthMethod | None = None
        if kind == "apikey":
            method = self._key(name, node, said)
        elif kind == "basic":
            method = basic()
        elif kind == "http":
            method = _http(text(node.get("scheme"), 40).lower(), node, said)
        elif kind == "oauth2":
            method = self._oauth2(node)
        elif kind == "openidconnect":
            method = oauth2(["authorization_code"])
            method.discovery_url = self._url(node.get("openIdConnectUrl"))
        elif kind == "mutualtls":
            self.notices.add("unsupported-auth", f"{name[:60]!r} asks for a client certificate.", at)
            return None
        if method is None:
            self.notices.add("unsupported-auth", f"{name[:60]!r} is of the unknown kind {kind!r}.", at)
            return None
        method.label = method.label or name
        method.facts["kind"] = Fact(
            evidence=[at], confidence=method.facts["kind"].confidence if "kind" in method.facts else 0.98
        )
        return method

    def _key(self, name: str, node: dict[str, Any], said: str) -> AuthMethod | None:
        wire, place = text(node.get("name"), 100), text(node.get("in"), 20).lower()
        if not wire or place not in _KEY_PLACES or re.search(r"[^!#$%&'*+.^_`|~0-9A-Za-z\[\]-]", wire):
            return None
        if place == "header" and wire.lower() == "authorization":
            return header_value(f"{name} {said}")
        return api_key(_KEY_PLACES[place], wire, said)

    def _oauth2(self, node: dict[str, Any]) -> AuthMethod:
        flows = mapping(node.get("flows")) or {text(node.get("flow"), 40): node}
        method = oauth2([])
        method.discovery_url = self._url(node.get("oauth2MetadataUrl"))  # OpenAPI 3.2 section 4.27
        for name, flow in flows.items():
            flow = mapping(flow)
            grant = _FLOWS.get(re.sub(r"[^a-z]", "", name.lower()))
            if grant is None:
                continue
            method.grants.append(grant)
            method.token_url = method.token_url or self._url(flow.get("tokenUrl"))
            method.authorization_url = method.authorization_url or self._url(flow.get("authorizationUrl"))
            method.device_url = method.device_url or self._url(flow.get("deviceAuthorizationUrl"))
            method.refresh_url = method.refresh_url or self._url(flow.get("refreshUrl"))
            method.device_url = method.device_url or self._url(flow.get("deviceAuthorizationUrl"))
            scopes = flow.get("scopes")
            if isinstance(scopes, list):
                scopes = {text(one, 200): "" for one in scopes}
            for scope, meaning in list(mapping(scopes).items())[:2000]:
                method.scopes.setdefault(text(scope, 300), text(meaning, 1000))
        method.discovery_url = self._url(node.get("oauth2MetadataUrl"))
        if "implicit" in method.grants and "authorization_code" in method.grants:
            method.grants.remove("implicit")
        if not method.grants:
            method.grants.append("authorization_code" if method.authorization_url else "client_credentials")
        order = {"client_credentials": 0, "authorization_code": 1}
        method.grants = sorted(dict.fromkeys(method.grants), key=lambda grant: order.get(grant, 2))
        return oauth2(method.grants, method)

    def _url(self, value: Any) -> str:
        url = text(value, 2000)
        if not url:
            return ""
        if not re.match(r"https?://", url, re.IGNORECASE):
            if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url):
                return ""
            url = urljoin(self.address, url) if self.address.startswith("http") else url
        return re.sub(r"^(https?://)[^/@{}]*@", r"\1", url)


def _http(scheme: str, node: dict[str, Any], said: str) -> AuthMethod | None:
    if scheme == "basic":
        return basic(said)
    if scheme == "digest":
        return digest()
    if scheme == "oauth" and (method := header_value(said)).kind == "oauth1":
        return method
    if scheme in ("bearer", "jwt", "oauth", "token"):
        method = bearer(said or text(node.get("bearerFormat"), 60))
        if scheme == "token":
            method.prefix = "Token "
        return method
    return header_value(said, default=scheme) if scheme else None
