from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.client import Client, dialbook_of, gather_of
from tieline.sandbox import Running, running


@pytest.fixture(scope="session")
def process() -> Iterator[Running]:
    """One child process for all tests of a worker."""
    with running(registrations=120) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Running) -> Running:
    """Fresh data, settings, faults, limits and ledgers."""
    process.reset(registrations=120, seed=1)
    return process


@pytest.fixture
def gather(sandbox: Running) -> Client:
    return gather_of(sandbox)


@pytest.fixture
def dialbook(sandbox: Running) -> Client:
    return dialbook_of(sandbox)
