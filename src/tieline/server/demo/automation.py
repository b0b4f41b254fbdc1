"""The demo's automation, made of imported blocks: registrations -> phonebook contacts, grouped per event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid5

NAME = "New and updated registrations to phonebook contacts"
_SPACE = UUID("6c1de5a4-3f37-4c0e-9a1c-0d1b9a4f7e21")

Blocks = list[Mapping[str, Any]]


def workspace(events: Blocks, telephony: Blocks, *, source: str, target: str) -> dict[str, Any]:
    """The workspace document; ``source`` and ``target`` are connection ids, the blocks are the importer's."""
    listing = pick(events, lambda block: block.get("kind") == "incremental" and block.get("object") == "registration")
    directory = pick(
        telephony, lambda block: block.get("method") == "PUT" and "/directories/by-external-id/" in block["path"]
    )
    contact = pick(
        telephony, lambda block: block.get("method") == "PUT" and "/contacts/by-external-id/" in block["path"]
    )
    reg = "$.registrations.item"
    group = f"$.groups.{{{reg}.event_id}}"
    upsert_group = _connector(
        "group",
        "Dialbook - a directory for the event",
        directory,
        target,
        {"external_id": f"{{{reg}.event_id}}", "/name": f"{{{reg}.event_name}}"},
    )
    remember = {
        **_block("VariableBlock", "groups"),
        "variableGuid": "groups",
        "operations": [
            {
                "id": "set_key_value",
                "name": "Set key of { variable }",
                "value": [{"key": f"{{{reg}.event_id}}", "value": "{$.group.id}"}],
            }
        ],
    }
    known = _block(
        "IfElseBlock",
        "known",
        inputs={
            "conditions": {
                "mode": "all",
                "conditions": [{"input1": f"{{{group}}}", "operator": "empty", "input2": None}],
            }
        },
    )
    upsert_contact = _connector(
        "contact",
        "Dialbook - the contact",
        contact,
        target,
        {
            "external_id": f"{{{reg}.id}}",
            "/name": f"{{{reg}.attendee.name}}",
            "/company": f"{{{reg}.attendee.company}}",
            "/email": f"{{{reg}.attendee.email}}",
            "/phone_number": f"{{{reg}.attendee.phone}}",
            "/directory_id": f"{{{group}}}",
        },
    )
    known |= {"childTrueId": upsert_group["id"], "childFalseId": None, "childId": upsert_contact["id"]}
    upsert_group["childId"] = remember["id"]
    registrations = _connector(
        "registrations",
        "Gather - new and updated registrations",
        listing,
        source,
        {},
        settings={"blendr_pointer": "yes"},
        role="listupdated",
    )
    registrations["loopBlockId"] = known["id"]
    start = _block("StartBlock", "start", inputs={"run_mode": "triggered"})
    title = _block("UpdateJobBlock", "title", inputs={"title": "{count: {getkeys: {$.groups}}} events"})
    start["childId"] = registrations["id"]
    registrations["childId"] = title["id"]
    return {
        "blocks": [start, registrations, known, upsert_group, remember, upsert_contact, title],
        "variables": [{"guid": "groups", "name": "groups", "type": "object"}],
    }


def pick(blocks: Blocks, fits: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
    """The one block that fits; LookupError tells what there was."""
    for block in blocks:
        if fits(block):
            return block
    raise LookupError(
        "the import lacks a block that the demo needs; it has " + ", ".join(block["id"] for block in blocks)
    )


def _block(
    kind: str, name: str, *, inputs: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "id": str(uuid5(_SPACE, f"{kind}/{name}")).upper(),
        "type": kind,
        "disabled": False,
        "name": name,
        "displayName": name.capitalize(),
        "comment": "",
        "childId": None,
        "inputs": _entries(inputs),
        "settings": _entries(settings),
        "collapsed": [{"name": "loop", "isCollapsed": False}],
        "x": 0,
        "y": 0,
    }


def _connector(
    name: str,
    label: str,
    block: Mapping[str, Any],
    connection: str,
    wire: Mapping[str, str],
    *,
    settings: Mapping[str, Any] | None = None,
    role: str = "",
) -> dict[str, Any]:
    """``wire``: names on the wire (a body pointer for body fields) and their formulas."""
    ids = {entry.get("name") or entry["id"]: entry["id"] for entry in block["inputs"]}
    inputs = {ids.get(wanted) or ids[wanted.lstrip("/")]: value for wanted, value in wire.items()}
    made = _block("EndpointBlock", name, inputs=inputs, settings={"datasource": connection, **(settings or {})})
    return made | {
        "displayName": label,
        "endpoint_guid": block.get("guid") or block["id"],
        "endpoint_role": role or block["kind"],
    }


def _entries(values: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{"id": key, "value": value, "type": "string", "structure": []} for key, value in (values or {}).items()]
