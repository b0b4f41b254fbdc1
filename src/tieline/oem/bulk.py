"""The same for many accounts at once: each item on its own, and with an idempotency key exactly once.

    results = await Bulk(database).do(partner_id, key, request, items, work)      # work(item, once, again) -> GUID

With a key, what became of each item is kept for a day, where the partner's webhooks hang too. A call that comes again,
because the first one was cut off or the server died, does what is not done yet and tells the rest as it was.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert

from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import BadInput, TielineError
from tieline.oem.errors import KeyReused
from tieline.storage.database import Database
from tieline.storage.tables import data_store
from tieline.tenancy.events import partners

log = structlog.get_logger(__name__)

MOST: Final = 500
AT_ONCE: Final = 4
KEPT: Final = timedelta(days=1)
LONGEST_SECONDS: Final = 60.0
"""No item is begun later than that after the call came."""
ITEM_SECONDS: Final = 60.0
LONGEST_KEY: Final = 255
_KIND: Final = "bulk"
_REQUEST: Final = "request"

Item = TypeVar("Item")
Work = Callable[[Item, UUID | None, bool], Awaitable[str]]
"""Does an item and gives its GUID. The UUID names the item for ever; True: it was begun before, and may be done."""


class Outcome(Struct, omit_defaults=True):
    """What became of an item; ``status`` as if it had been a call of its own."""

    status: int
    guid: str | None = None
    error: str | None = None
    code: str | None = None

    @property
    def passes(self) -> bool:
        """Another try may go better."""
        return self.status >= 500 or self.status == 429


NOT_REACHED: Final = Outcome(
    503,
    error="The call took too long to begin with this item; send it again with the same Idempotency-Key.",
    code="not-reached",
)


class Bulk:
    """Does items side by side, a few at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def do(
        self, partner_id: UUID, key: str | None, request: bytes, items: Sequence[Item], work: Work[Item]
    ) -> list[Outcome]:
        """For each item what became of it. Raises `KeyReused` where the key came with another ``request``."""
        store = await self._open(partner_id, key, request)
        known = await self._known(partner_id, store) if store else {}
        free = asyncio.Semaphore(AT_ONCE)
        ends = time.monotonic() + LONGEST_SECONDS

        async def one(index: int, item: Item) -> Outcome:
            kept = known.get(str(index))
            if kept is not None and kept.status:
                return kept
            async with free:
                if time.monotonic() > ends:
                    return NOT_REACHED
                once = uuid5(partner_id, f"{store}/{index}") if store else None
                if store and kept is None:
                    await self._keep(partner_id, store, index, Outcome(0))
                found = await _tried(work, item, once, again=kept is not None)
                if store and not found.passes:
                    await self._keep(partner_id, store, index, found)
                return found

        return list(await asyncio.gather(*(one(index, item) for index, item in enumerate(items))))

    async def _open(self, partner_id: UUID, key: str | None, request: bytes) -> str:
        if key is None:
            return ""
        if not key.strip() or len(key) > LONGEST_KEY or not key.isprintable():
            raise BadInput(f"Idempotency-Key has 1 to {LONGEST_KEY} printable characters.", parameter="Idempotency-Key")
        store = hashlib.sha256(key.encode()).hexdigest()
        digest = hashlib.sha256(request).hexdigest()
        async with self._database.system() as unit:
            await partners.make_home(unit, partner_id)
        async with self._database.tenant(partner_id) as unit:
            await unit.delete(data_store, data_store.c.kind == _KIND, data_store.c.expires_at < now())
            await unit.connection.execute(_row(partner_id, store, _REQUEST, digest.encode()).on_conflict_do_nothing())
            mine = (data_store.c.kind == _KIND, data_store.c.store == store, data_store.c.key == _REQUEST)
            first = await unit.scalar(unit.select(data_store, data_store.c.value).where(*mine))
        if bytes(first or b"").decode() != digest:
            raise KeyReused("This Idempotency-Key came with another request within the last day; use a new one.")
        return store

    async def _known(self, partner_id: UUID, store: str) -> dict[str, Outcome]:
        async with self._database.tenant(partner_id) as unit:
            rows = await unit.all(
                unit.select(data_store, data_store.c.key, data_store.c.value).where(
                    data_store.c.kind == _KIND, data_store.c.store == store, data_store.c.key != _REQUEST
                )
            )
        return {row["key"]: msgspec.json.decode(row["value"], type=Outcome) for row in rows}

    async def _keep(self, partner_id: UUID, store: str, index: int, result: Outcome) -> None:
        statement = _row(partner_id, store, str(index), json.dumps(result))
        async with self._database.tenant(partner_id) as unit:
            await unit.connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "kind", "store", "key"],
                    set_={"value": statement.excluded.value, "size": statement.excluded.size, "updated_at": now()},
                )
            )


async def _tried(work: Work[Item], item: Item, once: UUID | None, *, again: bool) -> Outcome:
    """What becomes of an item, whatever happens: it ends no other one."""
    try:
        async with asyncio.timeout(ITEM_SECONDS):
            return Outcome(200, await work(item, once, again))
    except TielineError as error:
        return Outcome(error.status, error=error.detail, code=error.code)
    except TimeoutError:
        return Outcome(
            503, error=f"The item took more than {ITEM_SECONDS:.0f} seconds; send it again.", code="took-long"
        )
    except Exception as error:
        log.error("bulk.item_failed", exc_info=error)
        return Outcome(500, error="The server met a fault of its own; the log has it.", code="internal-error")


def _row(partner_id: UUID, store: str, key: str, value: bytes) -> Any:
    return insert(data_store).values(
        tenant_id=partner_id,
        kind=_KIND,
        store=store,
        key=key,
        value=value,
        size=len(value),
        expires_at=now() + KEPT,
    )
