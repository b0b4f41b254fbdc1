"""The mock's side of authentication: for each kind what a customer enters and what a request must carry.

A kind is a `Desk` that registers itself; those that give out tokens are in `tokendesks`.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

from msgspec import UNSET

from tieline.connectors.conformance import keys
from tieline.connectors.conformance.messages import Received, Reply, answer
from tieline.connectors.conformance.requests import Carried
from tieline.connectors.manifest.model import AuthMethod, Input
from tieline.connectors.runtime import StoredToken

DESKS: dict[str, type[Desk]] = {}
_BYTES: Final = "00112233445566778899aabbccddeeff"  # bytes in hexadecimal as well as in base64
UNDECLARED: Final = {
    "api_key": ("api_key",),
    "basic": ("username", "password"),
    "digest": ("username", "password"),
    "bearer": ("token",),
    "oauth2": ("client_id", "client_secret"),
    "oauth1": ("consumer_key", "consumer_secret", "token", "token_secret"),
    "session": ("username", "password"),
}


class Desk:
    """One auth method in one scenario. The general one: fields that name their own place, and nothing else."""

    kind: ClassVar[str] = ""
    renewable: bool = False  # a refused credential can be replaced without the customer

    def __init__(self, method: AuthMethod) -> None:
        self.method = method
        self.answers = answers_of(method)
        self.handed_out = 0
        self.revoked = False

    @property
    def can_refresh(self) -> bool:
        return self.renewable

    def first_token(self) -> StoredToken | None:
        """What a customer's connecting has left in the token store."""
        return None

    def carried(self) -> Carried:
        """The names that requests carry for this method."""
        names = Carried()
        for field in self.method.fields:
            if field.location is not UNSET:
                add(names, str(field.location), field.name or field.id)
        return names

    def problem(self, received: Received) -> str:
        """Why a request is not let in; "" when it is."""
        for field in self.method.fields:
            if field.location is UNSET or (not field.required and not field.secret):
                continue
            name = field.name or field.id
            if sent(received, str(field.location), name) != str(self.answers[field.id]):
                return f"{name!r} in the {field.location} is missing or wrong"
        return self.own_problem(received)

    def own_problem(self, received: Received) -> str:
        return ""

    def serve(self, received: Received) -> Reply | None:
        """An answer at an address of the method itself, None where the request is for the API."""
        return None

    def revoke(self) -> None:
        """What was handed out so far counts no longer."""
        self.revoked = True

    def challenge(self) -> Reply:
        """The refusal of a request without the right credentials."""
        return answer({"message": "unauthorized"}, 401)


D = TypeVar("D", bound=type[Desk])


def serves(*kinds: str) -> Callable[[D], D]:
    """Class decorator: this desk serves the auth kinds."""

    def add(cls: D) -> D:
        for kind in kinds:
            DESKS[kind] = cls
        cls.kind = kinds[0]
        return cls

    return add


def answers_of(method: AuthMethod) -> dict[str, str]:
    """What a customer enters for a method."""
    found = {}
    for field in method.fields:
        found[field.id] = _answer(field)
    for name in () if method.fields else UNDECLARED.get(method.kind, ()):
        found[name] = f"sample-{name.replace('_', '-')}"
    for name in re.findall(r"\{(\w+)\|un(?:hex|base64)", method.key + method.template):
        found[name] = _BYTES
    for name in keys.names_in(method):
        found[name] = keys.pem(method.signature)
    return found


def _answer(field: Input) -> str:
    if field.choices:
        return str(field.choices[0])
    if field.default is not UNSET and field.default not in (None, "") and not field.secret:
        return str(field.default)
    return f"sample-{re.sub(r'[^a-z0-9]+', '-', field.id.lower()).strip('-')}"


def add(names: Carried, location: str, name: str) -> None:
    if location == "query":
        names.query.add(name)
    elif location == "cookie":
        names.cookies.add(name)
    elif location in ("body", "form"):
        names.form.add(name)
    else:
        names.headers.add(name.lower())


def sent(received: Received, location: str, name: str) -> str | None:
    if location == "query":
        return received.param(name)
    if location == "cookie":
        return received.cookies.get(name)
    return received.headers.get(name.lower())


@serves("none")
class Open(Desk):
    """Nothing but fields with a place."""


@serves("api_key")
class Keys(Desk):
    def _place(self) -> tuple[str, str, str] | None:
        fields = self.method.fields
        if fields and all(field.location is not UNSET for field in fields):
            return None
        field = next((one for one in fields if one.secret and one.location is UNSET), None)
        where = "header" if self.method.location is UNSET else str(self.method.location)
        key = field.id if field is not None else next(iter(self.answers), "api_key")
        return where, self.method.name or "X-Api-Key", self.method.prefix + str(self.answers.get(key, ""))

    def carried(self) -> Carried:
        names = super().carried()
        if place := self._place():
            add(names, place[0], place[1])
        return names

    def own_problem(self, received: Received) -> str:
        place = self._place()
        if place is None or sent(received, place[0], place[1]) == place[2]:
            return ""
        return f"the key is not at {place[1]!r} in the {place[0]}"


@serves("basic")
class Passwords(Desk):
    def carried(self) -> Carried:
        names = super().carried()
        names.headers.add("authorization")
        return names

    def own_problem(self, received: Received) -> str:
        scheme, _, text = received.headers.get("authorization", "").partition(" ")
        try:
            pair = b64decode(text, validate=True).decode()
        except ValueError:
            pair = ""
        user, colon, password = pair.partition(":")
        known = {*map(str, self.answers.values()), ""}
        fine = scheme == "Basic" and colon == ":" and (user, password) != ("", "") and {user, password} <= known
        return "" if fine else "the Authorization header holds no Basic credentials of this customer"


@serves("bearer")
class Bearers(Desk):
    def carried(self) -> Carried:
        names = super().carried()
        names.headers.add((self.method.name or "authorization").lower())
        return names

    def own_problem(self, received: Received) -> str:
        given = received.headers.get((self.method.name or "authorization").lower(), "")
        prefix = self.method.prefix or "Bearer "
        if given.startswith(prefix) and given[len(prefix) :] in self.answers.values():
            return ""
        return "the token is missing or wrong"


@serves("wsse")
class Envelopes(Desk):
    """A UsernameToken in the envelope (WS-Security UsernameToken Profile 1.1)."""

    def own_problem(self, received: Received) -> str:
        return "" if b"UsernameToken" in received.body else "the envelope holds no UsernameToken"


@serves("digest")
class Digests(Desk):
    """RFC 7616: a challenge first, then an answer to it."""

    def carried(self) -> Carried:
        names = super().carried()
        names.headers.add("authorization")
        return names

    def own_problem(self, received: Received) -> str:
        given = received.headers.get("authorization", "")
        fine = given.startswith("Digest ") and 'nonce="sample-nonce"' in given and "response=" in given
        return "" if fine else "the Digest challenge is not answered"

    def challenge(self) -> Reply:
        told = 'Digest realm="api", nonce="sample-nonce", algorithm=SHA-256, qop="auth"'
        return answer({"message": "unauthorized"}, 401, {"www-authenticate": told})


@serves("oauth1")
class Signatures(Desk):
    """RFC 5849: the parameters are there; what they sign is the business of the runtime's own tests."""

    def first_token(self) -> StoredToken | None:
        if not self.method.request_token_url and not self.method.authorization_url:
            return None
        return StoredToken(value="sample-access-token", secret="sample-token-secret")  # noqa: S106  nobody's

    def carried(self) -> Carried:
        names = super().carried()
        names.headers.add("authorization")
        names.query |= {f"oauth_{word}" for word in _OAUTH1}
        return names

    def own_problem(self, received: Received) -> str:
        header = received.headers.get("authorization", "")
        query = {name for name, _ in received.query}
        there = header if header.startswith("OAuth ") else " ".join(query) + received.body.decode("latin-1")
        lacking = [word for word in ("consumer_key", "signature", "timestamp") if f"oauth_{word}" not in there]
        return f"the request lacks oauth_{lacking[0]}" if lacking else ""


_OAUTH1: Final = ("consumer_key", "token", "nonce", "timestamp", "signature", "signature_method", "version")


def open_desk(method: AuthMethod | None) -> Desk:
    """The desk of a method; an open door where there is none."""
    method = method if method is not None else AuthMethod(id="none", kind="none")
    return DESKS.get(method.kind, Open)(method)
