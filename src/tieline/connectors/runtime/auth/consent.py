"""The part of OAuth that needs a person: the address to send him to, and what his return gives."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct, field

from tieline.connectors.runtime.account import StoredToken
from tieline.connectors.runtime.auth import token_answers
from tieline.connectors.runtime.auth.discovery import Metadata
from tieline.connectors.runtime.auth.oauth1 import OAuth1, with_state
from tieline.connectors.runtime.auth.oauth2 import OAuth2, extras
from tieline.connectors.runtime.auth.template import compiled
from tieline.connectors.runtime.auth.token_answers import Granted
from tieline.connectors.runtime.errors import BadAnswer, ReconnectNeeded
from tieline.connectors.runtime.origins import origin_of
from tieline.connectors.runtime.tokens import Made
from tieline.core.errors import BadInput

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_LONGEST: Final = 10_000
# What ties the answer to this attempt; a manifest that chose it could have somebody else's code sent here.
_OURS: Final = frozenset(("state", "nonce", "redirect_uri", "code_challenge", "code_challenge_method"))


class Begun(Struct, frozen=True):
    """Where to send the person, and what has to be kept secret until he returns."""

    url: str
    kept: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Begun()"


class Finished(Struct, frozen=True):
    """``token`` goes to `DatabaseTokens.put`, ``secrets`` and ``params`` to the connection's answers."""

    token: StoredToken | None = None
    secrets: dict[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Finished(params={sorted(self.params)})"


class DeviceBegun(Struct, frozen=True):
    """What the person types where; ``interval`` and ``expires_in`` in seconds."""

    user_code: str
    url: str
    url_complete: str = ""
    interval: float = 5.0
    expires_in: float = 600.0
    kept: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "DeviceBegun()"


class Waiting(Struct, frozen=True):
    """The person is not done; ask again after ``interval`` seconds, with ``kept`` in place of the old."""

    interval: float
    kept: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Waiting(interval={self.interval})"


async def begin_oauth2(auth: OAuth2, redirect_uri: str, state: str) -> Begun:
    """RFC 6749 section 4.1.1, with PKCE S256 (RFC 7636) unless the manifest says that the server cannot do it."""
    known = await auth.metadata()
    url = auth.method.authorization_url or known.authorization_url
    if not url:
        raise BadInput("the auth method declares no authorization_url; add it to the connector's manifest")
    kept = {"state": state}
    query = {"response_type": "code", "client_id": auth.answer("client_id", "id", at=0), "redirect_uri": redirect_uri}
    query |= auth.scope() | {"state": state}
    if auth.method.pkce:
        kept["verifier"] = secrets.token_urlsafe(48)
        digest = hashlib.sha256(kept["verifier"].encode()).digest()
        query["code_challenge"] = urlsafe_b64encode(digest).decode().rstrip("=")
        query["code_challenge_method"] = "S256"
    if "openid" in query.get("scope", "").split():
        kept["nonce"] = query["nonce"] = secrets.token_urlsafe(24)
    chosen = {name: text for name, text in auth.method.authorize_params.items() if name not in _OURS}
    query |= {name: compiled(text).text(auth.names()) for name, text in chosen.items()}
    if issuer := auth.method.issuer or known.issuer:
        kept["issuer"] = issuer
    return Begun(_with_query(auth.around.base.of_token(url), query), kept)


async def finish_oauth2(
    auth: OAuth2, redirect_uri: str, kept: Mapping[str, str], answer: Mapping[str, str]
) -> Finished:
    """RFC 6749 section 4.1.2 and 4.1.3; the code is not sent anywhere before ``state`` and ``iss`` are right."""
    known = await auth.metadata()
    _check_state(kept, answer)
    _check_issuer(auth, known, kept, answer)
    _check_refusal(auth.server, answer)
    code = answer.get("code", "")
    if not code or len(code) > _LONGEST:
        raise BadInput("the callback holds no code; begin to connect again", parameter="code")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if kept.get("verifier"):
        form["code_verifier"] = kept["verifier"]
    granted = await auth.ask(lambda: dict(form), None)
    token = auth.accepted(granted)
    token.grant = "authorization_code"
    return Finished(token=token, params={"grant": token.grant, **extras(auth, {**answer, **granted.more})})


async def begin_oauth1(auth: OAuth1, redirect_uri: str, state: str) -> Begun:
    """RFC 5849 sections 2.1 and 2.2."""
    base = auth.around.base
    callback = with_state(redirect_uri, state)
    found = await auth.asked(base.of_token(auth.method.request_token_url), "", "", [("oauth_callback", callback)])
    query = {"oauth_token": found["oauth_token"]}
    query |= auth.method.authorize_params
    kept = {"state": state, "token": found["oauth_token"], "secret": found.get("oauth_token_secret", "")}
    return Begun(_with_query(base.of_token(auth.method.authorization_url), query), kept)


async def finish_oauth1(auth: OAuth1, kept: Mapping[str, str], answer: Mapping[str, str]) -> Finished:
    """RFC 5849 section 2.3."""
    _check_state(kept, answer)
    if "denied" in answer or answer.get("oauth_problem"):
        why = answer.get("oauth_problem", "access denied")
        raise ReconnectNeeded(f"{auth.server} says no ({_line(why)}); connect again")
    if not hmac.compare_digest(answer.get("oauth_token", "").encode(), kept.get("token", "").encode()):
        raise BadInput("the callback belongs to another attempt to connect; begin again", parameter="oauth_token")
    verifier = answer.get("oauth_verifier", "")
    if not verifier or len(verifier) > _LONGEST:
        raise BadInput("the callback holds no verifier; begin to connect again", parameter="oauth_verifier")
    url = auth.around.base.of_token(auth.method.token_url)
    found = await auth.asked(url, kept["token"], kept.get("secret", ""), [("oauth_verifier", verifier)])
    token = StoredToken(value=found["oauth_token"], secret=found.get("oauth_token_secret", ""))
    return Finished(token=token)


async def begin_device(auth: OAuth2) -> DeviceBegun:
    """RFC 8628 sections 3.1 and 3.2."""
    url = auth.method.device_url or (await auth.metadata()).device_url
    if not url:
        raise BadInput("the auth method declares no device_url; add it to the connector's manifest")
    address = auth.around.base.of_token(url)
    hidden = set(auth.account.secrets.values())
    way = auth.method.client_auth

    def made() -> Made:
        identity = {"client_id": auth.answer("client_id", "id", at=0)}
        return auth.request_of({**identity, **auth.scope()}, address, way, hidden)

    reply = await auth.around.fetch(address, made)
    found = token_answers.mapping(reply.body)
    if (
        reply.status >= 300
        or found is None
        or not all(isinstance(found.get(n), str) for n in ("device_code", "user_code"))
    ):
        said = token_answers.refusal(reply.body, reply.status, hidden)
        raise ReconnectNeeded(f"{auth.server} gives no device code ({said}); check the credentials")
    page = str(found.get("verification_uri") or found.get("verification_url") or "")
    complete = str(found.get("verification_uri_complete") or "")
    for one in (page, complete):
        if one:
            _page(auth, one)
    if not page:
        raise BadAnswer(f"{auth.server} names no page for the device code")
    interval = token_answers.seconds(found.get("interval")) or 5.0
    return DeviceBegun(
        user_code=_line(found["user_code"]),
        url=page,
        url_complete=complete,
        interval=min(interval, 300.0),
        expires_in=token_answers.seconds(found.get("expires_in")) or 600.0,
        kept={"device_code": found["device_code"], "interval": str(min(interval, 300.0))},
    )


async def poll_device(auth: OAuth2, kept: Mapping[str, str]) -> Finished | Waiting:
    """RFC 8628 sections 3.4 and 3.5; raises ReconnectNeeded where the person said no or the code has expired."""
    interval = token_answers.seconds(kept.get("interval")) or 5.0
    form = {"grant_type": DEVICE_GRANT, "device_code": kept.get("device_code", "")}
    granted: Granted = await auth.ask(lambda: dict(form), None)
    if granted.token is None and granted.error in ("authorization_pending", "slow_down"):
        interval = min(interval + (5.0 if granted.error == "slow_down" else 0.0), 300.0)
        return Waiting(interval, {**kept, "interval": str(interval)})
    token = auth.accepted(granted)
    token.grant = "device_code"
    return Finished(token=token, params={"grant": token.grant, **extras(auth, granted.more)})


def _check_state(kept: Mapping[str, str], answer: Mapping[str, str]) -> None:
    """RFC 6749 section 10.12."""
    if not hmac.compare_digest(answer.get("state", "").encode(), kept.get("state", "").encode()) or not kept.get(
        "state"
    ):
        raise BadInput("the callback's state is not the one of this attempt to connect; begin again", parameter="state")


def _check_issuer(auth: OAuth2, known: Metadata, kept: Mapping[str, str], answer: Mapping[str, str]) -> None:
    """RFC 9207 section 2.4. Where nobody has said who the issuer is, it must at least be where we sent the person."""
    given, wanted = answer.get("iss"), kept.get("issuer") or auth.method.issuer
    if given is None:
        if known.iss_in_callback:
            raise BadInput(f"the callback does not say that it comes from {auth.server}; begin again", parameter="iss")
        return
    if wanted and "{" not in wanted:
        right = given == wanted
    else:
        urls = (auth.method.authorization_url, auth.method.token_url, known.authorization_url, known.token_url)
        right = _origin(given) in {_origin(auth.around.base.of_token(url)) for url in urls if url}
    if not right:
        raise BadInput(
            "the callback comes from another authorization server than the one that was asked; begin again (or name"
            " the right `issuer` in the connector's manifest)",
            parameter="iss",
        )


def _check_refusal(server: str, answer: Mapping[str, str]) -> None:
    """RFC 6749 section 4.1.2.1."""
    if error := answer.get("error"):
        text = answer.get("error_description", "")
        said = f"{error}: {text}" if text else error
        raise ReconnectNeeded(f"{server} says no ({_line(said)}); connect again")


def _page(auth: OAuth2, url: str) -> None:
    try:
        origin_of(url)
    except BadInput:
        raise BadAnswer(f"{auth.server} names a page for the device code that is no web address") from None


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except BadInput:
        return ""


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _with_query(url: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in query]
    return urlunsplit(parts._replace(query=urlencode([*kept, *query.items()]), fragment=""))
