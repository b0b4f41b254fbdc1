"""One block of a connector, called once and outside of any automation: what an editor's test panel shows."""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, MsgspecError, Struct, field

from tieline.automations.blocks.connector import typed
from tieline.automations.blocks.exchanges import EXCHANGES_KEPT, WHOLE_KEPT, parts_of
from tieline.automations.runs.masking import hidden
from tieline.connectors.importers.sampling import schema_of
from tieline.connectors.manifest.model import Block
from tieline.connectors.runtime import Client, Exchange
from tieline.connectors.runtime.advice import read as advice_of
from tieline.core import json
from tieline.core.errors import BadInput, TielineError, Transient
from tieline.security.redact import mask_url
from tieline.security.vault import Vault, VaultError

SECONDS: Final = 60.0
LARGEST: Final = 2 * 2**20  # bytes of the records that are shown
MOST_PATHS: Final = 500
_DEEPEST: Final = 8


class CallTooLong(Transient):
    """The connected API did not answer within the time that a test call may take."""

    code = "test-call-too-long"
    status = 504
    title = "The test call takes too long"


class Called(Struct, kw_only=True):
    """What came of a call. ``records`` is a slice of one page; ``of_page`` says how many the page has, ``next`` is the
    sealed cursor of the page after it. After a failure ``error`` says why, and ``exchanges`` what was sent.
    """

    records: list[Any] = field(default_factory=list)
    of_page: int = 0
    total: int | None = None
    next: str | None = None
    cut: bool = False
    status: int | None = None
    warning: str = ""
    error: TielineError | None = None
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    rate: dict[str, Any] | None = None
    milliseconds: float = 0.0


class Watching:
    """An observer that keeps the first exchanges as they may be shown, and what the last said of limits."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.rate: dict[str, Any] | None = None
        self.block: Block | None = None
        self._size = 0

    async def before(self) -> None:
        """Nothing can come between."""

    def exchange(self, exchange: Exchange) -> None:
        """Notes a line; with headers and bodies as long as there is room."""
        entry: dict[str, Any] = {
            "method": exchange.method,
            "url": mask_url(exchange.url) if "@" in exchange.url else exchange.url,
            "status": exchange.status,
            "ms": round(exchange.ms, 1),
            "attempt": exchange.attempt,
            "purpose": exchange.purpose,
            "error": exchange.error or None,
        }
        request, response = exchange.request, exchange.response
        if request is not None:
            if response is not None:
                self._advice(exchange)
            try:
                body = request.final_body()
            except TielineError:
                body = None  # it was never sent
            parts = parts_of(
                headers=request.final_headers(),
                body=body,
                response=response,
                known=exchange.hidden(),
                secret=request.secret_headers,
            )
            size = len(json.dumps(parts))
            if self._size + size <= WHOLE_KEPT:
                self._size += size
                entry |= parts
        if len(self.kept) < EXCHANGES_KEPT:
            self.kept.append(entry)

    def _advice(self, exchange: Exchange) -> None:
        assert exchange.response is not None
        rate = UNSET if self.block is None else self.block.rate
        headers = {name.lower(): value for name, value in exchange.response.headers.items()}
        said = advice_of(headers, limited=exchange.status == 429, rate=rate)
        if not said.silent:
            self.rate = {
                "limited": said.limited,
                "remaining": said.remaining,
                "resetSeconds": said.reset,
                "waitSeconds": said.wait,
            }


async def call_block(
    client: Client,
    block: Block,
    inputs: Mapping[str, Any],
    watching: Watching,
    *,
    cursor: dict[str, Any] | None = None,
    offset: int = 0,
    limit: int = 20,
    seconds: float = SECONDS,
) -> tuple[Called, dict[str, Any] | None]:
    """Calls the block, or fetches one page of it; and the cursor of the next page. Does not raise what the API says.

    Raises `BadInput` for inputs that do not fit, as long as nothing was sent.
    """
    called, following = Called(), None
    watching.block = block
    begun = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            if block.iterable:
                async for page in client.pages(block, typed(block, inputs), cursor=cursor):
                    called.records, called.total, following = page.records, page.total, page.next
                    break
            else:
                answer = await client.call(block, typed(block, inputs))
                called.records = [] if answer.data is None else [answer.data]
                called.status, called.warning = answer.status, answer.warning
    except TimeoutError:
        called.error = CallTooLong(f"The API did not answer within {seconds:g} s.")
    except TielineError as error:
        if isinstance(error, BadInput) and not watching.kept:
            raise
        called.error = error
    called.milliseconds = round((time.monotonic() - begun) * 1000, 1)
    called.exchanges, called.rate = watching.kept, watching.rate
    if called.status is None:
        called.status = next((one["status"] for one in reversed(watching.kept) if one["status"]), None)
    called.of_page = len(called.records)
    called.records, called.cut = _bounded(hidden(called.records[offset : offset + limit]))
    return called, following


def _bounded(records: list[Any]) -> tuple[list[Any], bool]:
    """Records up to `LARGEST` bytes in all, and whether some had to go."""
    size = 0
    kept: list[Any] = []
    for record in records:
        try:
            size += len(json.dumps(record))
        except (OverflowError, TypeError, ValueError, RecursionError):
            return kept, True
        if size > LARGEST:
            return kept, True
        kept.append(record)
    return kept, False


def shape_of(records: list[Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The schema that the records fit, and the types by path (``$.address.city``, ``$.tags[*]``)."""
    schema = schema_of(records)
    return schema, _paths(schema)


def _paths(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    waiting: list[tuple[str, Any, int]] = [("$", schema, 0)]
    while waiting and len(found) < MOST_PATHS:
        path, one, depth = waiting.pop(0)
        if not isinstance(one, dict):
            continue
        kinds = one.get("type")
        kinds = [kinds] if isinstance(kinds, str) else kinds or []
        found.append({"path": path, "types": kinds, "format": one.get("format")})
        if depth < _DEEPEST:
            properties = one.get("properties") or {}
            waiting += [(f"{path}.{name}", inner, depth + 1) for name, inner in properties.items()]
            if isinstance(one.get("items"), dict):
                waiting.append((f"{path}[*]", one["items"], depth + 1))
    return found


def seal_cursor(vault: Vault, cursor: dict[str, Any], context: str) -> str:
    """A cursor for outside: it may hold what the API's own links hold."""
    return urlsafe_b64encode(vault.seal(json.dumps(cursor), context=context.encode())).decode().rstrip("=")


def open_cursor(vault: Vault, text: str, context: str) -> dict[str, Any]:
    """Raises `BadInput` for what was not sealed for this connection and block."""
    try:
        opened = json.loads(vault.open(urlsafe_b64decode(text + "=" * (-len(text) % 4)), context=context.encode()))
    except (VaultError, MsgspecError, ValueError):
        raise BadInput("The cursor is none of this connection and block; leave it out.", pointer="/cursor") from None
    if not isinstance(opened, dict):
        raise BadInput("The cursor is none of this connection and block; leave it out.", pointer="/cursor")
    return opened
