"""Two people who edit one automation: the tag of what was read, and the word to the one who came second."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tieline.automations.library.errors import VersionConflict
from tieline.core.clock import iso
from tieline.storage.tables import automation_versions, users
from tieline.storage.unit import Unit

_READ = re.compile(r"([0-9]{1,9})(?:-[0-9a-f]{20})?")


def state_tag(row: Mapping[str, Any]) -> str:
    """``<newest version>-<hash>``, which changes with every change of the automation: the ETag of what shows it."""
    updated: datetime = row["updated_at"]
    seed = f"{row['id']}/{row['version']}/{updated.timestamp():.6f}"
    return f"{row['version']}-{hashlib.sha256(seed.encode()).hexdigest()[:20]}"


async def check_unchanged(unit: Unit, row: Mapping[str, Any], expected: str | None) -> None:
    """Raises `VersionConflict` unless ``expected`` is the automation's `state_tag` or newest version, or None.

    ``row`` is the automation's, locked. The error's ``meta`` has what a person needs to decide: ``version`` is the
    newest, ``savedBy``, ``savedByName``, ``savedAt`` and ``note`` are of it, ``updatedAt`` is the automation's, and
    ``yours`` the version that the caller began with, where the tag says so.
    """
    if expected is None or expected in {state_tag(row), str(row["version"])}:
        return
    newest = row["version"]
    saved = await unit.one(
        unit.select(
            automation_versions,
            automation_versions.c.saved_by,
            automation_versions.c.created_at,
            automation_versions.c.note,
            users.c.name,
        )
        .outerjoin(
            users,
            (users.c.tenant_id == automation_versions.c.tenant_id) & (users.c.id == automation_versions.c.saved_by),
        )
        .where(automation_versions.c.automation_id == row["id"], automation_versions.c.version == newest)
    )
    if saved is None:
        raise VersionConflict("The integration was changed, or its template was, since you read it; read it again.")
    read = _READ.fullmatch(expected)
    yours = int(read[1]) if read and int(read[1]) <= newest else None
    who = saved["name"] or (f"User {saved['saved_by']}" if saved["saved_by"] else "Somebody")
    when, changed = iso(saved["created_at"]), iso(row["updated_at"])
    if yours is None:
        detail = f"This is not the state you have read: {who} saved version {newest} at {when}. Read it again."
    elif yours < newest:
        detail = (
            f"{who} saved version {newest} at {when}, after you had read version {yours}. "
            "Compare the two, then save again."
        )
    else:
        detail = (
            f"The automation's settings were changed at {changed}; its newest version is still {newest}, which {who} "
            f"saved at {when}. Read it again and repeat your change."
        )
    meta: dict[str, Any] = {"version": newest, "savedAt": when, "updatedAt": changed}
    told = {"savedBy": saved["saved_by"], "savedByName": saved["name"], "note": saved["note"], "yours": yours}
    raise VersionConflict(detail, meta=meta | {name: value for name, value in told.items() if value})
