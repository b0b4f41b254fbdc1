"""What a partner has said about embedding: the origins of the pages that may frame Tieline.

They lie in the partner's settings as ``{"embed": {"origins": [...]}}``, written as browsers write them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update

from tieline.core import origins
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound
from tieline.storage.tables import partners
from tieline.storage.unit import Unit
from tieline.tenancy.embed_sessions import allowed_origins

MOST_ORIGINS: Final = 100
LONGEST_APP_ID: Final = 200
_COLUMNS: Final = (partners.c.id, partners.c.name, partners.c.app_id, partners.c.settings)


async def find(unit: Unit, app_id: str) -> dict[str, Any]:
    """The partner of this app id. Raises `NotFound`. ``unit`` is one of `Database.system`, here and below."""
    row = None
    if app_id and "\0" not in app_id and len(app_id) <= LONGEST_APP_ID:
        row = await unit.one(select(*_COLUMNS).where(partners.c.app_id == app_id))
    if row is None:
        raise NotFound("There is no such partner.")
    return row


async def only(unit: Unit) -> dict[str, Any] | None:
    """The partner of an installation that has just one."""
    rows = await unit.all(select(*_COLUMNS).limit(2))
    return rows[0] if len(rows) == 1 else None


async def put_origins(unit: Unit, partner_id: UUID, wanted: Sequence[str]) -> list[str]:
    """Sets the origins and gives them back as they are kept. Raises `InvalidOrigin`, `BadInput` for too many."""
    kept = list(dict.fromkeys(origins.normalized(text, pointer="/origins") for text in wanted))
    if len(kept) > MOST_ORIGINS:
        raise BadInput(f"A partner has at most {MOST_ORIGINS} origins.", pointer="/origins")
    row = await unit.one(select(partners.c.settings).where(partners.c.id == partner_id).with_for_update())
    if row is None:
        raise NotFound("There is no such partner.")
    own = row["settings"].get("embed")
    settings = {**row["settings"], "embed": {**(own if isinstance(own, Mapping) else {}), "origins": kept}}
    await unit.connection.execute(
        update(partners).where(partners.c.id == partner_id).values(settings=settings, updated_at=now())
    )
    return kept


def origins_of(settings: Mapping[str, Any]) -> list[str]:
    """The origins of a partner's settings that are written as browsers write them; what is not, is nobody's."""
    return [one for one in allowed_origins(settings) if _is_normal(one)]


def frame_ancestors(settings: Mapping[str, Any]) -> str:
    """The sources of the CSP directive ``frame-ancestors`` (CSP 3 section 6.4.2) for a partner's pages."""
    return " ".join(origins_of(settings)) or "'none'"


def _is_normal(text: str) -> bool:
    try:
        return origins.normalized(text) == text
    except BadInput:
        return False
