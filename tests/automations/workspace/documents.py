"""Workspace documents by the hundred: every block type, every shape that exports have, and what no export has."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tieline.automations import blocks as _registered  # noqa: F401 - all block types
from tieline.automations.engine.registry import block_types

TEXTS = [
    *["", " ", "a", "=", "yes", "no", "null", "~", "true", "1", "1.0", "1e3", "0x1F", "012", "12:30", "2026-01-31"],
    *["<<", "-", "- a", "a: b", "#", "&a", "*a", "!x", "%", "@", "`", "|", ">", "---", "...", "[1, 2]", "'", '"'],
    *["{$.loop.item.name}", "{{7*7}}", "line\nline", "  indented\n  too\n", "trailing \nspace", "\n", "\n\nx"],
    *["tab\there", "\tx\n y", "a\r\nb", "\x85", "\u2028", "\ufeff", "é", "日本語", "🙂", "\x00", "\x1b[31m", "\x7f"],
    *["SELECT *\nFROM t\n\nWHERE a = 1\n", "x" * 300, "a b " * 60],
]
TYPES = sorted(block_types())
EDGES = ["loopBlockId", "childTrueId", "childFalseId", "defaultChildId", "tryChildId", "catchChildId"]


def value(random: Random, depth: int = 0) -> Any:
    """Any JSON value."""
    kind = random.randrange(9 if depth < 3 else 7)
    if kind < 3:
        return random.choice(TEXTS)
    if kind < 7:
        return random.choice([None, True, False, 0, -1, 2**70, 1.0, 0.1, -0.0, 1e300, 5e-324, 1e16, 123456.789])
    if kind == 7:
        return [value(random, depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(TEXTS): value(random, depth + 1) for _ in range(random.randrange(4))}


def entries(random: Random, broken: bool) -> Any:
    """Inputs or settings."""
    if broken and random.random() < 0.05:
        return random.choice(
            [None, {}, "", {"a": 1}, [1], [{"id": "a"}], [{"id": 1, "value": 2}], [{"id": "a", "value": 1}] * 2]
        )
    made = []
    for number in range(random.randrange(5)):
        entry = {"id": random.choice([f"input{number}", *TEXTS]) + str(number), "value": value(random)}
        if random.random() < 0.9:
            entry |= {"type": random.choice(["string", "select", "json"]), "structure": random.choice([[], {}])}
        if random.random() < 0.2:
            entry["displayValue"] = random.choice([*TEXTS, None])
        made.append(entry)
    return made


def document(random: Random, count: int, *, broken: bool = False) -> dict[str, Any]:
    """A document of ``count`` blocks; a ``broken`` one is no tree, and has what no export should have."""
    ids = [str(UUID(int=random.getrandbits(128), version=4)).upper() for _ in range(count)]
    variables = [
        {"guid": str(UUID(int=random.getrandbits(128))), "name": f"v{n}", "type": random.choice(["string", "list"])}
        for n in range(random.randrange(4))
    ]
    blocks: list[Any] = []
    for index, identity in enumerate(ids):
        kind = "StartBlock" if index == 0 else random.choice([*TYPES, "FutureBlock"])
        block: dict[str, Any] = {"id": identity, "type": kind, "name": random.choice([f"n{index}", "same", *TEXTS])}
        block["inputs"], block["settings"] = entries(random, broken), entries(random, broken)
        if random.random() < 0.8:
            block |= {"disabled": random.random() < 0.2, "comment": random.choice(TEXTS), "childId": None}
            block |= {"x": random.randrange(-900, 900), "y": random.randrange(9000), "collapsed": []}
        if kind == "VariableBlock" and variables:
            block["variableGuid"] = random.choice(variables)["guid"]
            block["operations"] = [{"id": "set_value", "key": "", "name": "Set", "value": value(random)}]
        if kind == "CaseBlock":
            number = random.randrange(4)
            block["statements"] = [{"id": str(n), "value": value(random)} for n in range(number)]
            block["statementChildrenIds"] = [None] * number
        if kind == "FormBlock":
            block["form"] = [{"id": "f", "type": "input", "label": "Name", "order": 1, "isRequired": True}]
        if random.random() < 0.1:
            block[random.choice(["futureField", "steps", "do", "", "é", "variable", *(EDGES if broken else [])])] = (
                value(random)
            )
        blocks.append(block)
    _connect(random, blocks)
    made: dict[str, Any] = {"blocks": blocks, "variables": variables}
    random.shuffle(blocks)
    if broken:
        _break(random, made, ids)
    return made


def _connect(random: Random, blocks: list[dict[str, Any]]) -> None:
    """A tree: each block behind one before it, or in a branch of it; some chains begin on their own."""
    for index in range(1, len(blocks)):
        if random.random() < 0.05:
            continue
        parent = blocks[random.randrange(max(0, index - 6), index)]
        branches = [edge for edge in ["childId", *EDGES] if not isinstance(parent.get(edge), str)]
        children = parent.get("statementChildrenIds")
        if isinstance(children, list) and None in children:
            children[children.index(None)] = blocks[index]["id"]
        elif branches:
            parent["childId" if "childId" in branches and random.random() < 0.6 else random.choice(branches)] = blocks[
                index
            ]["id"]


def _break(random: Random, made: dict[str, Any], ids: list[str]) -> None:
    blocks = made["blocks"]
    for block in random.sample(blocks, len(blocks) // 3):
        what = random.randrange(6)
        edge = random.choice(["childId", *EDGES])
        if what == 0:
            block[edge] = random.choice(["gone", "", 5, [], {}, None])
        elif what == 1:
            block[edge] = random.choice(ids)  # a second parent, or a circle
        elif what == 2:
            block["statementChildrenIds"] = [random.choice([*ids, None, "", 3])]
        elif what == 3:
            block[random.choice(["inputs", "settings", "form", "operations", "name", "disabled"])] = value(random)
        elif what == 4:
            block[random.choice(TEXTS)] = value(random)
    if random.random() < 0.5:
        made["variables"] = random.choice([None, {}, [1, None, "x"], made["variables"] * 2, [{"name": "a"}], "x"])
    if random.random() < 0.3:
        made[random.choice(["version", "steps", "detail", "name", *TEXTS])] = value(random)
    if random.random() < 0.1:
        made.pop("variables", None)


def documents(most: int = 300, *, broken: bool | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of up to ``most`` blocks; one in two ``broken`` unless it is said which."""
    how = st.booleans() if broken is None else st.just(broken)
    return st.builds(
        lambda seed, count, broken: document(Random(seed), count, broken=broken),
        st.integers(0, 2**64),
        st.integers(0, most),
        how,
    )
