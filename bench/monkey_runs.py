"""What a monkey's runs do, and which effects each of them must leave behind.

A kind of run is a workspace and a function from a run's token to its effects (name -> value). Effects are named after
the token, so that those of two runs never meet.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.monkey_ledger import LARGE, PAGES, PER_PAGE

ITEMS = 8
SLEEP = 3  # seconds; long enough to give the worker back
Block = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of run. ``share`` is its part of all; ``children``: runs that each of its runs starts."""

    name: str
    share: int
    document: dict[str, Any]
    effects: Callable[[str], dict[str, Any]]
    counted: int = 0  # increments of the shared counter
    calls: str = ""
    children: int = 0
    mode: str = "triggered"


def manifest(url: str) -> dict[str, Any]:
    """The ledger as a connector."""

    def write(name: str, path: str, idempotency: dict[str, Any], **more: Any) -> dict[str, Any]:
        in_path = "{effect}" in path
        place = {"location": "path", "name": "effect"} if in_path else {"location": "body", "name": "/effect"}
        return {
            "id": name,
            "kind": "update" if in_path else "create",
            "method": "PUT" if in_path else "POST",
            "path": path,
            "body_type": "json",
            "inputs": [
                {"id": "effect", "required": True, **place},
                {"id": "value", "location": "body", "name": "/value"},
            ],
            "idempotency": idempotency,
            **more,
        }

    return {
        "schema": "tieline.connector/1",
        "name": "monkey-ledger",
        "servers": [{"url": url}],
        "blocks": [
            write("idem", "/idem", {"kind": "header", "header": "Idempotency-Key"}),
            write("natural", "/natural", {"kind": "natural_key", "conflict": [409]}),
            write("upsert", "/upsert/{effect}", {"kind": "upsert"}),
            {
                "id": "items",
                "kind": "list",
                "path": "/items",
                "records": "$.items",
                "inputs": [{"id": "token", "location": "query", "name": "token", "required": True}],
                "paging": {"style": "page", "param": "page", "start": 1, "size": PER_PAGE, "stop": ["empty"]},
            },
        ],
    }


class Writer:
    """Makes blocks; each gets an id of its own."""

    def __init__(self, connection: str, url: str) -> None:
        self._connection, self._url = connection, url
        self._numbers = itertools.count(1)

    def block(self, kind: str, name: str = "", /, inputs: dict[str, Any] | None = None, **more: Any) -> Block:
        number = next(self._numbers)
        block: Block = {"id": f"B{number}", "type": kind, "name": name or f"b{number}", **more}
        if inputs is not None:
            block["inputs"] = entries(inputs)
        return block

    def effect(self, how: str, name: str, value: str) -> Block:
        return self.endpoint(how, "update" if how == "upsert" else "create", {"effect": name, "value": value})

    def endpoint(self, operation: str, role: str, inputs: dict[str, Any], name: str = "", **more: Any) -> Block:
        settings = entries({"datasource": self._connection})
        return self.block(
            "EndpointBlock", name, inputs, endpoint_guid=operation, endpoint_role=role, settings=settings, **more
        )

    def call_url(self, name: str, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Block:
        inputs: dict[str, Any] = {"url": self._url + path, "method": method}
        if body is not None:
            inputs |= {"body": [{"key": key, "value": value} for key, value in body.items()], "encoding": "json"}
        return self.block("CallUrlBlock", name, inputs)

    def count(self) -> Block:
        return self.block("DataStoreBlock", "", {"operation": "increment", "store": "monkey", "key": "total"})

    def count_own(self) -> Block:
        key = "own.{$.start.token}"
        return self.block("DataStoreBlock", "own", {"operation": "increment", "store": "monkey", "key": key})

    def call(self, guid: str, *, waits: bool) -> Block:
        inputs = {"token": "{$.start.token}"}
        return self.block(
            "CallWidgetBlock",
            "called",
            {"async": "no" if waits else "yes"},
            guid=guid,
            widgetInputs=entries(inputs),
        )

    def loop(self, name: str, over: str, *body: Block, **more: Any) -> list[Block]:
        """A loop block and its body; only the first of the list is to be linked."""
        return looped(self.block("ForEachBlock", name, {"input": over}, **more), *body)


def entries(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": key, "value": value} for key, value in values.items()]


def looped(head: Block, *body: Block) -> list[Block]:
    head["loopBlockId"] = body[0]["id"]
    for block, after in itertools.pairwise(body):
        block["childId"] = after["id"]
    return [head, *body]


def document(mode: str, *rows: Block | list[Block], variables: dict[str, str] | None = None) -> dict[str, Any]:
    """Start block, then each of ``rows``: a block, or a loop with its body."""
    start: Block = {"id": "S", "type": "StartBlock", "name": "start", "inputs": entries({"run_mode": mode})}
    lists = [[start], *(row if isinstance(row, list) else [row] for row in rows)]
    for one, after in itertools.pairwise(lists):
        one[0]["childId"] = after[0]["id"]
    return {
        "blocks": [block for row in lists for block in row],
        "variables": [{"guid": f"g-{name}", "name": name, "type": kind} for name, kind in (variables or {}).items()],
    }


def kinds(connection: str, url: str, child: str) -> list[Kind]:
    """All kinds of runs but the called one, whose automation has the id ``child``."""
    to = Writer(connection, url)
    token = "{$.start.token}"
    numbers = "[" + ",".join(str(number) for number in range(ITEMS)) + "]"

    def each(how: str, share: int, **more: Any) -> Kind:
        body = [to.effect(how, f"{token}.{{$.l.item}}", f"{how} {{$.l.index}}"), to.count(), to.count_own()]
        end = to.effect("idem", f"{token}.end", "{$.own}")
        return Kind(
            f"{'lanes' if more else 'each'}-{how}",
            share,
            document("triggered", to.loop("l", numbers, *body, **more), end),
            # Side by side, the last count to be seen is not that of the last item.
            lambda t: {f"{t}.{n}": f"{how} {n}" for n in range(ITEMS)} | {f"{t}.end": None if more else ITEMS},
            counted=ITEMS,
        )

    def caught() -> list[Block]:
        """Each item fails behind an effect, and is told of in the catch chain."""
        first, then = to.effect("idem", f"{token}.{{$.l.item}}", "tried"), to.call_url("gone", "/nowhere")
        told = to.effect("natural", f"{token}.{{$.l.item}}.caught", "caught")
        first["childId"] = then["id"]
        tries = to.block("TryBlock", "try", tryChildId=first["id"], catchChildId=told["id"])
        return [*to.loop("l", numbers, tries), first, then, told]

    def refused(t: str) -> dict[str, Any]:
        return {f"{t}.{n}": "tried" for n in range(ITEMS)} | {f"{t}.{n}.caught": "caught" for n in range(ITEMS)}

    def total() -> dict[str, Any]:
        add = to.block("VariableBlock", "sum", variableGuid="g-sum", operations=entries({"add": "{$.l.item}"}))
        note = to.block(
            "VariableBlock", "names", variableGuid="g-names", operations=entries({"add_item": "n{$.l.item}"})
        )
        row = {"operation": "insert", "table": "monkey", "id": token, "row": {"sum": "{$.sum}"}}
        return document(
            "triggered",
            to.loop("l", numbers, add, note, to.effect("upsert", f"{token}.{{$.l.item}}", "{$.sum}")),
            to.block("DataTableBlock", "kept", row),
            to.effect("idem", f"{token}.end", "{$.sum} {count: {$.names}}"),
            variables={"sum": "number", "names": "list"},
        )

    pages = looped(
        to.endpoint("items", "list", {"token": token}, "p"), to.effect("natural", "{$.p.item.name}", "{$.p.index}")
    )
    return [
        Kind(
            "hook",
            20,
            document("webhook", to.effect("idem", f"{token}.a", "hook")),
            lambda t: {f"{t}.a": "hook"},
            mode="webhook",
        ),
        Kind(
            "short",
            20,
            document("triggered", to.call_url("sent", "/idem", "POST", {"effect": f"{token}.a", "value": "short"})),
            lambda t: {f"{t}.a": "short"},
        ),
        each("idem", 8),
        each("natural", 6),
        each("upsert", 6),
        each("idem", 6, settings=entries({"parallel": 4})),
        each("natural", 4, settings=entries({"parallel": 3, "keep_order": "no"})),
        Kind("caught", 6, document("triggered", caught()), refused),
        Kind(
            "variables",
            8,
            total(),
            lambda t: (
                {f"{t}.{n}": n * (n + 1) // 2 for n in range(ITEMS)}
                | {f"{t}.end": f"{ITEMS * (ITEMS - 1) // 2} {ITEMS}"}
            ),
        ),
        Kind(
            "pages",
            8,
            document("triggered", pages),
            lambda t: {f"{t}.p{n}": n for n in range(PAGES * PER_PAGE)},
        ),
        Kind(
            "large",
            4,
            document(
                "triggered",
                to.call_url("big", "/large"),
                to.effect("natural", f"{token}.a", "before"),
                to.effect("idem", f"{token}.b", "{length: {$.big.text}}"),
            ),
            lambda t: {f"{t}.a": "before", f"{t}.b": LARGE},
        ),
        Kind(
            "sleep",
            8,
            document(
                "triggered",
                to.effect("idem", f"{token}.a", "before"),
                to.block("SleepBlock", "z", {"time": SLEEP}),
                to.effect("natural", f"{token}.b", "after"),
            ),
            lambda t: {f"{t}.a": "before", f"{t}.b": "after"},
        ),
        Kind(
            "parent",
            8,
            document(
                "triggered",
                to.effect("upsert", f"{token}.a", "before"),
                to.call(child, waits=True),
                to.effect("idem", f"{token}.b", "{$.called}"),
            ),
            lambda t: {f"{t}.a": "before", f"{t}.child": "called", f"{t}.b": f"{t} done"},
            children=1,
        ),
        Kind(
            "async",
            4,
            document("triggered", to.call(child, waits=False), to.effect("idem", f"{token}.b", "went on")),
            lambda t: {f"{t}.child": "called", f"{t}.b": "went on"},
            children=1,
        ),
    ]


def called(connection: str, url: str) -> dict[str, Any]:
    """What parents call: an effect, a sleep that gives the worker back, an answer."""
    to = Writer(connection, url)
    return document(
        "manual",
        to.effect("natural", "{$.start.token}.child", "called"),
        to.block("SleepBlock", "z", {"time": SLEEP}),
        to.block("ShowBlock", "o", {"input": "{$.start.token} done"}),
    )


def scheduled(connection: str, url: str, name: str) -> dict[str, Any]:
    """An effect of the same name in each run: there must be as many as slots."""
    return document("scheduled", Writer(connection, url).effect("idem", name, "slot"))
