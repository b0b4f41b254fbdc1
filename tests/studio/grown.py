"""Workspaces of any size that do something and end: loops in loops, conditions, cases, tries, formulas, variables."""

from __future__ import annotations

from itertools import count
from typing import Any

# A part has this many blocks, and its loops go twice round each.
PART = 15


def grown(blocks: int) -> dict[str, Any]:
    """The same document each time, of exactly ``blocks`` blocks."""
    numbers = count(1)
    made: list[dict[str, Any]] = []
    last = _block(numbers, "StartBlock", "start", {"run_mode": "manual"})
    made.append(last)
    part = 0
    while blocks - len(made) >= PART:
        part += 1
        added = _part(numbers, part)
        last["childId"] = added[0]["id"]
        last = added[-1]
        made += added
    while len(made) < blocks:
        following = _variable(numbers, f"filler{len(made)}", "total", "add", "{length: abc}")
        last["childId"] = following["id"]
        last = following
        made.append(following)
    return {
        "blocks": made,
        "variables": [_declared("total", "number"), _declared("notes", "list")],
        # Nothing of ours: it stays as it is, with numbers that no JavaScript can hold.
        "madeBy": {"tool": "grown", "version": 1.0, "serial": 12345678901234567890, "ratio": 1e-7},
    }


def _part(numbers: count[int], part: int) -> list[dict[str, Any]]:
    """Fifteen blocks of the main chain and below it, in the order of the document; the last one ends the chain."""

    def variable(name: str, *operation: str) -> dict[str, Any]:
        return _variable(numbers, f"{name}{part}", *operation)

    outer = _block(numbers, "ForEachBlock", f"outer{part}", {"input": [part, 12345678901234567890 + part]})
    fork = _condition(numbers, f"{{$.outer{part}.index}}", "1")
    big = variable("big", "total", "add", f"{{$.outer{part}.index}}")
    inner = _block(numbers, "ForEachBlock", f"inner{part}", {"input": '["a","b"]'})
    each = variable("each", "notes", "add_item", f"{{$.inner{part}.item}} {{length: {{$.notes}}}}")
    sum_of = variable("sum", "total", "add", f"{{length: {{$.inner{part}.item}}}}")
    small = variable("small", "notes", "add_item", f"part {part}, item {{$.outer{part}.item}}")
    after = variable("after", "total", "add", "1")
    attempt = _block(numbers, "TryBlock", f"try{part}", {})
    tried = variable("tried", "total", "add", "{length: xy}")
    caught = variable("caught", "notes", "add_item", "never")
    case = _block(numbers, "CaseBlock", f"case{part}", {"expression": "b"}, statements=["a", "b"])
    one = variable("one", "notes", "add_item", "one")
    two = variable("two", "notes", "add_item", "two")
    shown = _block(numbers, "ShowBlock", f"shown{part}", {"input": f"part {part}: {{$.total}}"}, x=1.0, y=part * 10.5)
    outer.update(loopBlockId=fork["id"], childId=attempt["id"])
    fork.update(childTrueId=big["id"], childFalseId=small["id"], childId=after["id"])
    big["childId"] = inner["id"]
    inner["loopBlockId"] = each["id"]
    each["childId"] = sum_of["id"]
    attempt.update(tryChildId=tried["id"], catchChildId=caught["id"], childId=case["id"])
    case.update(statementChildrenIds=[one["id"], two["id"]], childId=shown["id"])
    return [outer, fork, big, inner, each, sum_of, small, after, attempt, tried, caught, case, one, two, shown]


def _block(numbers: count[int], kind: str, name: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = [{"id": key, "value": value, "type": "string", "structure": []} for key, value in inputs.items()]
    identity = f"{next(numbers):08X}-0000-4000-8000-000000000000"
    return {"id": identity, "type": kind, "name": name, "inputs": given, "settings": [], **more}


def _variable(numbers: count[int], name: str, variable: str, operation: str, value: str) -> dict[str, Any]:
    operations = [{"id": operation, "value": value}]
    return _block(numbers, "VariableBlock", name, {}, variableGuid=f"guid-{variable}", operations=operations)


def _condition(numbers: count[int], left: str, right: str) -> dict[str, Any]:
    rules = {"mode": "all", "conditions": [{"input1": left, "operator": "=", "input2": right}]}
    return _block(numbers, "IfElseBlock", "", {"conditions": rules})


def _declared(name: str, kind: str) -> dict[str, Any]:
    return {"guid": f"guid-{name}", "name": name, "type": kind}
