"""The plain data of the YAML form -> workspace document."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from tieline.automations.workspace.yaml_parts import (
    BLOCK_DETAIL_KEYS,
    BRANCHES,
    DETAIL_KEYS,
    ENTRIES,
    FIELDS,
    FILE_KEYS,
    FORMAT,
    KINDS,
    STEP_KEYS,
    made_id,
)
from tieline.automations.workspace.yaml_text import Source

_WORDS: dict[type[Any], str] = {str: "a text", bool: "true or false", list: "a list", dict: "an object"}
_OWN = frozenset({"id", "type"})


def document_of(source: Source) -> Any:
    """The workspace document. Raises `BadInput` that names line, column and field."""
    return _Reader(source).document()


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.file: Any = source.data
        self.variables: dict[str, str] = {}  # name -> guid
        self.blocks: dict[str, dict[str, Any]] = {}
        self.ranks: dict[str, int | None] = {}
        self.detail: Mapping[str, Any] = {}
        self.defaults: Mapping[str, Any] = {}
        self.shapes: list[Any] = []
        self.details: Mapping[str, Any] = {}

    def document(self) -> Any:
        file = self.file
        if not isinstance(file, dict):
            self.source.fail(file, None, "an automation is an object with “steps”")
        self.known(file, FILE_KEYS, "an automation")
        if file.get("automation", FORMAT) != FORMAT or isinstance(file.get("automation"), bool):
            self.source.fail(file, "automation", f"automation must be {FORMAT}, the only form there is")
        if "document" in file:
            return file["document"]
        self.read_detail()
        made: dict[str, Any] = {}
        variables = self.read_variables()
        if "steps" in file or "apart" in file:
            made["blocks"] = []
            self.chain(file, "steps", ("steps",))
            apart = self.typed(file, "apart", list) or []
            for index in range(len(apart)):
                self.chain(apart, index, ("apart", str(index)))
            made["blocks"] = self.ordered()
        if variables is not None:
            made["variables"] = variables
        for name, value in (self.typed(file, "fields", dict) or {}).items():
            made.setdefault(name, value)
        self.put_raw(made)
        return made

    def known(self, given: Mapping[str, Any], keys: Iterable[str], what: str, hint: str = "") -> None:
        for key in given:
            if key not in keys:
                allowed = ", ".join(sorted(keys))
                self.source.fail(given, key, f"{what} has no field “{key[:80]}”; use one of {allowed}{hint}")

    def typed(self, given: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
        """The value of a key, which is of that kind or not there."""
        value = given.get(key)
        if value is not None and not isinstance(value, kind):
            self.source.fail(given, key, f"{key} must be {_WORDS[kind]}; quote it if it is meant as a text")
        return value

    def read_detail(self) -> None:
        self.detail = self.typed(self.file, "detail", dict) or {}
        self.known(self.detail, DETAIL_KEYS, "detail")
        self.defaults = self.typed(self.detail, "defaults", dict) or {}
        self.shapes = self.typed(self.detail, "shapes", list) or []
        for index, shape in enumerate(self.shapes):
            if not isinstance(shape, dict):
                self.source.fail(self.shapes, index, "a shape must be an object")
        self.details = self.typed(self.detail, "blocks", dict) or {}

    def read_variables(self) -> list[Any] | None:
        given = self.file.get("variables")
        if given is None:
            return None
        if isinstance(given, list):
            for entry in given:
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    self.variables.setdefault(entry["name"], str(entry.get("guid", entry["name"])))
            return given
        variables = self.typed(self.file, "variables", dict)
        guids = self.typed(self.detail, "variables", dict) or {}
        made = []
        for name in variables:
            if not isinstance(variables[name], str):
                self.source.fail(variables, name, f"variable “{name}” must be string, number, list, object or table")
            guid = guids.get(name)
            self.variables[name] = guid if isinstance(guid, str) else made_id("variable", name)
            made.append({"guid": self.variables[name], "name": name, "type": variables[name]})
        return made

    def chain(self, container: Any, key: str | int, place: tuple[str, ...]) -> str | None:
        """Reads a list of steps; the id of the first."""
        steps = container.get(key) if isinstance(container, dict) else container[key]
        if steps is None:
            return None
        if not isinstance(steps, list):
            self.source.fail(container, key, f"{key} must be a list of steps")
        first: str | None = None
        before: dict[str, Any] | None = None
        for index, step in enumerate(steps):
            if not isinstance(step, dict):
                self.source.fail(steps, index, "a step must be an object with a type")
            if before is not None and "next" in steps[index - 1]:
                self.source.fail(steps[index - 1], "next", "next is for the last step of a list; the next one follows")
            block = self.step(steps, index, place)
            if before is None:
                first = block["id"]
            else:
                before["childId"] = block["id"]
                self.complete(before)
            before = block
        if before is not None:
            self.complete(before)
        return first

    def step(self, steps: list[Any], index: int, place: tuple[str, ...]) -> dict[str, Any]:
        step = steps[index]
        self.known(step, STEP_KEYS, "a step", "; put others under fields")
        if not isinstance(step.get("type"), str):
            self.source.fail(step, "type" if "type" in step else None, "a step needs a type, such as ForEachBlock")
        name = step.get("name")
        identity = self.identity(steps, index, (*place, name if isinstance(name, str) and name else str(index)))
        block: dict[str, Any] = {"id": identity, "type": step["type"]}
        self.blocks[identity] = block
        self.ranks[identity] = None
        detail = self.block_detail(identity)
        for key, field in FIELDS.items():
            if key in step:
                block[field] = self.valued(step, key)
        self.content(step, block, detail)
        if "cases" in step:
            self.cases(step, block, identity)
        for key, field in BRANCHES.items():
            if key in step:
                if isinstance(step[key], str):
                    block[field] = step[key]
                elif (head := self.chain(step, key, (identity, key))) is not None:
                    block[field] = head
        if "next" in step:
            block["childId"] = self.valued(step, "next", str)
        return block

    def content(self, step: dict[str, Any], block: dict[str, Any], detail: Mapping[str, Any]) -> None:
        """Variable, inputs, settings and unknown fields."""
        if "variable" in step:
            called = self.typed(step, "variable", str)
            if called not in self.variables:
                self.source.fail(step, "variable", f"there is no variable “{str(called)[:80]}” under variables")
            block["variableGuid"] = self.variables[called]
        for field in ENTRIES:
            if field in step:
                block[field] = self.entries(step, field, detail)
        self.known_only(step, "shown", step.get("inputs"))
        fields = self.typed(step, "fields", dict) or {}
        for field in fields:
            if field in block:
                self.source.fail(fields, field, f"“{field}” is given twice, in fields and beside it")
        block.update(fields)

    def valued(self, step: Mapping[str, Any], key: str, kind: type[Any] | None = None) -> Any:
        kind = kind or KINDS[key]
        if not isinstance(step[key], kind):
            self.source.fail(step, key, f"{key} must be {_WORDS[kind]}; quote it if it is meant as a text")
        return step[key]

    def known_only(self, step: Mapping[str, Any], key: str, among: Any) -> None:
        shown = self.typed(step, key, dict) or {}
        for name in shown:
            if not isinstance(among, dict) or name not in among:
                self.source.fail(shown, name, f"{key} names the input “{name[:80]}”, which the step does not have")

    def identity(self, steps: list[Any], index: int, place: tuple[str, ...]) -> str:
        step = steps[index]
        given = step.get("id")
        if given is not None:
            if not isinstance(given, str) or not given:
                self.source.fail(step, "id", "id must be a text that is not empty; quote it")
            if given in self.blocks:
                self.source.fail(step, "id", f"the id {given[:80]} is given to two steps")
            return given
        found = made_id(*place)
        number = 1
        while found in self.blocks:
            number += 1
            found = made_id(*place, str(number))
        return found

    def block_detail(self, identity: str) -> Mapping[str, Any]:
        detail = self.typed(self.details, identity, dict) or {}
        self.known(detail, BLOCK_DETAIL_KEYS, "the detail of a block")
        rank = detail.get("n")
        if isinstance(rank, int) and not isinstance(rank, bool):
            self.ranks[identity] = rank
        return detail

    def entries(self, step: Mapping[str, Any], field: str, detail: Mapping[str, Any]) -> Any:
        given = step[field]
        if given is None:
            given = {}
        if isinstance(given, list):
            return given
        if not isinstance(given, dict):
            self.source.fail(step, field, f"{field} must be an object of names and values")
        if field in (self.typed(detail, "object", list) or []):
            return given
        shapes: dict[str, Mapping[str, Any]] = {}
        for number, names in (self.typed(detail, field, dict) or {}).items():
            if not number.isascii() or not number.isdigit() or int(number) >= len(self.shapes):
                self.source.fail(detail[field], number, f"detail names the shape {number[:20]}, which does not exist")
            for name in names if isinstance(names, list) else []:
                shapes[str(name)] = self.shapes[int(number)]
        usual = self.shapes[0] if self.shapes else {}
        shown = (step.get("shown") or {}) if field == "inputs" else {}
        made = []
        for name, value in given.items():
            entry = {"id": name, "value": value, **copy.deepcopy(shapes.get(name, usual))}
            if isinstance(shown, dict) and name in shown:
                entry["displayValue"] = shown[name]
            made.append(entry)
        return made

    def cases(self, step: Mapping[str, Any], block: dict[str, Any], identity: str) -> None:
        cases = self.valued(step, "cases", list)
        block["statements"], block["statementChildrenIds"] = [], []
        for index, case in enumerate(cases):
            if not isinstance(case, dict) or "when" not in case:
                self.source.fail(cases, index, "a case must be an object with “when” and “do”")
            statement = {"value" if key == "when" else key: value for key, value in case.items() if key != "do"}
            if "value" in case:
                self.source.fail(case, "value", "a case says its value under “when”")
            block["statements"].append(statement)
            child = case.get("do")
            if not isinstance(child, str):
                child = self.chain(case, "do", (identity, "cases", str(index)))
            block["statementChildrenIds"].append(child)

    def complete(self, block: dict[str, Any]) -> None:
        """Adds what is not worth reading, where the step says nothing else."""
        detail = self.typed(self.details, block["id"], dict) or {}
        for name, value in (self.typed(detail, "fields", dict) or {}).items():
            if name not in _OWN:
                block.setdefault(name, value)
        at = self.typed(detail, "at", list)
        if at is not None and len(at) == 2:
            block["x"], block["y"] = at
        without = self.typed(detail, "without", list) or []
        for name, value in self.defaults.items():
            if name not in block and name not in without and name not in _OWN:
                block[name] = copy.deepcopy(value)

    def ordered(self) -> list[Any]:
        """The blocks in the order they had; new ones after the one they are written after."""
        rank = -1
        keys = []
        for number, identity in enumerate(self.blocks):
            own = self.ranks[identity]
            rank = rank if own is None else own
            keys.append((rank, own is None, number, identity))
        return [self.blocks[identity] for *_, identity in sorted(keys)]

    def put_raw(self, made: dict[str, Any]) -> None:
        raw = self.typed(self.detail, "raw", list) or []
        for index, entry in enumerate(raw):
            if not isinstance(entry, list) or len(entry) != 2 or type(entry[0]) is not int or entry[0] < 0:
                self.source.fail(raw, index, "an entry of raw must be a number and a block")
            made.setdefault("blocks", []).insert(entry[0], entry[1])
