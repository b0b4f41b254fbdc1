"""The flows of a template: besides what it does, how it is set up, what its settings are, and what its removal does.

A document may have up to four start blocks. The one whose ``run_mode`` says ``setup``, ``settings`` or ``delete`` (or
says nothing, while the block is named so) begins that flow; any other begins the automation itself. A run walks one
flow. *Top inputs* are the input blocks that directly follow a start block; those that are persisted are settings, and
every flow can read them: they are put before its first block, where they give what was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.registry import lookup
from tieline.automations.workspace import document as reading

MAIN: Final = reading.MAIN
SETUP: Final = "setup"
SETTINGS: Final = "settings"
DELETE: Final = "delete"
_ASKING: Final = (SETUP, SETTINGS, MAIN)
_YES: Final = (True, 1, "1", "yes", "true", "Yes", "True")
KEY: Final = "flow:"


def starts(document: Any) -> dict[str, Mapping[str, Any]]:
    """The enabled start block of each flow that the document has."""
    found: dict[str, Mapping[str, Any]] = {}
    main = reading.start_block(document)
    if main is not None:
        found[MAIN] = main
    for block in reading.blocks(document):
        if block["type"] == "StartBlock" and not block.get("disabled") and block is not main:
            flow = reading.flow_of(block)
            if flow != MAIN:
                found.setdefault(flow, block)
    return found


def top_inputs(document: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """(flow, input block) for the input blocks that directly follow a start block, in the order they are asked in."""
    by_id = {block["id"]: block for block in reading.blocks(document)}
    known = starts(document)
    found: list[tuple[str, Mapping[str, Any]]] = []
    for flow in _ASKING:
        block = known.get(flow)
        seen: set[str] = set()
        while block is not None:
            following = block.get("childId")
            block = by_id.get(following) if isinstance(following, str) else None
            if block is None or block["type"] != "FormBlock" or block["id"] in seen:
                break
            seen.add(block["id"])
            if not block.get("disabled"):
                found.append((flow, block))
    return found


def persists(block: Mapping[str, Any]) -> bool:
    """Whether an input block keeps its answers."""
    says = lookup(block.get("inputs"), "persist_data", lookup(block.get("settings"), "persist_data"))
    return block.get("persistData") in _YES or says in _YES


def arranged(document: Any, flow: str = MAIN) -> Any:
    """The document as one flow runs it; the same object where there is only one.

    Blocks keep their ids and their order. Raises `PlanError` for a flow that the document does not have.
    """
    known = starts(document)
    if flow == MAIN and known.keys() <= {MAIN}:
        return document
    start = known.get(flow)
    if start is None:
        if flow == MAIN:
            return document
        raise PlanError(f"the workspace has no enabled start block for {flow}", pointer="/workspace/blocks")
    before = [block for of, block in top_inputs(document) if of != flow and persists(block)]
    changed = {block["id"]: {**block, "disabled": True} for block in known.values() if block is not start}
    changed[start["id"]] = {**start, "inputs": _as_main(start)} if flow != MAIN else dict(start)
    last = changed[start["id"]]
    follows = last.get("childId")
    for block in before:
        changed[block["id"]] = dict(block) if flow == MAIN else {**block, "form": _optional(block.get("form"))}
        last["childId"] = block["id"]
        last = changed[block["id"]]
    last["childId"] = follows
    return {**document, "blocks": [changed.get(block["id"], block) for block in reading.blocks(document)]}


def key_of(flow: str, name: str) -> str:
    """The start key of a run that walks ``flow``; ``name`` tells one start from another."""
    return f"{KEY}{flow}:{name}"


def flow_of_key(start_key: str | None) -> str:
    """The flow that a run walks."""
    if start_key is None or not start_key.startswith(KEY):
        return MAIN
    return start_key.split(":", 2)[1]


def _as_main(start: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = start.get("inputs")
    if isinstance(given, Mapping):
        given = [{"id": name, "value": value} for name, value in given.items()]
    kept = [dict(entry) for entry in given or [] if isinstance(entry, Mapping) and entry.get("id") != "run_mode"]
    return [*kept, {"id": "run_mode", "value": "manual"}]


def _optional(form: Any) -> Any:
    """A form of another flow is read here, not asked."""
    if not isinstance(form, list):
        return form
    return [{**entry, "isRequired": False} if isinstance(entry, Mapping) else entry for entry in form]
