"""What an auth kind is, and where they register."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar

from msgspec import UNSET, Struct

from tieline.connectors.manifest.model import AuthMethod, Input
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.tokens import Fetcher, TokenStore
from tieline.core.errors import Misconfigured

Refusal = Literal["renewed", "replaced", ""]
Headers = Mapping[str, str]  # of an answer, with names in any case
KINDS: dict[str, type[Auth]] = {}


class Surroundings(Struct):
    """What an auth kind may use: its store for tokens and a way to call the authorization server."""

    base: Base
    tokens: TokenStore
    fetch: Fetcher

    def __repr__(self) -> str:
        return "Surroundings()"


class Auth(ABC):
    """Puts the credentials of one account into requests.

    ``authenticate`` may be called again for the same request and must then replace what it put in before.
    """

    kind: ClassVar[str]

    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        self.method = method
        self.account = account
        self.around = around

    async def authenticate(self, request: Request) -> None:
        """Add all credentials: those whose fields name their own place, then the kind's own."""
        for field in self.method.fields:
            if field.location is not UNSET and (value := self.given(field)):
                put(request, str(field.location), field.name or field.id, value)
        await self.apply(request)

    @abstractmethod
    async def apply(self, request: Request) -> None:
        """Add the kind's own credentials; raises ReconnectNeeded where one is missing or dead."""

    async def refused(self, request: Request, message: str, headers: Headers) -> Refusal:
        """The API answered 401 with ``headers``. ``renewed``: other credentials were fetched for it; ``replaced``:
        somebody else had done so before, or the answer says what was wrong with them; empty: there is nothing else to
        try."""
        return ""

    def too_new(self, message: str) -> bool:
        """The API refused credentials that are so new that a pause may help more than other ones."""
        return False

    def answer(self, *names: str, at: int = 0, required: bool = True) -> str:
        """What was entered for the first of ``names`` that the method asks for, else for its field number ``at``."""
        ids = [field.id for field in self.method.fields if field.location is UNSET]
        wanted = [name for name in names if name in ids] or ids[at : at + 1] or list(names[:1])
        for name in (*wanted, *names):
            value = self.account.secrets.get(name)
            if value is None:
                value = self.account.params.get(name)
            if value not in (None, ""):
                return str(value)
        if required:
            label = next((field.label for field in self.method.fields if field.id == wanted[0]), "") or wanted[0]
            raise ReconnectNeeded(
                f"the connection has no value for {label!r}; connect"
                f" {self.account.manifest.title or self.account.manifest.name!r} again"
            )
        return ""

    def given(self, field: Input) -> str:
        """What was entered for one field of the method; empty when it is optional and was left out."""
        value: Any = self.account.secrets.get(field.id)
        if value is None:
            value = self.account.params.get(field.id)
        if value in (None, "") and isinstance(field.default, str | int | float):
            value = field.default
        if value in (None, ""):
            if field.required or field.secret:
                return self.answer(field.id)
            return ""
        return str(value)


def entered(auth: Auth) -> tuple[dict[str, Any], ...]:
    """What was entered for a method, by the ids of its fields, and the fields' defaults: for templates."""
    defaults = {field.id: field.default for field in auth.method.fields if isinstance(field.default, str | int | float)}
    return auth.account.secrets, auth.account.params, defaults


def for_templates(auth: Auth) -> tuple[dict[str, Any], ...]:
    """`entered`, and after it the fields that nothing was entered for: empty, or ReconnectNeeded where it is needed."""

    def blank(field: Input) -> Callable[[], str]:
        return lambda: auth.given(field)

    return *entered(auth), {field.id: blank(field) for field in auth.method.fields}


def put(request: Request, location: str, name: str, value: str) -> None:
    """Set a credential in a header, the query, a cookie or a header of the SOAP envelope, and note that it is one."""
    if location == "query":
        request.set_query(name, value)
        request.secret_query.add(name)
    elif location == "cookie":
        request.set_cookie(name, value)
        request.secret_headers.add("cookie")
    elif location == "envelope":
        request.envelope["credentials"] = {**request.envelope.get("credentials", {}), name: value}
    else:
        request.set_header(name, value)
        request.secret_headers.add(name.lower())


A = TypeVar("A", bound=type[Auth])


def register(kind: str) -> Callable[[A], A]:
    """Class decorator: this class serves auth methods of ``kind``."""

    def add(cls: A) -> A:
        if kind in KINDS:
            raise Misconfigured(f"the auth kind {kind!r} is registered twice")
        cls.kind = kind
        KINDS[kind] = cls
        return cls

    return add


def open_auth(method: AuthMethod | None, account: Account, around: Surroundings) -> Auth:
    """The auth of an account; raises Misconfigured for a kind that nothing serves."""
    kind = method.kind if method is not None else "none"
    cls = KINDS.get(kind)
    if cls is None:
        raise Misconfigured(
            f"the auth kind {kind!r} of connector {account.manifest.name!r} is not supported; supported are:"
            f" {', '.join(sorted(KINDS))}"
        )
    return cls(method if method is not None else AuthMethod(id="none", kind="none"), account, around)
