"""Pointers: the incremental state of blocks, kept per automation, block and set of inputs."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from tieline.automations.blocks.values import decoded
from tieline.automations.engine.context import BlockContext, RunInfo
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.store.fence import hold
from tieline.core import clock, json
from tieline.storage.database import Database
from tieline.storage.tables import pointers

EVERY_SET = "*"
"""Stands for the sets of inputs that have no pointer of their own yet."""


def inputs_hash(inputs: Any) -> str:
    """One pointer per distinct set of inputs."""
    return hashlib.blake2b(json.dumps(inputs), digest_size=12).hexdigest()


class PointerStore:
    """Reads and moves pointers; a run whose claim is lost moves nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, run: RunInfo, block_id: str, key: str) -> dict[str, Any] | None:
        """The pointer, or None when the block has never finished a listing with these inputs, nor was told where to
        start."""
        async with self._database.tenant(run.tenant_id) as unit:
            rows = await unit.all(
                unit.select(pointers).where(
                    pointers.c.automation_id == run.automation_id,
                    pointers.c.block_id == block_id,
                    pointers.c.inputs_hash.in_((key, EVERY_SET)),
                )
            )
        values = {row["inputs_hash"]: row["value"] for row in rows}
        value = values.get(key, values.get(EVERY_SET))
        return value if isinstance(value, dict) else None

    async def all(self, run: RunInfo, block_id: str) -> list[dict[str, Any]]:
        """Every pointer of a block, with its row's fields."""
        async with self._database.tenant(run.tenant_id) as unit:
            return await unit.all(
                unit.select(pointers).where(
                    pointers.c.automation_id == run.automation_id, pointers.c.block_id == block_id
                )
            )

    async def save(self, run: RunInfo, block_id: str, key: str, value: dict[str, Any]) -> None:
        """Moves a pointer. Raises `FenceLost` when another worker has taken the run over."""
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "its pointer stays where it is")
            statement = insert(pointers).values(
                tenant_id=run.tenant_id,
                automation_id=run.automation_id,
                block_id=block_id,
                inputs_hash=key,
                value=value,
                run_id=run.run_id,
                updated_at=clock.now(),
            )
            await unit.connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "automation_id", "block_id", "inputs_hash"],
                    set_={"value": value, "run_id": run.run_id, "updated_at": clock.now()},
                )
            )

    async def remove(self, run: RunInfo, block_id: str) -> int:
        """Forgets all pointers of a block: its next listing starts from the beginning."""
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it forgets the pointers")
            return await unit.delete(
                pointers, pointers.c.automation_id == run.automation_id, pointers.c.block_id == block_id
            )


class _PointerBlock(BlockType):
    def compile(self, context: CompileContext) -> Any:
        target = context.input("pointer_block_id", context.setting("pointer_block_id"))
        fields = {
            name: context.formula(context.input(name))
            for name in ("last_retrieved_at", "highest_record_retrieved", "value")
        }
        return target, fields

    @staticmethod
    def _target(program: Any) -> str:
        if not isinstance(program[0], str) or not program[0]:
            raise BlockInputInvalid("pointer_block_id must name the incremental block whose pointer is meant")
        return program[0]


@register
class ListPointerBlock(_PointerBlock):
    type = "ListPointerBlock"
    doc = (
        "List pointers: what an incremental block has kept: `last_retrieved_at`, `since`, one entry per set of inputs."
    )
    reads = True

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        rows = await context.services.get(PointerStore).all(context.run, self._target(program))
        return [
            {
                "inputs": row["inputs_hash"],
                "last_retrieved_at": row["value"].get("last_retrieved_at"),
                "since": row["value"].get("since"),
            }
            for row in rows
        ]


@register
class UpdatePointerBlock(_PointerBlock):
    type = "UpdatePointerBlock"
    doc = "Update pointer: sets where the next listing of an incremental block starts, for all its sets of inputs."

    def effect(self, program: Any) -> bool:
        return True

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return {name: formula.evaluate(context.state, context.env) for name, formula in program[1].items()}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        target = self._target(program)
        store = context.services.get(PointerStore)
        since = next((decoded(value) for value in inputs.values() if value not in (None, "")), None)
        kept = {row["inputs_hash"]: row["value"] for row in await store.all(context.run, target)}
        for key, value in (kept or {EVERY_SET: {}}).items():
            await store.save(context.run, target, key, {**value, "since": since, "seen": []})
        return {"updated": len(kept) or 1}


@register
class DeletePointerBlock(_PointerBlock):
    type = "DeletePointerBlock"
    doc = "Delete pointer: the next listing of an incremental block starts from the beginning."

    def effect(self, program: Any) -> bool:
        return True

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return {"deleted": await context.services.get(PointerStore).remove(context.run, self._target(program))}
