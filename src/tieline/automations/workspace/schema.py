"""JSON Schemas (draft 2020-12) of the workspace document and of its YAML form, for editors and other people's tools.

They admit what this installation keeps: unknown block types, unknown fields, and the odd shapes that exports have. What
would run is more; `check` tells about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tieline.automations.engine.registry import block_types
from tieline.automations.workspace.document import EDGES, MAX_BLOCKS
from tieline.automations.workspace.yaml_parts import BRANCHES, FIELDS, FORMAT, KINDS

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
VARIABLES = ("string", "number", "list", "object", "table")
_WORDS: dict[type[Any], Any] = {str: {"type": "string"}, bool: {"type": "boolean"}, list: {"type": "array"}}
_ABOUT = {
    "id": "What nothing else in the document is called; the editor uses UUIDs.",
    "type": "Which kind of block it is.",
    "name": "Under which formulas read its output.",
    "displayName": "Its title.",
    "comment": "A note.",
    "disabled": "True: the run goes past it.",
    "inputs": "Inputs by id; a value is a formula.",
    "settings": "Settings by id.",
    "childId": "The block after it.",
    "loopBlockId": "First block of a loop's body.",
    "childTrueId": "First block of a condition's Yes chain.",
    "childFalseId": "First block of a condition's No chain.",
    "tryChildId": "First block of what is tried.",
    "catchChildId": "First block of what runs when that fails.",
    "statementChildrenIds": "First blocks of a case's chains, as many as statements.",
    "defaultChildId": "First block of a case's default chain.",
    "variableGuid": "The variable of a variable block.",
    "operations": "What a variable block does, in turn.",
    "statements": "Values of a case.",
    "form": "Fields of an Inputs block.",
    "persistData": "Whether an Inputs block keeps its answers.",
    "datasourcetype_guid": "The connector of a connector block.",
    "endpoint_guid": "The operation of a connector block.",
    "snippet_guid": "The same, of blocks made of several calls.",
    "endpoint_role": "list, search, get, create, update, delete, listnew, listupdated ...",
    "collapsed": "What the editor shows folded.",
    "x": "Where it stands on the canvas.",
    "y": "Where it stands on the canvas.",
}


def workspace_schema() -> dict[str, Any]:
    """Of a workspace document."""
    way = {"type": ["string", "null"]}
    properties: dict[str, dict[str, Any]] = {
        "id": {"type": "string", "minLength": 1},
        "type": _types(),
        "disabled": {"type": ["boolean", "null"]},
        **{name: {"$ref": "#/$defs/entries"} for name in ("inputs", "settings")},
        **{name: {"type": ["array", "null"], "items": {"type": "object"}} for name in ("operations", "form")},
        "statements": {"type": ["array", "null"]},
        "statementChildrenIds": {"type": ["array", "null"], "items": way},
        **{name: dict(way) for name in ("childId", *BRANCHES.values(), *EDGES)},
        **{
            name: {}
            for name in ("name", "displayName", "comment", "variableGuid", "persistData", "collapsed", "x", "y")
        },
        **{name: {} for name in ("datasourcetype_guid", "endpoint_guid", "snippet_guid", "endpoint_role")},
    }
    return {
        "$schema": _DRAFT,
        "$id": "https://tieline.dev/schemas/workspace-1.json",
        "title": "Workspace document",
        "description": "The blocks and variables of an automation, as exports have them.",
        "type": "object",
        "properties": {
            "blocks": {"type": "array", "maxItems": MAX_BLOCKS, "items": {"$ref": "#/$defs/block"}},
            "variables": {"type": ["array", "null"], "items": {"$ref": "#/$defs/variable"}},
        },
        "$defs": {
            "block": {
                "type": "object",
                "required": ["id", "type"],
                "properties": _described(properties),
            },
            "entries": {
                "description": "A list of {id, value}, or an object of values by id.",
                "type": ["array", "object", "null"],
                "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            },
            "variable": {
                "type": "object",
                "required": ["name", "type"],
                "properties": {
                    "guid": {"type": "string", "description": "By which variable blocks name it."},
                    "name": {"type": "string", "description": "Under which formulas read it."},
                    "type": {"type": "string", "examples": list(VARIABLES)},
                },
            },
        },
    }


def automation_schema() -> dict[str, Any]:
    """Of the YAML form of an automation."""
    entries = {
        "description": "Values by name; a value is a formula. A list is kept as it is.",
        "type": ["object", "array", "null"],
    }
    branch = {
        "description": "Steps, or the id of a block that stands elsewhere.",
        "anyOf": [{"$ref": "#/$defs/steps"}, {"type": "string"}],
    }
    step: dict[str, Any] = {
        "id": {"type": "string", "minLength": 1, "description": "Made from the place where it is left out."},
        "type": _types(),
        "variable": {"type": "string", "description": "The variable of a variable block, by name."},
        "inputs": entries,
        "settings": entries,
        "shown": {"type": "object", "description": "What the editor shows in place of a value, by input."},
        "fields": {"type": "object", "description": "Fields of the block that no key here stands for."},
        "next": {"type": "string", "description": "Of a last step: the id of the block after it."},
        "cases": {
            "type": "array",
            "items": {"type": "object", "required": ["when"], "properties": {"when": {}, "do": branch}},
        },
    }
    for key, field in FIELDS.items():
        step[key] = {**_WORDS.get(KINDS[key], {}), **_about(field)}
    for key, field in BRANCHES.items():
        step[key] = {**branch, "description": _ABOUT[field]}
    return {
        "$schema": _DRAFT,
        "$id": "https://tieline.dev/schemas/automation-1.json",
        "title": "Automation",
        "description": "An automation as YAML.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "automation": {"const": FORMAT, "description": "The version of this form."},
            "name": {"type": "string"},
            "description": {"type": "string"},
            "schedules": {"type": "array", "items": {"type": "object"}, "description": "When it runs by itself."},
            "settings": {
                "type": "object",
                "properties": {
                    "maxConcurrentRuns": {"type": "integer", "minimum": 1},
                    "priority": {"enum": ["low", "normal", "high"]},
                },
            },
            "follows": {"type": "array", "items": {"type": "object"}, "description": "At whose end it starts."},
            "variables": {
                "description": "Types by name. A list is kept as it is.",
                "type": ["object", "array", "null"],
                "additionalProperties": {"type": "string", "examples": list(VARIABLES)},
            },
            "steps": {"$ref": "#/$defs/steps"},
            "apart": {
                "type": "array",
                "description": "Chains that hang on nothing, such as those of labels.",
                "items": {"$ref": "#/$defs/steps"},
            },
            "fields": {"type": "object", "description": "Fields of the document that no key here stands for."},
            "document": {"description": "The workspace as it is, where it is none."},
            "json": {"type": "string", "description": "The same as JSON text, where YAML cannot hold it."},
            "detail": {"type": "object", "description": "What nobody needs to read: canvas, editor's notes, order."},
        },
        "$defs": {
            "steps": {"type": ["array", "null"], "items": {"$ref": "#/$defs/step"}},
            "step": {"type": "object", "required": ["type"], "additionalProperties": False, "properties": step},
        },
    }


def _types() -> dict[str, Any]:
    known: Iterable[tuple[str, Any]] = sorted(
        (name, kind) for name, kind in block_types().items() if type(kind).__module__.startswith("tieline.")
    )
    listed = [{"const": name, "description": kind.doc} for name, kind in known]
    return {"description": _ABOUT["type"], "anyOf": [*listed, {"type": "string"}]}


def _about(field: str) -> dict[str, str]:
    return {"description": _ABOUT[field]} if field in _ABOUT else {}


def _described(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: {**_about(name), **content} for name, content in properties.items()}
