"""Do the keys at hand open what is sealed? A look at some values of each place; nothing is changed or kept."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct

from tieline.security import resealing
from tieline.security.resealing import Place
from tieline.security.vault import Vault, VaultError

SAMPLE: Final = 100


class Looked(Struct, frozen=True):
    """How many sealed values were looked at, how many did not open, and why the first of these did not."""

    opened: int
    closed: int
    reason: str


def statements() -> list[tuple[Place, sa.Select[Any]]]:
    """What to ask for, by place: the newest values, which are under the keys that are in use."""
    # Whatever seals has to be imported, or its place is not known.
    import tieline.server.app  # noqa: F401

    found = []
    for place in resealing.places():
        keys = list(place.table.primary_key.columns)
        value = resealing.value_of(place)
        newest = [key.desc() for key in keys]
        asked = sa.select(*keys, value.label("sealed_value")).where(value.is_not(None))
        found.append((place, asked.order_by(*newest).limit(SAMPLE)))
    return found


def look(vault: Vault, place: Place, rows: list[Mapping[str, Any]]) -> Looked:
    """Opens these rows' values."""
    closed, reason = 0, ""
    for row in rows:
        value = row["sealed_value"]
        try:
            vault.open(b64decode(value, validate=True) if place.path else bytes(value), context=place.context(row))
        except (VaultError, NoBase64) as error:
            closed += 1
            reason = reason or f"{place.name}: {getattr(error, 'detail', 'no envelope of this vault')}"
    return Looked(len(rows) - closed, closed, reason)
