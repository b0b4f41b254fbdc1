"""Egress runs on both event loops that Tieline is used with."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}
