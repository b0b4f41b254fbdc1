"""What ends a run from outside while a worker has it in hand."""

from __future__ import annotations

import time

from sqlalchemy import select

from tieline.automations.engine.errors import RunPaused, RunStopped
from tieline.automations.runs.withdrawal import RunWithdrawn
from tieline.storage.database import Database
from tieline.storage.errors import FenceLost
from tieline.storage.journal import RunClaim
from tieline.storage.tables import runs

# Seconds after which an effect asks the database whether the claim still holds; below the heartbeat's limit.
CLAIM_TRUSTED = 5.0


class RunGuard:
    """Knows whether a run was asked to stop and whether its claim can still be trusted."""

    def __init__(self, database: Database, claim: RunClaim) -> None:
        self._database = database
        self._claim = claim
        self._confirmed = time.monotonic()
        self.stopping = False
        self.pausing = False
        self.leaving = False
        """Another process is to go on with it."""
        self.withdrawn = ""

    def check(self) -> None:
        """Raises `RunStopped` (`RunWithdrawn` is one), `RunPaused` or `FenceLost`."""
        if self._claim.lost:
            raise FenceLost("another worker has taken this run over")
        if self.withdrawn:
            raise RunWithdrawn(self.withdrawn)
        if self.stopping:
            raise RunStopped("the run was stopped on request")
        if self.pausing:
            raise RunPaused("the run was paused on request")
        if self.leaving:
            raise RunPaused("the run goes on elsewhere")

    def confirmed(self) -> None:
        """The database has just said that the claim holds."""
        self._confirmed = time.monotonic()

    async def before_effect(self) -> None:
        """`check`, and where the process may have slept (SIGSTOP, a long pause) also a question to the database."""
        self.check()
        if time.monotonic() - self._confirmed > CLAIM_TRUSTED:
            async with self._database.system() as unit:
                fence = await unit.scalar(
                    select(runs.c.fence).where(
                        runs.c.tenant_id == self._claim.tenant_id, runs.c.id == self._claim.run_id
                    )
                )
            if fence != self._claim.fence:
                self._claim.error = FenceLost("another worker has taken this run over")
            self.confirmed()
            self.check()
