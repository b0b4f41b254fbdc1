"""Events of runs: what webhooks of the tenant hear when one is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tieline.core import clock
from tieline.storage.unit import Unit
from tieline.tenancy.events import emit, partners
from tieline.tenancy.events.types import RUN_ENDED, RUN_FAILED, RUN_FINISHED, RUN_STOPPED

_TYPES: Final = {
    "finished": RUN_FINISHED,
    "finished with warnings": RUN_FINISHED,
    "failed": RUN_FAILED,
    "exceeded limit": RUN_FAILED,
    "stopped": RUN_STOPPED,
}


async def told_of_end(unit: Unit, row: Mapping[str, Any], name: str, status: str, errors: Any) -> None:
    """The run of ``row``, of the automation ``name``, has ended with ``status``.

    What it worked on, and the detail of an error, which may quote that, stay in its history.
    """
    data: dict[str, Any] = {
        "id": row["id"],
        "automation": {"id": row["automation_id"], "name": name},
        "title": row["title"],
        "status": status,
        "context": row["context"],
        "isTestRun": row["is_test"],
        "startedAt": clock.iso(row["started_at"]) if row["started_at"] is not None else None,
        "stoppedAt": clock.iso(clock.now()),
    }
    if (error := _said(errors)) is not None:
        data["error"] = error
    for kind in (RUN_ENDED, _TYPES.get(status)):
        if kind is not None:
            await emit(
                unit,
                kind,
                f"run:{row['id']}",
                data,
                user_id=row["executed_by"],
                owner_id=row["owner_id"],
                space_id=row["space_id"],
                top=row["automation_id"],
            )


async def told_partner_of_failure(
    unit: Unit, row: Mapping[str, Any], automation: Mapping[str, Any], status: str, errors: Any
) -> None:
    """The run of ``row``, of an integration, has failed. ``automation`` has its name, its template, and whether the run
    before had failed too.
    """
    about = f"integration:{row['automation_id']}"
    data = {
        "guid": row["automation_id"],
        "name": automation["name"],
        "template_guid": automation["template_id"],
        "version": row["version"],
        "run": {"guid": row["id"], "status": status, "context": row["context"]},
        "error": _said(errors),
    }
    await partners.tell(unit, "com.tieline.integration.run.failed", about, data)
    if not automation["troubled"]:
        await partners.tell(unit, "com.tieline.integration.failed", about, data)


def _said(errors: Any) -> dict[str, str] | None:
    """The first error without its detail, which may quote what was worked on."""
    if not isinstance(errors, list) or not errors:
        return None
    return {part: str(errors[0].get(part) or "")[:200] for part in ("code", "title", "block")}
