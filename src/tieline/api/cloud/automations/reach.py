"""What automations and their runs share: the one way to an automation that a request names, and links of lists."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Request

from tieline.api.edge.access import Call
from tieline.storage.unit import Unit
from tieline.tenancy import space_roles


async def reach(
    call: Call, unit: Unit, automation_id: UUID, *, lock: bool = False, to: space_roles.Ability | None = None
) -> dict[str, Any]:
    """The automation's row without its workspace.

    ``to`` is what the caller wants with it: by default to see it where the request is a GET, to edit it otherwise.
    Raises `NotFound` also for one that the caller may not see, `Forbidden` where their role in its space is too small.
    """
    row = await call.services.automations.row(unit, automation_id, lock=lock)
    wanted = to or ("see" if call.request.method == "GET" else "edit")
    await space_roles.require(unit, call.principal, row, wanted, "automation")
    return row


def cursor_name(request: Request) -> str:
    """The parameter that links carry the cursor in: the vendor's Python client knows the older paths and `next`."""
    return "next" if request.url.path.startswith("/api/v1/") else "cursor"
