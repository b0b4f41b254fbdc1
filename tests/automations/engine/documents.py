"""Small workspace documents, written as nested Python."""

from __future__ import annotations

import itertools
from typing import Any

_numbers = itertools.count(1)


def block(
    kind: str,
    name: str = "",
    /,
    *,
    inputs: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One block; `chain` gives it a place."""
    number = next(_numbers)
    return {
        "id": f"{number:08X}-0000-4000-8000-000000000000",
        "type": kind,
        "name": name or f"{kind.lower()}{number}",
        "inputs": [
            {"id": key, "value": value, "type": "string", "structure": []} for key, value in (inputs or {}).items()
        ],
        "settings": [
            {"id": key, "value": value, "type": "string", "structure": []} for key, value in (settings or {}).items()
        ],
        **more,
    }


def chain(*entries: Any) -> list[dict[str, Any]]:
    """Links blocks one after the other. An entry is a block, or (block, {edge: chain, ...}) for loops and branches."""
    flat: list[dict[str, Any]] = []
    last: dict[str, Any] | None = None
    for entry in entries:
        head, edges = entry if isinstance(entry, tuple) else (entry, {})
        if last is not None:
            last["childId"] = head["id"]
        flat.append(head)
        for edge, inner in edges.items():
            if edge == "statementChildrenIds":
                head[edge] = [sub[0]["id"] for sub in inner]
                for sub in inner:
                    flat += sub
            else:
                head[edge] = inner[0]["id"]
                flat += inner
        last = head
    return flat


def document(*entries: Any, variables: dict[str, str] | None = None) -> dict[str, Any]:
    """A workspace that starts with a start block named ``start``."""
    return {
        "blocks": chain(block("StartBlock", "start", inputs={"run_mode": "manual"}), *entries),
        "variables": [{"guid": f"guid-{name}", "name": name, "type": kind} for name, kind in (variables or {}).items()],
    }


def variable(name: str, operation: str, value: Any) -> dict[str, Any]:
    """A variable block with one operation."""
    return block("VariableBlock", name, variableGuid=f"guid-{name}", operations=[{"id": operation, "value": value}])


def condition(left: Any, operator: str, right: Any = None) -> dict[str, Any]:
    """An if-else block with one condition."""
    rules = {"mode": "all", "conditions": [{"input1": left, "operator": operator, "input2": right}]}
    return block("IfElseBlock", inputs={"conditions": rules})
