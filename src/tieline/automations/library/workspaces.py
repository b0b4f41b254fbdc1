"""What the library looks at in a workspace document, which it keeps byte for byte."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tieline.automations import blocks as _registered  # noqa: F401 - a report knows the built-in blocks
from tieline.automations.workspace import Report, check
from tieline.core import json
from tieline.core.errors import BadInput

EMPTY = b"{}"


class Mentioned(Struct, frozen=True):
    """Guids that the blocks of a document mention, in the order of their first appearance."""

    connectors: list[str]
    endpoints: list[str]
    snippets: list[str]


def inspect(document: bytes) -> Report:
    """How the document is started and what is wrong with it. Raises `BadInput` where it is no workspace at all."""
    content = json.loads(document)
    if not isinstance(content, dict):
        raise BadInput("The workspace is not a JSON object.", pointer="/workspace")
    return check(content)


def same(one: bytes, other: bytes) -> bool:
    """True where two documents say the same, however they are written."""
    return one == other or bool(json.loads(one) == json.loads(other))


def mentioned(document: bytes) -> Mentioned:
    """The connectors, endpoints and snippets that the document names, also in blocks that nothing leads to."""
    content = json.loads(document)
    blocks: Any = content.get("blocks") if isinstance(content, dict) else None
    found: dict[str, dict[str, None]] = {"datasourcetype_guid": {}, "endpoint_guid": {}, "snippet_guid": {}}
    for block in blocks if isinstance(blocks, list) else []:
        for name, guids in found.items():
            guid = block.get(name) if isinstance(block, dict) else None
            if isinstance(guid, str) and guid:
                guids[guid] = None
    return Mentioned(*(list(guids) for guids in found.values()))
