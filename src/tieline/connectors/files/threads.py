"""Threads for storages whose libraries block: their own, so that a dead server holds up nobody else's file work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 16


@lru_cache(maxsize=2)
def pool(name: str) -> ThreadPoolExecutor:
    """The threads of one kind of storage."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix=f"tieline-{name}")


async def in_thread(name: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs blocking work. A caller that is cancelled goes at once; the work then ends by its own time limits."""
    return await asyncio.get_running_loop().run_in_executor(pool(name), partial(work, *args, **kwargs))
