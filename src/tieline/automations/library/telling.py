"""Events of automations: what webhooks of the tenant hear when one is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tieline.storage.unit import Unit
from tieline.tenancy.events import emit, partners

_OF_PARTNER = {"updated": "updated", "enabled": "enabled", "disabled": "disabled", "deleted": "removed"}


async def tell(
    unit: Unit,
    row: Mapping[str, Any],
    what: str,
    by: UUID | None = None,
    *,
    told: Mapping[str, Any] | None = None,
) -> None:
    """``what``: created, updated, enabled, disabled or deleted; ``row`` as it is then, ``by`` who did it.

    Of an integration its partner is told too, and ``told`` besides.
    """
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
    if what in _OF_PARTNER and (row.get("template_id") is not None or told is not None):
        about = {**integration(row), **(told or {})}
        await partners.tell(unit, f"com.tieline.integration.{_OF_PARTNER[what]}", f"integration:{row['id']}", about)


def integration(row: Mapping[str, Any]) -> dict[str, Any]:
    """An integration as its partner is told of it, of the row of its automation."""
    return {
        "guid": row["id"],
        "name": row["name"],
        "template_guid": row["template_id"],
        "version": row["version"],
        "state": row["state"],
    }
