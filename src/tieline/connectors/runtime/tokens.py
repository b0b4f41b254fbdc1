"""Where access tokens are kept, so that one refresh serves everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from msgspec import Struct

from tieline.connectors.runtime.account import Account, StoredToken

Fetch = Callable[[StoredToken | None], Awaitable[StoredToken]]


class TokenReply(Struct, frozen=True):
    """What an authorization server answered; ``body`` is what it decodes to."""

    status: int
    body: Any


class Fetcher(Protocol):
    """A POST to an authorization server. Tries again while it is busy or broken, then raises UpstreamUnavailable."""

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> TokenReply: ...


class TokenStore(Protocol):
    """Single flight: of all who want a token at once, one fetches and the others get what it got."""

    async def token(
        self, account: Account, fetch: Fetch, *, min_valid: float, rejected: str | None = None
    ) -> StoredToken:
        """The stored token if it is fresh (`StoredToken.fresh`) and not ``rejected``, else what ``fetch`` gives.

        ``fetch`` gets the token that it replaces. ``rejected`` is the value that the API refused: when another one is
        stored by now, somebody else was faster and that one is returned without a fetch. An error of ``fetch`` reaches
        everybody who waited for it in this process, and leaves what is stored as it is.
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
            return stored if stored is not None and stored.value != rejected and stored.fresh(min_valid) else None

        async def renew() -> StoredToken:
            found = usable()
            if found is None:
                self._stored[key] = found = await fetch(self._stored.get(key))
            return found

        return usable() or await self._flights.join("/".join(key), rejected, renew)


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
