"""OAuth 2.0: access tokens that are fetched, kept, replaced in time and replaced once when they are refused."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from msgspec import UNSET, structs

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.auth import token_answers
from tieline.connectors.runtime.auth.base import Surroundings, entered, for_templates, register
from tieline.connectors.runtime.auth.discovery import Metadata, metadata
from tieline.connectors.runtime.auth.grants import GRANTS, Grant
from tieline.connectors.runtime.auth.held import Held
from tieline.connectors.runtime.auth.jwts import claims_of, key_of, signed
from tieline.connectors.runtime.auth.template import Names, compiled
from tieline.connectors.runtime.auth.token_answers import Granted
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamUnavailable
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.tokens import Made
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import Misconfigured

__all__ = ["GRANTS", "OAuth2", "extras"]

_LATER: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# What these grants show is enough for many servers: a client may have no id of its own.
_BY_THEMSELVES: Final = (
    "password",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
_OF_GRANTS: Final = (  # fields that are no client secret
    *("refresh_token", "access_token", "subject_token", "private_key", "key", "signing_key", "scope", "scopes"),
    *("username", "user", "login", "password", "user_password", "subject", "sub", "grant"),
)
_HIDDEN: Final = (
    *("refresh_token", "client_secret", "password", "assertion", "client_assertion", "code", "code_verifier"),
    *("subject_token", "device_code"),
)


@register("oauth2")
class OAuth2(Held):
    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        served = [name for name in method.grants if name in GRANTS] or ([] if method.grants else ["client_credentials"])
        if not served:
            raise Misconfigured(
                f"the auth method {method.id!r} of connector {account.manifest.name!r} uses the grants"
                f" {method.grants}; supported are: {', '.join(sorted(GRANTS))}"
            )
        self.grants = [GRANTS[name]() for name in served]
        self.server = f"the authorization server of {account.manifest.title or account.manifest.name!r}"

    async def apply(self, request: Request) -> None:
        token = await self.token(request)
        prefix = self.method.prefix or "Bearer "
        name = (self.method.name or "Authorization").lower()
        if self.method.location == "query":  # RFC 6750 section 2.3, for the few APIs that know nothing else
            request.set_query(self.method.name or "access_token", token.value)
            request.secret_query.add(self.method.name or "access_token")
            return
        request.set_header(name, prefix + token.value)
        request.secret_headers.add(name)

    async def fetch(self, old: StoredToken | None) -> StoredToken:
        """A refresh where there is a refresh token, else the grant itself."""
        grant = self.chosen(old)
        if grant.person and old is None and (by_hand := self.entered("access_token")):
            return StoredToken(value=by_hand, grant=grant.name)
        if grant.renews and old is not None and old.refresh_token:
            renewed = await self._renewed(grant, old)
            if renewed is not None:
                return renewed
        elif grant.person and old is not None and old.value:
            raise ReconnectNeeded(
                f"the access token is not accepted any more and {self.server} gave no refresh token; connect again"
            )
        token_url = "" if grant.person else await self.token_url()
        granted = await self.ask(lambda: grant.form(self, token_url), old)
        if granted.token is None and granted.error == "invalid_grant" and grant.name == "refresh_token":
            return self._dead(granted, old)
        token = self.accepted(granted)
        token.grant = grant.name
        return token

    async def _renewed(self, grant: Grant, old: StoredToken) -> StoredToken | None:
        """The next token by the refresh token; None where the grant itself can be asked again."""
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh_token}
        granted = await self.ask(lambda: form, old, renewal=True)
        if granted.token is None and granted.error == "invalid_grant":
            if grant.name == "password":
                return None
            return self._dead(granted, old)
        token = self.accepted(granted)
        token.grant = old.grant or grant.name
        return token

    def _dead(self, granted: Granted, old: StoredToken | None) -> StoredToken:
        """RFC 6749 section 5.2: a refresh token that is invalid stays so; it is not sent again."""
        why = (
            "the answer to the last renewal was lost on its way, and the refresh token was replaced by it"
            if granted.lost
            else "the refresh token is not accepted any more"
        )
        return StoredToken(
            value=old.value if old is not None else "",
            client_auth=old.client_auth if old is not None else "",
            dead=f"{why}: {self.server} answers {granted.said()}; connect again",
        )

    def accepted(self, granted: Granted) -> StoredToken:
        """The token, or the error that is left: UpstreamUnavailable or ReconnectNeeded."""
        if granted.token is not None:
            return granted.token
        said = granted.said()
        if granted.error in _LATER or not granted.error:
            raise UpstreamUnavailable(
                f"{self.server} gives no token at the moment ({said or 'no reason given'})", excerpt=said
            )
        raise ReconnectNeeded(f"{self.server} refuses the credentials ({said}); check them and connect again")

    def chosen(self, old: StoredToken | None = None) -> Grant:
        """The grant of this connection: the one that its token came by or that was chosen for it, else the first that
        it has the answers for.
        """
        wanted = (old.grant if old is not None else "") or self.account.params.get("grant")
        by_name = {grant.name: grant for grant in self.grants}
        if isinstance(wanted, str) and wanted in by_name:
            return by_name[wanted]
        alone = [grant for grant in self.grants if not grant.person]
        if old is not None and old.refresh_token and len(alone) < len(self.grants):
            return next(grant for grant in self.grants if grant.person)
        return next((grant for grant in alone if grant.can(self)), self.grants[0])

    async def metadata(self) -> Metadata:
        """What the discovery document says; empty without one."""
        if not self.method.discovery_url:
            return Metadata()
        return await metadata(self.around.base.of_token(self.method.discovery_url), self.around)

    async def token_url(self, *, renewal: bool = False) -> str:
        url = (self.method.refresh_url if renewal else "") or self.method.token_url
        return self.around.base.of_token(url or (await self.metadata()).token_url)

    async def ask(
        self, make: Callable[[], dict[str, str]], old: StoredToken | None, *, renewal: bool = False
    ) -> Granted:
        """One token request; where the server refuses how the client identified itself, once more in the body."""
        url = await self.token_url(renewal=renewal)
        way = (old.client_auth if old is not None else "") or await self._way()
        if way not in _IDENTIFY:
            raise Misconfigured(
                f"the client authentication {way!r} of auth method {self.method.id!r} is not supported; use one of"
                f" {', '.join(_IDENTIFY)}"
            )
        granted = await self._ask(url, way, make, old, renewal)
        if granted.token is None and granted.error == "invalid_client" and way == "basic" and self.secret():
            way = "post"
            granted = await self._ask(url, way, make, old, renewal)
        if granted.token is not None:
            granted.token.client_auth = way
        return granted

    async def _way(self) -> str:
        """How the client identifies itself: as the manifest says, but not by Basic where the server rules it out."""
        way = self.method.client_auth
        allowed = (await self.metadata()).client_auth if way == "basic" else ()
        if allowed and "client_secret_basic" not in allowed and "client_secret_post" in allowed:
            return "post"
        return way

    async def _ask(
        self, url: str, way: str, make: Callable[[], dict[str, str]], old: StoredToken | None, renewal: bool
    ) -> Granted:
        hidden = set(self.account.secrets.values())

        def made() -> Made:
            form = make()
            added = {name: compiled(text).text(self.names()) for name, text in self.method.token_params.items()}
            return self.request_of(form | added, url, way, hidden)

        reply = await self.around.fetch(url, made, once=renewal)
        if old is not None:
            hidden |= {old.value, old.refresh_token}
        return token_answers.read(reply, old, hidden)

    def request_of(self, form: dict[str, str], url: str, way: str, hidden: set[str]) -> Made:
        """Body and headers of a request to the authorization server, with the client's identity."""
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        identity = (
            self.entered("client_id", "id")
            if form.get("grant_type") in _BY_THEMSELVES
            else self.answer("client_id", "id", at=0)
        )
        hidden |= {form[name] for name in _HIDDEN if name in form}
        _IDENTIFY[way if self._needs_secret(way, form) else "none"](self, form, headers, identity, url)
        hidden |= {form[name] for name in _HIDDEN if name in form}
        return json.dumps(form) if way == "json" else urlencode(form).encode(), headers

    def _needs_secret(self, way: str, form: dict[str, str]) -> bool:
        """A client without a secret is a public one, unless its grant has nothing else to show."""
        if way in ("none", "private_key_jwt") or self.secret():
            return way != "none"
        if form.get("grant_type") == "client_credentials":
            self.answer("client_secret", "secret", at=1)
        return False

    def secret(self) -> str:
        """The client's secret: by its name, else what the first secret field that is nothing else holds."""
        if named := self.entered("client_secret", "secret"):
            return named
        fields = [field for field in self.method.fields if field.location is UNSET and field.id not in _OF_GRANTS]
        first = next((field for field in fields if field.secret or field.type == "password"), None)
        first = first or next(iter(fields[1:2]), None)
        return self.entered(first.id) if first is not None else ""

    def entered(self, *names: str) -> str:
        """What was entered under the first of these names that has a value."""
        for values in entered(self):
            for name in names:
                value = values.get(name)
                if value not in (None, ""):
                    return str(value)
        return ""

    def names(self) -> Names:
        """What templates may ask for."""
        return Names(*for_templates(self), {"timestamp": int(now().timestamp())})

    def scope(self) -> dict[str, str]:
        given = self.account.params.get("scope") or self.account.params.get("scopes") or self.entered("scope", "scopes")
        if isinstance(given, list):
            given = self.method.scope_separator.join(map(str, given))
        return {"scope": str(given)} if given else {}


Identify = Callable[[OAuth2, dict[str, str], dict[str, str], str, str], None]


def _basic(auth: OAuth2, form: dict[str, str], headers: dict[str, str], identity: str, url: str) -> None:
    # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
    pair = f"{quote_plus(identity)}:{quote_plus(auth.secret())}"
    headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()


def _post(auth: OAuth2, form: dict[str, str], headers: dict[str, str], identity: str, url: str) -> None:
    form["client_id"] = identity
    form["client_secret"] = auth.secret()


def _json(auth: OAuth2, form: dict[str, str], headers: dict[str, str], identity: str, url: str) -> None:
    _post(auth, form, headers, identity, url)
    headers["content-type"] = "application/json"


def _public(auth: OAuth2, form: dict[str, str], headers: dict[str, str], identity: str, url: str) -> None:
    if identity:
        form["client_id"] = identity


def _secret_jwt(auth: OAuth2, form: dict[str, str], headers: dict[str, str], identity: str, url: str) -> None:
    _assertion(auth, form, identity, url, auth.secret(), "HS256")


def _key_jwt(auth: OAuth2, form: dict[str, str], headers: dict[str, str], identity: str, url: str) -> None:
    _assertion(auth, form, identity, url, "", "")


def _assertion(auth: OAuth2, form: dict[str, str], identity: str, url: str, key: str, algorithm: str) -> None:
    """RFC 7523 section 2.2, with a new ``jti`` each time."""
    method = structs.replace(auth.method, claims={})
    if algorithm and not method.signature.startswith("HS"):
        method.signature = algorithm
    scope = auth.names()
    claims, _ = claims_of(
        method, scope, {"iss": identity, "sub": identity, "aud": url, "jti": secrets.token_urlsafe(24)}
    )
    form["client_id"] = identity
    form["client_assertion_type"] = _ASSERTION
    form["client_assertion"] = signed(method, key or key_of(method, scope), claims, scope)


_IDENTIFY: Final[dict[str, Identify]] = {
    "basic": _basic,
    "post": _post,
    "json": _json,
    "none": _public,
    "client_secret_jwt": _secret_jwt,
    "private_key_jwt": _key_jwt,
}


def extras(auth: OAuth2, values: dict[str, Any]) -> dict[str, Any]:
    """What came along and the connector asks for: server variables (``instance_url``) and fields without secrets."""
    wanted = {name for server in auth.account.manifest.servers for name in server.variables}
    wanted |= {field.id for field in auth.method.fields if not field.secret and field.type != "password"}
    return {
        name: value
        for name, value in values.items()
        if name in wanted - {"client_id", "scope", "scopes"}
        and isinstance(value, str | int)
        and len(str(value)) <= 2000
        and str(value).isprintable()
    }
