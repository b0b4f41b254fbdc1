"""Two lists, or two objects, against each other: merge and compare."""

from __future__ import annotations

from typing import Any

from tieline.automations.blocks.listing import ListTool, choice, evaluated, given, raw, text
from tieline.automations.blocks.records import field, identity
from tieline.automations.blocks.values import LONGEST_LIST, decoded, flag, items, pairs
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import CompileContext, register

KEEPS = ("keep_list1", "keep_list2", "keep_both")


def _keys(context: CompileContext, first: str, second: str) -> tuple[Any, Any]:
    """The formulas of both lists' key fields; the second list's is the first's where it is not given."""
    one = given(context, first, "key", default="")
    return one, given(context, second, first, "key", default="")


def merged(first: Any, second: Any, keep: str) -> Any:
    """One item made of two; where both have a field, ``keep`` says whose value stays (both: a list of the two)."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        return {"keep_list1": first, "keep_list2": second}.get(keep, [first, second])
    both = dict(first)
    for name, value in second.items():
        if name not in both or keep == "keep_list2":
            both[name] = value
        elif keep == "keep_both" and both[name] != value:
            both[name] = [both[name], value]
    return both


@register
class MergeListsBlock(ListTool):
    """Settings as in the published schema. ``merge``: the items of both lists, one for each key; ``set``: items of the
    second list become children of items of the first."""

    type = "MergeListsBlock"
    doc = "Merge lists: one list of two, matched by a key; or the second list's items as children of the first's."

    def read(self, context: CompileContext) -> Any:
        strategy = choice(context, ("merge_strategy",), ("merge", "set"), "merge")
        names = ("list1_unique_key", "list2_unique_key") if strategy == "merge" else ("list1_key", "list2_key")
        children = str(raw(context, "children_key", default=""))
        if strategy == "set" and not children:
            raise PlanError("children_key is empty; name the field that is to hold the second list's items")
        return {
            "lists": (given(context, "list1", "input1"), given(context, "list2", "input2")),
            "strategy": strategy,
            "keys": _keys(context, *names),
            "merge": choice(context, ("on_duplicate_key",), ("ignore", "merge"), "ignore") == "merge",
            "keep": choice(context, ("on_existing_item_key",), KEEPS, "keep_list1"),
            "children": context.formula(children),
            "fold": flag(context.setting("case_insensitive")),
        }

    def make(self, spec: Any, context: BlockContext) -> Any:
        first, second = (items(evaluated(formula, context)) for formula in spec["lists"])
        if len(first) + len(second) > LONGEST_LIST:
            raise BlockInputInvalid(f"the merged list would have more than {LONGEST_LIST} items; merge smaller ones")
        one, two = (text(formula, context) for formula in spec["keys"])
        fold = spec["fold"]
        if spec["strategy"] == "set":
            return self._nested(first, second, one, two, fold, text(spec["children"], context))
        if not one:
            return [*first, *second]
        made: list[Any] = []
        places: dict[Any, int] = {}
        for listed, key, own in ((first, one, True), (second, two, False)):
            for item in listed:
                known = identity(item, key, fold=fold)
                if known is None or known not in places:
                    if known is not None:
                        places[known] = len(made)
                    made.append(item)
                elif own and not spec["merge"]:
                    made.append(item)
                elif spec["merge"]:
                    made[places[known]] = merged(made[places[known]], item, spec["keep"])
        return made

    @staticmethod
    def _nested(first: list[Any], second: list[Any], one: str, two: str, fold: bool, children: str) -> list[Any]:
        if not one or not two:
            raise BlockInputInvalid("list1_key and list2_key must name the fields by which items belong together")
        under: dict[Any, list[Any]] = {}
        for item in second:
            known = identity(item, two, fold=fold)
            if known is not None:
                under.setdefault(known, []).append(item)
        return [
            {**item, children: list(under.get(identity(item, one, fold=fold), []))} if isinstance(item, dict) else item
            for item in first
        ]


@register
class CompareListsBlock(ListTool):
    type = "CompareListsBlock"
    doc = "Compare lists: `diff` gives what only the first has, `intersect` what both have, `changes` what differs."

    def read(self, context: CompileContext) -> Any:
        mode = choice(context, ("compare_mode", "mode"), ("diff", "intersect", "changes"), "diff")
        if mode == "changes" and context.block.get("loopBlockId"):
            raise PlanError("compare_mode changes gives an object; run a loop block over its added, removed or changed")
        keys = _keys(context, "list1_unique_key", "list2_unique_key")
        if mode == "changes" and not raw(context, "list1_unique_key", "key"):
            raise PlanError(
                "compare_mode changes needs list1_unique_key: the field that says which items belong together"
            )
        return {
            "lists": (given(context, "list1", "input1"), given(context, "list2", "input2")),
            "mode": mode,
            "keys": keys,
            "fold": flag(context.setting("case_insensitive")),
            "merge": choice(context, ("result_mode",), ("list1", "merge"), "list1") == "merge",
            "keep": choice(context, ("on_existing_item_key",), KEEPS, "keep_list1"),
        }

    def make(self, spec: Any, context: BlockContext) -> Any:
        first, second = (items(evaluated(formula, context)) for formula in spec["lists"])
        one, two = (text(formula, context) for formula in spec["keys"])
        fold = spec["fold"]
        other: dict[Any, Any] = {}
        for item in second:
            other.setdefault(identity(item, two, fold=fold), item)
        if spec["mode"] == "changes":
            return _changes(first, other, one, fold)
        found = []
        for item in first:
            known = identity(item, one, fold=fold)
            if (known in other) is (spec["mode"] == "intersect"):
                found.append(merged(item, other[known], spec["keep"]) if spec["merge"] and known in other else item)
        return found


def _changes(first: list[Any], other: dict[Any, Any], key: str, fold: bool) -> dict[str, Any]:
    """From the first list to the second: added and removed items; changed ones as {key, from, to, fields}; the same."""
    result: dict[str, list[Any]] = {"added": [], "removed": [], "changed": [], "same": []}
    seen = set()
    for item in first:
        known = identity(item, key, fold=fold)
        seen.add(known)
        if known not in other:
            result["removed"].append(item)
        elif other[known] == item:
            result["same"].append(item)
        else:
            fields = sorted(_difference(item, other[known]))
            result["changed"].append({"key": field(item, key), "from": item, "to": other[known], "fields": fields})
    result["added"] = [item for known, item in other.items() if known not in seen]
    return result


def _difference(first: Any, second: Any) -> list[str]:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return []
    names = first.keys() | second.keys()
    return [str(n) for n in names if n not in first or n not in second or first[n] != second[n]]


@register
class CompareObjectBlock(ListTool):
    """With the setting ``compare_mode`` the output is the fields that differ, ``{name: {object1, object2}}``, or those
    that are alike, ``{name: value}``; without it, a summary of what changed."""

    type = "CompareObjectBlock"
    doc = "Compare objects: the fields that differ (`diff`), those that are alike (`similar`), or what changed."
    loops = False

    def read(self, context: CompileContext) -> Any:
        mode = choice(context, ("compare_mode",), ("diff", "similar", "changes"), "changes")
        ignored = tuple(flag(context.setting(f"ignore_missing_in_object{side}")) for side in (1, 2))
        return (given(context, "object1", "input1"), given(context, "object2", "input2")), mode, ignored

    def make(self, spec: Any, context: BlockContext) -> Any:
        sources, mode, (ignore1, ignore2) = spec
        old, new = ({} if value in (None, "") else value for value in (_read(source, context) for source in sources))
        if not isinstance(old, dict) or not isinstance(new, dict):
            if mode == "changes":
                return {"equal": old == new, "added": {}, "removed": {}, "changed": {}}
            raise BlockInputInvalid("object1 and object2 must be objects; compare lists with the compare lists block")
        shared = [name for name in old if name in new]
        if mode == "similar":
            return {name: old[name] for name in shared if old[name] == new[name]}
        if mode == "diff":
            names = [n for n in old if (n in new and old[n] != new[n]) or (n not in new and not ignore2)]
            names += [] if ignore1 else [n for n in new if n not in old]
            return {name: {"object1": old.get(name), "object2": new.get(name)} for name in names}
        return {
            "equal": old == new,
            "added": {name: value for name, value in new.items() if name not in old},
            "removed": {name: value for name, value in old.items() if name not in new},
            "changed": {name: {"from": old[name], "to": new[name]} for name in shared if old[name] != new[name]},
        }


def _read(source: Any, context: BlockContext) -> Any:
    return decoded(pairs(evaluated(source, context)))
