"""The tools that one caller has: of all that is offered in the tenant, what he may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, Struct

from tieline.automations.tools import blocks, flows, names, offers
from tieline.automations.tools.offers import AUTOMATION, CONNECTION, Offer
from tieline.automations.tools.schemas import Schema
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Block, Manifest
from tieline.storage.tables import automations, connections, connectors
from tieline.storage.unit import Unit
from tieline.tenancy.principal import Principal
from tieline.tenancy.visibility import usable_by, visible

PAGE: Final = 100


class Tool(Struct, frozen=True, kw_only=True):
    """One tool. ``row`` is that of its automation or connection; a block's tool has ``block``."""

    name: str
    title: str
    description: str
    schema: Schema
    of: str
    row: Mapping[str, Any]
    hints: blocks.Hints
    block: Block | None = None


_RUNS: Final = blocks.Hints(reads=False, destroys=True, repeatable=False)


class Catalog:
    """Reads offers within the caller's transaction."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def page(
        self, unit: Unit, principal: Principal, after: tuple[str, str] | None = None
    ) -> tuple[list[Tool], tuple[str, str] | None]:
        """At most 100 tools, and where to go on: (kind, name) of the last one; None at the end."""
        found: list[Tool] = []
        async for tool in self._all(unit, principal, after):
            if len(found) == PAGE:
                return found, (found[-1].of, found[-1].name)
            found.append(tool)
        return found, None

    async def find(self, unit: Unit, principal: Principal, name: str) -> Tool | None:
        """The tool of this name, where the caller may use it."""
        prefix, between, _ = name.partition(names.BETWEEN)
        of = CONNECTION if between else AUTOMATION
        offer = await offers.named(unit, of, prefix if between else name) if len(name) <= names.LONGEST else None
        if offer is None:
            return None
        rows = await self._rows(unit, principal, of, [offer])
        if offer.id not in rows:
            return None
        if of == AUTOMATION:
            return await _automation(unit, offer, rows[offer.id])
        manifest, found = await self._blocks(unit, offer, rows[offer.id])
        block = next((block for other, block in found if other == name), None)
        return None if block is None else _block(name, block, manifest, rows[offer.id])

    async def _all(self, unit: Unit, principal: Principal, after: tuple[str, str] | None) -> AsyncIterator[Tool]:
        for of in (AUTOMATION, CONNECTION):
            if not principal.may(f"{of}s", "read") or (after is not None and of < after[0]):
                continue
            last = after[1] if after is not None and of == after[0] else ""
            listed = [offer for offer in await offers.every(unit, of) if _may_follow(offer, last)]
            rows = await self._rows(unit, principal, of, listed)
            for offer in listed:
                if offer.id not in rows:
                    continue
                if of == AUTOMATION:
                    tool = await _automation(unit, offer, rows[offer.id])
                    if tool is not None:
                        yield tool
                    continue
                prefix = last.partition(names.BETWEEN)[0]
                manifest, found = await self._blocks(unit, offer, rows[offer.id])
                for name, block in found:
                    if offer.name != prefix or name > last:
                        yield _block(name, block, manifest, rows[offer.id])

    async def _rows(self, unit: Unit, principal: Principal, of: str, listed: list[Offer]) -> dict[UUID, dict[str, Any]]:
        """What the caller may use of that, and still belongs to who offered it."""
        ids = [offer.id for offer in listed]
        if not ids or not principal.may(f"{of}s", "read"):
            return {}
        if of == AUTOMATION:
            statement = unit.select(automations).where(
                automations.c.id.in_(ids),
                automations.c.state != "disabled",
                visible(automations, principal, ability="run"),
            )
        else:
            statement = (
                unit.select(connections, *connections.c, connectors.c.title, connectors.c.name.label("connector"))
                .join(
                    connectors,
                    (connectors.c.tenant_id == connections.c.tenant_id)
                    & (connectors.c.id == connections.c.connector_id),
                )
                .where(connections.c.id.in_(ids), usable_by(connections, principal.user_id))
            )
        owners = {offer.id: offer.owner for offer in listed}
        return {row["id"]: row for row in await unit.all(statement) if row["owner_id"] == owners[row["id"]]}

    async def _blocks(
        self, unit: Unit, offer: Offer, row: Mapping[str, Any]
    ) -> tuple[Manifest, list[tuple[str, Block]]]:
        """The connector, and what of it is offered, by the names of the tools."""
        manifest = await self._library.manifest(unit, row["connector_id"])
        if manifest.storage is not UNSET:
            return manifest, []
        found = [(names.of_block(offer.name, block.id), block) for block in blocks.offered(manifest, offer.blocks)]
        return manifest, sorted(found, key=itemgetter(0))


def _may_follow(offer: Offer, last: str) -> bool:
    """Whether tools of the offer can come after the one named ``last``."""
    return offer.name > last if offer.of == AUTOMATION else offer.name >= last.partition(names.BETWEEN)[0]


async def _automation(unit: Unit, offer: Offer, row: Mapping[str, Any]) -> Tool | None:
    schema = await flows.schema_of(unit, row)
    if schema is None:
        return None
    told = offer.description or row["description"]
    return Tool(
        name=offer.name,
        title=names.clean(row["name"], 120),
        description=names.clean(told, 1000) or f"Runs the automation {names.clean(row['name'], 120)}.",
        schema=schema,
        of=AUTOMATION,
        row=row,
        hints=_RUNS,
    )


def _block(name: str, block: Block, manifest: Manifest, row: Mapping[str, Any]) -> Tool:
    return Tool(
        name=name,
        title=names.clean(block.name or block.id, 120),
        description=blocks.describe(block, row["name"], row["title"] or row["connector"]),
        schema=blocks.schema_of(block, manifest),
        of=CONNECTION,
        row=row,
        hints=blocks.hints(block),
        block=block,
    )
