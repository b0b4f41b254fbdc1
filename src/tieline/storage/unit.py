"""Unit of work: one transaction, one role, one tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import ColumnElement

from tieline.core import tracing
from tieline.core.errors import BadInput
from tieline.core.json import dumps
from tieline.storage.errors import AlreadyQueued
from tieline.storage.roles import SYSTEM

QUEUE = "tieline"
_TASK_NAME_LENGTH = 128

_DEFER = text(
    "SELECT procrastinate.tieline_defer(CAST(:queue AS text), CAST(:task AS text), CAST(:args AS jsonb), "
    "CAST(:lock AS text), CAST(:queueing_lock AS text), CAST(:priority AS int), CAST(:at AS timestamptz))"
).bindparams(bindparam("at", value=None))

_HASTEN = text("SELECT procrastinate.tieline_hasten(CAST(:lock AS text))")

_WAIT_LONG = text(
    "SELECT set_config('idle_in_transaction_session_timeout', '0', true), set_config('lock_timeout', :lock, true)"
)

_BEYOND = text(f"SELECT current_setting('role'), set_config('role', '{SYSTEM}', true)")
_BACK = text("SELECT set_config('role', CAST(:role AS text), true)")


class Unit:
    """What happens inside one transaction; made by `Database.tenant` and `Database.system`.

    ``tenant_id`` is None in a system unit. In a tenant's unit every statement made here is filtered on the tenant, and
    PostgreSQL's row-level security does the same to whatever else runs on ``connection``.
    """

    __slots__ = ("connection", "tenant_id")

    def __init__(self, connection: AsyncConnection, tenant_id: UUID | None) -> None:
        self.connection = connection
        self.tenant_id = tenant_id

    def select(self, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        """SELECT of ``columns`` (default: all) of ``table``, only the tenant's rows where it has tenants."""
        statement = select(*(columns or (table,))).select_from(table)
        return statement.where(*self._mine(table))

    async def all(self, statement: Executable) -> list[dict[str, Any]]:
        """Every row, as a dict of column name to value."""
        result = await self.connection.execute(statement)
        names = tuple(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result]

    async def one(self, statement: Executable) -> dict[str, Any] | None:
        """The first row, or None."""
        row = (await self.connection.execute(statement)).mappings().first()
        return None if row is None else dict(row)

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return (await self.connection.execute(statement)).scalar()

    async def insert(self, table: Table, **values: Any) -> None:
        """One new row; ``tenant_id`` is added in a tenant's unit."""
        if self.tenant_id is not None and "tenant_id" in table.c:
            values.setdefault("tenant_id", self.tenant_id)
        await self.connection.execute(insert(table), values)

    async def update(self, table: Table, *where: ColumnElement[bool], **values: Any) -> int:
        """Change the rows that fulfil all of ``where``; the number of rows changed."""
        result = await self.connection.execute(update(table).where(*self._mine(table), *where).values(**values))
        return result.rowcount

    async def delete(self, table: Table, *where: ColumnElement[bool]) -> int:
        """Remove the rows that fulfil all of ``where``; the number of rows removed."""
        result = await self.connection.execute(delete(table).where(*self._mine(table), *where))
        return result.rowcount

    async def defer(
        self,
        task: str,
        *,
        lock: str | None = None,
        queueing_lock: str | None = None,
        priority: int = 0,
        at: datetime | None = None,
        **args: Any,
    ) -> int:
        """Queue a job in this transaction: it exists when the transaction commits, and never otherwise.

        Jobs with the same ``lock`` run one after the other, the highest ``priority`` first, none before ``at``.
        Raises `AlreadyQueued` when a job with the same ``queueing_lock`` waits; the transaction stays usable.
        """
        if not task or len(task) > _TASK_NAME_LENGTH:
            raise BadInput(f"The task name must have 1 to {_TASK_NAME_LENGTH} characters.")
        if at is not None and at.tzinfo is None:
            raise BadInput("The moment of a job needs a time zone: use an aware datetime.")
        if at is None and (trace := tracing.carried()) is not None:
            args["trace"] = trace  # it goes on there; what is for later is on its own
        parameters: Mapping[str, Any] = {
            "queue": QUEUE,
            "task": task,
            "args": dumps(args).decode(),
            "lock": lock,
            "queueing_lock": queueing_lock,
            "priority": priority,
            "at": at,
        }
        job_id = (await self.connection.execute(_DEFER, parameters)).scalar()
        if job_id is None:
            raise AlreadyQueued(f"A job with the queueing lock {queueing_lock!r} is waiting already.")
        return int(job_id)

    async def hasten(self, queueing_lock: str) -> bool:
        """Let the waiting job with this queueing lock run now, whatever ``at`` it was given; False: there is none."""
        return bool((await self.connection.execute(_HASTEN, {"lock": queueing_lock})).scalar())

    async def wait_long(self, *, lock: str = "0") -> None:
        """For a transaction that waits for something outside, such as an answer, with its locks held: the server, which
        ends idle ones after a minute, lets it be. ``lock`` bounds the wait for the locks of others (0 = for ever).
        """
        await self.connection.execute(_WAIT_LONG, {"lock": lock})

    @asynccontextmanager
    async def beyond(self) -> AsyncIterator[Unit]:
        """The same transaction as one of `Database.system`, for what a tenant does that concerns its partner: read a
        version of the partner's template, tell the partner of a change. Statements in it have to name the tenant, the
        partner or the template themselves. An error in it ends the transaction, and the role with it.
        """
        if self.tenant_id is None:
            yield self
            return
        # A unit of a tenant may be made on a connection of a system unit: it goes back to what it was.
        before = (await self.connection.execute(_BEYOND)).scalar()
        yield Unit(self.connection, None)
        await self.connection.execute(_BACK, {"role": before})

    def _mine(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        if self.tenant_id is None or "tenant_id" not in table.c:
            return ()
        return (table.c.tenant_id == self.tenant_id,)
