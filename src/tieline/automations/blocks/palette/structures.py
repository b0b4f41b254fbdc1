"""What fields of the kinds ``conditions``, ``operations``, ``form``, ``statements`` and ``mapping`` hold."""

from __future__ import annotations

from typing import Any, Final

from tieline.automations.blocks.form import KINDS
from tieline.automations.blocks.palette.model import Field, yes_no
from tieline.automations.blocks.variables import OPERATIONS
from tieline.automations.formulas import OPERATORS

_VALUES: Final = {
    "string": "text",
    "number": "number",
    "list": "list",
    "table": "list",
    "object": "object",
}
_TITLES: Final = {
    "empty": "Empty",
    "set_value": "Set value",
    "set": "Set object",
    "append": "Append text",
    "add": "Add",
    "subtract": "Subtract",
    "multiply": "Multiply by",
    "divide": "Divide by",
    "add_item": "Add item",
    "add_row": "Add row",
    "merge": "Merge",
    "set_key_value": "Set keys",
    "rename_key": "Rename key",
    "remove_key": "Remove key",
}
# What an operation works with, where that is not a value of the variable's own type.
_OPERANDS: Final = {
    "append": "text",
    "add_item": "any",
    "add_row": "any",
    "set_key_value": "mapping",
    "rename_key": "mapping",
    "remove_key": "text",
}
_UNIQUE: Final = {("list", "add_item"), ("list", "merge"), ("table", "add_row"), ("table", "merge")}
_FORM_TITLES: Final = {
    "input": "Text",
    "select": "One of several",
    "multi_select": "Some of several",
    "object": "Object",
    "field_mapping": "Field mapping",
    "button": "Button",
}


def structures() -> dict[str, Any]:
    """By kind of field: the members of a value, and what they may be."""
    return {
        "conditions": {
            "modes": [{"value": "all", "label": "All hold"}, {"value": "some", "label": "At least one holds"}],
            "operators": [{"name": one.name, "unary": one.unary, "doc": one.doc} for one in OPERATORS.values()],
            "empty": {"mode": "all", "conditions": [{"input1": "", "operator": "=", "input2": ""}]},
        },
        "operations": {
            kind: [_operation(kind, name) for name in ("empty", *listed)] for kind, listed in OPERATIONS.items()
        },
        "form": {"elements": [_element(kind) for kind in KINDS]},
        "statements": {"empty": {"value": ""}, "children": "statementChildrenIds"},
        "mapping": {"empty": {"key": "", "value": ""}},
    }


def _operation(kind: str, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "title": _TITLES[name],
        "value": None if name == "empty" else _OPERANDS.get(name, _VALUES[kind]),
        "duplicates": (kind, name) in _UNIQUE,
        "empty": {"id": name} if name == "empty" else {"id": name, "value": ""},
    }


def _element(kind: str) -> dict[str, Any]:
    fields = [
        Field("label", "Label", "text", "Formulas read the answer under it.", required=True, formula=False),
        Field("helpText", "Help", "longtext", formula=False),
    ]
    if kind != "button":
        fields.append(Field("values", "Default", _default(kind), formula=False))
        fields.append(yes_no("isRequired", "Must be answered"))
    if kind in ("select", "multi_select"):
        fields.append(
            Field("options", "Options", "list", "Of {value, label}.", required=True, default=[], formula=False)
        )
    return {
        "type": kind,
        "title": _FORM_TITLES[kind],
        "fields": fields,
        "empty": {"type": kind, "label": "", **({"options": []} if kind in ("select", "multi_select") else {})},
    }


def _default(kind: str) -> Any:
    return {"multi_select": "list", "object": "object", "field_mapping": "mapping"}.get(kind, "text")
