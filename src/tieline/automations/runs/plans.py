"""Compiled plans that a worker keeps at hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from tieline.automations.engine.plan import Plan
from tieline.automations.workspace import compile_plan
from tieline.core import json

KEPT_BYTES: Final = 3 * 2**20
"""Of documents whose plans are kept: a plan takes some 10 times as much memory. 1,000 small automations, or 10 huge."""

Key = tuple[UUID, UUID, int]


class Plans:
    """The plans that were used last, by tenant, automation and version; ``fetch`` gives the document, JSON."""

    def __init__(self, fetch: Callable[[UUID, UUID, int], Awaitable[bytes | None]]) -> None:
        self._fetch = fetch
        self._kept: OrderedDict[Key, tuple[Plan, int]] = OrderedDict()
        self._bytes = 0

    async def get(self, tenant_id: UUID, automation_id: UUID, version: int) -> Plan:
        """Raises `PlanError` for a document that cannot be run at all."""
        key = (tenant_id, automation_id, version)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found[0]
        document = await self._fetch(*key) or b"{}"
        plan = compile_plan(json.loads(document))
        if key not in self._kept:
            self._kept[key] = plan, len(document)
            self._bytes += len(document)
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1][1]
        return plan
