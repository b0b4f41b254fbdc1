"""What a run writes down, and how it reads it back.

A journal row holds a *group* of notes, in the order in which they happened; rows of one run reach the disk in order,
so what is on disk is always a prefix of what happened. Notes about pure blocks and reads wait for company and go out
with the next effect, page or tick; an effect's note is waited for. Two rules make effects exact:

* before an effect is sent, everything that its inputs may depend on and that could come out differently a second time
(pages, reads, the clock, random numbers) is on disk; so a repeated effect repeats the same request under the same
idempotency key;
* an effect is over only when its result is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import msgspec

from tieline.automations.engine import codec
from tieline.core.errors import TielineError

GROUP, CHECKPOINT = 1, 2

RESULT, INTENT, PAGE, NOTE, DONE = "r", "i", "p", "n", "d"

FLUSH_COUNT = 256  # notes
FLUSH_BYTES = 64 * 1024
FLUSH_SECONDS = 0.1
MAX_WAITING_ROWS = 64  # rows written behind before the interpreter waits for the disk
MAX_WAITING_BYTES = 8 * 2**20


class Entry(NamedTuple):
    """One row of the journal."""

    seq: int
    kind: int
    path: str
    data: bytes | None


class Store(Protocol):
    """Where rows go (`tieline.storage.journal.JournalStore`)."""

    def append(self, run: Any, entries: Sequence[Any]) -> asyncio.Future[None]: ...

    def load(self, run: Any, since: int = 0) -> AsyncIterator[Any]: ...


class Recorder:
    """The journal of one run while it is claimed by this process."""

    def __init__(self, store: Store, claim: Any, *, next_seq: int) -> None:
        self._store = store
        self._claim = claim
        self._seq = next_seq
        self._notes: list[msgspec.Raw] = []
        self._last_path = ""
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: list[tuple[asyncio.Future[None], int]] = []  # rows on their way to the disk, and their sizes
        self._waiting_bytes = 0
        self._reads = 0  # notes that could come out differently a second time
        self._reads_on_disk = 0
        self._replay: dict[tuple[str, str], Any] = {}
        self._replay_seq: dict[tuple[str, str], int] = {}
        self.fed = 0

    @property
    def seq(self) -> int:
        """Sequence number that the next row will get."""
        return self._seq

    @property
    def replaying(self) -> bool:
        """True while there are notes of an earlier claim to go through."""
        return bool(self._replay)

    def feed(self, seq: int, data: bytes) -> None:
        """Takes in a row that an earlier claim wrote."""
        for kind, path, value in codec.decode(data):
            if kind == NOTE:
                continue  # for people only
            self.fed += 1
            self._replay[(kind, path)] = value
            self._replay_seq[(kind, path)] = seq

    def replayed(self, kind: str, path: str) -> Any | None:
        """The note of an earlier claim, once; None where there is none."""
        if not self._replay:
            return None
        self._replay_seq.pop((kind, path), None)
        return self._replay.pop((kind, path), None)

    def count_noted(self, kind: str, start: str, within: str) -> int:
        """How many notes of an earlier claim wait whose path begins with ``start``, has nothing of ``within`` behind
        it.
        """
        return sum(k == kind and p.startswith(start) and within not in p[len(start) :] for k, p in self._replay)

    def replayed_seq(self, kind: str, path: str) -> int | None:
        """The row in which an earlier claim wrote that note."""
        return self._replay_seq.get((kind, path))

    def note(self, kind: str, path: str, value: Any, *, reads: bool = False) -> int:
        """Writes behind; gives the number of the row it goes into. ``reads``: it could come out differently a second
        time.
        """
        row = self._seq
        self._add(kind, path, value)
        self._reads += reads
        if len(self._notes) >= FLUSH_COUNT or self._bytes >= FLUSH_BYTES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._tick)
        return row

    async def durable(self, kind: str, path: str, value: Any) -> None:
        """Writes and returns when it is on disk; raises what the store raises (`FenceLost`, `Unavailable`)."""
        self._add(kind, path, value)
        await self.sync()

    def _add(self, kind: str, path: str, value: Any) -> None:
        # Packed at once: the value may be a list that a variable block goes on changing.
        packed = codec.pack((kind, path, value))
        self._notes.append(msgspec.Raw(packed))
        self._bytes += len(packed)
        self._last_path = path

    async def settle(self) -> None:
        """Returns when nothing that could come out differently a second time is still on its way to the disk."""
        if self._reads_on_disk < self._reads:
            await self.sync()

    async def sync(self) -> None:
        """Returns when all that was noted so far is on disk. Several items of a loop may wait here at once."""
        self.flush()
        reads = self._reads
        for future, _ in list(self._waiting):
            await future
        self._reads_on_disk = max(self._reads_on_disk, reads)
        self._forget_written()

    async def last_entry(self) -> tuple[int, str, bytes] | None:
        """Returns when all that was sent on its way is on disk; number, path and data of what has gathered since, for
        who writes it together with the end of the run. Until `ended` is called it is still to be written.
        """
        for future, _ in list(self._waiting):
            await future
        self._forget_written()
        return (self._seq, self._last_path, codec.encode(self._notes)) if self._notes else None

    def ended(self) -> None:
        """What `last_entry` gave is on disk."""
        self.abandon()

    async def breathe(self) -> None:
        """Waits while too much is on its way to the disk: memory stays bounded."""
        if self._waiting_bytes >= MAX_WAITING_BYTES:
            await self.sync()
        elif len(self._waiting) >= MAX_WAITING_ROWS:
            self._forget_written()
            if len(self._waiting) >= MAX_WAITING_ROWS:
                await self.sync()

    def _forget_written(self) -> None:
        self._waiting = [row for row in self._waiting if not row[0].done() or row[0].exception()]
        self._waiting_bytes = sum(size for _, size in self._waiting)

    def flush(self) -> None:
        """Sends what has gathered on its way, as one row."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._notes:
            notes, self._notes, self._bytes = self._notes, [], 0
            self._append(GROUP, self._last_path, codec.encode(notes))

    async def checkpoint(self, state: dict[str, Any]) -> int:
        """Writes the whole state of the interpreter behind all that happened before; gives its row's number."""
        self.flush()
        seq = self._seq
        self._append(CHECKPOINT, "", codec.encode(state))
        return seq

    def _tick(self) -> None:
        # A claim that is lost shows at the next write that somebody waits for.
        with suppress(TielineError):
            self.flush()

    def _append(self, kind: int, path: str, data: bytes) -> None:
        future = self._store.append(self._claim, [Entry(self._seq, kind, path, data)])
        self._seq += 1
        self._waiting.append((future, len(data)))
        self._waiting_bytes += len(data)

    def abandon(self) -> None:
        """Forgets what is not yet on its way: the claim is lost."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._notes.clear()
        for future, _ in self._waiting:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting.clear()
