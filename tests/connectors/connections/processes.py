"""Starting and talking to `worker` processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.fixtures.shared import ROOT
from tieline.core import json


class Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        text = (await self.process.stdout.readline()).decode().strip()
        if not text:
            assert self.process.stderr is not None
            raise AssertionError((await self.process.stderr.read()).decode()[-3000:])
        return text

    async def calls(self, identities: list[str], block: str, count: int) -> list[str]:
        """Have that many calls of each connection made at once; the distinct outcomes."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{','.join(identities)} {block} {count}\n".encode())
        await self.process.stdin.drain()
        outcomes: Any = json.loads(await self.line())
        return list(outcomes)


@asynccontextmanager
async def workers(count: int, *arguments: str) -> AsyncIterator[list[Worker]]:
    started = [
        Worker(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.connectors.connections.worker",
                *arguments,
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )
        for _ in range(count)
    ]
    try:
        for worker in started:
            assert await worker.line() == "ready"
        yield started
    finally:
        for worker in started:
            if worker.process.returncode is None:
                worker.process.kill()
            await worker.process.communicate()
