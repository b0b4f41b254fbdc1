"""Files that a run is writing, and what it does with files elsewhere.

What is written to a file is kept in the database until the file is closed, each piece under a key that is the same
when the run is resumed and comes to the same place again: so a line is in the file once. A step that changes a storage
is noted before it begins: a repeat knows that it is one, and takes what it finds for its own work.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert

from tieline.automations.engine import codec
from tieline.automations.engine.context import RunInfo
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.store.errors import OpenFilesFull
from tieline.automations.store.fence import hold
from tieline.core import clock
from tieline.storage.database import Database
from tieline.storage.tables import run_file_pieces, run_files
from tieline.storage.unit import Unit

LARGEST_FILE = 256 * 2**20  # bytes of one file that a run writes
LARGEST_PIECE = 4 * 2**20  # bytes that one block may write at once
OPEN_PER_TENANT = 2 * 2**30  # bytes of all files that are not closed yet
FILES_PER_RUN = 10_000
COUNT_EVERY = 16 * 2**20  # bytes of a file after which the tenant's are counted again
_AT_ONCE = 1 * 2**20  # bytes read back at once
_PIECES = 2000

BEGUN, OPEN, DONE = "begun", "open", "done"


class OpenFile(Struct):
    """A file of a run: where it goes and how it is written (``about``), and how far it is."""

    id: str
    state: str
    size: int
    pieces: int
    about: dict[str, Any]


Make = Callable[[OpenFile], bytes]


class RunFiles:
    """A service of blocks. All writes are fenced: they raise `FenceLost` when another worker has the run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, run: RunInfo, once: str) -> bool:
        """Notes that the step ``once`` begins; False when it has begun before."""
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it does what this one would have done")
            return await self._add(unit, run, once, BEGUN, {})

    async def begun(self, run: RunInfo, once: str) -> bool:
        """Whether `begin` was asked for this step before."""
        return await self.get(run, once) is not None

    async def still_mine(self, run: RunInfo) -> None:
        """Raises `FenceLost` when another worker has the run; asked right before something becomes visible."""
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it does what this one would have done")

    async def create(self, run: RunInfo, once: str, about: dict[str, Any]) -> OpenFile:
        """A file to write to; on a repeat the one that is there."""
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it creates the file")
            if await self._add(unit, run, once, OPEN, about):
                count = await unit.scalar(unit.select(run_files, func.count()).where(run_files.c.run_id == run.run_id))
                if count > FILES_PER_RUN:
                    raise OpenFilesFull(
                        f"a run may create at most {FILES_PER_RUN} files; spread them over several runs"
                    )
                await self._room(unit)
            found = await self._row(unit, run, once)
            assert found is not None
            return found

    async def get(self, run: RunInfo, file_id: str) -> OpenFile | None:
        """A file of this run, or None."""
        async with self._database.tenant(run.tenant_id) as unit:
            return await self._row(unit, run, file_id)

    async def append(self, run: RunInfo, once: str, file_id: str, make: Make) -> int:
        """Adds what ``make`` gives for the file as it is (it may change ``about``), once for the key ``once``; gives
        the size of the file then.
        """
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it writes the line")
            file = await self._row(unit, run, file_id, lock=True)
            if file is None or file.state == BEGUN:
                raise BlockInputInvalid(
                    "file is not one that this run has created; use the output of a create file block"
                )
            there = await unit.scalar(
                unit.select(run_file_pieces, run_file_pieces.c.number).where(
                    run_file_pieces.c.run_id == run.run_id,
                    run_file_pieces.c.file_id == file_id,
                    run_file_pieces.c.key == once,
                )
            )
            if there is not None:
                return file.size
            if file.state != OPEN:
                raise BlockInputInvalid("file is closed already; create it anew to write more")
            before = codec.encode(file.about)
            data = make(file)
            if len(data) > LARGEST_PIECE:
                raise BlockInputInvalid(f"data makes {len(data)} bytes; at most {LARGEST_PIECE} can be written at once")
            size = file.size + len(data)
            if size > LARGEST_FILE:
                raise OpenFilesFull(f"the file would have {size} bytes; at most {LARGEST_FILE} can be written to one")
            if size // COUNT_EVERY != file.size // COUNT_EVERY:
                await self._room(unit)
            await unit.insert(
                run_file_pieces, run_id=run.run_id, file_id=file_id, key=once, number=file.pieces, data=data
            )
            after = codec.encode(file.about)
            changed = {"about": after} if after != before else {}
            await unit.update(run_files, *_at(run, file_id), size=size, pieces=file.pieces + 1, **changed)
            return size

    async def content(self, run: RunInfo, file_id: str) -> AsyncGenerator[bytes]:
        """What was written so far, from the beginning, about a megabyte at a time."""
        after = -1
        pieces = run_file_pieces.c
        while True:
            mine = (pieces.run_id == run.run_id, pieces.file_id == file_id, pieces.number > after)
            async with self._database.tenant(run.tenant_id) as unit:
                sizes = await unit.all(
                    unit.select(run_file_pieces, pieces.number, func.octet_length(pieces.data).label("size"))
                    .where(*mine)
                    .order_by(pieces.number)
                    .limit(_PIECES)
                )
                if not sizes:
                    return
                held = 0
                for row in sizes:
                    held += row["size"]
                    after = row["number"]
                    if held >= _AT_ONCE:
                        break
                rows = await unit.all(
                    unit.select(run_file_pieces, pieces.data)
                    .where(*mine, pieces.number <= after)
                    .order_by(pieces.number)
                )
            yield b"".join(bytes(row["data"]) for row in rows)

    async def close(self, run: RunInfo, file_id: str, result: dict[str, Any]) -> None:
        """The file is where it belongs: what it was made of goes, ``result`` stays for a repeat."""
        async with self._database.tenant(run.tenant_id) as unit:
            await hold(unit, run, "it closes the file")
            await unit.delete(
                run_file_pieces, run_file_pieces.c.run_id == run.run_id, run_file_pieces.c.file_id == file_id
            )
            await unit.update(run_files, *_at(run, file_id), state=DONE, about=codec.encode(result))

    async def _add(self, unit: Unit, run: RunInfo, once: str, state: str, about: dict[str, Any]) -> bool:
        made = await unit.connection.execute(
            insert(run_files)
            .values(
                tenant_id=run.tenant_id,
                run_id=run.run_id,
                id=once,
                state=state,
                about=codec.encode(about),
                created_at=clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(run_files.c.id)
        )
        return made.first() is not None

    async def _row(self, unit: Unit, run: RunInfo, file_id: str, *, lock: bool = False) -> OpenFile | None:
        wanted = unit.select(run_files).where(*_at(run, file_id))
        row = await unit.one(wanted.with_for_update() if lock else wanted)
        if row is None:
            return None
        return OpenFile(row["id"], row["state"], row["size"], row["pieces"], codec.decode(bytes(row["about"])))

    async def _room(self, unit: Unit) -> None:
        held = await unit.scalar(
            unit.select(run_files, func.coalesce(func.sum(run_files.c.size), text("0"))).where(
                run_files.c.state == OPEN
            )
        )
        if int(held) > OPEN_PER_TENANT:
            raise OpenFilesFull(
                f"files that are not closed yet hold {int(held)} bytes; at most {OPEN_PER_TENANT} are allowed. Close "
                "them, or delete the runs that never will"
            )


def _at(run: RunInfo, file_id: str) -> tuple[Any, Any]:
    return run_files.c.run_id == run.run_id, run_files.c.id == file_id
