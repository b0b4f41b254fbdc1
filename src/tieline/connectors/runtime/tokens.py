"""Where access tokens are kept, so that one refresh serves everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct, field

from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.clock import now

Fetch = Callable[[StoredToken | None], Awaitable[StoredToken]]
Made = tuple[bytes | None, dict[str, str]]  # body and headers of one attempt


class TokenReply(Struct, frozen=True):
    """What an authorization server answered; ``body`` is what it decodes to.

    ``headers`` have lower-case names, ``cookies`` are the values of Set-Cookie, ``asked_at`` is the moment before the
    request, ``lost`` tells that the answer to an earlier attempt did not arrive.
    """

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    text: str = ""
    asked_at: datetime = field(default_factory=now)
    lost: bool = False

    def __repr__(self) -> str:
        return f"TokenReply({self.status})"


class Fetcher(Protocol):
    """A request to an authorization server; redirects are not followed, because it holds secrets.

    Tries again while the server is busy or broken, then raises UpstreamUnavailable. ``make`` gives body and headers
    for each attempt anew. With ``once`` the request spends something: after an answer that may have been lost it is
    sent once more, and not again. Raises BadAnswer for an answer that is too large.
    """

    async def __call__(
        self, url: str, make: Callable[[], Made], *, method: str = "POST", once: bool = False
    ) -> TokenReply: ...


class TokenStore(Protocol):
    """Single flight: of all who want a token at once, one fetches and the others get what it got."""

    async def token(
        self, account: Account, fetch: Fetch, *, min_valid: float, rejected: str | None = None
    ) -> StoredToken:
        """The stored token if it is fresh (`StoredToken.fresh`) and not ``rejected``, else what ``fetch`` gives.

        ``fetch`` gets the token that it replaces. ``rejected`` is the value that the API refused: when another one is
        stored by now, somebody else was faster and that one is returned without a fetch. An error of ``fetch`` reaches
        everybody who waited for it in this process, and leaves what is stored as it is. A token that is ``dead`` is
        stored too; for it everybody gets ReconnectNeeded without another fetch, until it is replaced or forgotten.
        """
        ...


class MemoryTokens:
    """For use without a database: single flight within this process."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str, str], StoredToken] = {}
        self._flights = Flights()

    async def token(
        self, account: Account, fetch: Fetch, *, min_valid: float, rejected: str | None = None
    ) -> StoredToken:
        key = (account.tenant_id, account.connection_id, account.auth_method)

        def usable() -> StoredToken | None:
            stored = self._stored.get(key)
            return stored if usable_token(stored, min_valid, rejected) else None

        async def renew() -> StoredToken:
            found = usable()
            if found is None:
                self._stored[key] = found = await fetch(self._stored.get(key))
            return alive(found)

        return usable() or await self._flights.join("/".join(key), rejected, renew)

    def put(self, account: Account, token: StoredToken) -> None:
        """Keep the first token of a connection, which a person gave his consent to."""
        self._stored[(account.tenant_id, account.connection_id, account.auth_method)] = token


def usable_token(stored: StoredToken | None, min_valid: float, rejected: str | None) -> bool:
    """Whether the stored token can be used as it is; raises ReconnectNeeded where it never can again."""
    return stored is not None and alive(stored).value != rejected and stored.fresh(min_valid)


def alive(token: StoredToken) -> StoredToken:
    """The token; raises ReconnectNeeded where it is known to be dead."""
    if token.dead:
        raise ReconnectNeeded(token.dead)
    return token


class Flights:
    """One task for each key; who comes while it is under way joins it.

    The task is not cancelled with the one who started it: others may wait, and a refresh token that was spent must be
    kept.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[StoredToken]] = {}

    async def join(self, key: str, rejected: str | None, start: Callable[[], Awaitable[StoredToken]]) -> StoredToken:
        """What the flight under way brings, or a new one where that is the very token that was rejected."""
        task = self._tasks.get(key)
        if task is not None:
            token = await asyncio.shield(task)
            if token.value != rejected:
                return token
            task = self._tasks.get(key)
        if task is None:

            async def run() -> StoredToken:
                try:
                    return await start()
                finally:
                    self._tasks.pop(key, None)

            task = self._tasks[key] = asyncio.create_task(run(), name=f"token {key}")
            task.add_done_callback(_seen)
        return await asyncio.shield(task)


def _seen(task: asyncio.Task[StoredToken]) -> None:
    """An error that nobody is left to receive is not worth a warning of the event loop."""
    if not task.cancelled():
        task.exception()
