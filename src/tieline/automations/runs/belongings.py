"""What belongs to a run, and goes when it is purged. A test holds this against every table of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, exists, select, text

from tieline.automations.runs import usage
from tieline.storage.tables import (
    automations,
    data_store_writes,
    journal,
    notices,
    pointers,
    run_blobs,
    run_file_pieces,
    run_files,
    runs,
    webhook_deliveries,
)
from tieline.storage.unit import Unit

KEPT_BY_RUNS: Final[dict[Table, int]] = {
    journal: 5_000,
    run_blobs: 200,
    data_store_writes: 5_000,
    run_file_pieces: 1_000,
    run_files: 5_000,
}
"""Tables whose rows a run owns, by their column ``run_id``, and how many rows of each go in one transaction; those that
refer to another one come before it."""

NAMES_OF_RUNS: Final = frozenset(
    {("pointers", "run_id"), ("automations", "last_run_id"), ("runs", "parent_id"), ("runs", "rerun_of")}
)
"""Columns that only name a run. Those of other runs may name one that is gone; the others are emptied."""

NOTICE: Final = "run-failed"
"""The kind of the notices that tell of a run, whose data names it."""

STARTED_BY_DELIVERY: Final = "delivery:"
"""How the key of a run begins that a webhook's delivery has started."""

_BUSY = text("SELECT procrastinate.tieline_busy_runs(:ids) AS id")
_FORGET = text("SELECT procrastinate.tieline_forget_runs(:ids)")


async def busy(unit: Unit, run_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these runs whose end has still to be told to somebody: a job of theirs waits or runs."""
    return {UUID(row["id"]) for row in await unit.all(_BUSY.bindparams(ids=[str(one) for one in run_ids]))}


async def remove_kept(unit: Unit, run_ids: Sequence[UUID]) -> tuple[Counter[str], set[UUID]]:
    """Removes what these runs keep, as much as one transaction may; the rows that went, and the runs that still have
    some. The caller holds the rows of the runs.
    """
    gone: Counter[str] = Counter()
    left: set[UUID] = set()
    for table, most in KEPT_BY_RUNS.items():
        name = table.name
        result = await unit.connection.execute(
            text(
                f"DELETE FROM {name} WHERE ctid = ANY (ARRAY("  # noqa: S608 - the name is a table of ours
                f"SELECT ctid FROM {name} WHERE tenant_id = :tenant AND run_id = ANY (:ids) LIMIT :most))"
            ),
            {"tenant": unit.tenant_id, "ids": [one for one in run_ids if one not in left], "most": most},
        )
        gone[name] += result.rowcount
        if result.rowcount >= most:
            more = exists().where(table.c.tenant_id == unit.tenant_id, table.c.run_id == runs.c.id)
            left |= {
                row["id"] for row in await unit.all(unit.select(runs, runs.c.id).where(runs.c.id.in_(run_ids), more))
            }
    return gone, left


async def remove_deliveries(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> int:
    """Empties the deliveries that started these runs; their names stay, so that none is taken twice."""
    keys = [row["start_key"].removeprefix(STARTED_BY_DELIVERY) for row in rows if _by_delivery(row["start_key"])]
    if not keys:
        return 0
    return await unit.update(
        webhook_deliveries,
        webhook_deliveries.c.id.in_([UUID(key) for key in keys]),
        webhook_deliveries.c.body.is_not(None),
        body=None,
        headers={},
    )


async def remove_whole(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Removes the rows of runs that keep nothing any more, and whatever names them; their figures stay."""
    ids = [row["id"] for row in rows]
    gone: Counter[str] = Counter()
    if not ids:
        return gone
    await usage.keep(unit, ids)
    gone["webhook_deliveries"] = await remove_deliveries(unit, rows)
    gone["jobs"] = int(await unit.scalar(_FORGET.bindparams(ids=[str(one) for one in ids])))
    of = {row["automation_id"] for row in rows}
    await unit.update(pointers, pointers.c.automation_id.in_(of), pointers.c.run_id.in_(ids), run_id=None)
    # Whoever has the automation just now may wait for a run of ours; that it names one that is gone is no harm.
    free = (
        select(automations.c.id)
        .where(automations.c.tenant_id == unit.tenant_id, automations.c.id.in_(of), automations.c.last_run_id.in_(ids))
        .with_for_update(skip_locked=True)
    )
    await unit.update(automations, automations.c.id.in_(free), last_run_id=None)
    gone["notices"] = await unit.delete(
        notices,
        notices.c.kind == NOTICE,
        notices.c.data["runId"].as_string().in_([str(one) for one in ids]),
    )
    gone["runs"] = await unit.delete(runs, runs.c.id.in_(ids))
    return gone


def _by_delivery(key: str | None) -> bool:
    return key is not None and key.startswith(STARTED_BY_DELIVERY)
