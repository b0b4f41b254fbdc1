"""A pinned world for formulas: a moment, and random numbers that repeat."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.automations.formulas import Env, compile_value

Compute = Callable[..., Any]


@pytest.fixture
def env() -> Env:
    return Env(now=lambda: datetime(2024, 5, 15, 10, 30, tzinfo=UTC), random=random.Random(7))


@pytest.fixture
def compute(env: Env) -> Compute:
    """``compute(formula, name=value, ...)``."""

    def run(formula: str, **data: Any) -> Any:
        return compile_value(formula).evaluate(data, env)

    return run
