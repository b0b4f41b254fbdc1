"""The one way to a connection that a request names."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tieline.api.edge.access import Call
from tieline.core.errors import NotFound
from tieline.storage.unit import Unit
from tieline.tenancy.visibility import sees


async def reach(call: Call, unit: Unit, connection_id: UUID) -> dict[str, Any]:
    """The connection's row. Raises `NotFound` also for one that the caller may not see."""
    row = await call.services.connections.get(unit, connection_id)
    if not sees(call.principal, row):
        raise NotFound("There is no such connection.")
    return row
