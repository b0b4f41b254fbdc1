"""Compiled plans that a worker keeps at hand."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from tieline.automations.engine.plan import Plan
from tieline.automations.workspace import compile_plan
from tieline.automations.workspace.flows import MAIN, arranged
from tieline.core import json

KEPT_BYTES: Final = 3 * 2**20
"""Of documents whose plans are kept: a plan takes some 10 times as much memory. 1,000 small automations, or 10 huge."""

KEPT_NAMES: Final = 10_000

Key = tuple[UUID, UUID, int, str]


class Plans:
    """The plans that were used last, by tenant, automation, version and flow; ``fetch`` gives the document, JSON.

    Integrations of one template share its plans: the same document is compiled once.
    """

    def __init__(self, fetch: Callable[[UUID, UUID, int], Awaitable[bytes | None]]) -> None:
        self._fetch = fetch
        self._names: OrderedDict[Key, bytes] = OrderedDict()
        self._kept: OrderedDict[bytes, tuple[Plan, int]] = OrderedDict()
        self._bytes = 0

    async def get(self, tenant_id: UUID, automation_id: UUID, version: int, flow: str = MAIN) -> Plan:
        """Raises `PlanError` for a document that cannot be run at all."""
        key = (tenant_id, automation_id, version, flow)
        digest = self._names.get(key)
        found = self._kept.get(digest) if digest is not None else None
        if digest is not None and found is not None:
            self._names.move_to_end(key)
            self._kept.move_to_end(digest)
            return found[0]
        document = await self._fetch(tenant_id, automation_id, version) or b"{}"
        digest = hashlib.sha256(flow.encode() + document).digest()
        self._names[key] = digest
        if len(self._names) > KEPT_NAMES:
            self._names.popitem(last=False)
        found = self._kept.get(digest)
        if found is not None:
            return found[0]
        plan = compile_plan(arranged(json.loads(document), flow))
        self._kept[digest] = plan, len(document)
        self._bytes += len(document)
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1][1]
        return plan
