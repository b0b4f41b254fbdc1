"""Blocks of connections as tools: their arguments, and calls whose answers are bounded."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, Struct

from tieline.automations.runs.storable import storable
from tieline.automations.tools import names
from tieline.automations.tools.schemas import Reader, Schema
from tieline.connectors.connections import Connections
from tieline.connectors.manifest.model import Block, Input, Manifest
from tieline.connectors.runtime import Client, Exchange
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.harmless import harmless
from tieline.core import json
from tieline.core.errors import Transient
from tieline.core.paging import MAX_LENGTH, BadCursor, Cursor, Cursors, Position
from tieline.security.egress import Egress
from tieline.security.known import Known

CURSOR: Final = "tieline_cursor"
LIMIT: Final = "tieline_limit"
DEFAULT_RECORDS: Final = 25
MOST_RECORDS: Final = 100
MOST_BYTES: Final = 100_000
SECONDS: Final = 55.0
LONGEST_TEXT: Final = 600
_TYPES: Final = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
    "array": "array",
}


class TookTooLong(Transient):
    """The API did not answer in the time that an agent waits."""

    code = "tool-timeout"
    status = 504
    title = "Took too long"


class Hints(Struct, frozen=True):
    """What a client may tell a person before the tool is called."""

    reads: bool
    destroys: bool
    repeatable: bool


def offered(manifest: Manifest, wanted: list[str] | None) -> list[Block]:
    """The blocks that an offer stands for, without those that want a file, which no agent can give."""
    if wanted is None:
        blocks = [block for block in manifest.blocks if harmless(block) and not block.deprecated]
    else:
        chosen = frozenset(wanted)
        blocks = [block for block in manifest.blocks if block.id in chosen]
    return [
        block
        for block in blocks
        if not any(one.type == "file" and one.required and _asked(one) for one in block.inputs)
    ]


def hints(block: Block) -> Hints:
    """By kind and method; in doubt, the worse."""
    reads = harmless(block)
    method = block.method.upper()
    return Hints(
        reads=reads,
        destroys=not reads and block.kind not in ("create", "webhook_add"),
        repeatable=reads or block.kind in ("update", "delete") or method in ("PUT", "DELETE"),
    )


def describe(block: Block, connection: str, connector: str) -> str:
    """What a model is told of the block: whose it is first, then what the API's document says."""
    whose = f"{names.clean(connection, 60)} ({names.clean(connector, 60)})"
    said = names.clean(block.description, LONGEST_TEXT)
    name = names.clean(block.name or block.id, 120).rstrip(".")
    return f"{whose}: {name}.{' ' + said if said.rstrip('.') not in ('', name) else ''}"


def schema_of(block: Block, manifest: Manifest) -> Schema:
    """The arguments of the block; lists also take a cursor and a limit."""
    reader = Reader(manifest.schemas)
    inputs = {one.id: one for one in _inputs(block)}
    named = names.arguments(inputs)
    fields = {name: _field(inputs[identity], reader) for name, identity in named.items()}
    required = [
        name for name, identity in named.items() if inputs[identity].required and not _defaulted(inputs[identity])
    ]
    if block.iterable:
        fields[CURSOR] = {"type": "string", "description": "The cursor of the answer before, to go on with the list."}
        fields[LIMIT] = {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_RECORDS,
            "description": f"The most records to give; without it {DEFAULT_RECORDS}.",
        }
    schema: Schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


class Caller:
    """Calls blocks over the same client as automations: with its rate budgets and retries."""

    def __init__(self, connections: Connections, egress: Egress, cursors: Cursors) -> None:
        self._connections = connections
        self._egress = egress
        self._cursors = cursors

    async def call(
        self, tenant_id: UUID, connection_id: UUID, block: Block, given: Mapping[str, Any], key: str
    ) -> dict[str, Any]:
        """``{records, count, cursor}`` of a list, else ``{data, status}``; without the connection's secrets, and at
        most about 100 kB.

        ``key`` goes with writes whose API takes an idempotency key. Raises what `Client.call` and `Client.pages`
        raise, `BadCursor`, and `TookTooLong` after 55 s.
        """
        watching = _Watching()
        client = await self._connections.client(tenant_id, connection_id, self._egress, observer=watching)
        named = names.arguments(one.id for one in _inputs(block))
        inputs = {named[name]: value for name, value in given.items() if name in named}
        try:
            async with asyncio.timeout(SECONDS):
                if block.iterable:
                    return await self._list(tenant_id, connection_id, client, block, inputs, given, watching)
                return await self._once(client, block, inputs, watching, key)
        except TimeoutError:
            raise TookTooLong(f"The API did not answer within {SECONDS:g} s; ask for less, or try again.") from None
        except ReconnectNeeded as error:
            await self._connections.report(tenant_id, connection_id, error.detail)
            raise

    async def _once(
        self, client: Client, block: Block, inputs: dict[str, Any], watching: _Watching, key: str
    ) -> dict[str, Any]:
        answer = await client.call(block, inputs, idempotency_key=key if block.writes else None)
        data, _ = bounded(answer.data, watching.known)
        found: dict[str, Any] = {"data": data, "status": answer.status}
        if answer.warning:
            found["warning"] = watching.known.text(answer.warning)[:1000]
        return found

    async def _list(
        self,
        tenant_id: UUID,
        connection_id: UUID,
        client: Client,
        block: Block,
        inputs: dict[str, Any],
        given: Mapping[str, Any],
        watching: _Watching,
    ) -> dict[str, Any]:
        limit = int(given.get(LIMIT) or DEFAULT_RECORDS)
        context = b"tools/" + tenant_id.bytes + connection_id.bytes
        asked = hashlib.sha256(json.dumps([block.id, inputs])).hexdigest()
        at, skipped = self._from(given.get(CURSOR), context, asked)
        records: list[Any] = []
        size, following = 0, None
        async with aclosing(_generator(client.pages(block, inputs, cursor=at))) as pages:
            async for page in pages:
                for index, one in enumerate(page.records[skipped:], skipped):
                    record, more = bounded(one, watching.known)
                    if len(records) == limit or (records and size + more > MOST_BYTES):
                        following = (page.cursor, index)
                        break
                    records.append(record)
                    size += more
                skipped = 0
                if following is not None or (len(records) == limit and page.next is None):
                    break
                if len(records) == limit:
                    following = (page.next, 0)
                    break
        found: dict[str, Any] = {"records": records, "count": len(records), "cursor": None}
        if following is not None:
            position = Position(json.dumps(following[0]).decode(), connection_id)
            cursor = self._cursors.write(Cursor(position, asked, flags=str(following[1])), context)
            if len(cursor) <= MAX_LENGTH:
                found["cursor"] = cursor
            else:
                found["warning"] = f"There are more records, but no cursor; ask for less than {limit} at once."
        return found

    def _from(self, text: Any, context: bytes, asked: str) -> tuple[dict[str, Any] | None, int]:
        if text is None:
            return None, 0
        cursor = self._cursors.read(str(text), context, parameter=CURSOR)
        if cursor.sort != asked:
            raise BadCursor(
                f"{CURSOR} belongs to other arguments; send it with those of the call that gave it.", parameter=CURSOR
            )
        return json.loads(str(cursor.position.key)), int(cursor.flags)


def bounded(value: Any, known: Known) -> tuple[Any, int]:
    """(plain data without these secrets, its size as JSON); what is larger than an answer is cut to its beginning."""
    text = _text(value)
    if len(text) <= MOST_BYTES:
        return known.data(json.loads(text)), len(text)
    start = known.text(text[: MOST_BYTES // 2 + known.longest].decode(errors="ignore"))[: MOST_BYTES // 2]
    return {"cut": f"{len(text)} bytes are too many; this is where it begins", "begins": start}, MOST_BYTES // 2


def _text(value: Any) -> bytes:
    """JSON, also of what an API may send and JSON of ours cannot hold: halves of characters, endless numbers."""
    try:
        return json.dumps(value)
    except (OverflowError, TypeError, ValueError):
        return json.dumps(_storable(storable(value)))


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _storable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if value is None or isinstance(value, (str, bool, float)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return str(value)


class _Watching:
    """Learns the secrets of a call, so that none is in its answer."""

    def __init__(self) -> None:
        self.known = Known()

    async def before(self) -> None:
        """Nothing to ask."""

    def exchange(self, exchange: Exchange) -> None:
        self.known = exchange.hidden()


async def _generator(pages: Any) -> Any:
    async for page in pages:
        yield page


def _inputs(block: Block) -> list[Input]:
    return [one for one in block.inputs if one.type != "file" and _asked(one)]


def _asked(one: Input) -> bool:
    return not one.read_only


def _defaulted(one: Input) -> bool:
    return one.default is not UNSET and one.default is not None


def _field(one: Input, reader: Reader) -> Schema:
    schema = reader.read(one.schema)
    kind = _TYPES.get(one.type, "string")
    if schema.get("type") != kind:
        schema = {"type": kind}
    if one.choices and kind not in ("object", "array"):
        schema |= reader.read({"type": kind, "enum": one.choices})
    text = names.clean(one.description or one.label, 300)
    return {**schema, "description": text} if text else schema
