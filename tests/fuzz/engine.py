"""What drives a fuzz target: a reproducible stream of inputs, a watchdog for each, and the reduction of what it found.

    tally = drive(TARGETS["filter"], seed=7, inputs=2000)
    for finding in tally.findings: print(finding.told())

Input number N of a target comes from ``Random(f"{seed}/{target}/{N}")`` alone, so that it can be made again.
"""

from __future__ import annotations

import pprint
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from types import FrameType
from typing import Any

from tieline.core.errors import TielineError

SECONDS = 5.0  # of one input
MEMORY = 400 * 2**20  # bytes by which one input may raise the peak of this process
MOST_FINDINGS = 20  # of one target; what fails in the same place is one
REDUCING_SECONDS = 8.0


class Hung(BaseException):
    """The watchdog; no parser catches it by accident."""


@dataclass(frozen=True)
class Target:
    """A parser. ``make`` gives an input; ``run`` raises for what must not be, and an error of ``refuses`` for an input
    that is refused as it should be.
    """

    name: str
    make: Callable[[Random], Any]
    run: Callable[[Any], object]
    refuses: tuple[type[BaseException], ...] = (TielineError,)
    ci: int = 300  # inputs in CI


@dataclass(frozen=True)
class Finding:
    """An input that was not taken as it should be."""

    target: str
    seed: str
    number: int
    kind: str
    place: str
    detail: str
    input: Any

    def told(self) -> str:
        """For people: where, what, and the input as Python."""
        shown = pprint.pformat(self.input, width=160)
        head = f"{self.target} seed={self.seed} input {self.number}: {self.kind} at {self.place}"
        return f"{head}\n  {self.detail}\n  {shown[:3000]}"


@dataclass
class Tally:
    """What came of a target."""

    target: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    findings: list[Finding] = field(default_factory=list)


TARGETS: dict[str, Target] = {}


def target(name: str, make: Callable[[Random], Any], **options: Any) -> Callable[[Callable[[Any], object]], Any]:
    """Decorator of a target's ``run``."""

    def register(run: Callable[[Any], object]) -> Callable[[Any], object]:
        if name in TARGETS:
            raise ValueError(f"there are two targets {name}")
        TARGETS[name] = Target(name, make, run, **options)
        return run

    return register


def drive(
    one: Target,
    seed: str,
    *,
    inputs: int | None = None,
    seconds: float | None = None,
    begin: Callable[[int], object] | None = None,
    reduced: bool = True,
) -> Tally:
    """Runs a target for a number of inputs or seconds. ``begin`` is told each number before its input runs."""
    tally, known, until = Tally(one.name), set(), time.monotonic() + (seconds or 1e9)
    while time.monotonic() < until and (inputs is None or tally.inputs < inputs):
        number = tally.inputs
        if begin is not None:
            begin(number)
        made = made_input(one, seed, number)
        started = time.perf_counter()
        failed = attempt(one, made)
        tally.slowest = max(tally.slowest, time.perf_counter() - started)
        tally.inputs += 1
        if failed is None:
            tally.accepted += 1
        elif failed[0] == "refused":
            tally.refused += 1
        elif failed[:2] not in known:
            known.add(failed[:2])
            least = reduce(one, made, failed[:2]) if reduced and failed[0] != "Hung" else made
            tally.findings.append(Finding(one.name, seed, number, *failed, least))
            if len(tally.findings) >= MOST_FINDINGS:
                break
    return tally


def made_input(one: Target, seed: str, number: int) -> Any:
    """Input ``number`` of a target."""
    return one.make(Random(f"{seed}/{one.name}/{number}"))


def attempt(one: Target, made: Any, seconds: float = SECONDS) -> tuple[str, str, str] | None:
    """None for an input that was taken, ("refused", "", "") or (kind, place, detail) of what should not have been."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with watched(seconds):
            one.run(made)
    except one.refuses:
        return ("refused", "", "")
    except (Exception, Hung) as error:
        return (type(error).__name__, _place(error), " ".join(str(error).split())[:300])
    rise = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    return ("Memory", "-", f"{rise / 2**20:.0f} MB") if rise > MEMORY else None


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """Raises `Hung` in the main thread after that time."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hung(f"not over after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _place(error: BaseException) -> str:
    """The innermost line of ours; of what goes round and round, only the file."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/tieline/" in one.filename]
    frames = frames or list(traceback.extract_tb(error.__traceback__))[-1:]
    if not frames:
        return "-"
    last = frames[-1]
    file = last.filename.rpartition("/tieline/")[2]
    return file if isinstance(error, (Hung, RecursionError)) else f"{file}:{last.lineno}"


def reduce(one: Target, made: Any, failure: tuple[str, str]) -> Any:
    """A smaller input that fails in the same way."""
    until = time.monotonic() + REDUCING_SECONDS
    best = made
    progress = True
    while progress and time.monotonic() < until:
        progress = False
        for smaller in _smaller(best):
            if time.monotonic() > until:
                break
            failed = attempt(one, smaller)
            if failed is not None and failed[:2] == failure:
                best, progress = smaller, True
                break
    return best


def _smaller(value: Any) -> Iterator[Any]:
    if type(value) in (str, bytes, list):
        size = len(value) // 2
        while size:
            for at in range(0, len(value), size):
                yield value[:at] + value[at + size :]
            size //= 2
        if isinstance(value, list):
            for at, item in enumerate(value):
                for smaller in _smaller(item):
                    yield [*value[:at], smaller, *value[at + 1 :]]
        elif len(value) == 1:
            yield value[:0]
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            for smaller in _smaller(item):
                yield (*value[:at], smaller, *value[at + 1 :])
    elif isinstance(value, dict):
        for key in value:
            yield {name: item for name, item in value.items() if name != key}
        for key, item in value.items():
            for smaller in _smaller(item):
                yield {**value, key: smaller}
