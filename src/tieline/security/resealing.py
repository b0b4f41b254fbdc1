"""Sealed values under the newest key, while everything runs: what ``tieline keys rotate`` does.

    resealing.register(Place(table, table.c.sealed, lambda row: f"things/{row['id']}/sealed".encode()))
    tallies = await resealing.run(database, vault)

Whatever is sealed and stays says where it lies, in the module that seals it. A value is only replaced while it is the
one that was read: what somebody writes meanwhile is under the newest key already.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
import structlog
from msgspec import Struct
from sqlalchemy.dialects.postgresql import ARRAY

from tieline.security.vault import Vault, VaultError
from tieline.storage.database import Database

log = structlog.get_logger(__name__)

AT_ONCE: Final = 500


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
    """What became of a place: values that were sealed anew, those that do not open, and all."""

    place: str
    resealed: int
    broken: int
    total: int


_places: dict[str, Place] = {}


def register(place: Place) -> None:
    """Adds a place."""
    _places[place.name] = place


def places() -> list[Place]:
    """All places of the modules that are imported."""
    return [_places[name] for name in sorted(_places)]


async def run(database: Database, vault: Vault) -> list[Tally]:
    """Seals everything anew that is not under the newest key. What does not open is left as it is, and counted."""
    return [await _over(database, vault, place) for place in places()]


async def _over(database: Database, vault: Vault, place: Place) -> Tally:
    keys = list(place.table.primary_key.columns)
    value = _value(place)
    resealed = broken = total = 0
    after: tuple[Any, ...] | None = None
    while True:
        page = sa.select(*keys, value.label("sealed_value")).where(value.is_not(None)).order_by(*keys).limit(AT_ONCE)
        if after is not None:
            page = page.where(sa.tuple_(*keys) > sa.tuple_(*(sa.bindparam(None, part) for part in after)))
        async with database.system() as unit:
            rows = await unit.all(page)
            for row in rows:
                total += 1
                try:
                    anew = _anew(vault, place, row)
                except VaultError as error:
                    broken += 1
                    which = {key.name: str(row[key.name]) for key in keys}
                    log.warning("keys.not_opened", place=place.name, detail=error.detail, **which)
                    continue
                if anew is None:
                    continue
                mine = [key == row[key.name] for key in keys]
                changed = {place.column.name: _written(place, anew)}
                statement = sa.update(place.table).where(*mine, value == row["sealed_value"]).values(**changed)
                resealed += (await unit.connection.execute(statement)).rowcount
        if len(rows) < AT_ONCE:
            return Tally(place.name, resealed, broken, total)
        after = tuple(rows[-1][key.name] for key in keys)


def _value(place: Place) -> sa.ColumnElement[Any]:
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
