"""What changed within one block: its inputs, settings, operations, conditions, statements, form and other fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tieline.automations.workspace.changes import Change
from tieline.automations.workspace.places import BODY_EDGES

_LAYOUT = ("x", "y", "collapsed", "logo")
_EDGES = frozenset({"childId", "statementChildrenIds", "defaultChildId", *BODY_EDGES})
_NAMES = {
    "blendr_on_error": "On error",
    "maxitemcount": "Maximum number of items",
    "datasource": "Connection",
    "blendr_pointer": "Only new and updated",
    "automations_censor_data": "Hide data",
    "log_requests": "Keep requests",
    "datasourcetype_guid": "connector",
    "endpoint_guid": "operation of the connector",
    "snippet_guid": "snippet of the connector",
    "endpoint_role": "role",
    "displayName": "title",
    "variableGuid": "variable",
    "childId": "to the next block",
    "loopBlockId": "into the loop",
    "childTrueId": "into then",
    "childFalseId": "into else",
    "tryChildId": "into try",
    "catchChildId": "into catch",
    "defaultChildId": "into default",
    "statementChildrenIds": "into a case",
}
_WORDS = re.compile(r"[_\-\s]+|(?<=[a-z0-9])(?=[A-Z])")
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

About = tuple[str, str]  # id and title of the block


def readable(name: str) -> str:
    """``persistData`` -> ``persist data``; ids stay as they are."""
    if name in _NAMES:
        return _NAMES[name]
    if _GUID.fullmatch(name):
        return name
    return " ".join(part.lower() if not part.isupper() else part for part in _WORDS.split(name) if part) or name


def _capital(name: str) -> str:
    found = readable(name)
    return found[:1].upper() + found[1:] if not _GUID.fullmatch(name) else found


def listed(value: Any) -> list[Any]:
    """A list, or nothing."""
    return value if isinstance(value, list) else []


def same(one: Any, other: Any) -> bool:
    """Equal as JSON values: 1 is not true, and not 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def compare_fields(
    old: Mapping[str, Any], new: Mapping[str, Any], about: About, renumbered: Mapping[str, str]
) -> Iterator[Change]:
    """The changes of one block, ways to other blocks left out."""
    layout: dict[str, tuple[Any, Any]] = {}
    for name in dict.fromkeys((*old, *new)):
        if name == "id" or name in _EDGES:
            continue
        there, here = old.get(name), new.get(name)
        if same(there, here):
            if (name in old) != (name in new):
                layout[name] = there, here
            continue
        if name in _LAYOUT:
            layout[name] = there, here
        elif name == "disabled":
            if (there is True) == (here is True):
                layout[name] = there, here
            else:
                yield Change("disabled" if here is True else "enabled", *about, "", there, here)
        elif name == "name":
            yield Change("renamed", *about, "name", there, here)
        elif name in ("inputs", "settings"):
            yield from _entries(name[:-1], there, here, about, renumbered)
        elif name in ("operations", "statements"):
            yield from _numbered(name[:-1], there, here, about)
        elif name == "form":
            yield from _form(there, here, about)
        elif name == "widgetInputs" and isinstance(there, (dict, list)) and isinstance(here, (dict, list)):
            yield from _entries("input", there, here, about, renumbered)
        else:
            yield Change("changed", *about, readable(name), there, here)
    if layout:
        olds, news = ({name: pair[side] for name, pair in layout.items()} for side in (0, 1))
        yield Change("layout", *about, ", ".join(layout), olds, news)


def _keyed(value: Any) -> dict[str, Mapping[str, Any]] | None:
    """Entries by id; None where they cannot be told apart."""
    if isinstance(value, Mapping):
        return {str(name): {"id": name, "value": entry} for name, entry in value.items()}
    if value is None:
        return {}
    if not isinstance(value, list):
        return None
    found: dict[str, Mapping[str, Any]] = {}
    for entry in value:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str) or entry["id"] in found:
            return None
        found[entry["id"]] = entry
    return found


def _entries(thing: str, old: Any, new: Any, about: About, renumbered: Mapping[str, str]) -> Iterator[Change]:
    """Inputs or settings, by id."""
    ones, others = _keyed(old), _keyed(new)
    if ones is None or others is None:
        yield from _numbered(thing, old, new, about)
        return
    for name in dict.fromkeys((*ones, *others)):
        one, other = ones.get(name), others.get(name)
        label = f"{thing} {_label(name, other or one or {})}"
        if one is None or other is None:
            there, here = (one or {}).get("value"), (other or {}).get("value")
            yield Change("changed" if there != here else "layout", *about, label, there, here)
            continue
        there, here = one.get("value"), other.get("value")
        if isinstance(there, str):
            there = renumbered.get(there, there)
        if not same(there, here):
            if name == "conditions":
                yield from _conditions(there, here, about, label)
            else:
                yield Change("changed", *about, label, there, here)
            shown = True
        else:
            shown = ("value" in one) == ("value" in other)
            if not shown:
                yield Change("layout", *about, label, there, here)
        for detail in dict.fromkeys((*one, *other)):
            if detail in ("id", "value"):
                continue
            left, right = one.get(detail), other.get(detail)
            if same(left, right) and (detail in one) == (detail in other):
                continue
            # A select's shown value follows its value; an empty structure is [] or {} at random.
            minor = (not left and not right) or (detail == "displayValue" and not same(there, here))
            yield Change("layout" if minor else "changed", *about, f"{label} {readable(detail)}", left, right)
    if type(old) is not type(new) or [name for name in ones if name in others] != [
        name for name in others if name in ones
    ]:
        yield Change("layout", *about, f"order of the {thing}s", None, None)


def _label(name: str, entry: Mapping[str, Any]) -> str:
    for key in ("displayName", "label", "name"):
        found = entry.get(key)
        if isinstance(found, str) and found:
            return found
    return _capital(name)


def _numbered(thing: str, old: Any, new: Any, about: About) -> Iterator[Change]:
    """Entries of a list by their number, after what begins and ends alike is put aside."""
    if not isinstance(old, list) or not isinstance(new, list):
        kind = "layout" if not old and not new else "changed"
        yield Change(kind, *about, f"{thing}s", old, new)
        return
    for number, one, other in aligned(old, new):
        label = f"{thing} {number}"
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            for name in dict.fromkeys((*one, *other)):
                there, here = one.get(name), other.get(name)
                if not same(there, here) or (name in one) != (name in other):
                    called = "operation" if thing == "operation" and name == "id" else readable(name)
                    minor = not there and not here and not isinstance(there, (str, bool, int))
                    yield Change("layout" if minor else "changed", *about, f"{label} {called}", there, here)
        elif not same(one, other):
            yield Change("changed", *about, label, one, other)


def aligned(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[int, Any, Any]]:
    """(number from 1, old entry, new entry) of what differs; None stands for an entry that is not there."""
    front = 0
    while front < min(len(old), len(new)) and same(old[front], new[front]):
        front += 1
    back = 0
    while back < min(len(old), len(new)) - front and same(old[-1 - back], new[-1 - back]):
        back += 1
    for index in range(front, max(len(old), len(new)) - back):
        one = old[index] if index < len(old) - back else None
        other = new[index] if index < len(new) - back else None
        yield index + 1, one, other


def _conditions(old: Any, new: Any, about: About, label: str) -> Iterator[Change]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield Change("changed", *about, label, old, new)
        return
    for name in dict.fromkeys((*old, *new)):
        there, here = old.get(name), new.get(name)
        if same(there, here) and (name in old) == (name in new):
            continue
        if name == "conditions" and isinstance(there, list) and isinstance(here, list):
            for number, one, other in aligned(there, here):
                yield from _condition(number, one, other, about)
        else:
            yield Change("changed", *about, f"conditions {readable(name)}", there, here)


_SIDES = {"input1": "left side", "input2": "right side"}


def _condition(number: int, one: Any, other: Any, about: About) -> Iterator[Change]:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        yield Change("changed", *about, f"condition {number}", _formula(one), _formula(other))
        return
    for name in dict.fromkeys((*one, *other)):
        if not same(one.get(name), other.get(name)) or (name in one) != (name in other):
            label = f"condition {number} {_SIDES.get(name, readable(name))}"
            yield Change("changed", *about, label, one.get(name), other.get(name))


def _formula(value: Any) -> Any:
    """A condition on a line."""
    if isinstance(value, Mapping) and value.keys() <= {"input1", "operator", "input2"}:
        sides = (part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in _sides(value))
        return " ".join(part for part in sides if part)
    return value


def _sides(value: Mapping[str, Any]) -> Iterator[Any]:
    for name in ("input1", "operator", "input2"):
        if value.get(name) is not None:
            yield value[name]


def _form(old: Any, new: Any, about: About) -> Iterator[Change]:
    ones, others = _keyed(old), _keyed(new)
    if ones is None or others is None:
        yield from _numbered("form field", old, new, about)
        return

    def name_of(entry: Mapping[str, Any]) -> str:
        return f"form field “{_label(str(entry.get('id')), entry)}”"

    for name in dict.fromkeys((*ones, *others)):
        one, other = ones.get(name), others.get(name)
        if one is None or other is None:
            yield Change("changed", *about, name_of(one or other or {}), one, other)
            continue
        for detail in dict.fromkeys((*one, *other)):
            if not same(one.get(detail), other.get(detail)) or (detail in one) != (detail in other):
                label = f"{name_of(one)} {readable(detail)}"
                yield Change("changed", *about, label, one.get(detail), other.get(detail))
    if type(old) is not type(new) or [name for name in ones if name in others] != [
        name for name in others if name in ones
    ]:
        yield Change("layout", *about, "order of the form", None, None)
