"""Variables of the five types and their operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tieline.automations.blocks.values import LONGEST_LIST, bounded, decoded, flag, items, number, pairs
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.engine.state import EMPTY
from tieline.automations.formulas import text_of

Operation = Callable[[Any, Any, dict[str, Any]], Any]

LONGEST_TEXT = 16 * 2**20  # characters


# What an operation says of itself, and what the editor leaves in every entry.
_OWN_FIELDS = frozenset(
    "id key name value allow_duplicates type mode structure label displayName displayValue description order "
    "collapsed disabled comment".split()
)


def _operand(operation: dict[str, Any]) -> Any:
    """What an operation works with: its ``value``. Exports also have it under a name of its own, such as the
    ``object`` that is merged; two such names are a pair, the old and the new one."""
    if operation.get("value") is not None:
        return operation["value"]
    others = [
        value
        for name, value in operation.items()
        if name not in _OWN_FIELDS and value is not None and not isinstance(value, bool)
    ]
    if operation.get("id") == "rename_key" and len(others) == 2:
        return {"key": others[0], "value": others[1]}
    return others[0] if others else None


def _object(value: Any, what: str) -> dict[str, Any]:
    value = decoded(pairs(value))
    if value is None or value == "":
        return {}
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    if not isinstance(value, dict):
        raise BlockInputInvalid(f"{what} must be an object")
    return value


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise BlockInputInvalid(f"the variable would have {len(text)} characters; at most {LONGEST_TEXT} are allowed")
    return text


def _room(count: int) -> None:
    if count > LONGEST_LIST:
        raise BlockInputInvalid(f"the variable would have {count} items; at most {LONGEST_LIST} are allowed")


def _divide(old: Any, value: Any, options: dict[str, Any]) -> Any:
    divisor = number(value, "value")
    if divisor == 0:
        raise BlockInputInvalid("value must not be 0: a number cannot be divided by it")
    result = float(bounded(number(old, "the variable") / divisor, "the quotient"))
    return int(result) if result.is_integer() and abs(result) < 2**53 else result


def _row(value: Any) -> Any:
    """A row of a table: a list of cells or an object; one value is a row of one cell."""
    value = decoded(pairs(value))
    return value if isinstance(value, (list, dict)) else [value]


def _add_item(old: Any, value: Any, options: dict[str, Any]) -> Any:
    if isinstance(old, list):
        if options.get("unique") and value in old:
            return old
        _room(len(old) + 1)
        old.append(value)
        return old
    return [value]


def _merge_list(old: Any, value: Any, options: dict[str, Any]) -> Any:
    merged = list(old) if isinstance(old, list) else []
    added = items(value)
    if not options.get("unique"):
        _room(len(merged) + len(added))
    for entry in added:
        if not (options.get("unique") and entry in merged):
            merged.append(entry)
    return merged


def _pair(value: Any) -> Any:
    """One ``{key, value}``, as the editor writes it where an operation takes one, as an object."""
    value = decoded(value)
    if isinstance(value, dict) and value.keys() == {"key", "value"}:
        return {text_of(value["key"]): value["value"]}
    return value


def _whole(old: Any, value: Any, options: dict[str, Any]) -> Any:
    """An object; or a list, which exports keep in variables of this type, too."""
    value = decoded(pairs(value))
    return list(value) if isinstance(value, list) and value else _object(value, "value")


def _merge_object(old: Any, value: Any, options: dict[str, Any]) -> Any:
    """Objects by their names; what is merged into an empty variable stays what it is, and two lists become one."""
    value = decoded(pairs(value))
    if isinstance(value, list) and value and (not old or isinstance(old, list)):
        return _merge_list(old, value, options)
    return {**_object(old, "the variable"), **_object(value, "value")}


def _set_keys(old: Any, value: Any, options: dict[str, Any]) -> Any:
    return {**_object(old, "the variable"), **_object(_pair(value), "value")}


def _rename(old: Any, value: Any, options: dict[str, Any]) -> Any:
    renames = _object(_pair(value), "value")
    pairs_of = {str(key): text_of(to) for key, to in renames.items()}
    return {pairs_of.get(key, key): kept for key, kept in _object(old, "the variable").items()}


def _remove(old: Any, value: Any, options: dict[str, Any]) -> Any:
    value = decoded(value)
    if isinstance(value, dict) and "key" in value:
        value = value["key"]
    gone = {text_of(entry["key"] if isinstance(entry, dict) and "key" in entry else entry) for entry in items(value)}
    return {key: kept for key, kept in _object(old, "the variable").items() if key not in gone}


# type -> operation -> what it makes of (old value, operand, options)
OPERATIONS: dict[str, dict[str, Operation]] = {
    "string": {
        "set_value": lambda old, value, options: text_of(value),
        "append": lambda old, value, options: _text(text_of(old) + text_of(value)),
    },
    "number": {
        "set_value": lambda old, value, options: number(value, "value"),
        "add": lambda old, value, options: bounded(number(old, "the variable") + number(value, "value"), "the sum"),
        "subtract": lambda old, value, options: bounded(
            number(old, "the variable") - number(value, "value"), "the difference"
        ),
        "multiply": lambda old, value, options: bounded(
            number(old, "the variable") * number(value, "value"), "the product"
        ),
        "divide": _divide,
    },
    "list": {
        "set_value": lambda old, value, options: list(items(value)),
        "add_item": _add_item,
        "merge": _merge_list,
    },
    "table": {
        "set_value": lambda old, value, options: list(items(value)),
        "add_row": lambda old, value, options: _add_item(old, _row(value), options),
        "merge": _merge_list,
    },
    "object": {
        "set": _whole,
        "set_value": _whole,
        "set_key_value": _set_keys,
        "merge": _merge_object,
        "rename_key": _rename,
        "remove_key": _remove,
    },
}


@register
class VariableBlock(BlockType):
    type = "VariableBlock"
    shared = True
    pinnable = False
    doc = "Variable: sets or changes a variable; `{$.name}` reads it under the variable's own name."

    def compile(self, context: CompileContext) -> Any:
        declared = context.variables.get(str(context.block.get("variableGuid", "")))
        if declared is None:
            raise PlanError(
                f"variableGuid {context.block.get('variableGuid')!r} is not among the workspace's variables"
            )
        name, kind = declared
        known = OPERATIONS.get(kind, OPERATIONS["string"])
        program = []
        listed = context.block.get("operations")
        for operation in listed if isinstance(listed, list) else []:
            which = operation.get("id") if isinstance(operation, dict) else ""
            if not isinstance(which, str) or (which != "empty" and which not in known):
                allowed = ", ".join(["empty", *known])
                raise PlanError(
                    f"operation {which!r} does not exist for a variable of type {kind}; use one of {allowed}"
                )
            options = {"unique": not flag(operation.get("allow_duplicates", True))}
            program.append((which, context.formula(_operand(operation)), options))
        return name, kind, program

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return None

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        name, kind, operations = program
        operands = []
        # A later operation sees what an earlier one did, so each is evaluated when its turn comes; `apply` then finds
        # the operands ready, here and in a replay.
        value = context.state.variables.get(name)
        kept = value
        try:
            for which, formula, options in operations:
                operand = formula.evaluate(context.state, context.env)
                operands.append(operand)
                if len(operations) > 1:
                    value = _apply_one(kind, which, _own(value), operand, options)
                    context.state.variables[name] = value
        finally:
            context.state.variables[name] = kept
        return operands

    def apply(self, program: Any, output: Any, context: BlockContext) -> Any:
        name, kind, operations = program
        value = context.state.own(name)
        for (which, _formula, options), operand in zip(operations, output, strict=False):
            value = _apply_one(kind, which, value, operand, options)
        context.state.variables[name] = value
        return None


def _apply_one(kind: str, which: str, old: Any, operand: Any, options: dict[str, Any]) -> Any:
    if which == "empty":
        return _own(EMPTY.get(kind, ""))
    return OPERATIONS.get(kind, OPERATIONS["string"])[which](old, operand, options)


def _own(value: Any) -> Any:
    """A copy of the outer container, so that what formulas still hold is not changed under them."""
    return value.copy() if isinstance(value, (list, dict)) else value
