"""The end of a run that went well and of which nobody has to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tieline.automations.alerts import ending
from tieline.automations.engine.interpreter import Interpreter
from tieline.automations.engine.results import Outcome
from tieline.automations.runs.figures import metrics_of
from tieline.automations.runs.service import TASK
from tieline.automations.runs.storable import storable
from tieline.core import json
from tieline.storage.endings import Ending
from tieline.storage.journal import JournalStore, RunClaim
from tieline.tenancy.events.types import RUN_TYPES

_TOLD: Final = tuple(RUN_TYPES)


async def finished_plainly(
    store: JournalStore,
    claim: RunClaim,
    started: datetime,
    moment: datetime,
    outcome: Outcome,
    interpreter: Interpreter,
) -> bool:
    """Writes the end, and what the journal does not have yet, in one transaction with the ends of other runs. False:
    nothing was written of the end, and all of the journal is on disk.
    """
    row, recorder = claim.row, interpreter.recorder
    if outcome.status != "finished" or outcome.suspended is not None or row.get("awaited"):
        await recorder.sync()
        return False
    last = await recorder.last_entry()
    state = interpreter.state
    output = json.dumps(storable(state.shown, nul=True))
    followed = [{"automationId": "" if row["is_test"] else str(row["automation_id"])}]
    ended = await store.finish(
        Ending(
            tenant_id=claim.tenant_id,
            automation_id=row["automation_id"],
            run_id=claim.run_id,
            fence=claim.fence,
            metrics=json.dumps(metrics_of(interpreter)),
            output=output,
            title=storable(state.title),
            started_at=started,
            stopped_at=moment,
            followed=json.dumps(followed),
            notice=ending.notice_key(row["automation_id"]),
            task=TASK,
            told=_TOLD,
            last=last,
        )
    )
    if not ended:
        await recorder.sync()
        return False
    recorder.ended()
    claim.ended = (outcome.status, output)
    return True
