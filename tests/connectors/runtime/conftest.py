from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.connectors.runtime.api import Api, serving
from tests.connectors.runtime.support import LOOPBACK
from tieline.security.egress import Egress


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(LOOPBACK) as opened:
        yield opened


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as opened:
        yield opened
