"""The part of docs/reference/formulas.md that the registry knows: operators and functions, each with its examples.

    python -m tieline.automations.formulas.reference docs/reference/formulas.md

writes it anew below the marker; what stands above is written by hand. A block of examples reads

    formula
      with DATA        the sample data as JSON, when there is any
      = RESULT         the result as JSON;  ~ PATTERN for random results;  ! CODE for an error
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tieline.automations.formulas import FUNCTIONS, OPERATORS
from tieline.automations.formulas.registry import GROUPS, Example, Function
from tieline.automations.formulas.values import json_text

MARKER: Final = "<!-- What follows is written by `python -m tieline.automations.formulas.reference`. -->"
_KINDS: Final = {
    "str": "text",
    "Number": "number",
    "int": "whole number",
    "Items": "list",
    "Object": "object",
    "bool": "true or false",
    "Moment": "date",
    "Any": "anything",
    "Lazy": "anything, computed when needed",
}
_BLOCK: Final = re.compile(r"^```formula\n(.*?)^```", re.MULTILINE | re.DOTALL)


def written(example: Example) -> str:
    """An example as it stands in the document."""
    lines = [example.formula]
    if example.data:
        lines.append(f"  with {json_text(example.data)}")
    if example.error:
        lines.append(f"  ! {example.error}")
    elif example.like:
        lines.append(f"  ~ {example.like}")
    else:
        lines.append(f"  = {json_text(example.result)}")
    return "\n".join(lines)


def examples_in(document: str) -> Iterator[tuple[str, str, str, str]]:
    """Formula, data, mark and expectation of every example in a document, as they are written."""
    for block in _BLOCK.finditer(document):
        formula, data = "", "{}"
        for line in block.group(1).splitlines():
            if line.startswith("  with "):
                data = line.removeprefix("  with ")
            elif line.startswith(("  = ", "  ~ ", "  ! ")):
                yield formula, data, line[2], line[4:]
                data = "{}"
            else:
                formula = line


def _parameters(function: Function) -> str:
    names = []
    for parameter in function.parameters:
        kind = _KINDS.get(parameter.kind.removesuffix(" | None"), parameter.kind)
        more = ", any number" if parameter.rest else "" if parameter.required else ", may be left out"
        names.append(f"`{parameter.name}` ({kind}{more})")
    return "; ".join(names)


def _function(function: Function) -> str:
    lines = [f"### `{function.name}`", "", function.doc, "", f"`{function.signature}`"]
    if function.parameters:
        lines.append(f"with {_parameters(function)}.")
    if function.aliases:
        lines.append("Also called " + ", ".join(f"`{alias}`" for alias in function.aliases) + ".")
    lines += ["", "```formula", *(written(example) for example in function.examples), "```", ""]
    return "\n".join(lines)


def _operator(entry: Any) -> str:
    form = f"A {entry.name}" if entry.unary else f"A {entry.name} B"
    lines = [f"### `{entry.name}`", "", f"`{form}`: {entry.doc}"]
    if entry.aliases:
        lines.append("Also written " + ", ".join(f"`{alias}`" for alias in entry.aliases) + ".")
    return "\n".join([*lines, ""])


def render() -> str:
    """Everything below the marker."""
    out = [MARKER, "", "## Operators", ""]
    out += [
        "Of the If block, of filters and of conditions in formulas. None raises an error; case does not matter.",
        "",
    ]
    out += [_operator(entry) for entry in OPERATORS.values()]
    for group, title in GROUPS.items():
        out += [f"## {title}", ""]
        members = sorted((f for f in FUNCTIONS.values() if f.group == group), key=lambda f: f.name)
        out += [_function(function) for function in members]
    return "\n".join(out).rstrip() + "\n"


def main(path: str) -> None:
    """Rewrite the document."""
    file = Path(path)
    above = file.read_text(encoding="utf-8").partition(MARKER)[0]
    file.write_text(above + render(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
