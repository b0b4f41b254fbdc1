"""Answers that a form keeps for the next run (its ``persistData``)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from tieline.automations.engine import codec
from tieline.automations.engine.context import RunInfo
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.runs.storable import storable
from tieline.automations.store.fence import hold
from tieline.automations.store.settings import settings_of
from tieline.core import clock
from tieline.storage.database import Database
from tieline.storage.tables import form_answers

LARGEST_ANSWERS = 256 * 1024  # bytes of one form


class FormAnswers:
    """By automation and form block. ``load`` is also what shows a form with its last answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, tenant_id: UUID, automation_id: UUID, block_id: str) -> dict[str, Any]:
        """The answers of the last run that was given some; {} before. Those of an integration are its settings."""
        async with self._database.tenant(tenant_id) as unit:
            settings = await settings_of(unit, automation_id)
            if settings is not None:
                return settings
            found = await unit.scalar(
                unit.select(form_answers, form_answers.c.answers).where(
                    form_answers.c.automation_id == automation_id, form_answers.c.block_id == block_id
                )
            )
        return found if isinstance(found, dict) else {}

    async def save(self, run: RunInfo, block_id: str, answers: dict[str, Any]) -> None:
        """Keeps the answers. Raises `FenceLost` when another worker has taken the run over; twice the same is the
        same."""
        size = codec.size(answers)
        if size > LARGEST_ANSWERS:
            raise BlockInputInvalid(f"the form's answers have {size} bytes; at most {LARGEST_ANSWERS} can be kept")
        values = {"answers": storable(answers), "updated_at": clock.now()}
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it keeps the form's answers")
            await unit.connection.execute(
                insert(form_answers)
                .values(tenant_id=run.tenant_id, automation_id=run.automation_id, block_id=block_id, **values)
                .on_conflict_do_update(index_elements=["tenant_id", "automation_id", "block_id"], set_=values)
            )
