"""Authorization requests (RFC 6749 section 4.1.1, RFC 7636 section 4.3), and the answers that go back to the client.

Until client and redirect URI are known to belong together nothing is sent anywhere; from then on every answer goes to
that URI, which was registered to the letter, with ``state`` and ``iss`` (RFC 9207).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from tieline.core.clock import now
from tieline.storage.database import Database
from tieline.tenancy.oauth import codes, grants, rules, scopes
from tieline.tenancy.oauth.authentication import Client, find
from tieline.tenancy.oauth.clients import TRUSTED
from tieline.tenancy.oauth.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidScope,
    LoginRequired,
    OAuthError,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from tieline.tenancy.oauth.people import Person

PROMPTS = ("none", "login", "consent")
MAX_STATE = 2048
ASK_LIFETIME = timedelta(minutes=10)
SINGLE = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
)


class Ask(Struct, frozen=True, array_like=True):
    """A request that is in order, as it goes through the browser (signed by the edge)."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str
    prompt: str
    max_age: float | None
    browser: str  # the hash of what the cookie holds
    expires: int

    def packed(self) -> bytes:
        """As bytes to sign."""
        return msgspec.json.encode(self)


class Refused(Exception):
    """What goes back to the client's redirect URI in place of a code."""

    def __init__(self, error: OAuthError) -> None:
        super().__init__(error.detail)
        self.error = error


async def client_of(database: Database, client_id: str, redirect_uri: str) -> Client:
    """The client, where the redirect URI is one of its own. Raises `OAuthError`, the same for both."""
    async with database.system() as unit:
        client = await find(unit, client_id[:512])
    if client is None or not client.connected or redirect_uri not in client.redirect_uris:
        raise OAuthError(
            "There is no client with this client_id and this redirect_uri; it must be registered to the letter.",
            parameter="redirect_uri",
        )
    return client


def read(client: Client, given: Mapping[str, Sequence[str]], browser: str) -> Ask:
    """The rest of a request. Raises `Refused`."""
    try:
        return _read(client, given, browser)
    except OAuthError as error:
        raise Refused(error) from None


def _read(client: Client, given: Mapping[str, Sequence[str]], browser: str) -> Ask:
    if any(len(given.get(name, ())) > 1 for name in SINGLE):
        raise OAuthError("A parameter stands there more than once; send each once.")
    value = {name: (given.get(name) or [""])[0] for name in SINGLE}
    if any("\0" in text or "\ufffd" in text for text in value.values()):
        raise OAuthError("A parameter holds characters that are no text.")
    if not value["state"] or len(value["state"]) > MAX_STATE:
        raise OAuthError(f"The parameter state is missing, or longer than {MAX_STATE} characters.")
    if value["response_type"] != "code":
        raise UnsupportedResponseType("The response_type has to be code.")
    if client.app_type == rules.ANONYMOUS:
        raise UnauthorizedClient("Clients of the type anonymous-embed cannot be let in by people.")
    if value["code_challenge_method"] != "S256":
        raise OAuthError("The code_challenge_method has to be S256.")
    if not codes.is_challenge(value["code_challenge"]):
        raise OAuthError("The code_challenge is the SHA-256 of the verifier in base64url, 43 characters.")
    if value["prompt"] and value["prompt"] not in PROMPTS:
        raise OAuthError(f"The prompt is one of {', '.join(PROMPTS)}.")
    return Ask(
        client_id=client.client_id,
        redirect_uri=value["redirect_uri"],
        scopes=tuple(scopes.asked(value["scope"], client.allowed_scopes)),
        state=value["state"],
        challenge=value["code_challenge"],
        prompt=value["prompt"],
        max_age=_seconds(value["max_age"]),
        browser=browser,
        expires=int((now() + ASK_LIFETIME).timestamp()),
    )


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < 10**9:
        raise OAuthError("The max_age is a number of seconds.")
    return seconds


def unpacked(data: bytes | None) -> Ask | None:
    """The request of a signed text; None where it is none, or too old."""
    try:
        ask = msgspec.json.decode(data or b"", type=Ask)
    except msgspec.MsgspecError:
        return None
    return ask if ask.expires > now().timestamp() else None


def is_recent(ask: Ask, person: Person, moment: datetime) -> bool:
    """True where the person proved who he is as lately as the client wants."""
    if ask.prompt == "login":
        return False
    return ask.max_age is None or (moment - person.at).total_seconds() <= ask.max_age


async def without_asking(database: Database, client: Client, ask: Ask, person: Person | None) -> str | None:
    """A code, where the person need not be asked; None where he must be. Raises `Refused` with ``prompt=none``."""
    person = person if person is not None and person.tenant_id == client.tenant_id else None
    if person is None or not is_recent(ask, person, now()):
        if ask.prompt == "none":
            raise Refused(LoginRequired("Nobody is signed in."))
        return None
    wanted = possible(ask, person)
    agreed = client.consent_method == TRUSTED
    if not agreed and wanted:
        async with database.tenant(client.tenant_id) as unit:
            agreed = await grants.consented(unit, client, person.user_id, wanted)
    if not wanted or not agreed or ask.prompt == "consent":
        if ask.prompt == "none":
            raise Refused(ConsentRequired("The person has not agreed to this yet."))
        return None
    return await agree(database, client, ask, person)


async def agree(database: Database, client: Client, ask: Ask, person: Person) -> str:
    """A code for what the person lets the client have. Raises `Refused`."""
    if person.tenant_id != client.tenant_id:
        raise Refused(AccessDenied("The person does not belong to the tenant of the client."))
    wanted = possible(ask, person)
    if not wanted:
        raise Refused(InvalidScope("The person has none of these scopes himself."))
    async with database.tenant(client.tenant_id) as unit:
        return await codes.issue(
            unit,
            client=client.id,
            user_id=person.user_id,
            redirect_uri=ask.redirect_uri,
            scopes=wanted,
            challenge=ask.challenge,
            at=person.at,
        )


def possible(ask: Ask, person: Person) -> list[str]:
    """What of the request the person can give, by the key that he has shown; [] where that is nothing."""
    given = scopes.meet([name for name in ask.scopes if name != scopes.OFFLINE], person.scopes)
    return sorted({*given, *({scopes.OFFLINE} & set(ask.scopes))}) if given else []


def back(redirect_uri: str, state: str, issuer: str, answer: Mapping[str, str]) -> str:
    """The address that the browser is sent to."""
    query = urlencode({**answer, **({"state": state} if state else {}), "iss": issuer})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def told(error: OAuthError) -> dict[str, str]:
    """An error as a client is told of it (RFC 6749 section 4.1.2.1), with the vendor's two parameters."""
    text = "".join(character for character in error.detail if " " <= character <= "~" and character not in '"\\')
    return {"error": error.error, "error_description": text, "error_code": error.code, "error_detail": text}
