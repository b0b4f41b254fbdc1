"""Worker processes beside a server: started with it, replaced when they die, stopped with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Mapping

import structlog

log = structlog.get_logger(__name__)

SHORT_LIFE = 5.0  # seconds; a worker that dies younger is replaced after a pause
LONGEST_PAUSE = 30.0
STOP_SECONDS = 15.0


class Supervisor:
    """Keeps ``count`` worker processes alive. ``died`` is told the process id of each that ended by itself.

    ``environment`` is set in theirs: what they cannot know, such as the address that the server listens on.
    """

    def __init__(
        self,
        count: int,
        *,
        concurrency: int,
        died: Callable[[int], Awaitable[object]],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._count = count
        self._concurrency = concurrency
        self._died = died
        self._environment = {**os.environ, **environment} if environment else None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self) -> None:
        """Starts the workers; returns at once."""
        self._tasks = [asyncio.create_task(self._keep(), name=f"worker {index}") for index in range(self._count)]

    async def stop(self) -> None:
        """Ends the workers: SIGTERM, and SIGKILL for those that take too long."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self) -> None:
        pause = 0.0
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            process = await asyncio.create_subprocess_exec(
                *command(self._concurrency),
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env=self._environment,
            )
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                await _end(process)
                raise
            pause = 0.0 if loop.time() - started > SHORT_LIFE else min(LONGEST_PAUSE, max(0.5, pause * 2))
            log.warning("worker.died", pid=process.pid, code=code, replaced_after=pause)
            with contextlib.suppress(Exception):
                await self._died(process.pid)
            await asyncio.sleep(pause)


def command(concurrency: int) -> list[str]:
    """The command line of one worker process."""
    return [sys.executable, "-m", "tieline", "worker", "--concurrency", str(concurrency), "--parent", str(os.getpid())]


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
