"""What the tests of connectors share: a way out to loopback, a scripted API, our own sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.connectors.runtime.api import Api, serving
from tieline.sandbox import Running, running
from tieline.security.egress import Egress, Policy, parse_allow


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(Policy(allow=parse_allow("127.0.0.0/8"))) as opened:
        yield opened


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as started:
        yield started


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(registrations=60) as started:
        yield started
