"""A tenant with one of everything, made when it is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from tests.api.conftest import Parts, World
from tieline.core.ids import new_id

Maker = Callable[["Place"], Awaitable[Any]]
MAKERS: dict[str, Maker] = {}


def maker(kind: str) -> Callable[[Maker], Maker]:
    """Registers how a thing of this kind is made in a place."""

    def register(function: Maker) -> Maker:
        assert kind not in MAKERS, kind
        MAKERS[kind] = function
        return function

    return register


@dataclass
class Place:
    """A tenant (for its partner: an account), its administrator's client, and its partner's."""

    parts: Parts
    world: World
    id: UUID
    external_id: str
    partner_id: UUID
    admin_id: UUID
    key: str
    user_id: UUID
    user_key: str
    address: str
    api: httpx.AsyncClient
    app_id: str
    partner_key: str
    oem: httpx.AsyncClient
    things: dict[str, Any] = field(default_factory=dict)
    made: int = 0

    async def thing(self, kind: str) -> Any:
        """The one of its kind; made the first time."""
        if kind not in self.things:
            self.made += 1
            self.things[kind] = await MAKERS[kind](self)
        return self.things[kind]

    def anew(self) -> Place:
        """The same tenant, in which nothing has been made yet."""
        return Place(**{**self.__dict__, "things": {}, "made": 0})

    async def done(self, method: str, path: str, **more: Any) -> Any:
        """The body of an answer that has to be good."""
        api = self.oem if path.startswith("/oem/") else self.api
        answer = await api.request(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


def unlike(value: str) -> str:
    """Another value of the same form, which nothing has."""
    try:
        UUID(value)
    except ValueError:
        return "".join(_other(letter) for letter in value)
    return str(new_id())


def _other(letter: str) -> str:
    if letter.isdigit():
        return str((int(letter) + 4) % 10)
    if letter.isalpha() and letter.isascii():
        first = "a" if letter.islower() else "A"
        return chr((ord(letter) - ord(first) + 7) % 26 + ord(first))
    return letter
