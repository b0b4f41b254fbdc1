"""Which part of an answer is the list of records, and which the record."""

from __future__ import annotations

from typing import Any, Final

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Block
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.runtime.errors import BadAnswer

# Where lists usually lie, tried in this order when a block does not say it.
_USUAL: Final = ("data", "items", "results", "value", "records", "entries", "values", "list", "rows", "content")


class NoRecords(Exception):
    """There is no list where the block says it is; the text names the places that look like one."""


def records(block: Block, body: Any) -> list[Any]:
    """The records of one page, always as a list.

    A single object where a list is expected becomes a list of one, null and a missing member an empty list, and
    ``$.items[*]`` gives the values of an object that is keyed by id. Entries without a record at ``item_path`` are
    left out.
    """
    found = _find(block, body)
    if found is None:
        return []
    if not isinstance(found, list):
        if not isinstance(found, dict):
            raise NoRecords(f"block {block.id!r} expects a list at {block.records or '$'}, but a single value is there")
        found = [found] if found else []
    if block.item_path and block.item_path != "$":
        steps = paths.parse(block.item_path)
        if len(steps) == 1 and isinstance(steps[0], str):
            name = steps[0]
            return [entry[name] for entry in found if isinstance(entry, dict) and entry.get(name) is not None]
        take = paths.compiled(block.item_path)
        picked = [take(entry) for entry in found]
        return [entry for entry in picked if entry is not MISSING and entry is not None]
    return found


def record(block: Block, body: Any) -> Any:
    """The record of a block that gives one (or none), null when it is not there.

    Servers that answer an unknown id with 200 and an empty list mean "not there", and a list of one is that one.
    Raises BadAnswer for a list that is somewhere else.
    """
    if block.iterable:
        try:
            return records(block, body)
        except NoRecords as error:
            raise BadAnswer(str(error)) from None
    found = paths.get(body, block.records) if block.records else body
    if found is MISSING:
        return None
    if block.kind in ("get", "get_by") and isinstance(found, list) and len(found) < 2 and not _is_list_by_schema(block):
        return found[0] if found else None
    return found


def _is_list_by_schema(block: Block) -> bool:
    return block.output.get("type") == "array"


def _find(block: Block, body: Any) -> Any:
    if body is None:
        return None
    if not block.records:
        if isinstance(body, list) or not isinstance(body, dict):
            return body
        for name in _USUAL:
            if isinstance(body.get(name), list):
                return body[name]
        lists = [value for value in body.values() if isinstance(value, list)]
        return lists[0] if len(lists) == 1 else body
    found = paths.get(body, block.records)
    if found is not MISSING:
        return found
    if isinstance(body, list):
        return None if block.records.startswith("$[") else body
    elsewhere = _lists(body)
    if elsewhere:
        # A list under another name is not an empty list: to return nothing would lose records without a word.
        raise NoRecords(
            f"block {block.id!r} finds no list at {block.records}; the answer has one at {', '.join(elsewhere)}"
        )
    return None


def _lists(body: Any) -> list[str]:
    """Places of lists under a usual name, two levels deep at most."""
    found = []
    if isinstance(body, dict):
        for name, value in body.items():
            if _is_list(name, value):
                found.append(paths.render([name]))
            elif isinstance(value, dict):
                found += [paths.render([name, inner]) for inner, entry in value.items() if _is_list(inner, entry)]
    return found[:5]


def _is_list(name: str, value: Any) -> bool:
    return name in _USUAL and isinstance(value, list) and bool(value)
