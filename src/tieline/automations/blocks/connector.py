"""Connector blocks: one operation of a connector, called through a connection of the tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from tieline.automations.blocks.binding import Bindings
from tieline.automations.blocks.clients import Clients
from tieline.automations.blocks.exchanges import log_of
from tieline.automations.blocks.high_water import HighWater
from tieline.automations.blocks.pointers import PointerStore, inputs_hash
from tieline.automations.blocks.values import decoded, flag, pairs, whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import UnboundBlock
from tieline.automations.engine.registry import Batch, BlockType, CompileContext, LoopSource, register
from tieline.connectors.manifest.guids import by_guid
from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.runtime import Client
from tieline.core import tracing
from tieline.core.errors import NotFound

ITERABLE = frozenset(
    {"list", "search", "listnew", "listupdated", "incremental", "list_types", "list_fields", "webhook_list"}
)
READING = ITERABLE | {"get", "get_by", "getfield"}
TEST_RUN_ITEMS = 20  # a test run does not go through all results


@register
class EndpointBlock(BlockType):
    """Ids of inputs are those of the manifest's block (`Input.id`), or GUIDs that the manifest declares."""

    type = "EndpointBlock"
    doc = (
        "Connector block: calls one operation of a connector. Roles list, search, listnew and listupdated feed a loop."
    )
    reads = True

    def compile(self, context: CompileContext) -> Any:
        block = context.block
        given = block.get("inputs")
        if isinstance(given, Mapping):
            given = [{"id": name, "value": value} for name, value in given.items()]
        inputs = {
            str(entry.get("id")): context.formula(entry.get("value"))
            for entry in (given if isinstance(given, list) else [])
            if isinstance(entry, Mapping) and entry.get("value") not in (None, "")
        }
        return {
            "connector": str(block.get("datasourcetype_guid") or ""),
            "block": str(block.get("endpoint_guid") or block.get("snippet_guid") or ""),
            "label": str(block.get("displayName") or block.get("name") or block.get("type")),
            "role": str(block.get("endpoint_role") or ""),
            "connection": context.setting("datasource"),
            "limit": context.formula(context.setting("maxitemcount")),
            "pointer": flag(context.setting("blendr_pointer"))
            or block.get("endpoint_role") in ("listnew", "listupdated", "incremental"),
            "inputs": inputs,
            "log": log_of(context),
        }

    def effect(self, program: Any) -> bool:
        return program["role"] not in READING

    def iterable(self, program: Any) -> bool:
        return program["role"] in ITERABLE

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return {
            name: pairs(formula.evaluate(context.state, context.env)) for name, formula in program["inputs"].items()
        }

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        client, block = await self._bound(program, context)
        async with context.services.get(Clients).watched(client, context):
            if block.iterable:
                return [record async for page in client.pages(block, typed(block, inputs)) for record in page.records]
            answer = await client.call(
                block, typed(block, inputs), idempotency_key=context.idempotency_key if block.writes else None
            )
            if answer.warning:
                context.warn(f"block “{program['label']}” was carried out only in part: {answer.warning}")
            return answer.data

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        client, block = await self._bound(program, context)
        given = program["limit"].evaluate(context.state, context.env)
        limit = whole(given, "maxitemcount", least=1) if given not in (None, "", 0, "0") else None
        if context.run.is_test:
            limit = min(limit or TEST_RUN_ITEMS, TEST_RUN_ITEMS)
        source = ConnectorList(client, block, typed(block, inputs), limit, context)
        if program["pointer"] and not context.run.is_test:
            await source.follow(client.account.manifest, context)
        return source

    async def _bound(self, program: Any, context: BlockContext) -> tuple[Client, Block]:
        connection = program["connection"]
        label = program["label"]
        if connection is None and program["connector"]:
            connection = await context.services.get(Bindings).connection(program["connector"], context)
        if not connection:
            raise UnboundBlock(f"block “{label}” has no connection; choose one in its settings (datasource)")
        try:
            identity = UUID(str(connection))
        except ValueError:
            raise UnboundBlock(
                f"block “{label}” names connection {connection!r}, which is not a connection's id"
            ) from None
        try:
            client = await context.services.get(Clients).client(identity, context)
        except NotFound:
            raise UnboundBlock(
                f"block “{label}” uses connection {identity}, which does not exist in this tenant"
            ) from None
        manifest = client.account.manifest
        if tracing.tracer is not None:
            tracing.note(connector=manifest.name, connection_id=str(identity))
        return client, find_block(manifest, program["block"], label)


@register
class SnippetBlock(EndpointBlock):
    type = "SnippetBlock"
    doc = (
        "Connector block made of several calls, or one that is known by a snippet's GUID; runs like a connector block."
    )


def find_block(manifest: Manifest, wanted: str, label: str) -> Block:
    """The block whose GUID or id is ``wanted``; raises `UnboundBlock` naming the connector."""
    for block in manifest.blocks:
        if wanted and wanted in (block.guid, block.id):
            return block
    raise UnboundBlock(f"block “{label}” wants operation {wanted!r}, which connector “{manifest.name}” does not have")


def typed(block: Block, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs by id, whatever the workspace calls them; an object or a list may be given as JSON text."""
    structured = {entry.id for entry in block.inputs if entry.type in ("object", "array")}
    named = {by_guid(block, name): value for name, value in inputs.items()}
    return {name: decoded(value) if name in structured else value for name, value in named.items()}


class ConnectorList(LoopSource):
    """The records of a list block, page by page, with the pointer that an incremental one follows."""

    reads = True

    def __init__(
        self, client: Client, block: Block, inputs: dict[str, Any], limit: int | None, context: BlockContext
    ) -> None:
        self._client, self._block, self._inputs, self._limit = client, block, inputs, limit
        self._context = context
        self._water: HighWater | None = None
        self._move: Any = None

    async def follow(self, manifest: Manifest, context: BlockContext) -> None:
        """Starts from the pointer of this block and these inputs."""
        store = context.services.get(PointerStore)
        key = inputs_hash(self._inputs)
        stored = await store.load(context.run, context.step.id, key)
        incremental = self._block.incremental or None
        thing = next((entry for entry in manifest.objects if entry.name == self._block.object), None)
        self._water = HighWater(
            (incremental.field if incremental else "") or (thing.updated_field if thing else ""),
            (incremental.created_field if incremental else "") or (thing.created_field if thing else ""),
            thing.primary_key if thing else [],
            stored,
        )

        async def move(value: dict[str, Any]) -> None:
            await store.save(context.run, context.step.id, key, value)

        self._move = move

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        """A cursor holds the client's own (``at``) and how many records may still come (``left``)."""
        since = self._water.since if self._water else None
        left = cursor["left"] if cursor else self._limit
        Clients.credit(self._context)
        at = cursor["at"] if cursor else None
        pages = self._client.pages(self._block, self._inputs, cursor=at, since=since)
        async with self._context.services.get(Clients).watched(self._client, self._context):
            async for page in pages:
                here = {"at": page.cursor, "left": left}
                records = page.records if left is None else page.records[:left]
                if left is not None:
                    left -= len(records)
                more = page.next is not None and (left is None or left > 0)
                yield Batch(number, records, here, {"at": page.next, "left": left} if more else None)
                number += 1
                if not more:
                    return
                Clients.credit(self._context)  # blocks of the body have called meanwhile

    def accept(self, record: Any) -> bool:
        return self._water.accept(record) if self._water else True

    def snapshot(self) -> Any:
        return self._water.snapshot() if self._water else None

    def restore(self, snapshot: Any) -> None:
        if self._water and snapshot:
            self._water.restore(snapshot)

    async def finished(self) -> Any:
        if self._water is None:
            return None
        value = self._water.value()
        await self._move(value)
        return {"since": value["since"]}
