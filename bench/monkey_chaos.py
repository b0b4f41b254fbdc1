"""The monkey's hands: what dies, when, and for how long."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil

from bench.kill_battery import Process
from tieline.storage import accounts, binaries, cluster
from tieline.storage.embedded import Embedded

PG_EVERY = (5.0, 40.0)
PG_DOWN = (0.0, 2.0)
PROCESS_EVERY = (3.0, 12.0)
STOPPED = (10.0, 16.0)  # longer than a heartbeat is waited for
VICTIMS = ("worker", "worker", "server", "supervised", "stopped")


class Chaos:
    """Blows on PostgreSQL and on the processes, from one source of chance."""

    def __init__(
        self, data_dir: Path, server: Process, workers: list[Process], rng: random.Random, *, slow: float = 1.0
    ) -> None:
        self._embedded = Embedded(data_dir)
        self._server, self._workers = server, workers
        self._rng, self._slow = rng, slow
        self._stopped: set[int] = set()
        self.blows: Counter[str] = Counter()
        self.outages: list[float] = []

    async def rage(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._rage_at_postgres())
            group.create_task(self._rage_at_processes())

    async def calm(self) -> None:
        """Everything is up again: the last blow may have hit PostgreSQL."""
        self.release()
        await asyncio.to_thread(self._embedded_up)

    def release(self) -> None:
        """Lets stopped processes go on."""
        for pid in list(self._stopped):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._stopped.clear()

    async def _rage_at_postgres(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(*PG_EVERY) * self._slow)
            down = self._rng.uniform(*PG_DOWN)
            await asyncio.shield(asyncio.to_thread(restart_postgres, self._embedded, down))
            self.blows["postgres"] += 1
            began = time.monotonic()
            await asyncio.to_thread(self._embedded_up)
            self.outages.append(round(down + time.monotonic() - began, 2))

    def _embedded_up(self) -> None:
        self._embedded.ensure()

    async def _rage_at_processes(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(*PROCESS_EVERY) * self._slow)
            victim = self._rng.choice(VICTIMS)
            if victim == "server":
                await asyncio.to_thread(self._server.kill)
            elif victim == "worker":
                await asyncio.to_thread(self._rng.choice(self._workers).kill)
            elif (pid := self._supervised()) is None:
                continue
            elif victim == "supervised":
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            else:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    self._stopped.add(pid)
                    await asyncio.sleep(self._rng.uniform(*STOPPED))
                    os.kill(pid, signal.SIGCONT)
                self._stopped.discard(pid)
            self.blows[victim] += 1

    def _supervised(self) -> int | None:
        """The worker that the server keeps."""
        with suppress(psutil.Error):
            for child in psutil.Process(self._server.pid).children():
                if "worker" in child.cmdline():
                    return int(child.pid)
        return None


def restart_postgres(embedded: Embedded, down: float) -> None:
    """``pg_ctl stop -m immediate``, and nobody can start it for ``down`` seconds. Who needs it then starts it."""
    home, folder = embedded.home, embedded.cluster
    # Whoever starts the server holds this lock.
    with (home / "start.lock").open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        account = accounts.of_owner(folder)
        program = binaries.usable_by(account, binaries.find()).program("pg_ctl")
        done = subprocess.run(
            [program, "stop", "-D", str(folder), "-m", "immediate", "-w"],
            capture_output=True,
            check=False,
            cwd="/",
            **account.spawn_options(),
        )
        if done.returncode and cluster.process(folder) is not None:
            raise RuntimeError(f"pg_ctl: {done.stderr.decode(errors='replace').strip()}")
        time.sleep(down)
