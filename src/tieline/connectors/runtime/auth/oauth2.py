"""OAuth 2.0: access tokens that are fetched, kept, replaced in time and replaced once when they are refused.

Client credentials (RFC 6749 section 4.4). Each further grant is a subclass of `Grant` that registers itself.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl, quote_plus, urlencode

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.auth.base import Auth, Refusal, Surroundings, register
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamUnavailable
from tieline.connectors.runtime.request import Request
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import Misconfigured

MIN_VALID: Final = 60.0  # at most; a tenth of the token's life where that is less
_DEAD: Final = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "invalid_scope",
        "access_denied",
        "unsupported_grant_type",
        "invalid_request",
    }
)
_LATER: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_NOT_YET: Final = re.compile(r"not.?(?:yet|before).{0,12}|\bnbf\b|not active", re.IGNORECASE)
_SETTLE: Final = 10.0  # seconds for which a new token may not be known everywhere yet

GRANTS: dict[str, type[Grant]] = {}


class Grant(ABC):
    """How one grant asks for a token."""

    name: ClassVar[str]

    @abstractmethod
    def form(self, auth: OAuth2, old: StoredToken | None) -> dict[str, str]:
        """The parameters of the token request, without those that identify the client."""


G = TypeVar("G", bound=type[Grant])


def grant(name: str) -> Callable[[G], G]:
    """Class decorator: this class serves the grant ``name``."""

    def add(cls: G) -> G:
        cls.name = name
        GRANTS[name] = cls
        return cls

    return add


@grant("client_credentials")
class ClientCredentials(Grant):
    def form(self, auth: OAuth2, old: StoredToken | None) -> dict[str, str]:
        return {"grant_type": "client_credentials", **auth.scope()}


@register("oauth2")
class OAuth2(Auth):
    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        wanted = [name for name in method.grants if name in GRANTS] or ([] if method.grants else ["client_credentials"])
        if not wanted:
            raise Misconfigured(
                f"the auth method {method.id!r} of connector {account.manifest.name!r} uses the grants"
                f" {method.grants}; "
                f"supported are: {', '.join(sorted(GRANTS))}"
            )
        self.grant = GRANTS[wanted[0]]()
        self._token: StoredToken | None = None

    async def apply(self, request: Request) -> None:
        token = self._token
        if token is None or not token.fresh(MIN_VALID):
            token = self._token = await self.around.tokens.token(self.account, self._fetch, min_valid=MIN_VALID)
        prefix = self.method.prefix or "Bearer "
        name = (self.method.name or "Authorization").lower()
        request.set_header(name, prefix + token.value)
        request.secret_headers.add(name)
        request.credential = token.value

    async def refused(self, request: Request, message: str) -> Refusal:
        """One refresh for a token that is still the stored one; a re-read for one that somebody replaced already."""
        used = self._token
        if used is None or used.value != request.credential:
            return "replaced"  # by another call of this client
        asked = now()
        self._token = await self.around.tokens.token(
            self.account, self._fetch, min_valid=MIN_VALID, rejected=request.credential
        )
        return "renewed" if self._token.obtained_at >= asked else "replaced"

    def too_new(self, message: str) -> bool:
        return (
            self._token is not None
            and bool(_NOT_YET.search(message))
            and now() - self._token.obtained_at < timedelta(seconds=_SETTLE)
        )

    def scope(self) -> dict[str, str]:
        given = self.account.params.get("scope") or self.account.params.get("scopes")
        if isinstance(given, list):
            given = self.method.scope_separator.join(map(str, given))
        return {"scope": str(given)} if given else {}

    async def _fetch(self, old: StoredToken | None) -> StoredToken:
        """One token request; where the server refuses how the client identified itself, once more in the body."""
        way = (old.client_auth if old is not None else "") or self.method.client_auth
        if way not in _IDENTIFY:
            raise Misconfigured(
                f"the client authentication {way!r} of auth method {self.method.id!r} is not supported; use basic,"
                " post or json"
            )
        token, error, text = await self._ask(way, old)
        if token is None and error == "invalid_client" and way == "basic":
            way = "post"
            token, error, text = await self._ask(way, old)
        if token is not None:
            token.client_auth = way
            return token
        where = f"the authorization server of {self.account.manifest.title or self.account.manifest.name!r}"
        said = f"{error}: {text}" if text and text != error else error
        if error in _LATER or not error:
            raise UpstreamUnavailable(
                f"{where} gives no token at the moment ({said or 'no reason given'})", excerpt=said
            )
        raise ReconnectNeeded(f"{where} refuses the credentials ({said}); check them and connect again")

    async def _ask(self, way: str, old: StoredToken | None) -> tuple[StoredToken | None, str, str]:
        form = {**self.grant.form(self, old), **self.method.token_params}
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        identity = self.answer("client_id", "id", at=0)
        secret = self.answer("client_secret", "secret", at=1, required=way != "none")
        _IDENTIFY[way](form, headers, identity, secret)
        body = json.dumps(form) if way == "json" else urlencode(form).encode()
        url = self.around.base.of_token(
            self.method.refresh_url
            if form["grant_type"] == "refresh_token" and self.method.refresh_url
            else self.method.token_url
        )
        reply = await self.around.fetch(url, body, headers)
        answer = reply.body
        if isinstance(answer, str) and "=" in answer and "<" not in answer:
            answer = dict(parse_qsl(answer))  # some servers answer as a form
        if not isinstance(answer, dict):
            return None, "" if reply.status >= 500 else "invalid_response", f"status {reply.status}, not a token answer"
        value = answer.get("access_token")
        if not isinstance(value, str) or not value or reply.status >= 400 or answer.get("error"):
            error = answer.get("error")
            if isinstance(error, dict):
                error = error.get("code") or error.get("type")
            text = str(answer.get("error_description") or answer.get("message") or "")[:200]
            code = str(error or "")
            if reply.status >= 500 and code not in _DEAD:
                code = ""
            elif not code:
                code = "invalid_client" if reply.status in (400, 401, 403) else "no access_token in the answer"
            return None, code, self._masked(text, secret)
        moment = now()
        life = _seconds(answer.get("expires_in"))
        return (
            StoredToken(
                value=value,
                obtained_at=moment,
                expires_at=moment + timedelta(seconds=life) if life is not None else None,
                refresh_token=str(answer.get("refresh_token") or (old.refresh_token if old is not None else "")),
                scope=str(answer.get("scope") or ""),
            ),
            "",
            "",
        )

    @staticmethod
    def _masked(text: str, secret: str) -> str:
        return text.replace(secret, "***") if secret else text


def _basic(form: dict[str, str], headers: dict[str, str], identity: str, secret: str) -> None:
    # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
    pair = f"{quote_plus(identity)}:{quote_plus(secret)}"
    headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()


def _post(form: dict[str, str], headers: dict[str, str], identity: str, secret: str) -> None:
    form["client_id"] = identity
    form["client_secret"] = secret


def _json(form: dict[str, str], headers: dict[str, str], identity: str, secret: str) -> None:
    _post(form, headers, identity, secret)
    headers["content-type"] = "application/json"


def _public(form: dict[str, str], headers: dict[str, str], identity: str, secret: str) -> None:
    form["client_id"] = identity


_IDENTIFY: Final[dict[str, Callable[[dict[str, str], dict[str, str], str, str], None]]] = {
    "basic": _basic,
    "post": _post,
    "json": _json,
    "none": _public,
}


def _seconds(value: Any) -> float | None:
    """``expires_in`` in seconds, also as text; None where it says nothing that can be true (then a 401 tells)."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return (
        min(seconds, 315_360_000.0) if math.isfinite(seconds) and seconds > 0 and not isinstance(value, bool) else None
    )
