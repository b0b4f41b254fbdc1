"""The examples of docs/reference/storage.md do what they say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures.shared import ROOT
from tests.storage.making import make_run, make_tenant
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.journal import Entry, JournalStore
from tieline.storage.tables import spaces

pytestmark = pytest.mark.anyio

PAGE = (ROOT / "docs" / "reference" / "storage.md").read_text(encoding="utf-8")


def example(heading: str) -> Any:
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found
    names: dict[str, Any] = {
        "new_id": new_id,
        "spaces": spaces,
        "text": text,
        "Entry": Entry,
        "JournalStore": JournalStore,
    }
    exec(found[1], names)
    return names["example"]


async def test_the_unit(database: Database) -> None:
    tenant = await make_tenant(database)
    assert await example("Unit")(database, tenant) == ("Sales EMEA", 1)


async def test_the_journal(database: Database) -> None:
    tenant, run = await make_run(database)
    assert await example("JournalStore")(database, tenant, run) == ["start", "create.0"]


async def test_every_public_part_has_its_heading() -> None:
    for heading in ("Database", "Unit", "Queue", "JournalStore", "Limiter", "Migrations"):
        assert f"\n## {heading}\n" in PAGE
