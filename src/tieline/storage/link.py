"""A connection that is made again when it breaks, for loops that must outlive a restart of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, LiteralString

import psycopg

from tieline.storage.database import Database
from tieline.storage.errors import DatabaseUnavailable

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

Connection = psycopg.AsyncConnection[Any]
Statement = tuple[LiteralString, Sequence[Any]]


class Link:
    """One connection of the login role, opened on first use. ``greet`` runs on each new connection, first of all.

    Statements must be safe to run twice: a connection that breaks does not tell whether the last one was done.
    """

    def __init__(self, database: Database, greet: Callable[[Connection], Awaitable[None]] | None = None) -> None:
        self._database = database
        self._greet = greet
        self._connection: Connection | None = None
        self._opening = asyncio.Lock()
        # A pipeline belongs to whoever opened it: others wait.
        self._using = asyncio.Lock()

    async def run(self, *statements: Statement) -> list[list[Any]]:
        """The rows of each statement; all in one round trip and one transaction. Tries for as long as it takes."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._attempt(statements)
            except (psycopg.OperationalError, DatabaseUnavailable) as error:
                if isinstance(error, psycopg.OperationalError) and self._connection and not self._connection.closed:
                    # A deadlock or a full disk: the connection is good, and a pause helps as much.
                    await asyncio.sleep(pause)
                else:
                    await self.close()
                    await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def connection(self) -> Connection:
        """The open connection, or a new one; raises `DatabaseUnavailable` when there is none to be had."""
        async with self._opening:
            if self._connection is None or self._connection.closed:
                connection = await self._database.connect()
                try:
                    if self._greet:
                        await self._greet(connection)
                except BaseException:
                    await connection.close()
                    raise
                self._connection = connection
            return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _attempt(self, statements: Sequence[Statement]) -> list[list[Any]]:
        async with self._using:
            connection = await self.connection()
            if len(statements) == 1:
                cursors = [await connection.execute(*statements[0])]
            else:
                async with connection.pipeline():
                    cursors = [await connection.execute(*statement) for statement in statements]
            return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]
