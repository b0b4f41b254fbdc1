"""A document may hold any text; what columns cannot hold ends no worker."""

from __future__ import annotations

import pytest

from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import Bench, working

pytestmark = pytest.mark.anyio


async def test_nul_characters_in_names_and_values_are_no_harm(bench: Bench) -> None:
    made = document(
        block("ShowBlock", "o\0", displayName="\0", inputs={"input": "a\0{$.start}"}),
        block("UpdateJobBlock", "title\0", inputs={"title": "t\0"}),
        block("ErrorBlock", "e\0", displayName="e\0", inputs={"message": "m\0", "action": "stop"}),
    )
    made["blocks"][0]["inputs"].append({"id": "x\0", "value": {"\0": "\0"}})
    async with working(bench.database):
        row = await bench.run(made)
    assert row["status"] == "failed"
    assert row["error"][0]["detail"].startswith("m")
