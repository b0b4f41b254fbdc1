"""Events of automations: what webhooks of the tenant hear when one is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tieline.storage.unit import Unit
from tieline.tenancy.events import emit


async def tell(unit: Unit, row: Mapping[str, Any], what: str, by: UUID | None = None) -> None:
    """``what``: created, updated, enabled, disabled or deleted; ``row`` as it is then, ``by`` who did it."""
    data = {
        "id": row["id"],
        "name": row["name"],
        "state": row["state"],
        "runMode": row["run_mode"],
        "version": row["version"],
    }
    await emit(
        unit,
        f"com.qlik.v1.automation.{what}",
        f"automation:{row['id']}",
        data,
        user_id=by,
        owner_id=row["owner_id"],
        space_id=row["space_id"],
    )
