"""What automations and their runs share: the one way to an automation that a request names, and links of lists."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Request

from tieline.api.edge.access import Call
from tieline.core.errors import NotFound
from tieline.storage.unit import Unit
from tieline.tenancy.visibility import sees


async def reach(call: Call, unit: Unit, automation_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """The automation's row without its workspace. Raises `NotFound` also for one that the caller may not see."""
    row = await call.services.automations.row(unit, automation_id, lock=lock)
    if not sees(call.principal, row):
        raise NotFound("There is no such automation.")
    return row


def cursor_name(request: Request) -> str:
    """The parameter that links carry the cursor in: the vendor's Python client knows the older paths and `next`."""
    return "next" if request.url.path.startswith("/api/v1/") else "cursor"
