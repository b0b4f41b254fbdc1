from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.connectors.webhooks.making import Upstream, World, running
from tieline.server.settings import Settings
from tieline.storage.database import Database


@pytest.fixture(scope="module")
async def world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A running Tieline of this module."""
    async with running(database, Settings(data_dir=tmp_path_factory.mktemp("data"))) as made:
        yield made


@pytest.fixture(scope="module")
async def vendor(upstream: str) -> AsyncIterator[Upstream]:
    """The upstream, without subscriptions of earlier modules."""
    made = Upstream(upstream)
    await made.reset()
    yield made
    await made.reset()
    await made.http.aclose()
