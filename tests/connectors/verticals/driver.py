"""Drives every block of an imported connector as a person would: make, find, change, list, ask for news, remove."""

from __future__ import annotations

import itertools
from typing import Any

from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.budget import MemoryBudget
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.tokens import MemoryTokens
from tieline.security.egress import Egress

_numbers = itertools.count(1)


class Driver:
    """``values`` are inputs by name, ``ids`` what was made, by object."""

    def __init__(
        self, manifest: Manifest, egress: Egress, *, secrets: dict[str, str], server: str | None = None
    ) -> None:
        account = Account(manifest=manifest, secrets=secrets, server=server)
        self.manifest = manifest
        self.client = Client(account, egress=egress, tokens=MemoryTokens(), budget=MemoryBudget())
        self.ids: dict[str, str] = {}
        self.done: dict[str, list[str]] = {}

    def blocks(self, *kinds: str, of: str | None = None) -> list[Block]:
        return [one for one in self.manifest.blocks if one.kind in kinds and (of is None or one.object == of)]

    def value(self, name: str, kind: str, example: Any = None) -> Any:
        """Something that fits an input of that name and type."""
        number = next(_numbers)
        plain = name.lower().strip("/")
        if plain.endswith("_id") and plain.removesuffix("_id") in self.ids:
            return self.ids[plain.removesuffix("_id")]
        known: dict[str, Any] = {
            "email": f"ada{number}@example.com",
            "starts_at": "2027-05-01T09:00:00Z",
            "ends_at": "2027-05-02T18:00:00Z",
            "checked_in_at": "2027-05-01T09:05:00Z",
            "phone": f"+3225550{number:04}",
            "from": f"+3225551{number:04}",
            "to": f"+3225552{number:04}",
            "to_number": f"+3225553{number:04}",
            "external_id": f"ext-{number}",
            "direction": "outbound",
            "status": "active",
        }
        if plain in known:
            return known[plain]
        if kind in ("integer", "number"):
            return 10
        return {"boolean": True, "object": {"a": 1}, "array": []}.get(kind, f"{plain} {number}")

    def inputs(self, block: Block, **given: Any) -> dict[str, Any]:
        """Values for what a block requires."""
        needed = [spec for spec in block.inputs if spec.required and spec.id not in given]
        return {**{spec.id: self.value(spec.name or spec.id, spec.type) for spec in needed}, **given}

    async def call(self, block: Block, **given: Any) -> Any:
        answer = await self.client.call(block, self.inputs(block, **given), idempotency_key=f"key-{next(_numbers)}")
        self.done.setdefault(block.kind, []).append(block.id)
        return answer.data

    async def records(self, block: Block, since: Any = None, **given: Any) -> list[Any]:
        found = [one async for one in self.client.records(block, self.inputs(block, **given), since=since)]
        self.done.setdefault(block.kind, []).append(block.id)
        return found
