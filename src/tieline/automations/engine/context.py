"""What a block sees while it runs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from tieline.automations.engine.plan import Step
from tieline.automations.engine.state import MOST_WARNINGS, State
from tieline.automations.formulas import Env
from tieline.core import clock

S = TypeVar("S")


class Services:
    """What the assembly gives to blocks, by type: the engine itself needs none of it."""

    def __init__(self, *services: tuple[type[Any], Any]) -> None:
        self._by_type: dict[type[Any], Any] = dict(services)

    def get(self, kind: type[S]) -> S:
        """The service of that type; KeyError where the assembly forgot it."""
        found: S = self._by_type[kind]
        return found


class Guard(Protocol):
    """Ends a run from outside: raises `RunStopped` or the store's `FenceLost`."""

    def check(self) -> None:
        """Asked for each block and loop item; must be cheap."""

    async def before_effect(self) -> None:
        """Asked before a call that changes something outside."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Which run this is."""

    tenant_id: UUID
    run_id: UUID
    automation_id: UUID
    context: str = "api_async"
    is_test: bool = False
    inputs: Any = None
    fence: int = 0
    renewed: Mapping[str, int] = field(default_factory=dict)  # path -> version that a failed block is tried again with


class WatchedEnv:
    """Formula environment that notices whether the clock or chance was asked: such a value differs a second time."""

    def __init__(self, run: RunInfo) -> None:
        self.touched = False
        self.env = Env(
            now=self._now,
            random=_WatchedRandom(self),
            run=str(run.run_id),
            automation=str(run.automation_id),
            tenant=str(run.tenant_id),
        )

    def _now(self) -> datetime:
        self.touched = True
        return clock.now()


class _WatchedRandom(random.SystemRandom):
    def __init__(self, owner: WatchedEnv) -> None:
        super().__init__()
        self._owner = owner

    def random(self) -> float:
        self._owner.touched = True
        return super().random()

    def getrandbits(self, k: int) -> int:
        self._owner.touched = True
        return super().getrandbits(k)


@dataclass(slots=True)
class BlockMetrics:
    """What one block cost, over the whole run."""

    calls: int = 0
    sent: int = 0
    received: int = 0
    runs: int = 0
    seconds: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class BlockContext:
    """Handed to a block for one execution."""

    step: Step
    path: str
    run: RunInfo
    state: State
    env: Env
    services: Services
    metrics: BlockMetrics
    exchanges: list[Mapping[str, Any]] = field(default_factory=list)
    guard: Guard | None = None
    intent: Any = None  # what an earlier claim noted before this block was interrupted

    @property
    def idempotency_key(self) -> str:
        """Stable for this run and path: a repeated execution sends the same key (32 hexadecimal digits)."""
        version = self.run.renewed.get(self.path)
        mark = "" if version is None else f":{version}"
        return hashlib.blake2b(f"{self.run.run_id}:{self.path}{mark}".encode(), digest_size=16).hexdigest()

    async def still_mine(self) -> None:
        """Asked before each attempt of a call: raises where the run has been stopped or taken over meanwhile."""
        if self.guard is not None and self.step.effect:
            await self.guard.before_effect()

    def warn(self, detail: str) -> None:
        """The run ends as "finished with warnings"."""
        if len(self.state.warnings) < MOST_WARNINGS:
            self.state.warnings.append({"block": self.step.name, "blockId": self.step.id, "detail": detail})
