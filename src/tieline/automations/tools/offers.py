"""What owners have offered, kept by the name that agents know it under.

An offer lies in the tenant's data store, beside the values of automations under a kind of its own. It counts only while
the thing belongs to who offered it: with another owner it has to be offered again.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert

from tieline.automations.tools.errors import NotATool, ToolNameTaken
from tieline.automations.tools.names import BETWEEN, LONGEST, LONGEST_PREFIX
from tieline.core.clock import now
from tieline.core.errors import BadInput
from tieline.storage.tables import automations, connections, data_store
from tieline.storage.unit import Unit

AUTOMATION: Final = "automation"
CONNECTION: Final = "connection"
MOST: Final = 1000  # offers of a tenant
MOST_BLOCKS: Final = 1000
_KIND: Final = "tool"
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Offer(Struct, frozen=True, kw_only=True):
    """``of`` is `AUTOMATION` or `CONNECTION`, ``id`` that of the thing, ``owner`` who it belonged to then.

    ``name`` is the tool of an automation, or what the tools of a connection begin with. ``blocks`` None = all blocks
    that only read.
    """

    of: str
    name: str
    id: UUID
    owner: UUID
    description: str = ""
    blocks: list[str] | None = None


_decoder = msgspec.json.Decoder(Offer)
_encoder = msgspec.json.Encoder()


def check_name(name: str, of: str) -> None:
    """Raises `BadInput` for what cannot be the name of a tool, or of a connection's tools."""
    longest = LONGEST if of == AUTOMATION else LONGEST_PREFIX
    if not 1 <= len(name) <= longest or not _LETTERS.issuperset(name):
        raise BadInput(f"name has 1 to {longest} characters out of A-Z a-z 0-9 _ -.", pointer="/name")
    if BETWEEN in name or name.endswith("_"):
        raise BadInput("name cannot hold two underscores in a row, nor end with one.", pointer="/name")


async def put(unit: Unit, offer: Offer) -> None:
    """Offers it, in place of how it was offered before. Raises `ToolNameTaken`, and `NotATool` over the limit."""
    lock = {"name": f"tools/{unit.tenant_id}"}
    await unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 5))"), lock)
    await withdraw(unit, offer.of, offer.id)
    await _forget_dead(unit)
    if await unit.scalar(unit.select(data_store, func.count()).where(data_store.c.kind == _KIND)) >= MOST:
        raise NotATool(f"The tenant offers {MOST} tools and connections already; withdraw one first.")
    moment = now()
    made = await unit.connection.execute(
        insert(data_store)
        .values(
            tenant_id=unit.tenant_id,
            kind=_KIND,
            store=offer.of,
            key=offer.name,
            value=_encoder.encode(offer),
            size=0,
            created_at=moment,
            updated_at=moment,
        )
        .on_conflict_do_nothing()
        .returning(data_store.c.key)
    )
    if made.first() is None:
        raise ToolNameTaken(f"Another tool of this tenant is called {offer.name!r}; give it another name.")


async def withdraw(unit: Unit, of: str, identity: UUID) -> None:
    """Offers it no more; nothing happens where it was not offered."""
    known = await find(unit, of, identity)
    if known is not None:
        await unit.delete(data_store, *_at(of), data_store.c.key == known.name)


async def find(unit: Unit, of: str, identity: UUID) -> Offer | None:
    """The offer of an automation or a connection."""
    return next((offer for offer in await every(unit, of) if offer.id == identity), None)


async def named(unit: Unit, of: str, name: str) -> Offer | None:
    """The offer of this name."""
    row = await unit.one(unit.select(data_store, data_store.c.value).where(*_at(of), data_store.c.key == name))
    return None if row is None else _decoder.decode(row["value"])


async def every(unit: Unit, of: str) -> list[Offer]:
    """All offers of a kind in the tenant, by name."""
    statement = unit.select(data_store, data_store.c.value).where(*_at(of))
    rows = await unit.all(statement.order_by(data_store.c.key.collate("C")).limit(MOST))
    return [_decoder.decode(row["value"]) for row in rows]


async def _forget_dead(unit: Unit) -> None:
    """Removes offers of what is gone or has another owner, so that their names can be given again."""
    for of, table in ((AUTOMATION, automations), (CONNECTION, connections)):
        listed = await every(unit, of)
        rows = await unit.all(
            unit.select(table, table.c.id, table.c.owner_id).where(table.c.id.in_([offer.id for offer in listed]))
        )
        alive = {(row["id"], row["owner_id"]) for row in rows}
        for offer in listed:
            if (offer.id, offer.owner) not in alive:
                await unit.delete(data_store, *_at(of), data_store.c.key == offer.name)


def _at(of: str) -> tuple[Any, ...]:
    return data_store.c.kind == _KIND, data_store.c.store == of
