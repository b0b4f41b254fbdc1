"""The form of one block of a connector: its inputs with what is inside of them, and a document to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from tieline.connectors.manifest.guids import input_guid
from tieline.connectors.manifest.model import Block, Input, Manifest
from tieline.connectors.manifest.shapes import resolved, whole

DEEPEST: Final = 4  # levels of objects within objects
MOST_FIELDS: Final = 200  # of one object
MOST_IN_ALL: Final = 2_000  # of one block
MOST_CHOICES: Final = 500
# The roles that workspace documents know; other kinds of block are their own role.
ROLES: Final = {"get_by": "get", "incremental": "listupdated"}
_LONG: Final = ("html", "markdown", "textarea", "multiline")
_TYPES: Final = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
    "array": "list",
    "file": "file",
    "password": "text",
    "select": "select",
}


def block_form(manifest: Manifest, block: Block) -> dict[str, Any]:
    """``inputs`` (see `_input`), ``template`` (the block's document without an id) and ``outputSchema`` (JSON Schema of
    one record, references resolved a few levels down).
    """
    room = [MOST_IN_ALL]
    return {
        "inputs": [_input(manifest, block, one, room) for one in block.inputs if not one.read_only],
        "template": template(manifest, block),
        "outputSchema": _unfolded(manifest, block.output, 0, [MOST_IN_ALL]) if block.output else None,
    }


def template(manifest: Manifest, block: Block) -> dict[str, Any]:
    """A block document as an editor inserts it: without an id, and without the connection (setting ``datasource``)."""
    inputs = [one for one in block.inputs if not one.read_only and (one.required or one.default is not UNSET)]
    settings: list[dict[str, Any]] = [{"id": "datasource", "value": ""}]
    if block.iterable:
        settings.append({"id": "maxitemcount", "value": ""})
    return {
        "type": "EndpointBlock",
        "name": _camel(block.id),
        "displayName": f"{manifest.title or manifest.name} - {block.name or block.id}",
        "disabled": False,
        "comment": "",
        "inputs": [{"id": one.id, "value": "" if one.default is UNSET else one.default} for one in inputs],
        "settings": [*settings, {"id": "blendr_on_error", "value": "stop"}],
        "datasourcetype_guid": manifest.guid,
        "endpoint_guid": block.guid or block.id,
        "endpoint_role": ROLES.get(block.kind, block.kind),
        "childId": None,
        **({"loopBlockId": None} if block.iterable else {}),
    }


def _input(manifest: Manifest, block: Block, one: Input, room: list[int]) -> dict[str, Any]:
    """An input: how it is asked for, where its choices come from, and the fields of an object or of a list's items."""
    schema = whole(manifest, one.schema) if one.schema else {}
    kind = one.type if one.type != "string" or "type" not in schema else _plain(schema)
    example = one.example if one.example is not UNSET else None
    return {
        "id": one.id,
        "guid": input_guid(block, one.id),
        "label": one.label or one.id,
        "type": _type(kind, one.choices or one.options_from, one.format or schema.get("format")),
        "required": one.required,
        "secret": one.secret,
        "default": None if one.default is UNSET or one.secret else one.default,
        "choices": [{"value": choice, "label": str(choice)} for choice in one.choices[:MOST_CHOICES]],
        "optionsFrom": one.options_from or None,
        "help": one.description,
        "example": None if one.secret else example,
        "format": one.format or str(schema.get("format") or ""),
        "location": None if one.location is UNSET else one.location,
        **_inside(manifest, one.schema, kind, 0, room),
    }


def _inside(manifest: Manifest, schema: Any, kind: str, depth: int, room: list[int]) -> dict[str, Any]:
    """``fields`` of an object, ``items`` of a list; both None where nothing is known, or it is too deep."""
    none = {"fields": None, "items": None}
    if depth >= DEEPEST or room[0] <= 0 or kind not in ("object", "array") or not schema:
        return none
    told = whole(manifest, schema)
    if kind == "array":
        inner = told.get("items")
        return (
            none if not isinstance(inner, dict) else {"fields": None, "items": _field("", inner, manifest, depth, room)}
        )
    properties = told["properties"]
    if not properties:
        return none
    names = [*sorted(told["required"] & properties.keys()), *(n for n in properties if n not in told["required"])]
    fields = []
    for name in names[:MOST_FIELDS]:
        if not resolved(properties[name], manifest.schemas).get("readOnly"):
            fields.append(
                {**_field(name, properties[name], manifest, depth, room), "required": name in told["required"]}
            )
    return {"fields": fields, "items": None}


def _field(name: str, schema: Any, manifest: Manifest, depth: int, room: list[int]) -> dict[str, Any]:
    room[0] -= 1
    told = whole(manifest, schema)
    kind = _plain(told)
    enum = told.get("enum")
    choices = enum[:MOST_CHOICES] if isinstance(enum, list) else []
    return {
        "id": name,
        "label": str(told.get("title") or name),
        "type": _type(kind, choices, told.get("format")),
        "required": False,
        "default": told.get("default"),
        "choices": [{"value": choice, "label": str(choice)} for choice in choices],
        "help": str(told.get("description") or "")[:1000],
        "example": told.get("example"),
        "format": str(told.get("format") or ""),
        **_inside(manifest, schema, kind, depth + 1, room),
    }


def _plain(told: Mapping[str, Any]) -> str:
    """The type of JSON Schema that a schema has in the first place."""
    kind = told.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    if isinstance(kind, str):
        return kind
    return "object" if told.get("properties") else "array" if "items" in told else "string"


def _type(kind: str, choices: Any, format: Any) -> str:
    if choices and kind != "array":
        return "select"
    found = _TYPES.get(kind, "text")
    if found == "text" and format in ("date", "date-time", "datetime"):
        return "date"
    return "longtext" if found == "text" and format in _LONG else found


def _unfolded(manifest: Manifest, schema: Any, depth: int, room: list[int]) -> dict[str, Any]:
    """A schema as far as fields go, without references; {} where it goes on deeper than editors look."""
    room[0] -= 1
    if room[0] <= 0 or depth > DEEPEST + 2:
        return {}
    told = whole(manifest, schema)
    kept = ("type", "title", "description", "format", "enum")
    found: dict[str, Any] = {name: told[name] for name in kept if name in told}
    if told["properties"]:
        listed = list(told["properties"].items())[:MOST_FIELDS]
        found["properties"] = {name: _unfolded(manifest, inner, depth + 1, room) for name, inner in listed}
        if told["required"]:
            found["required"] = sorted(told["required"])
    if isinstance(told.get("items"), dict):
        found["items"] = _unfolded(manifest, told["items"], depth + 1, room)
    return found


def _camel(name: str) -> str:
    """``list_contacts`` -> ``listContacts``: a reference name that formulas can read without quotes."""
    words = [part for part in "".join(one if one.isalnum() else " " for one in name).split() if part]
    made = "".join(word[:1].upper() + word[1:] for word in words) or "block"
    return made[:1].lower() + made[1:]
