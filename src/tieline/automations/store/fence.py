"""Whether a run is still this worker's, asked inside the transaction that writes for it."""

from __future__ import annotations

from sqlalchemy import func

from tieline.automations.engine.context import RunInfo
from tieline.storage.errors import FenceLost
from tieline.storage.tables import runs
from tieline.storage.unit import Unit

HOLD = "3s"  # each write takes a few milliseconds; of several that wait for each other, each has its time


async def hold(unit: Unit, run: RunInfo, otherwise: str) -> None:
    """Keeps others from taking the run over until the unit ends.

    Raises `FenceLost` when another worker has it already; ``otherwise`` says what becomes of the write. A process that
    is stopped while it holds the run does not keep others waiting for long.
    """
    short = func.set_config("idle_in_transaction_session_timeout", HOLD, True)
    fence = await unit.scalar(
        unit.select(runs, runs.c.fence, short).where(runs.c.id == run.run_id).with_for_update(read=True, key_share=True)
    )
    if fence != run.fence:
        raise FenceLost(f"another worker has taken this run over; {otherwise}")
