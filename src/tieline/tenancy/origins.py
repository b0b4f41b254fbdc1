"""Which pages may call: the origins that web integrations and OAuth clients have registered.

    known = Origins(database)
    await known.anybody("https://app.example.com")                  # a preflight, which says nothing of who asks
    await known.allows(tenant_id, "https://app.example.com")        # a request

Origins are compared byte for byte with what was registered, normalized. What the database said is remembered for less
than a second, so that an origin that was taken away is refused within a second on every process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tieline.core import origins
from tieline.core.errors import BadInput
from tieline.storage.database import Database
from tieline.storage.tables import oauth_clients, web_integrations
from tieline.tenancy.remembering import Remembered

_Row = tuple[UUID, frozenset[str]]


class Origins:
    """Answers for all tenants."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._anybody: Remembered[bool] = Remembered(clock)
        self._tenants: Remembered[list[_Row]] = Remembered(clock)
        self._clients: Remembered[frozenset[str]] = Remembered(clock)

    async def anybody(self, origin: str, named: UUID | None = None) -> bool:
        """Whether any tenant has registered this origin; ``named``: in this web integration."""
        if not _plausible(origin):
            return False

        async def ask() -> bool:
            found = [_holds(web_integrations.c.valid_origins, origin)]
            if named is not None:
                found.append(web_integrations.c.id == named)
            questions = [sa.exists().where(*found)]
            if named is None:
                questions.append(sa.exists().where(_holds(oauth_clients.c.allowed_origins, origin)))
            async with self._database.system() as unit:
                return bool(await unit.scalar(sa.select(sa.or_(*questions))))

        return await self._anybody.get((origin, named), ask)

    async def allows(
        self, tenant_id: UUID, origin: str, named: UUID | None = None, *, client: UUID | str | None = None
    ) -> bool:
        """Whether the tenant has registered this origin, in ``named`` where that is given; or ``client``, the OAuth
        client that the caller's token was made for."""
        if not _plausible(origin):
            return False
        rows = await self._tenants.get(tenant_id, lambda: self._of_tenant(tenant_id))
        if any(origin in registered for made, registered in rows if named is None or made == named):
            return True
        return client is not None and await self.allows_client(tenant_id, client, origin)

    async def allows_client(self, tenant_id: UUID, client: UUID | str, origin: str) -> bool:
        """Whether an OAuth client, by its row's id or its client id, has registered this origin."""
        if not _plausible(origin):
            return False

        async def ask() -> frozenset[str]:
            by = oauth_clients.c.id if isinstance(client, UUID) else oauth_clients.c.client_id
            async with self._database.tenant(tenant_id) as unit:
                found = await unit.scalar(
                    unit.select(oauth_clients, oauth_clients.c.allowed_origins).where(by == client)
                )
            return _readable(found or ())

        return origin in await self._clients.get((tenant_id, client), ask)

    async def _of_tenant(self, tenant_id: UUID) -> list[_Row]:
        async with self._database.tenant(tenant_id) as unit:
            rows = await unit.all(
                unit.select(web_integrations, web_integrations.c.id, web_integrations.c.valid_origins)
            )
        return [(row["id"], frozenset(row["valid_origins"])) for row in rows]


def _holds(column: sa.ColumnElement[Any], origin: str) -> sa.ColumnElement[bool]:
    return sa.type_coerce(column, ARRAY(sa.Text)).contains([origin])


def _plausible(origin: str) -> bool:
    """Whether it is written as browsers write it: nothing else was registered, so nothing else is looked for."""
    try:
        return origins.normalized(origin) == origin
    except BadInput:
        return False


def _readable(given: Any) -> frozenset[str]:
    """Those of a client as a browser writes them."""
    kept = set()
    for text in given:
        try:
            kept.add(origins.normalized(text))
        except BadInput:
            continue
    return frozenset(kept)
