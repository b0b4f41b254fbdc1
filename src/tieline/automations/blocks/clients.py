"""Connector clients for blocks: one for each connection in use; its calls are credited to the block that made them."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from tieline.automations.blocks.allowed import Allowed
from tieline.automations.blocks.exchanges import add_parts, keep, wanted
from tieline.automations.engine.context import BlockContext
from tieline.connectors.connections import Connections
from tieline.connectors.runtime import Client, Exchange
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.errors import TielineError
from tieline.security.egress import Egress
from tieline.security.redact import mask_url

FRESH_SECONDS = 1.0  # a revoked or changed connection is noticed within this time
KEPT = 512

_running: ContextVar[BlockContext | None] = ContextVar("running block", default=None)


class _Credit:
    """The observer of all clients: what a call cost goes to the block that runs in this task."""

    async def before(self) -> None:
        """A worker that was stopped, or waited long, may have lost the run to another one meanwhile."""
        context = _running.get()
        if context is not None:
            await context.still_mine()

    def exchange(self, exchange: Exchange) -> None:
        context = _running.get()
        if context is None:
            return
        context.metrics.calls += 1
        context.metrics.sent += exchange.sent_bytes
        context.metrics.received += exchange.received_bytes
        url = exchange.url
        entry: dict[str, Any] = {"method": exchange.method, "url": mask_url(url) if "@" in url else url}
        entry["status"] = exchange.status
        entry["ms"] = round(exchange.ms, 1)
        if exchange.attempt > 1:
            entry["attempt"] = exchange.attempt
        if exchange.error:
            entry["error"] = exchange.error
        if exchange.purpose == "token":
            entry["purpose"] = "token"
        if not keep(context, entry, failed=exchange.failed):
            return
        request = exchange.request
        if request is not None and wanted(context, exchange.failed):
            try:
                body = request.final_body()
            except TielineError:
                body = None  # it was never sent
            add_parts(
                context,
                entry,
                headers=request.final_headers(),
                body=body,
                response=exchange.response,
                known=exchange.hidden(),
                secret=request.secret_headers,
            )


class Clients:
    """Opens connections of a tenant and keeps their clients for a moment."""

    def __init__(self, connections: Connections, egress: Egress) -> None:
        self._connections = connections
        self._egress = egress
        self._credit = _Credit()
        self._kept: OrderedDict[tuple[UUID, UUID], tuple[float, Client]] = OrderedDict()

    @staticmethod
    def credit(context: BlockContext) -> None:
        """Calls made from now on in this task are the block's."""
        _running.set(context)

    async def client(self, connection_id: UUID, context: BlockContext) -> Client:
        """The client of a connection. Raises `NotFound` where the run's tenant has no such connection, and
        `UnboundBlock` for one that the run may not use.
        """
        await context.services.get(Allowed).check(connection_id, context)
        self.credit(context)
        key = (context.run.tenant_id, connection_id)
        kept = self._kept.get(key)
        moment = time.monotonic()
        if kept is not None and moment - kept[0] < FRESH_SECONDS:
            return kept[1]
        client = await self._connections.client(
            context.run.tenant_id, connection_id, self._egress, observer=self._credit
        )
        self._kept[key] = (moment, client)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return client

    @asynccontextmanager
    async def watched(self, client: Client, context: BlockContext) -> AsyncIterator[None]:
        """Credentials that turn out not to work any more show at the connection, where somebody can renew them."""
        try:
            yield
        except ReconnectNeeded as error:
            connection = UUID(client.account.connection_id)
            await self._connections.report(context.run.tenant_id, connection, error.detail)
            self._kept.pop((context.run.tenant_id, connection), None)
            raise
