"""The data store: what automations of a tenant keep for each other, by store and key, or as rows of tables.

A write of a run happens once: it is noted, in the transaction that makes it, under a key that is the same when the run
is resumed and comes to the same place again. Then the note's result is given, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from tieline.automations.engine import codec
from tieline.automations.engine.context import RunInfo
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.store.fence import hold
from tieline.automations.store.limits import LONGEST_KEY, LONGEST_TTL, Quota, checked_name, packed
from tieline.core import clock
from tieline.storage.database import Database
from tieline.storage.tables import data_store, data_store_writes
from tieline.storage.unit import Unit

VALUE, ROW = "value", "row"
PAGE = 200  # entries read at once
WRITES_KEPT = 256  # notes of a run; the ones before are in its journal since long
Change = Callable[["Writing"], Awaitable[Any]]


def key_of(value: Any, what: str = "key") -> str:
    """A checked key."""
    return checked_name(value, what, LONGEST_KEY)


class DataStore:
    """Reads, and writes that happen once. ``kind`` is `VALUE` or `ROW`: keys of a store and rows of a table of the same
    name have nothing to do with each other."""

    def __init__(self, database: Database, quota: Quota | None = None) -> None:
        self._database = database
        self._quota = quota or Quota()

    async def get(self, tenant_id: UUID, kind: str, store: str, key: str) -> tuple[bool, Any]:
        """(whether there is one, the value)."""
        async with self._database.tenant(tenant_id) as unit:
            data = await unit.scalar(
                unit.select(data_store, data_store.c.value).where(*_at(kind, store), data_store.c.key == key, _alive())
            )
        return (False, None) if data is None else (True, codec.decode(bytes(data)))

    async def page(
        self, tenant_id: UUID, kind: str, store: str, *, prefix: str = "", after: str = "", limit: int = PAGE
    ) -> list[dict[str, Any]]:
        """Entries {key, value, expires_at} in the order of their keys (as bytes), those behind ``after``."""
        async with self._database.tenant(tenant_id) as unit:
            rows = await unit.all(
                unit.select(data_store, data_store.c.key, data_store.c.value, data_store.c.expires_at)
                .where(*_at(kind, store), *_between(prefix, after), _alive())
                .order_by(_bytewise())
                .limit(limit)
            )
        return [
            {
                "key": row["key"],
                "value": codec.decode(bytes(row["value"])),
                "expires_at": clock.iso(row["expires_at"]) if row["expires_at"] else None,
            }
            for row in rows
        ]

    async def write(self, run: RunInfo, once: str, change: Change) -> Any:
        """What ``change`` gives, made to happen once for the key ``once`` of this run.

        Raises `FenceLost` when another worker has taken the run over, and what ``change`` raises; then nothing is
        written.
        """
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it writes what this one would have written")
            noted = (data_store_writes.c.run_id == run.run_id, data_store_writes.c.key == once)
            # The row is taken before the change: of two workers at the same place one waits here for the other.
            mine = await unit.connection.execute(
                insert(data_store_writes)
                .values(tenant_id=run.tenant_id, run_id=run.run_id, key=once, result=b"", at=clock.now())
                .on_conflict_do_nothing()
                .returning(data_store_writes.c.key)
            )
            if mine.first() is None:
                data = await unit.scalar(unit.select(data_store_writes, data_store_writes.c.result).where(*noted))
                return codec.decode(bytes(data))
            result = await change(Writing(unit, run.tenant_id, self._quota))
            await unit.update(data_store_writes, *noted, result=codec.encode(result))
            if int(once[:2], 16) % 64 == 0:
                await self._forget(unit, run.run_id)
        return result

    @staticmethod
    async def _forget(unit: Unit, run_id: UUID) -> None:
        """Keeps the last notes of a run only; a result that is in the journal is never asked for again."""
        oldest = (
            unit.select(data_store_writes, data_store_writes.c.at)
            .where(data_store_writes.c.run_id == run_id)
            .order_by(data_store_writes.c.at.desc())
            .offset(WRITES_KEPT)
            .limit(1)
            .scalar_subquery()
        )
        await unit.delete(data_store_writes, data_store_writes.c.run_id == run_id, data_store_writes.c.at <= oldest)

    async def purge(self, limit: int = 1000) -> int:
        """Removes up to so many expired entries of all tenants, to be called from time to time; gives how many."""
        async with self._database.system() as unit:
            columns = (data_store.c.tenant_id, data_store.c.kind, data_store.c.store, data_store.c.key)
            expired = (
                select(*columns)
                .where(data_store.c.expires_at <= clock.now())
                .limit(limit)
                .with_for_update(skip_locked=True)
                .cte("expired")
            )
            matches = [column == expired.c[column.name] for column in columns]
            done = await unit.connection.execute(delete(data_store).where(*matches))
        return done.rowcount


class Writing:
    """The changes that one write may make, in its transaction."""

    def __init__(self, unit: Unit, tenant_id: UUID, quota: Quota) -> None:
        self._unit, self._tenant, self._quota = unit, tenant_id, quota

    async def put(self, kind: str, store: str, key: str, value: Any, *, ttl: float | None = None) -> bool:
        """Sets the value, whatever was there; gives whether the key is new. Without ``ttl`` it stays until deleted."""
        data = packed(value, "value")
        old = await self._locked(kind, store, key)
        await self._save(kind, store, key, data, _expiry(ttl), old)
        return old is None or old["expired"]

    async def add(self, kind: str, store: str, key: str, value: Any, *, ttl: float | None = None) -> bool:
        """Sets the value where there is none yet; gives whether it did."""
        data = packed(value, "value")
        old = await self._locked(kind, store, key)
        if old is not None and not old["expired"]:
            return False
        await self._save(kind, store, key, data, _expiry(ttl), old)
        return True

    async def change(
        self,
        kind: str,
        store: str,
        key: str,
        make: Callable[[bool, Any], Any],
        *,
        ttl: float | None = None,
    ) -> Any:
        """Sets the value to what ``make(exists, old value)`` gives, with the row locked; gives the new value.

        An entry that exists keeps its expiry, so that a counter with a ``ttl`` starts anew when its time is over.
        """
        old = await self._locked(kind, store, key)
        exists = old is not None and not old["expired"]
        value = make(exists, codec.decode(bytes(old["value"])) if old is not None and exists else None)
        expires = old["expires_at"] if old is not None and exists else _expiry(ttl)
        await self._save(kind, store, key, packed(value, "value"), expires, old)
        return value

    async def remove(self, kind: str, store: str, *, key: str | None = None, prefix: str | None = None) -> int:
        """Deletes a key, or all keys that begin with ``prefix``; gives how many there were."""
        which = [data_store.c.key == key] if key is not None else _between(prefix or "", "")
        gone = await self._unit.connection.execute(
            delete(data_store)
            .where(data_store.c.tenant_id == self._tenant, *_at(kind, store), *which)
            .returning(data_store.c.expires_at)
        )
        moment = clock.now()
        return sum(1 for row in gone if row.expires_at is None or row.expires_at > moment)

    async def scan(self, kind: str, store: str, *, after: str = "", limit: int = PAGE) -> list[tuple[str, Any]]:
        """(key, value) of living entries behind ``after``, locked until the write is over."""
        rows = await self._unit.all(
            self._unit.select(data_store, data_store.c.key, data_store.c.value)
            .where(*_at(kind, store), *_between("", after), _alive())
            .order_by(_bytewise())
            .limit(limit)
            .with_for_update()
        )
        return [(row["key"], codec.decode(bytes(row["value"]))) for row in rows]

    async def peek(self, kind: str, store: str, key: str) -> Any:
        """The value, locked until the write is over; None where there is none."""
        data = await self._unit.scalar(
            self._unit.select(data_store, data_store.c.value)
            .where(*_at(kind, store), data_store.c.key == key, _alive())
            .with_for_update()
        )
        return None if data is None else codec.decode(bytes(data))

    async def _locked(self, kind: str, store: str, key: str) -> dict[str, Any] | None:
        row = await self._unit.one(
            self._unit.select(data_store, data_store.c.value, data_store.c.size, data_store.c.expires_at)
            .where(*_at(kind, store), data_store.c.key == key)
            .with_for_update()
        )
        if row is not None:
            row["expired"] = row["expires_at"] is not None and row["expires_at"] <= clock.now()
            return row
        # A row to wait at: of two that find none, one makes it, and the other goes on with what that one wrote.
        made = await self._unit.connection.execute(
            insert(data_store)
            .values(tenant_id=self._tenant, kind=kind, store=store, key=key, value=b"", size=0)
            .on_conflict_do_nothing()
            .returning(data_store.c.key)
        )
        return None if made.first() is not None else await self._locked(kind, store, key)

    async def _save(
        self, kind: str, store: str, key: str, data: bytes, expires: Any, old: dict[str, Any] | None
    ) -> None:
        """Fills the row that `_locked` has found or made."""
        before = old["size"] if old is not None else 0
        await self._quota.room(
            self._unit, self._tenant, entries=0 if old is not None else 1, size=max(0, len(data) - before)
        )
        values: dict[str, Any] = {"value": data, "size": len(data), "expires_at": expires, "updated_at": clock.now()}
        if old is not None and old["expired"]:
            values["created_at"] = values["updated_at"]
        await self._unit.update(data_store, *_at(kind, store), data_store.c.key == key, **values)


def _at(kind: str, store: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return data_store.c.kind == kind, data_store.c.store == store


def _alive() -> ColumnElement[bool]:
    return or_(data_store.c.expires_at.is_(None), data_store.c.expires_at > clock.now())


def _bytewise() -> ColumnElement[Any]:
    """Keys in one order everywhere, whatever collation the database was made with."""
    return data_store.c.key.collate("C")


def _between(prefix: str, after: str) -> list[ColumnElement[bool]]:
    key = _bytewise()
    found: list[ColumnElement[bool]] = []
    if prefix:
        found.append(data_store.c.key.startswith(prefix, autoescape=True))
    if after:
        found.append(key > after)
    return found


def _expiry(ttl: float | None) -> Any:
    if ttl is None:
        return None
    if not 0 < ttl <= LONGEST_TTL:
        raise BlockInputInvalid(f"ttl must be more than 0 and at most {LONGEST_TTL} seconds")
    return clock.now() + timedelta(seconds=ttl)
