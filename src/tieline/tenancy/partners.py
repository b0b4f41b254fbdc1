"""Partners: the SaaS vendors that embed Tieline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import Conflict, NotFound
from tieline.core.ids import new_id
from tieline.security import resealing, tokens
from tieline.security.resealing import Place
from tieline.security.vault import Vault
from tieline.storage.tables import partners
from tieline.storage.unit import Unit

KEY_PREFIX = "tlp_"  # how a partner's key begins


async def create(unit: Unit, *, name: str, app_id: str) -> UUID:
    """A new partner; a unit of `Database.system` is needed. Raises `Conflict` where the app id is taken."""
    partner_id = new_id()
    statement = insert(partners).values(id=partner_id, name=name, app_id=app_id).on_conflict_do_nothing()
    if await unit.scalar(statement.returning(partners.c.id)) is None:
        raise Conflict(f"There is a partner with the app id {app_id!r} already.", pointer="/appId")
    return partner_id


async def issue_key(unit: Unit, vault: Vault, partner_id: UUID) -> str:
    """A new API key of the partner in place of the one it had; shown only now. A unit of `Database.system` is needed.

    It is kept as a hash, to recognize it, and sealed, because sign-on tokens are signed with it. Raises `NotFound`.
    """
    secret = tokens.new_token(KEY_PREFIX)
    sealed = vault.seal(secret.encode(), context=key_context(partner_id))
    changed = await unit.update(
        partners,
        partners.c.id == partner_id,
        api_key_hash=tokens.hash_token(secret),
        api_key_sealed=sealed,
        updated_at=now(),
    )
    if not changed:
        raise NotFound("There is no such partner.")
    return secret


def key_context(partner_id: UUID) -> bytes:
    """What the sealed key is bound to."""
    return f"partners/{partner_id}/api_key".encode()


async def listed(unit: Unit) -> list[dict[str, Any]]:
    """All partners, oldest first; ``has_key`` in place of what is kept of the key."""
    columns = (partners.c.id, partners.c.name, partners.c.app_id, partners.c.created_at)
    has_key = partners.c.api_key_hash.is_not(None).label("has_key")
    return await unit.all(select(*columns, has_key).order_by(partners.c.id))


async def find(unit: Unit, app_id: str) -> dict[str, Any] | None:
    """The partner with this app id, without its key's hash."""
    columns = (partners.c.id, partners.c.name, partners.c.app_id, partners.c.created_at)
    return await unit.one(select(*columns).where(partners.c.app_id == app_id))


resealing.register(Place(partners, partners.c.api_key_sealed, lambda row: key_context(row["id"])))
