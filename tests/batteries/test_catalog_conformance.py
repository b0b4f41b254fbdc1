"""Every connector of the catalog, and many that are imported from real documents, pass the offline test in full."""

from __future__ import annotations

import pytest

from tests.fixtures.shared import shared_dir
from tieline.connectors import catalog
from tieline.connectors.conformance import conform
from tieline.connectors.importers import import_document


@pytest.mark.anyio
@pytest.mark.parametrize("name", [name for name in catalog.names() if not name.startswith("file-")])
async def test_a_catalog_connector_conforms(name: str) -> None:
    made = await conform(catalog.load(name))
    assert made.ok, [f"{one.block} {one.scenario}: {one.reason}" for one in made.results if one.outcome == "fail"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "number", "033 048 058 062 077 087 101 115 128 136 143 153 158 163 170 178 188 191 235".split()
)
async def test_a_connector_imported_from_a_real_document_conforms(number: str) -> None:
    file = next((shared_dir() / "corpus" / "openapi").glob(f"{number}_*"))
    made = await conform(import_document(file.read_bytes(), address=file.name))
    assert made.ok, [f"{one.block} {one.scenario}: {one.reason}" for one in made.results if one.outcome == "fail"]
