"""The words of the YAML form: which key of a step is which field of a block."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

FORMAT = 1
MAX_NESTING = 60  # of steps; chains further in are written beside the others
NAMES = UUID("6c1f0a52-7d0b-4b83-9d1c-0b7a7f1f5d11")

# key of a step -> field of the block, for fields that are written as they are
FIELDS = {
    "name": "name",
    "title": "displayName",
    "disabled": "disabled",
    "comment": "comment",
    "datasourcetype_guid": "datasourcetype_guid",
    "endpoint_guid": "endpoint_guid",
    "snippet_guid": "snippet_guid",
    "endpoint_role": "endpoint_role",
    "persistData": "persistData",
    "operations": "operations",
    "form": "form",
    "statements": "statements",
}
# what such a key may hold
KINDS: dict[str, type[Any]] = {
    **dict.fromkeys(FIELDS, str),
    "disabled": bool,
    "persistData": object,
    "operations": list,
    "form": list,
    "statements": list,
}
# key of a step -> way to the first block of a chain
BRANCHES = {
    "do": "loopBlockId",
    "then": "childTrueId",
    "else": "childFalseId",
    "try": "tryChildId",
    "catch": "catchChildId",
    "default": "defaultChildId",
}
ENTRIES = ("inputs", "settings")
STEP_KEYS = frozenset({"type", "id", "variable", "shown", "fields", "cases", "next", *ENTRIES, *FIELDS, *BRANCHES})
FILE_KEYS = (
    "automation",
    "name",
    "description",
    "schedules",
    "settings",
    "follows",
    "variables",
    "steps",
    "apart",
    "fields",
    "document",
    "json",
    "detail",
)
DETAIL_KEYS = frozenset({"defaults", "shapes", "variables", "blocks", "raw"})
BLOCK_DETAIL_KEYS = frozenset({"n", "at", "without", "fields", "object", *ENTRIES})


def made_id(*place: str) -> str:
    """The id of a block or variable that has none: the same for the same place."""
    return str(uuid5(NAMES, "\x1f".join(place))).upper()
