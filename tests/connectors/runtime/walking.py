"""Reading whole lists in tests."""

from __future__ import annotations

from typing import Any

from tieline.connectors.manifest.model import Block
from tieline.connectors.runtime import Client, Page


async def drain(made: Client, block: Block, inputs: dict[str, Any], **options: Any) -> tuple[list[Page], Any]:
    """All pages, and the error that ended the walk."""
    pages: list[Page] = []
    try:
        async for page in made.pages(block, inputs, **options):
            pages.append(page)
    except Exception as error:
        return pages, error
    return pages, None


def ids(pages: list[Page]) -> list[Any]:
    return [record["id"] for page in pages for record in page.records]
