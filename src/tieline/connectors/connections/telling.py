"""Events of connections: what webhooks of the tenant hear when one is changed, breaks or works again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tieline.storage.unit import Unit
from tieline.tenancy.events import emit, partners


async def tell(unit: Unit, row: Mapping[str, Any], what: str) -> None:
    """``what``: created, updated, deleted, broken or mended. No answer and no error's text goes out with it."""
    data = {
        "id": row["id"],
        "name": row["name"],
        "connectorId": row["connector_id"],
        "isConnected": row["is_connected"],
    }
    await emit(
        unit,
        f"com.tieline.connection.{what}",
        f"connection:{row['id']}",
        data,
        owner_id=row["owner_id"],
        space_id=row["space_id"],
    )
    if what in ("broken", "mended"):
        told = {"guid": row["id"], "name": row["name"]}
        await partners.tell(unit, f"com.tieline.datasource.{what}", f"datasource:{row['id']}", told)
