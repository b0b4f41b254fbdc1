"""The one way to a connection that a request names."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tieline.api.edge.access import Call
from tieline.storage.unit import Unit
from tieline.tenancy import space_roles


async def reach(
    call: Call, unit: Unit, connection_id: UUID, *, to: space_roles.Ability | None = None
) -> dict[str, Any]:
    """The connection's row.

    ``to`` is what the caller wants with it: by default to see it where the request is a GET, to edit it otherwise.
    Raises `NotFound` also for one that the caller may not see, `Forbidden` where their role in its space is too small.
    """
    row = await call.services.connections.get(unit, connection_id)
    wanted = to or ("see" if call.request.method == "GET" else "edit")
    await space_roles.require(unit, call.principal, row, wanted, "connection")
    return row
