"""How much a tenant may keep, and what names and values may look like."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any
from uuid import UUID

from sqlalchemy import func

from tieline.automations.engine import codec
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.store.errors import DataStoreFull
from tieline.storage.tables import data_store
from tieline.storage.unit import Unit

LONGEST_NAME = 100  # characters of a store's or table's name
LONGEST_KEY = 300
LARGEST_VALUE = 256 * 1024  # bytes, as stored
DEEPEST_VALUE = 100
ENTRIES_PER_TENANT = 100_000
BYTES_PER_TENANT = 256 * 2**20
LONGEST_TTL = 10 * 366 * 24 * 3600  # seconds

RECOUNT_SECONDS = 30.0
RECOUNT_WRITES = 200  # so far the count may be off in each process
KNOWN_TENANTS = 1024


def checked_name(value: Any, what: str, longest: int = LONGEST_NAME) -> str:
    """A name or key; raises `BlockInputInvalid` for what is empty, too long, or no text that a database can hold."""
    if not isinstance(value, str) or not value:
        raise BlockInputInvalid(f"{what} is empty; give it a text of 1 to {longest} characters")
    if len(value) > longest:
        raise BlockInputInvalid(f"{what} has {len(value)} characters; at most {longest} are allowed")
    if any(ch < " " or "\ud800" <= ch <= "\udfff" for ch in value):
        raise BlockInputInvalid(f"{what} holds a control character or half a character pair; remove it")
    return value


def packed(value: Any, what: str) -> bytes:
    """The value as it is stored; raises `BlockInputInvalid` for what is too large or too deep."""
    if not _within(value, DEEPEST_VALUE):
        raise BlockInputInvalid(f"{what} is nested more than {DEEPEST_VALUE} deep; keep a flatter one")
    size = codec.size(value)
    if size > LARGEST_VALUE:
        raise BlockInputInvalid(f"{what} has {size} bytes; at most {LARGEST_VALUE} can be kept under one key")
    return codec.encode(value)


def _within(value: Any, levels: int) -> bool:
    """Whether containers are nested at most so deep; without recursion, each container once."""
    seen: set[int] = set()
    layer = [value]
    for _ in range(levels + 1):
        inner = []
        for entry in layer:
            if isinstance(entry, (dict, list, tuple)) and id(entry) not in seen:
                seen.add(id(entry))
                inner += list(entry.values()) if isinstance(entry, dict) else list(entry)
        layer = [entry for entry in inner if isinstance(entry, (dict, list, tuple))]
        if not layer:
            return True
    return False


class Quota:
    """Counts what tenants keep; between two counts it goes by what this process has written."""

    def __init__(self, entries: int = ENTRIES_PER_TENANT, size: int = BYTES_PER_TENANT) -> None:
        self._entries, self._bytes = entries, size
        self._known: OrderedDict[UUID, list[float]] = OrderedDict()  # tenant -> entries, bytes, counted at, writes

    async def room(self, unit: Unit, tenant_id: UUID, *, entries: int, size: int) -> None:
        """Takes what a write is about to add (new entries are there already); raises `DataStoreFull`."""
        known = self._known.get(tenant_id)
        if known is not None and time.monotonic() - known[2] < RECOUNT_SECONDS and known[3] < RECOUNT_WRITES:
            known[3] += 1
            if self._fits(known, entries, size):
                return
        known = await self._count(unit, tenant_id)
        known[0] -= entries
        if not self._fits(known, entries, size):
            del self._known[tenant_id]
            raise DataStoreFull(
                f"the data store holds {int(known[0])} keys and rows and {int(known[1])} bytes; at most "
                f"{self._entries} and {self._bytes} are allowed. Delete some, or write them with a ttl"
            )

    def _fits(self, known: list[float], entries: int, size: int) -> bool:
        if (entries and known[0] + entries > self._entries) or (size and known[1] + size > self._bytes):
            return False
        known[0] += entries
        known[1] += size
        return True

    async def _count(self, unit: Unit, tenant_id: UUID) -> list[float]:
        counts = (func.count().label("n"), func.coalesce(func.sum(data_store.c.size), 0).label("b"))
        counted = await unit.one(unit.select(data_store, *counts))
        known: list[float] = [counted["n"], int(counted["b"]), time.monotonic(), 0] if counted else [0, 0, 0, 0]
        self._known[tenant_id] = known
        self._known.move_to_end(tenant_id)
        if len(self._known) > KNOWN_TENANTS:
            self._known.popitem(last=False)
        return known
