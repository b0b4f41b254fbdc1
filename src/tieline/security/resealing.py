"""Sealed values under the newest key, while everything runs: what ``tieline keys rotate`` does.

    resealing.register(Place(table, table.c.sealed, lambda row: f"things/{row['id']}/sealed".encode()))
    tallies = await resealing.run(database, vault)

Whatever is sealed and stays says where it lies, in the module that seals it. A value is only replaced while it is the
one that was read. What others write meanwhile is under the newest key, or found by another pass; what is still under an
older one after the last pass comes from a process whose newest key is another, and is counted as ``left``.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
import structlog
from msgspec import Struct
from sqlalchemy.dialects.postgresql import ARRAY

from tieline.core.errors import Unavailable
from tieline.security.vault import Vault, VaultError
from tieline.storage.database import Database

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100
"""Rows of a transaction: for so many, others who change them wait."""
PASSES: Final = 5
_ATTEMPTS: Final = 8
_PAUSE_SECONDS: Final = 0.5


class Place(Struct, frozen=True):
    """Rows of a table with a sealed value: in ``column``, or as base64 text at ``path`` of the JSON in it.

    ``context`` gives what a value is bound to, from the primary key of its row.
    """

    table: sa.Table
    column: sa.Column[Any]
    context: Callable[[Mapping[str, Any]], bytes]
    path: Sequence[str] = ()

    @property
    def name(self) -> str:
        return ".".join((self.table.name, self.column.name, *self.path))


class Tally(Struct, frozen=True):
    """What became of a place: values that were sealed anew, those that do not open, all, and those that are left under
    an older key all the same.
    """

    place: str
    resealed: int
    broken: int
    total: int
    left: int = 0


_places: dict[str, Place] = {}


def register(place: Place) -> None:
    """Adds a place."""
    _places[place.name] = place


def places() -> list[Place]:
    """All places of the modules that are imported."""
    return [_places[name] for name in sorted(_places)]


async def run(database: Database, vault: Vault) -> list[Tally]:
    """Seals everything anew that is not under the newest key. What does not open is left as it is, and counted.

    May be ended at any moment and begun again, and run in several processes at once.
    """
    tallies = [await _over(database, vault, place) for place in places()]
    for _ in range(PASSES):
        # Behind the back of a pass somebody may have sealed under an older key.
        again = {one.place: one for one in [await _over(database, vault, place) for place in places()]}
        tallies = [
            Tally(
                one.place,
                one.resealed + again[one.place].resealed,
                again[one.place].broken,
                again[one.place].total,
                again[one.place].resealed + again[one.place].left,
            )
            for one in tallies
        ]
        if not any(one.left for one in tallies):
            break
    return tallies


async def _over(database: Database, vault: Vault, place: Place) -> Tally:
    resealed = broken = total = left = 0
    after: tuple[Any, ...] | None = None
    while True:
        page = await _page(database, vault, place, after)
        resealed, broken = resealed + page.resealed, broken + page.broken
        total, left = total + page.total, left + page.left
        if page.total < AT_ONCE:
            return Tally(place.name, resealed, broken, total, left)
        after = page.last


class _Page(Struct):
    last: tuple[Any, ...] | None = None
    resealed: int = 0
    broken: int = 0
    total: int = 0
    left: int = 0


async def _page(database: Database, vault: Vault, place: Place, after: tuple[Any, ...] | None) -> _Page:
    """One transaction, tried again where it lost against others: it may be the one that ends a deadlock."""
    for attempts_left in range(_ATTEMPTS - 1, -1, -1):
        try:
            return await _resealed(database, vault, place, after)
        except Unavailable:
            if not attempts_left:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


async def _resealed(database: Database, vault: Vault, place: Place, after: tuple[Any, ...] | None) -> _Page:
    keys = list(place.table.primary_key.columns)
    value = value_of(place)
    found = _Page()
    page = sa.select(*keys, value.label("sealed_value")).where(value.is_not(None)).order_by(*keys).limit(AT_ONCE)
    if after is not None:
        page = page.where(sa.tuple_(*keys) > sa.tuple_(*(sa.bindparam(None, part) for part in after)))
    async with database.system() as unit:
        for row in await unit.all(page):
            found.total += 1
            found.last = tuple(row[key.name] for key in keys)
            try:
                anew = _anew(vault, place, row)
            except VaultError as error:
                found.broken += 1
                which = {key.name: str(row[key.name]) for key in keys}
                log.warning("keys.not_opened", place=place.name, detail=error.detail, **which)
                continue
            if anew is None:
                continue
            mine = [key == row[key.name] for key in keys]
            changed = {place.column.name: _written(place, anew)}
            statement = sa.update(place.table).where(*mine, value == row["sealed_value"]).values(**changed)
            done = (await unit.connection.execute(statement)).rowcount
            found.resealed, found.left = found.resealed + done, found.left + 1 - done
    return found


def value_of(place: Place) -> sa.ColumnElement[Any]:
    return place.column[list(place.path)].as_string() if place.path else place.column


def _anew(vault: Vault, place: Place, row: Mapping[str, Any]) -> Any:
    """The value under the newest key; None where it is so already. Raises `VaultError`."""
    value = row["sealed_value"]
    try:
        sealed = b64decode(value, validate=True) if place.path else bytes(value)
    except NoBase64:
        raise VaultError("The secret is not an envelope of this vault; enter it again.") from None
    made = vault.reseal(sealed, context=place.context(row))
    if made == sealed:
        return None
    return b64encode(made).decode() if place.path else made


def _written(place: Place, anew: Any) -> Any:
    if not place.path:
        return anew
    where = sa.cast(list(place.path), ARRAY(sa.Text))
    return sa.func.jsonb_set(place.column, where, sa.func.to_jsonb(sa.cast(anew, sa.Text)))
