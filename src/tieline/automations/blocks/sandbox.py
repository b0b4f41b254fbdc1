"""Where custom code runs: workers of pydantic-monty, a Python subset that can reach neither files, nor the network, nor
this process. Time, memory, recursion, output and calls to the outside are limited in every run; a worker that dies is
replaced.
"""

from __future__ import annotations

import asyncio
import base64
import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tieline.automations.engine import codec
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.formulas import text_of
from tieline.core.errors import Terminal, Transient

if TYPE_CHECKING:
    from pydantic_monty import AsyncMonty, CollectString

WORKERS = 2  # at most, in each worker process of ours
SESSIONS_PER_WORKER = 500
WAIT_SECONDS = 60.0  # for a free worker
LONGEST_SECONDS = 30.0
GRACE_SECONDS = 1.0  # after which a worker that does not end by itself is killed
MEMORY = 64 * 2**20  # bytes of heap
RECURSION = 200
CALLS_OUT = 20  # attempts to reach a file, a name or a module of ours, all of which fail
LARGEST_INPUT = 8 * 2**20  # bytes
LARGEST_OUTPUT = 2 * 2**20  # bytes, printed or returned
LARGEST_CODE = 200_000  # characters
MOST_VALUES = 200_000  # in what the code returns
DEEPEST = 100


class CodeFailed(Terminal):
    """The code ended with an error of its own; the detail names the line."""

    code = "code-failed"
    status = 422
    title = "The custom code failed"


class CodeLimit(Terminal):
    """The code took more time, memory, recursion or output than it may."""

    code = "code-limit"
    status = 422
    title = "The custom code exceeded a limit"


class SandboxBusy(Transient):
    """No worker for custom code became free in time, or none could be started."""

    code = "sandbox-busy"
    status = 503
    title = "No room for custom code"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of code gave: the value of its last expression as JSON data, and what it printed."""

    value: Any
    printed: str


class Sandbox:
    """Starts its workers when the first code comes. Make one per process and event loop, and close it at the end."""

    def __init__(self, workers: int = WORKERS) -> None:
        self._workers = workers
        self._pool: AsyncMonty | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Sandbox:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends all workers."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.__aexit__(None, None, None)

    async def run(self, code: str, inputs: dict[str, Any], *, seconds: float, printed: list[str]) -> Ran:
        """Runs Python code that sees ``inputs``. What it has printed is in ``printed`` also where it fails.

        Raises `CodeFailed`, `CodeLimit`, `BlockInputInvalid` and `SandboxBusy`.
        """
        import pydantic_monty as monty  # late: it costs memory that few workers need

        if len(code) > LARGEST_CODE:
            raise BlockInputInvalid(f"code has {len(code)} characters; at most {LARGEST_CODE} are allowed")
        if codec.size(inputs) > LARGEST_INPUT:
            raise BlockInputInvalid(f"inputs are larger than {LARGEST_INPUT} bytes; give the code less at once")
        lines = monty.CollectString(max_bytes=LARGEST_OUTPUT)
        pool = await self._open()
        try:
            async with pool.checkout(
                script_name="code.py",
                limits={
                    "max_feed_duration_secs": seconds,
                    "max_memory": MEMORY,
                    "max_recursion_depth": RECURSION,
                    "max_suspensions": CALLS_OUT,
                    "max_total_sleep_secs": 0.0,
                },
                os_policy={"timezone": "utc", "sleep": "zero"},
                print_flush_interval=0.05,
            ) as session:
                value = await session.feed_run(code, inputs={"inputs": inputs}, print_callback=lines)
        except monty.MontyCrashedError as error:
            raise CodeLimit(_crash(error, seconds)) from None
        except (monty.MontySyntaxError, monty.MontyRuntimeError) as error:
            raise _failure(error, seconds) from None
        except monty.MontyConversionError as error:
            raise BlockInputInvalid(f"inputs cannot be given to the code: {str(error)[:200]}") from None
        except (TimeoutError, OSError) as error:
            raise SandboxBusy(
                f"no worker for custom code was free within {WAIT_SECONDS:g} s ({type(error).__name__}); try again"
            ) from None
        finally:
            printed.append(_text(lines))
        return Ran(await asyncio.to_thread(plain, value), printed[0])

    async def _open(self) -> AsyncMonty:
        from pydantic_monty import AsyncMonty

        async with self._opening:
            if self._pool is None:
                pool = AsyncMonty(
                    min_processes=0,
                    max_processes=self._workers,
                    checkout_timeout=WAIT_SECONDS,
                    request_timeout=LONGEST_SECONDS + 2 * GRACE_SECONDS,
                    max_checkouts_per_worker=SESSIONS_PER_WORKER,
                    feed_duration_limit_grace=GRACE_SECONDS,
                )
                try:
                    self._pool = await pool.__aenter__()
                except OSError as error:
                    raise SandboxBusy(f"no worker for custom code could be started: {error}"[:300]) from None
            return self._pool


def _text(lines: CollectString) -> str:
    return lines.output.encode("utf-8", "replace").decode()


def _crash(error: Any, seconds: float) -> str:
    if error.timed_out or "timeout" in str(error):
        return f"the code took more than {seconds:g} s and had to be killed; do less in one block, or raise timeout"
    return "the code broke its sandbox down; it was probably out of memory: do less in one block"


def _failure(error: Any, seconds: float) -> Terminal:
    """The error with the line of the code in which it arose, where there is one."""
    frames = error.traceback()
    where = f"line {frames[-1].line}: " if frames else ""
    name = type(error.exception()).__name__
    text = " ".join(error.display("msg").split())[:500]
    if name == "TimeoutError":
        return CodeLimit(f"{where}the code took more than {seconds:g} s; do less in one block, or raise timeout")
    if name == "MemoryError" and "limit" in text:
        return CodeLimit(f"{where}the code used more memory, or printed more, than it may ({text})")
    if name == "RecursionError":
        return CodeLimit(f"{where}the code called itself more than {RECURSION} levels deep")
    if name == "RuntimeError" and "suspension" in text:
        return CodeLimit(f"{where}the code asked for files or names outside of it more than {CALLS_OUT} times")
    return CodeFailed(f"{where}{name}: {text}")


def plain(value: Any) -> Any:
    """What the code returned, as JSON data: tuples and sets become lists, dates ISO text, bytes base64.

    Raises `CodeFailed` for what JSON cannot say, `CodeLimit` for too much of it.
    """
    values, size = _weigh(value, {}, 0)
    if values > MOST_VALUES or size > LARGEST_OUTPUT:
        raise CodeLimit(f"the code returned more than {MOST_VALUES} values or {LARGEST_OUTPUT} characters")
    return _plain(value)


def _weigh(value: Any, known: dict[int, tuple[int, int]], depth: int) -> tuple[int, int]:
    """(values, characters) of all of it, each time that a shared part occurs; looks at each part once."""
    if isinstance(value, (str, bytes)):
        return 1, len(value)
    if not isinstance(value, (dict, list, tuple, set, frozenset)):
        return 1, 0
    if depth >= DEEPEST:
        raise CodeLimit(f"what the code returned is nested more than {DEEPEST} deep, or holds itself")
    found = known.get(id(value))
    if found is None:
        values, size = 1, 0
        members = [*value, *value.values()] if isinstance(value, dict) else value
        for entry in members:
            inner = _weigh(entry, known, depth + 1)
            values, size = values + inner[0], size + inner[1]
        found = known[id(value)] = (values, size)
    return found


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) >= 10**300:
            raise CodeFailed("the code returned a number of more than 300 digits; return it as text")
        return value if -(2**63) <= value < 2**63 else float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CodeFailed("the code returned a number that is infinite or none (nan), which JSON cannot say")
        return value
    if isinstance(value, dict):
        return {name if isinstance(name, str) else text_of(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise CodeFailed(f"the code returned a {type(value).__name__}, which JSON cannot say; return text or numbers")
