"""Where a file block finds its file: a connection of a storage, the tenant's sandbox, or an address on the web."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from msgspec import Struct

from tieline.automations.blocks.allowed import Allowed
from tieline.automations.blocks.binding import Bindings
from tieline.automations.blocks.values import decoded, pairs
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, UnboundBlock
from tieline.automations.formulas import text_of
from tieline.connectors.connections import Connections
from tieline.connectors.files import Opening, Storage, storage_kind, storage_of, with_patience
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.errors import NotFound
from tieline.security.egress import Egress

T = TypeVar("T")

SANDBOX, WEB = "sandbox", "web"
# What a block's ``datasourcetype`` may say, and the connector of the catalog that it means.
ADAPTERS = {
    "local": SANDBOX,
    "sandbox": SANDBOX,
    "http": "file-http",
    "ftp": "file-ftp",
    "sftp": "file-sftp",
    "s3": "file-s3",
    "amazon s3": "file-s3",
    "google cloud storage": "file-gcs",
    "gcs": "file-gcs",
    "azure": "file-azure-blob",
    "azure blob": "file-azure-blob",
    "azure blob storage": "file-azure-blob",
    "azure storage": "file-azure-blob",
}


class Place(Struct, frozen=True):
    """A storage as the journal can keep it. ``connection``: the id of one, `SANDBOX` or `WEB` (with ``url``)."""

    connection: str
    url: str = ""
    headers: dict[str, str] = {}

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        found: dict[str, Any] = {"connection": self.connection}
        if self.url:
            found |= {"url": self.url, "headers": self.headers}
        return found

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Place:
        """The inverse of `plain`; raises `BlockInputInvalid` for what is none."""
        connection, url, headers = value.get("connection"), value.get("url") or "", value.get("headers") or {}
        if not isinstance(connection, str) or not isinstance(url, str) or not isinstance(headers, Mapping):
            raise BlockInputInvalid("file is not one that an open file or create file block has given")
        return cls(connection, url, {str(name): str(entry) for name, entry in headers.items()})


class Files:
    """A service of blocks: opens storages for them."""

    def __init__(self, egress: Egress, connections: Connections | None, sandbox: Path | None) -> None:
        self._egress, self._connections, self._sandbox = egress, connections, sandbox

    async def work(self, place: Place, context: BlockContext, what: Callable[[Storage, int], Awaitable[T]]) -> T:
        """What ``what`` gives on the storage, tried again where that helps; raises the errors of storages."""
        attempts = 0

        async def counted(storage: Storage, attempt: int) -> T:
            nonlocal attempts
            attempts = attempt
            context.metrics.calls += 1
            return await what(storage, attempt)

        try:
            found = await with_patience(lambda: self._open(place, context), counted)
        except ReconnectNeeded as error:
            if self._connections is not None and place.connection not in (SANDBOX, WEB):
                await self._connections.report(context.run.tenant_id, UUID(place.connection), error.detail)
            raise
        if attempts > 1:
            context.exchanges.append({"storage": place.connection, "attempt": attempts})
        return found

    async def _open(self, place: Place, context: BlockContext) -> Storage:
        tenant = context.run.tenant_id
        if place.connection == SANDBOX:
            opening = Opening(answers={}, egress=self._egress, tenant_id=tenant, sandbox=self._sandbox)
            return storage_kind("local").open(opening)
        if place.connection == WEB:
            opening = Opening(
                answers={"url": place.url, "headers": place.headers}, egress=self._egress, tenant_id=tenant
            )
            return storage_kind("http").open(opening)
        return storage_of(await self._account(place.connection, context), self._egress, self._sandbox)

    async def _account(self, connection: str, context: BlockContext) -> Account:
        try:
            identity = UUID(connection)
            if self._connections is None:
                raise NotFound("there are no connections here")
            await context.services.get(Allowed).check(identity, context)
            return await self._connections.account(context.run.tenant_id, identity)
        except (NotFound, ValueError):
            raise UnboundBlock(
                f"block “{context.step.label}” uses connection {connection!r:.60}, which does not exist in this tenant"
            ) from None


async def place_of(connection: Any, adapter: str, given: Mapping[str, Any], context: BlockContext) -> Place:
    """The place that a block names: a connection (``datasource``), or an adapter (``datasourcetype``).

    Raises `UnboundBlock` where it names none, or one of which the tenant has none or several.
    """
    if connection not in (None, ""):
        return Place(str(connection))
    url = text_of(given.get("url")).strip()
    name = adapter.strip().lower()
    wanted = ADAPTERS.get(name, adapter.strip())
    if url and wanted in ("", "file-http"):
        return Place(WEB, _with_params(url, given.get("params")), _headers(given.get("headers_sent")))
    if wanted == SANDBOX:
        return Place(SANDBOX)
    if not wanted:
        raise UnboundBlock(
            f"block “{context.step.label}” has no connection to a storage; choose one in its settings (datasource)"
        )
    return Place(str(await context.services.get(Bindings).connection(wanted, context)))


def _with_params(url: str, given: Any) -> str:
    params = decoded(pairs(given))
    if not isinstance(params, Mapping) or not params:
        return url
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *((str(k), text_of(v)) for k, v in params.items())]
    return parts._replace(query=urlencode(query)).geturl()


def _headers(given: Any) -> dict[str, str]:
    headers = decoded(pairs(given))
    return {str(name): text_of(value) for name, value in headers.items()} if isinstance(headers, Mapping) else {}
