"""Every hostile formula through the preview API: a value or a typed error, and the server goes on."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import address, api, parts, settings, tenant, world
from tests.api.test_formulas import check_hostile, sendable

__all__ = ["address", "api", "parts", "settings", "tenant", "world"]

pytestmark = pytest.mark.anyio


async def test_all_hostile_formulas_end_in_a_value_or_a_typed_error(api: httpx.AsyncClient) -> None:
    formulas = sendable()
    assert len(formulas) >= 300
    for formula in formulas:
        await check_hostile(api, formula)
