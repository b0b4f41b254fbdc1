"""Authentication as a collection declares it; secrets become fields of the connection."""

from __future__ import annotations

import json
import re
from typing import Any

from tieline.connectors.importers.classify.auth import (
    api_key,
    basic,
    bearer,
    combined,
    digest,
    header_value,
    method_id,
    oauth2,
    secret,
)
from tieline.connectors.importers.formats.postman.secrets import Secrets
from tieline.connectors.importers.formats.postman.variables import VARIABLE, Scope
from tieline.connectors.importers.values import Notices, mapping, sequence, text
from tieline.connectors.manifest.model import AuthMethod, Fact, Input, OAuth2Grant
from tieline.security.redact import looks_secret

_GRANTS: dict[str, OAuth2Grant] = {
    "authorization_code": "authorization_code",
    "authorization_code_with_pkce": "authorization_code",
    "client_credentials": "client_credentials",
    "password_credentials": "password",
    "password": "password",
    "implicit": "implicit",
    "device_code": "device_code",
}
# Kinds that need a signature which the runtime does not know: what to ask for all the same.
_UNSUPPORTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "hawk": ("Hawk", ("auth_id", "auth_key")),
    "awsv4": ("AWS Signature Version 4", ("access_key", "secret_key", "region", "service")),
    "ntlm": ("NTLM", ("username", "password", "domain")),
    "edgegrid": ("Akamai EdgeGrid", ("access_token", "client_token", "client_secret")),
    "asap": ("ASAP", ("issuer", "key_id", "private_key")),
}
_KEY_HEADER = re.compile(
    r"(?:x-)?(?:[a-z0-9]+[-_])*?(?:api|app|access|auth|subscription|secret|client|integration|partner|admin|private|user"
    r"|account|session|company|security)?[-_]?(?:key|token|secret)",
    re.IGNORECASE,
)
_NO_KEY = re.compile(r"csrf|xsrf|idempot|page|cursor|sync|continuation|public|routing|sort", re.IGNORECASE)
_KEY_PARAMS = frozenset(
    "api_key apikey api-key access_token accesstoken auth_token authtoken api_token apitoken app_key appkey "
    "subscription-key subscription_key secret_key client_secret".split()
)
_MAX_METHODS = 50


class Auths:
    """The auth methods of a collection, each once; `of` says which one a request takes."""

    def __init__(self, secrets: Secrets, notices: Notices) -> None:
        self.secrets = secrets
        self.notices = notices
        self.found: dict[str, AuthMethod] = {}
        self._known: dict[tuple[Any, ...], str] = {}
        self._uses: dict[str, int] = {}
        self._learnt: Any = None

    def methods(self) -> list[AuthMethod]:
        """The methods that requests take, the most frequent first; the parts of combinations are left out."""
        used = [method for id_, method in self.found.items() if self._uses.get(id_)]
        return sorted(used, key=lambda method: -self._uses[method.id])

    def of(
        self, node: Any, headers: list[tuple[str, str]], query: list[tuple[str, str]], scope: Scope, at: str
    ) -> list[str] | None:
        """The ids that a request accepts: by its auth settings and by the credentials among its headers and query.

        None where it says nothing at all, [] where it says that it needs none.
        """
        ids: list[str] = []
        node = mapping(node)
        if (id_ := self._declared(node, scope, at)) is not None:
            ids.append(id_)
        for name, value in headers:
            lowered = name.lower()
            if lowered == "authorization":
                if not ids:
                    ids.append(self._keep(self._from_header(value), at))
            elif is_key_header(name):
                ids.append(self._keep(api_key("header", name), at))
        for name, value in query:
            if is_key_param(name, value):
                ids.append(self._keep(api_key("query", name), at))
        ids = [one for one in dict.fromkeys(ids) if one]
        if len(ids) > 1:
            ids = [self._together(ids)]
        for one in ids:
            self._uses[one] = self._uses.get(one, 0) + 1
        return ids if ids or text(node.get("type"), 40).lower() == "noauth" else None

    def learn(self, node: Any, headers: list[tuple[str, str]]) -> None:
        """Take note of the secrets that auth settings and headers hold."""
        if node is not self._learnt:
            self._learnt = node
            kind = text(mapping(node).get("type"), 40)
            for name, value in _attributes(mapping(node).get(kind)).items():
                # Of an API key, "key" is the name and "value" the secret.
                if name == "value" or (name not in ("username", "key", "in") and looks_secret(name)):
                    self.secrets.learn(value)
        for name, value in headers:
            if name.lower() == "authorization" or is_key_header(name):
                self.secrets.learn(value[len(_prefix(value)) :])

    def _together(self, ids: list[str]) -> str:
        name = "_and_".join(ids)[:80]
        if name not in self.found:
            self.found[name] = combined(name, [self.found[one] for one in ids])
        return name

    def _keep(self, method: AuthMethod, at: str) -> str:
        key = (method.kind, method.location, method.name.lower(), method.prefix, method.token_url, tuple(method.grants))
        if key not in self._known:
            if len(self.found) >= _MAX_METHODS:
                return next(iter(self.found))
            method.id = method_id(method.id or method.kind, self.found)
            sure = method.facts["kind"].confidence if "kind" in method.facts else 0.95
            note = method.facts["kind"].note if "kind" in method.facts else ""
            method.facts["kind"] = Fact(evidence=[at], confidence=sure, note=note)
            self._known[key] = method.id
            self.found[method.id] = method
        return self._known[key]

    def _declared(self, node: dict[str, Any], scope: Scope, at: str) -> str | None:
        """The id of the method that ``auth`` describes, None for none."""
        kind = text(node.get("type"), 40).lower()
        if kind in ("", "noauth", "inherit"):
            return None
        given = _attributes(node.get(text(node.get("type"), 40)))
        method = self._method(kind, given, scope)
        if method is None:
            self.notices.add("unsupported-auth", f"The authentication {kind[:40]!r} is not known.", at)
            return None
        return self._keep(method, at)

    def _method(self, kind: str, given: dict[str, Any], scope: Scope) -> AuthMethod | None:
        if kind == "apikey":
            name = scope.fill(text(given.get("key"), 200)) or "X-Api-Key"
            if "{{" in name or re.search(r"[^!#$%&'*+.^_`|~0-9A-Za-z\[\]-]", name):
                return None
            if name.lower() == "authorization":
                return self._from_header(text(given.get("value"), 2_000))
            place = "query" if text(given.get("in"), 20).lower() in ("query", "params") else "header"
            method = api_key("query" if place == "query" else "header", name)
            if place == "header":
                method.prefix = _prefix(text(given.get("value"), 2_000))
            return method
        if kind == "basic":
            return basic()
        if kind == "bearer":
            return bearer()
        if kind == "digest":
            return digest()
        if kind == "oauth1":
            return _oauth1(given)
        if kind == "oauth2":
            return self._oauth2(given, scope)
        if kind == "jwt":
            return self._jwt(given)
        if kind in _UNSUPPORTED:
            label, names = _UNSUPPORTED[kind]
            self.notices.add("unsupported-auth", f"The collection signs with {label}, which is not supported yet.")
            fields = [
                secret(name, name.replace("_", " ").capitalize())
                if looks_secret(name)
                else Input(id=name, label=name.replace("_", " ").capitalize(), required=True)
                for name in names
            ]
            fact = Fact(confidence=0.2, note=f"{label} has to be declared by hand")
            return AuthMethod(id=kind, kind="custom", label=label, fields=fields, facts={"kind": fact})
        return None

    def _from_header(self, value: str) -> AuthMethod:
        """The method that an ``Authorization`` header shows; its credential is dropped."""
        prefix = _prefix(value)
        rest = value[len(prefix) :]
        word = prefix.strip().lower()
        if word == "basic":
            return basic()
        if word == "digest":
            return digest()
        if word == "bearer" or (not prefix and not rest):
            return bearer()
        if prefix:
            method = api_key("header", "Authorization")
            method.prefix = prefix
            return method
        names = " ".join(VARIABLE.findall(value))
        return header_value(names)

    def _oauth2(self, given: dict[str, Any], scope: Scope) -> AuthMethod:
        def url(name: str) -> str:
            found = scope.fill(text(given.get(name), 2_000))
            return re.sub(r"^(https?://)[^/@{}]*@", r"\1", VARIABLE.sub(r"{\1}", found))

        token_url, authorization_url = url("accessTokenUrl"), url("authUrl")
        asked = text(given.get("grant_type"), 60).lower()
        grant = _GRANTS.get(asked)
        if grant is None:
            if not token_url and not authorization_url:
                # Only a token is sent, however it was got.
                method = bearer()
                method.prefix = _header_prefix(given)
                return method
            grant = "authorization_code" if authorization_url else "client_credentials"
        method = AuthMethod(id="oauth2", kind="oauth2", grants=[grant])
        method.token_url, method.authorization_url = token_url, authorization_url
        method.refresh_url = url("refreshTokenUrl")
        scopes = scope.fill(text(given.get("scope"), 4_000))
        if "{{" not in scopes:
            method.scope_separator = "," if "," in scopes and " " not in scopes.strip() else " "
            method.scopes = {one: "" for one in re.split(r"[\s,]+", scopes)[:200] if one}
        method.client_auth = "post" if text(given.get("client_authentication"), 20).lower() == "body" else "basic"
        for one in sequence(given.get("tokenRequestParams"))[:20]:
            one = mapping(one)
            name, value = text(one.get("key"), 100), scope.fill(text(one.get("value"), 500))
            if name and value and "{{" not in value and self.secrets.shows(name, value):
                method.token_params[name] = value
        method = oauth2(method.grants, method)
        if not token_url:
            method.facts["kind"] = Fact(confidence=0.6, note="the collection leaves the token address empty")
        return method

    def _jwt(self, given: dict[str, Any]) -> AuthMethod:
        algorithm = text(given.get("algorithm"), 20).upper() or "HS256"
        field = (
            secret("secret", "Signing secret") if algorithm.startswith("HS") else secret("private_key", "Private key")
        )
        method = AuthMethod(id="jwt", kind="jwt_bearer", signature=algorithm, fields=[field])
        method.prefix = _header_prefix(given)
        payload = given.get("payload")
        try:
            claims = json.loads(payload) if isinstance(payload, str) and "{{" not in payload else payload
        except (ValueError, RecursionError):
            claims = None
        for name, value in list(mapping(claims).items())[:50]:
            plain = isinstance(value, str | int | bool) and "{" not in str(value)
            if plain and name not in ("iat", "exp", "nbf", "jti") and self.secrets.shows(name, value):
                method.claims[name] = value
        return method


def is_key_header(name: str) -> bool:
    """Whether a header carries a credential by its name."""
    return _KEY_HEADER.fullmatch(name) is not None and not _NO_KEY.search(name)


def is_key_param(name: str, value: str) -> bool:
    """Whether a query parameter carries a credential: by its name, or by the variable that it is filled with."""
    if name.lower() in _KEY_PARAMS:
        return True
    variable = VARIABLE.fullmatch(value)
    return name.lower() in ("key", "token") and variable is not None and looks_secret(variable[1].strip())


def _attributes(node: Any) -> dict[str, Any]:
    """Version 2.0 writes a mapping, 2.1 a list of {key, value}."""
    if isinstance(node, dict):
        return node
    return {text(one.get("key"), 100): one.get("value") for one in map(mapping, sequence(node)[:100])}


def _prefix(value: str) -> str:
    """What stands before the credential in a header, with its blank."""
    match = re.match(r"\s*([A-Za-z][A-Za-z0-9_-]{0,30})(\s+|=\s*)(?=\S)", value)
    if match is None:
        return ""
    return match[1] + ("=" if "=" in match[2] else " ") if match[1].lower() != "basic" else "Basic "


def _header_prefix(given: dict[str, Any]) -> str:
    prefix = text(given.get("headerPrefix"), 40)
    return prefix + " " if prefix and "{{" not in prefix else "Bearer "


def _oauth1(given: dict[str, Any]) -> AuthMethod:
    """RFC 5849, one-legged: all four credentials are entered."""
    token = bool(text(given.get("token")) or text(given.get("tokenSecret")))
    fields = [
        Input(id="consumer_key", label="Consumer key", required=True),
        secret("consumer_secret", "Consumer secret"),
        Input(id="token", label="Token", type="password", secret=True, required=token),
        secret("token_secret", "Token secret", required=token),
    ]
    method = AuthMethod(id="oauth1", kind="oauth1", fields=fields)
    method.signature = text(given.get("signatureMethod"), 40) or "HMAC-SHA1"
    realm = text(given.get("realm"), 200)
    method.realm = realm if "{{" not in realm else ""
    method.location = "header" if given.get("addParamsToHeader", True) is not False else "query"
    return method
