"""Data store: values by key, and rows of tables, that stay when a run is over and that all automations of a tenant
share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tieline.automations.blocks.conditions import compile_conditions
from tieline.automations.blocks.listing import choice, evaluated, given, raw, text
from tieline.automations.blocks.records import field
from tieline.automations.blocks.values import bounded, decoded, flag, number, pairs, whole
from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import Batch, BlockType, CompileContext, LoopSource, register
from tieline.automations.formulas import evaluate_condition
from tieline.automations.store import DataStore, DataStoreScanLimit
from tieline.automations.store.data import PAGE, ROW, VALUE, Writing, key_of
from tieline.automations.store.limits import checked_name
from tieline.core.ids import new_id

LONGEST_LIST = 1000  # entries that a list or a search without a body gives
SCANNED = 10_000  # rows that one search looks at
LARGEST_RESULT = 8 * 2**20  # bytes that a list or a search without a body gives
OPERATIONS = ("get", "list", "set", "add", "increment", "delete")
ROW_OPERATIONS = ("get", "find", "count", "insert", "update", "upsert", "delete")
READING = ("get", "list", "find", "count")


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled block: what it does, whether it has a body, and its formulas by name."""

    operation: str
    body: bool
    fields: dict[str, Any]
    rules: tuple[bool, list[Any]] = (True, [])
    decode: bool = True


class _StoreBlock(BlockType):
    reads = True
    operations: tuple[str, ...] = ()
    listing: tuple[str, ...] = ()  # operations that a body may run over
    names: tuple[str, ...] = ()

    def compile(self, context: CompileContext) -> Any:
        operation = choice(context, ("operation",), self.operations, "get")
        return Program(
            operation,
            operation in self.listing and bool(context.block.get("loopBlockId")),
            {name: given(context, name) for name in self.names},
            compile_conditions(context),
            not flag(raw(context, "as_text")),
        )

    def effect(self, program: Any) -> bool:
        return program.operation not in READING

    def iterable(self, program: Any) -> bool:
        return isinstance(program, Program) and program.body

    def inputs(self, program: Any, context: BlockContext) -> Any:
        found = {name: evaluated(formula, context) for name, formula in program.fields.items()}
        everything, rules = program.rules
        found["conditions"] = [
            everything,
            [[text(left, context), operator, evaluated(right, context)] for left, operator, right in rules],
        ]
        return found

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        return StoredList(context, self.query(inputs), _limit(inputs, most=None))

    def query(self, inputs: Any) -> Query:
        """What a list or a search asks for."""
        raise NotImplementedError

    async def listed(self, inputs: Any, context: BlockContext) -> list[Any]:
        """All that the query finds, within the bounds of one output."""
        source = StoredList(context, self.query(inputs), _limit(inputs, most=LONGEST_LIST))
        found: list[Any] = []
        size = 0
        async for page in source.pages(None, 0):
            found += page.records
            size += sum(codec.size(record) for record in page.records)
            if size > LARGEST_RESULT:
                raise BlockInputInvalid(
                    f"what was found is larger than {LARGEST_RESULT} bytes; lower limit, or give the block a body, "
                    "which runs for one after the other"
                )
        return found


@dataclass(frozen=True, slots=True)
class Query:
    """A part of a store or table: keys that begin with ``prefix`` behind ``after``, rows that the conditions keep."""

    kind: str
    store: str
    prefix: str = ""
    after: str = ""
    everything: bool = True
    rules: tuple[tuple[str, str, Any], ...] = ()

    def shown(self, entry: dict[str, Any]) -> Any:
        """An entry as formulas see it: a row has its key as ``id``."""
        return row_of(entry["key"], entry["value"]) if self.kind == ROW else entry

    def keeps(self, record: Any) -> bool:
        """Whether the conditions hold."""
        judge = all if self.everything else any
        return not self.rules or judge(
            evaluate_condition(operator, field(record, name) if name else record, right)
            for name, operator, right in self.rules
        )


class StoredList(LoopSource):
    """Entries page by page; a cursor is {after, left, seen}."""

    reads = True

    def __init__(self, context: BlockContext, query: Query, limit: int | None) -> None:
        self._context, self._query, self._limit = context, query, limit

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        store = self._context.services.get(DataStore)
        query = self._query
        here = cursor or {"after": query.after, "left": self._limit, "seen": 0}
        while True:
            entries = await store.page(
                self._context.run.tenant_id, query.kind, query.store, prefix=query.prefix, after=here["after"]
            )
            seen, left = here["seen"] + len(entries), here["left"]
            found = [record for record in map(query.shown, entries) if query.keeps(record)]
            if left is not None:
                found, left = found[:left], max(0, left - len(found))
            more = len(entries) == PAGE and left != 0
            following = {"after": entries[-1]["key"], "left": left, "seen": seen} if more else None
            yield Batch(number, found, here, following)
            if following is None:
                return
            if query.rules and seen >= SCANNED:
                raise _too_many(query.store)
            here = following
            number += 1


@register
class DataStoreBlock(_StoreBlock):
    type = "DataStoreBlock"
    doc = "Data store: gets, sets, adds, increments, deletes or lists values by key; all automations share them."
    operations = OPERATIONS
    listing = ("list",)
    names = ("store", "key", "value", "default", "by", "ttl", "prefix", "after", "limit")

    def query(self, inputs: Any) -> Query:
        return Query(
            VALUE, _store(inputs), _text(inputs["prefix"], "prefix"), _text(inputs["after"], "after"), *_rules(inputs)
        )

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        operation = program.operation
        if operation == "list":
            return await self.listed(inputs, context)
        data = context.services.get(DataStore)
        store = _store(inputs)
        if operation == "delete" and inputs["key"] in (None, ""):
            prefix = checked_name(inputs["prefix"], "key (or prefix)", 300)
            return await data.write(
                context.run, context.idempotency_key, lambda to: _removed(to, VALUE, store, prefix=prefix)
            )
        key = key_of(_named(inputs["key"]))
        if operation == "get":
            found, value = await data.get(context.run.tenant_id, VALUE, store, key)
            return value if found else inputs["default"]
        value = decoded(pairs(inputs["value"])) if program.decode else inputs["value"]
        ttl = _ttl(inputs)

        async def change(to: Writing) -> Any:
            if operation == "set":
                await to.put(VALUE, store, key, value, ttl=ttl)
                return value
            if operation == "add":
                return {"added": await to.add(VALUE, store, key, value, ttl=ttl)}
            if operation == "delete":
                return await _removed(to, VALUE, store, key=key)
            by = 1 if inputs["by"] in (None, "") else number(inputs["by"], "by")
            return await to.change(VALUE, store, key, lambda there, old: _sum(there, old, by, key), ttl=ttl)

        return await data.write(context.run, context.idempotency_key, change)


@register
class DataTableBlock(_StoreBlock):
    type = "DataTableBlock"
    doc = "Data table: inserts, updates, upserts, deletes, finds or counts rows that all automations share."
    operations = ROW_OPERATIONS
    listing = ("find",)
    names = ("table", "id", "row", "ttl", "after", "limit")

    def query(self, inputs: Any) -> Query:
        return Query(ROW, _table(inputs), "", _text(inputs["after"], "after"), *_rules(inputs))

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        operation, table = program.operation, _table(inputs)
        data = context.services.get(DataStore)
        identity = None if inputs["id"] in (None, "") else key_of(_named(inputs["id"]), "id")
        if operation in ("get", "upsert") and identity is None:
            raise BlockInputInvalid(f"id is empty; {operation} needs the id of the row")
        if operation == "get":
            found, value = await data.get(context.run.tenant_id, ROW, table, str(identity))
            return row_of(str(identity), value) if found else None
        query = self.query(inputs)
        if operation == "find":
            return await self.listed(inputs, context)
        if operation == "count":
            source = StoredList(context, query, None)
            return sum([len(page.records) async for page in source.pages(None, 0)])
        if operation in ("update", "delete") and identity is None and not query.rules:
            raise BlockInputInvalid(f"{operation} needs an id or conditions; without them it would change every row")
        row = _row(inputs["row"]) if operation != "delete" else {}
        ttl = _ttl(inputs)

        async def change(to: Writing) -> Any:
            if operation == "insert":
                name = identity or str(new_id())
                if not await to.add(ROW, table, name, row, ttl=ttl):
                    raise BlockInputInvalid(f"table {table} has a row with id {name!r:.60} already; use upsert")
                return row_of(name, row)
            if operation == "upsert":
                made = await to.change(ROW, table, str(identity), lambda there, old: {**(old or {}), **row}, ttl=ttl)
                return row_of(str(identity), made)
            if operation == "delete" and identity is not None:
                return await _removed(to, ROW, table, key=identity)
            return await _each(to, table, identity, query, row, delete=operation == "delete")

        return await data.write(context.run, context.idempotency_key, change)


async def _each(
    to: Writing, table: str, identity: str | None, query: Query, row: dict[str, Any], *, delete: bool
) -> dict[str, int]:
    """Updates or deletes the rows that the conditions keep."""
    done = 0
    after, seen = "", 0
    while True:
        if identity is not None:
            entries = [(identity, await to.peek(ROW, table, identity))]
            entries = [entry for entry in entries if entry[1] is not None]
        else:
            entries = await to.scan(ROW, table, after=after)
        for key, value in entries:
            if not query.keeps(row_of(key, value)):
                continue
            done += 1
            if delete:
                await to.remove(ROW, table, key=key)
            else:
                await to.change(ROW, table, key, lambda there, old: {**(old or {}), **row})
        seen += len(entries)
        if identity is not None or len(entries) < PAGE:
            return {"deleted" if delete else "updated": done}
        if seen >= SCANNED:
            raise _too_many(table)
        after = entries[-1][0]


async def _removed(to: Writing, kind: str, store: str, **which: str) -> dict[str, int]:
    return {"deleted": await to.remove(kind, store, **which)}


def row_of(key: str, value: Any) -> dict[str, Any]:
    """A row with its id."""
    return {"id": key, **{name: entry for name, entry in value.items() if name != "id"}}


def _sum(there: bool, old: Any, by: int | float, key: str) -> int | float:
    if there and (isinstance(old, bool) or not isinstance(old, (int, float))):
        raise BlockInputInvalid(f"the value of key {key!r:.60} is no number, so it cannot be incremented; set it first")
    return bounded((old if there else 0) + by, "the incremented value")


def _too_many(store: str) -> DataStoreScanLimit:
    return DataStoreScanLimit(
        f"{store} has more than {SCANNED} rows to look at; ask for a row by its id, or keep the rows in more tables"
    )


def _store(inputs: Any) -> str:
    return checked_name(_named(inputs["store"]) or "default", "store")


def _table(inputs: Any) -> str:
    return checked_name(_named(inputs["table"]), "table")


def _named(value: Any) -> Any:
    """Whole numbers are names, too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: Any, what: str) -> str:
    return "" if value in (None, "") else checked_name(_named(value), what, 300)


def _rules(inputs: Any) -> tuple[bool, tuple[tuple[str, str, Any], ...]]:
    everything, rules = inputs["conditions"]
    return everything, tuple((rule[0], rule[1], rule[2]) for rule in rules)


def _row(value: Any) -> dict[str, Any]:
    value = decoded(pairs(value))
    if not isinstance(value, dict):
        raise BlockInputInvalid("row must be an object of field names and values")
    return {str(name): entry for name, entry in value.items() if name != "id"}


def _ttl(inputs: Any) -> float | None:
    return None if inputs["ttl"] in (None, "") else float(number(inputs["ttl"], "ttl"))


def _limit(inputs: Any, *, most: int | None) -> int | None:
    if inputs["limit"] in (None, ""):
        return most
    return whole(inputs["limit"], "limit", least=1, most=most or 2**31)
