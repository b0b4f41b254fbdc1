"""Group commit: what many ask for at once goes to the database in one transaction and one round trip.

What is asked for while a group is on its way forms the next one, so that nobody waits for company, and the more there
is to do, the less each costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import psycopg

from tieline.core.errors import TielineError
from tieline.storage.database import Database, operational_error
from tieline.storage.errors import DatabaseUnavailable
from tieline.storage.link import Connection, Link
from tieline.storage.roles import SYSTEM

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


class Groups(Generic[Wish, Answer]):
    """``commit`` writes a group on a connection of the system role and gives an answer for each, in order.

    ``again``: it may be done twice, and is tried once more where the connection had died. After any other error each
    of the group is tried alone, so that one that cannot be stored harms nobody else.
    """

    def __init__(
        self,
        database: Database,
        commit: Callable[[Connection, Sequence[Wish]], Awaitable[Sequence[Answer]]],
        *,
        most: int,
        again: bool,
    ) -> None:
        self._link = Link(database, as_system)
        self._commit = commit
        self._most = most
        self._again = again
        self._pending: deque[tuple[Wish, asyncio.Future[Answer]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """After what is pending."""
        if self._writer is not None:
            await asyncio.wait([self._writer])
        await self._link.close()

    async def ask(self, wish: Wish) -> Answer:
        """Returns once it is on disk. Raises `DatabaseUnavailable`: then nobody knows whether it is."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending.append((wish, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="group writer")
        return await future

    async def _write(self) -> None:
        while self._pending:
            group = [self._pending.popleft() for _ in range(min(self._most, len(self._pending)))]
            await self._settle(group)

    async def _settle(self, group: Sequence[tuple[Wish, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._attempt([wish for wish, _ in group])
        except (TielineError, psycopg.Error, UnicodeError) as error:
            if len(group) > 1 and not isinstance(error, TielineError):
                for one in group:
                    await self._settle([one])
                return
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _attempt(self, wishes: Sequence[Wish]) -> Sequence[Answer]:
        for last_attempt in (not self._again, True):
            connection = await self._link.connection()
            try:
                return await self._commit(connection, wishes)
            except psycopg.OperationalError as error:
                if connection.closed:
                    await self._link.close()
                if last_attempt or not connection.closed:
                    raise operational_error(error) from error
        raise DatabaseUnavailable("The database could not do the work.")


async def as_system(connection: Connection) -> None:
    """Greets a connection for short statements of the system role."""
    await connection.execute(f"SET ROLE {SYSTEM}")  # type: ignore[arg-type, unused-ignore]
    # The plans are always the same; planning would cost more than running.
    await connection.execute("SET plan_cache_mode = force_generic_plan")
