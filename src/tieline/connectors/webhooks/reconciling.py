"""Reconciliation: the vendor's list of subscriptions against ours.

Ours that the vendor has lost are made again; those that he keeps but does not deliver to any more (some do that on
DELETE, some after errors) are removed and made again; his with our address that nobody here wants are removed. What
another connection or another tenant of this installation has subscribed to at the same account is left alone, and so
is everything that does not lead to us.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, Struct, field
from sqlalchemy import select

from tieline.connectors.manifest.model import WebhookEvent
from tieline.connectors.webhooks import events
from tieline.connectors.webhooks.addresses import same_base
from tieline.connectors.webhooks.settling import Row, Settler, Site, due
from tieline.connectors.webhooks.vendor import Entry, listing
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import TielineError
from tieline.security.redact import mask_text
from tieline.security.tokens import hash_token
from tieline.storage.database import Database
from tieline.storage.tables import webhook_subscriptions
from tieline.tenancy import notices

NOTICE: Final = "webhook-reconciliation"
_MOST_PROBLEMS: Final = 20


class Report(Struct, kw_only=True):
    """What a reconciliation found and did.

    ``listed`` entries in the vendor's lists; of ours: ``kept`` as they were, ``adopted`` that a crash had left without
    an answer, ``created`` that were missing, ``repaired`` that did not deliver, ``renewed`` that ran out, ``ended``
    that were to be removed; of his: ``removed`` orphans and double ones, ``disabled`` ones with our address that do
    not deliver and are left.
    """

    listed: int = 0
    kept: int = 0
    adopted: int = 0
    created: int = 0
    repaired: int = 0
    renewed: int = 0
    ended: int = 0
    removed: int = 0
    disabled: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)

    def trouble(self, error: TielineError) -> None:
        """One more that did not work."""
        self.failed += 1
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(mask_text(error.detail)[:500])


class _Group(Struct):
    """Subscriptions that stand in one list: the same block, called with the same inputs."""

    event: WebhookEvent
    inputs: dict[str, Any]
    rows: list[Row] = field(default_factory=list)


class Reconciler:
    """Compares and repairs, one connection at a time."""

    def __init__(self, database: Database, settler: Settler) -> None:
        self._database = database
        self._settler = settler

    async def reconcile(self, tenant_id: UUID, connection_id: UUID) -> Report:
        """Raises NotFound for the connection, and ReconnectNeeded; what goes wrong with one subscription is counted and
        does not keep the others.
        """
        report = Report()
        async with self._settler.alone(tenant_id, connection_id):
            rows = await self._rows(tenant_id, connection_id)
            try:
                site = await self._settler.site(tenant_id, connection_id)
            except TielineError as error:
                report.trouble(error)
                await self._tell(tenant_id, connection_id, report)
                raise
            listed, loose = _groups(site, rows)
            for group in listed:
                await self._compare(site, group, report)
            for row in loose:
                await self._alone(site, row, report)
            await self._tell(tenant_id, connection_id, report)
        return report

    async def _rows(self, tenant_id: UUID, connection_id: UUID) -> list[Row]:
        table = webhook_subscriptions
        async with self._database.tenant(tenant_id) as unit:
            mine = unit.select(table).where(table.c.connection_id == connection_id, table.c.status != "removed")
            rows = await unit.all(mine.order_by(table.c.id))
            await unit.update(
                table, table.c.connection_id == connection_id, table.c.status != "removed", checked_at=now()
            )
        return rows

    async def _compare(self, site: Site, group: _Group, report: Report) -> None:
        try:
            entries = await site.vendor.listed(group.event, group.inputs)
            report.listed += len(entries)
            theirs = await self._assign(site, group, entries, report)
        except TielineError as error:
            # Without the list nothing is known to be lost.
            report.trouble(error)
            return
        for row in group.rows:
            try:
                await self._mend(site, row, theirs.get(row["id"], []), report)
            except TielineError as error:
                report.trouble(error)

    async def _assign(self, site: Site, group: _Group, entries: list[Entry], report: Report) -> dict[UUID, list[Entry]]:
        """The vendor's entries by the row that they belong to; orphans are removed on the way."""
        table = webhook_subscriptions
        hashes = {hash_token(token) for entry in entries for _, token in entry.addresses}
        statement = select(table.c.token_hash, table.c.id, table.c.tenant_id, table.c.connection_id, table.c.status)
        async with self._database.system() as unit:
            found = await unit.all(statement.where(table.c.token_hash.in_(hashes))) if hashes else []
        known = {bytes(row["token_hash"]): row for row in found}
        # A list that hides addresses still has ids.
        by_remote = {row["remote_id"]: row["id"] for row in group.rows if row["remote_id"]}
        theirs: dict[UUID, list[Entry]] = {}
        for entry in entries:
            owners = [(base, known.get(hash_token(token))) for base, token in entry.addresses]
            living = [owner for _, owner in owners if owner is not None and owner["status"] != "removed"]
            if living:
                for owner in living:
                    if (owner["tenant_id"], owner["connection_id"]) == (site.tenant_id, site.connection_id):
                        theirs.setdefault(owner["id"], []).append(entry)
            elif not owners:
                if entry.remote_id in by_remote:
                    theirs.setdefault(by_remote[entry.remote_id], []).append(entry)
            elif any(owner is not None or same_base(base, self._settler.base_url) for base, owner in owners):
                await self._remove(site, group, entry, report)
        return theirs

    async def _remove(self, site: Site, group: _Group, entry: Entry, report: Report) -> None:
        """An entry of the vendor's that nobody wants."""
        if not entry.active or not group.event.unsubscribe:
            # Where DELETE does no more than disable, to remove it again would never end.
            report.disabled += not entry.active
            return
        try:
            await site.vendor.remove(group.event, entry.remote_id, group.inputs)
            report.removed += 1
        except TielineError as error:
            report.trouble(error)

    async def _mend(self, site: Site, row: Row, entries: list[Entry], report: Report) -> None:
        event = events.of(row, site.manifest)
        if row["status"] == "removing":
            await self._alone(site, row, report)
            return
        if not entries:
            if row["status"] == "active":
                await self._settler.remake(site, row, "the vendor had lost it")
            else:
                await self._settler.settle(site, row, looked=True)
            report.created += 1
            return
        ranked = sorted(entries, key=lambda one: (one.remote_id != row["remote_id"], not one.active))
        best = ranked[0]
        group = _Group(event, listing(site.client.block(event.list), row["inputs"]))
        for extra in ranked[1:]:
            await self._remove(site, group, extra, report)
        moved = any(not same_base(base, self._settler.base_url) for base, _ in best.addresses)
        if row["status"] != "active":
            adopted = not moved and await self._settler.adopt(site, row, event, best)
            if not adopted:
                await self._settler.settle(site, row, looked=True)
            report.adopted += adopted
            report.created += not adopted
        elif moved or not best.active:
            await site.vendor.remove(event, best.remote_id, row["inputs"], self._settler.url_of(row))
            await self._settler.remake(site, row, "it led elsewhere" if moved else "the vendor had disabled it")
            report.repaired += 1
        elif due(row, now()):
            await self._settler.renew(site, row)
            report.renewed += 1
        else:
            if best.remote_id and best.remote_id != row["remote_id"]:
                await self._note(site, row, best)
            report.kept += 1

    async def _note(self, site: Site, row: Row, entry: Entry) -> None:
        async with self._database.tenant(site.tenant_id) as unit:
            await unit.update(webhook_subscriptions, webhook_subscriptions.c.id == row["id"], remote_id=entry.remote_id)

    async def _alone(self, site: Site, row: Row, report: Report) -> None:
        """A subscription that no list shows, or that is to go."""
        try:
            if row["status"] == "removing":
                report.ended += await self._settler.take_down(site, row)
            elif row["status"] in ("pending", "failed"):
                await self._settler.settle(site, row, looked=True)
                report.created += 1
            elif due(row, now()):
                await self._settler.renew(site, row)
                report.renewed += 1
            else:
                report.kept += 1
        except TielineError as error:
            report.trouble(error)

    async def _tell(self, tenant_id: UUID, connection_id: UUID, report: Report) -> None:
        async with self._database.tenant(tenant_id) as unit:
            if not report.failed:
                await notices.close(unit, f"{NOTICE}/connection:{connection_id}")
                return
            await notices.open(
                unit,
                kind=NOTICE,
                subject=f"connection:{connection_id}",
                title="Webhook subscriptions could not be reconciled",
                detail="; ".join(report.problems),
                data={"failed": report.failed},
            )


def _groups(site: Site, rows: list[Row]) -> tuple[list[_Group], list[Row]]:
    """Rows by the list that shows them; and those that none shows. A list that needs no inputs is read even where we
    have nothing in it, because orphans may be.
    """
    found: dict[bytes, _Group] = {}
    loose: list[Row] = []
    blocks = {block.id: block for block in site.manifest.blocks}
    for event in site.manifest.webhooks:
        block = blocks.get(event.list)
        if block is not None and not any(spec.required and spec.default is UNSET for spec in block.inputs):
            found.setdefault(json.dumps([event.list, {}]), _Group(event, {}))
    for row in rows:
        event = events.of(row, site.manifest)
        block = blocks.get(event.list)
        if block is None:
            loose.append(row)
            continue
        inputs = listing(block, row["inputs"])
        key = json.dumps([event.list, dict(sorted(inputs.items()))])
        found.setdefault(key, _Group(event, inputs)).rows.append(row)
    return list(found.values()), loose
