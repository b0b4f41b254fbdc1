"""Workspace document -> the plain data of its YAML form."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from tieline.automations.workspace.fields import same
from tieline.automations.workspace.yaml_parts import BRANCHES, ENTRIES, FIELDS, KINDS, MAX_NESTING
from tieline.automations.workspace.yaml_text import Flow

_LAYOUT = frozenset({"x", "y", "collapsed", "logo"})
_QUIET = frozenset({*_LAYOUT, *BRANCHES.values(), "childId", "statementChildrenIds"})
_OPTIONAL = frozenset({"disabled", "comment", "name", "displayName", *ENTRIES, *_QUIET})


def form_of(document: Any) -> dict[str, Any]:
    """``steps``, ``variables``, ``detail`` and so on; of what is no workspace, ``document`` alone."""
    if not isinstance(document, dict) or not isinstance(document.get("blocks", []), list):
        return {"document": document}
    return _Writer(document).form()


class _Writer:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.listed: list[Any] = document.get("blocks", [])
        self.blocks: dict[str, dict[str, Any]] = {}
        self.raw: list[list[Any]] = []
        for index, block in enumerate(self.listed):
            if _expressible(block) and block["id"] not in self.blocks:
                self.blocks[block["id"]] = block
            else:
                self.raw.append([index, block])
        self.placed: dict[str, None] = {}
        self.details: dict[str, dict[str, Any]] = {}
        self.names: dict[str, str] = {}  # guid -> name
        self.defaults = self._defaults()
        self.shapes = self._shapes()

    def form(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        detail: dict[str, Any] = {}
        variables = self.document.get("variables")
        if isinstance(variables, list):
            made["variables"] = self._variables(variables)
            if self.names:
                detail["variables"] = {name: guid for guid, name in self.names.items()}
        targets = {target for block in self.blocks.values() for target in _targets(block) if target in self.blocks}
        start = next((key for key, block in self.blocks.items() if block["type"] == "StartBlock"), None)
        if "blocks" in self.document:
            made["steps"] = self.chain(start, 0) if start is not None and start not in targets else []
        apart = [self.chain(key, 0) for key in self.blocks if key not in targets and key not in self.placed]
        apart += [self.chain(key, 0) for key in self.blocks if key not in self.placed]
        apart = [chain for chain in apart if chain]
        if apart:
            made["apart"] = apart
        said = ("blocks", "variables") if isinstance(variables, list) else ("blocks",)
        other = {name: value for name, value in self.document.items() if name not in said}
        if other:
            made["fields"] = other
        if self.defaults:
            detail["defaults"] = Flow(self.defaults)
        if self.shapes:
            detail["shapes"] = [Flow(json.loads(shape)) for shape in self.shapes]
        if list(self.blocks) != list(self.placed):
            for number, key in enumerate(self.blocks):
                self.details[key] = {"n": number, **self.details[key]}
        blocks = {key: Flow(self.details[key]) for key in self.placed if self.details[key]}
        if blocks:
            detail["blocks"] = blocks
        if self.raw:
            detail["raw"] = self.raw
        if detail:
            made["detail"] = detail
        return made

    def _variables(self, listed: list[Any]) -> Any:
        """name -> type where that says it all, and ``names``; else the list."""
        found: dict[str, str] = {}
        names: dict[str, str] = {}
        for entry in listed:
            if not isinstance(entry, dict) or entry.keys() != {"guid", "name", "type"}:
                return listed
            if not all(isinstance(value, str) for value in entry.values()):
                return listed
            if entry["guid"] in names or entry["name"] in found:
                return listed
            names[entry["guid"]] = entry["name"]
            found[entry["name"]] = entry["type"]
        self.names = names
        return found

    def _defaults(self) -> dict[str, Any]:
        """What most blocks have without saying anything by it."""
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        having: Counter[str] = Counter()
        for block in self.blocks.values():
            for name, value in block.items():
                if name in _OPTIONAL and name not in ("x", "y"):
                    having[name] += 1
                    if not value or name in _LAYOUT:
                        seen[name][json.dumps(value, sort_keys=True)] += 1
        found = {}
        for name in sorted(seen):
            text, count = seen[name].most_common(1)[0]
            if count > len(self.blocks) - having[name]:
                found[name] = json.loads(text)
        return found

    def _shapes(self) -> dict[str, int]:
        """What entries of inputs and settings say besides id and value, the most common first: text -> number."""
        seen: Counter[str] = Counter()
        for block in self.blocks.values():
            for field in ENTRIES:
                listed = block.get(field)
                if isinstance(listed, list) and _mappable(listed):
                    seen.update(_shape(entry, field) for entry in listed)
        if set(seen) <= {"{}"}:
            return {}
        return {shape: number for number, (shape, _) in enumerate(seen.most_common())}

    def chain(self, head: str, depth: int) -> list[dict[str, Any]]:
        """The steps from a block on, as far as they have no place yet."""
        steps = []
        at: str | None = head
        while at is not None and at not in self.placed:
            self.placed[at] = None
            block = self.blocks[at]
            step, detail, rest = self.step(block)
            self.details[at] = detail
            self.ways(block, step, rest, depth)
            following = rest.get("childId")
            at = None
            if isinstance(following, str) and following:
                del rest["childId"]
                if following in self.blocks and following not in self.placed:
                    at = following
                else:
                    step["next"] = following
            self.leave(block, rest, step, detail)
            steps.append(step)
        return steps

    def step(self, block: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """(what is read of a block, what is put aside, what is left of it: ways and unknown fields)."""
        rest = dict(block)
        step: dict[str, Any] = {"type": rest.pop("type")}
        detail: dict[str, Any] = {}
        if rest.get("name") and isinstance(rest["name"], str):
            step["name"] = rest.pop("name")
        step["id"] = rest.pop("id")
        for key, field in FIELDS.items():
            if rest.get(field) and isinstance(rest[field], KINDS[key]) and key != "statements":
                step[key] = rest.pop(field)
        guid = rest.get("variableGuid")
        if isinstance(guid, str) and guid in self.names:
            step["variable"] = self.names[rest.pop("variableGuid")]
        for field in ENTRIES:
            self.entries(field, rest, step, detail)
        if "x" in rest and "y" in rest:
            detail["at"] = [rest.pop("x"), rest.pop("y")]
        return step, detail, rest

    def entries(self, field: str, rest: dict[str, Any], step: dict[str, Any], detail: dict[str, Any]) -> None:
        given = rest.get(field)
        if not given:
            return
        if isinstance(given, dict):
            step[field] = rest.pop(field)
            detail.setdefault("object", []).append(field)
        elif isinstance(given, list):
            del rest[field]
            if not _mappable(given):
                step[field] = given
                return
            step[field] = {entry["id"]: entry["value"] for entry in given}
            shown = {entry["id"]: entry["displayValue"] for entry in given if _shown(entry, field)}
            if shown:
                step["shown"] = shown
            odd: dict[str, list[str]] = {}
            for entry in given if self.shapes else ():
                number = self.shapes[_shape(entry, field)]
                if number:
                    odd.setdefault(str(number), []).append(entry["id"])
            if odd:
                detail[field] = odd

    def ways(self, block: Mapping[str, Any], step: dict[str, Any], rest: dict[str, Any], depth: int) -> None:
        if _cases(block):
            cases = []
            for statement, child in zip(rest.pop("statements"), rest.pop("statementChildrenIds"), strict=True):
                case = {"when": statement["value"], **{k: v for k, v in statement.items() if k != "value"}}
                if child is not None:
                    case["do"] = self.branch(child, depth)
                cases.append(case)
            step["cases"] = cases
        elif rest.get("statements") and isinstance(rest["statements"], list):
            step["statements"] = rest.pop("statements")
        for key, field in BRANCHES.items():
            if isinstance(rest.get(field), str) and rest[field]:
                step[key] = self.branch(rest.pop(field), depth)

    def branch(self, target: str, depth: int) -> Any:
        if target in self.blocks and target not in self.placed and depth < MAX_NESTING:
            return self.chain(target, depth + 1)
        return target

    def leave(
        self, block: Mapping[str, Any], rest: dict[str, Any], step: dict[str, Any], detail: dict[str, Any]
    ) -> None:
        """Fields that no key of a step stands for."""
        without = [name for name in self.defaults if name not in block]
        fields, quiet = {}, {}
        for name, value in rest.items():
            if name in self.defaults and same(value, self.defaults[name]):
                continue
            if name in _QUIET or (name in _OPTIONAL and not value):
                quiet[name] = value
            else:
                fields[name] = value
        if fields:
            step["fields"] = fields
        if without:
            detail["without"] = without
        if quiet:
            detail["fields"] = quiet


def _expressible(block: Any) -> bool:
    return (
        isinstance(block, dict)
        and isinstance(block.get("id"), str)
        and bool(block["id"])
        and isinstance(block.get("type"), str)
    )


def _mappable(listed: list[Any]) -> bool:
    ids = set()
    for entry in listed:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or "value" not in entry:
            return False
        ids.add(entry["id"])
    return len(ids) == len(listed)


def _shown(entry: Mapping[str, Any], field: str) -> bool:
    return field == "inputs" and isinstance(entry.get("displayValue"), str)


def _shape(entry: Mapping[str, Any], field: str) -> str:
    said = {"id", "value", "displayValue"} if _shown(entry, field) else {"id", "value"}
    return json.dumps({name: value for name, value in entry.items() if name not in said}, sort_keys=True)


def _cases(block: Mapping[str, Any]) -> bool:
    """True where each statement has its place in the list of chains, and can be written beside it."""
    statements, children = block.get("statements"), block.get("statementChildrenIds")
    if not isinstance(statements, list) or not isinstance(children, list) or len(statements) != len(children):
        return False
    return all(
        isinstance(entry, dict) and "value" in entry and "when" not in entry and "do" not in entry
        for entry in statements
    ) and all(child is None or isinstance(child, str) for child in children)


def _targets(block: Mapping[str, Any]) -> list[str]:
    found = [block.get("childId"), *(block.get(field) for field in BRANCHES.values())]
    if _cases(block):
        found += block["statementChildrenIds"]
    return [target for target in found if isinstance(target, str) and target]
