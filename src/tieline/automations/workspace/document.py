"""Reading a workspace document without trusting it (format: the published exports of the original product).

Real exports have ``structure`` as ``[]`` or ``{}`` at random, missing inputs, dangling ids and block types we have
not seen: everything here reads what is there and leaves the document untouched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.registry import lookup

EDGES = ("childId", "childTrueId", "childFalseId", "loopBlockId", "defaultChildId", "tryChildId", "catchChildId")
MAX_BLOCKS = 20_000
RUN_MODES = ("manual", "scheduled", "triggered", "webhook")
MAIN = "start"
OTHER_FLOWS = ("setup", "settings", "delete")  # of templates, see `flows`


def blocks(document: Any) -> list[Mapping[str, Any]]:
    """The blocks, checked to be a list of objects with unique string ids."""
    if not isinstance(document, Mapping):
        raise PlanError("workspace must be an object with a list “blocks”", pointer="/workspace")
    listed = document.get("blocks", [])
    if not isinstance(listed, list):
        raise PlanError("workspace.blocks must be a list", pointer="/workspace/blocks")
    if len(listed) > MAX_BLOCKS:
        raise PlanError(
            f"workspace.blocks has {len(listed)} blocks; at most {MAX_BLOCKS} can be run", pointer="/workspace/blocks"
        )
    seen: set[str] = set()
    for index, block in enumerate(listed):
        where = f"/workspace/blocks/{index}"
        if not isinstance(block, Mapping):
            raise PlanError(f"workspace.blocks[{index}] must be an object", pointer=where)
        identity = block.get("id")
        if not isinstance(identity, str) or not identity:
            raise PlanError(f"workspace.blocks[{index}].id must be a non-empty string", pointer=f"{where}/id")
        if not isinstance(block.get("type"), str):
            raise PlanError(f"workspace.blocks[{index}].type must be a string", pointer=f"{where}/type")
        if identity in seen:
            raise PlanError(f"workspace.blocks[{index}].id {identity} is used twice", pointer=f"{where}/id")
        seen.add(identity)
    return listed


def edges(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, block id) for each block that this one leads to."""
    for field in EDGES:
        target = block.get(field)
        if isinstance(target, str) and target:
            yield field, target
    listed = block.get("statementChildrenIds")
    if isinstance(listed, list):
        for target in listed:
            if isinstance(target, str) and target:
                yield "statementChildrenIds", target


def name_of(block: Mapping[str, Any]) -> str:
    """The reference name."""
    name = block.get("name")
    return name if isinstance(name, str) and name else str(block.get("type", ""))


def variables(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """guid -> (name, type) of the declared variables; entries that make no sense are left out."""
    found: dict[str, tuple[str, str]] = {}
    listed = document.get("variables")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            found[str(entry.get("guid", entry["name"]))] = (entry["name"], str(entry.get("type", "string")))
    return found


def start_block(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The enabled start block that begins the automation itself: the first one that begins no other flow."""
    enabled = [block for block in blocks(document) if block["type"] == "StartBlock" and not block.get("disabled")]
    for block in enabled:
        if flow_of(block) == MAIN:
            return block
    return next((block for block in enabled if _mode(block) not in OTHER_FLOWS), None)


def flow_of(start: Mapping[str, Any]) -> str:
    """Which flow a start block begins: by its run mode, or by its name where it has none."""
    mode = _mode(start) or next(
        (name for name in (_word(start.get("name")), _word(start.get("displayName"))) if name in OTHER_FLOWS), ""
    )
    return mode if mode in OTHER_FLOWS else MAIN


def _mode(start: Mapping[str, Any]) -> str:
    return _word(lookup(start.get("inputs"), "run_mode"))


def _word(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
