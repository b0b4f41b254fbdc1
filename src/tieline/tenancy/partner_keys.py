"""Who a partner is: the pair ``X-App-Id`` and ``X-Api-Key`` that its servers send.

    caller = await PartnerKeys(database).authenticate(app_id, secret)      # Unauthorized when it is no good

An unknown app id and a wrong key look the same, and take the same time: a hash is compared in either case. The answer
is remembered for less than a second, so that a key that was replaced stops working within a second on every process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import select

from tieline.core.errors import Forbidden, Unauthorized
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import partners
from tieline.tenancy.principal import PARTNER_ADMIN, Principal
from tieline.tenancy.remembering import Remembered

LONGEST_APP_ID: Final = 200
_NOBODY: Final = tokens.hash_token("")


class PartnerCaller(Struct, frozen=True, kw_only=True):
    """A partner that has shown its key; or, with ``user_id``, a person who administers it."""

    id: UUID
    name: str
    app_id: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    user_id: UUID | None = None


class PartnerKeys:
    """Recognizes the keys of all partners."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._remembered = Remembered[PartnerCaller](clock)

    async def authenticate(self, app_id: str, secret: str) -> PartnerCaller:
        """Raises `Unauthorized`."""
        name = tokens.hash_token(f"{app_id}\0{secret}")

        async def ask() -> PartnerCaller:
            caller, digest = await self._find(app_id)
            if not tokens.matches(secret, digest or _NOBODY) or caller is None or digest is None:
                raise Unauthorized("X-App-Id and X-Api-Key are not those of a partner.")
            return caller

        return await self._remembered.get(name, ask)

    async def administered(self, principal: Principal) -> PartnerCaller:
        """The partner, as the person acts for it who administers it. Raises `Forbidden` for anybody else."""
        if not principal.is_partner_admin:
            raise Forbidden(f"Only who has the role {PARTNER_ADMIN} may act for the partner.")

        async def ask() -> PartnerCaller:
            async with self._database.system() as unit:
                row = await unit.one(select(partners).where(partners.c.id == principal.partner_id))
            if row is None:
                raise Forbidden("The partner is not there any more.")
            return PartnerCaller(
                id=row["id"],
                name=row["name"],
                app_id=row["app_id"],
                settings=row["settings"],
                user_id=principal.user_id,
            )

        return await self._remembered.get((principal.partner_id, principal.user_id), ask)

    async def _find(self, app_id: str) -> tuple[PartnerCaller | None, bytes | None]:
        if "\0" in app_id or len(app_id) > LONGEST_APP_ID:
            return None, None
        async with self._database.system() as unit:
            row = await unit.one(select(partners).where(partners.c.app_id == app_id))
        if row is None:
            return None, None
        caller = PartnerCaller(id=row["id"], name=row["name"], app_id=row["app_id"], settings=row["settings"])
        return caller, row["api_key_hash"]
