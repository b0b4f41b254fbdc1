"""Documents that connectors were made of, looked at again: who fetches, what is compared, who is told.

A connector is watched where its ``source.address`` is a URL. A watch that is due is claimed by one process, the
document is fetched through egress on condition (RFC 9110 section 13: ETag, Last-Modified), and what an import of it
would change becomes one open notice for each connector and document. The notice closes when that document is imported
or the former one comes back.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from tieline.connectors.documents import Bundle, fetch, gather_url, is_url
from tieline.connectors.drift import told
from tieline.connectors.drift.changes import Diff
from tieline.connectors.drift.errors import DocumentUnreachable
from tieline.connectors.drift.newer import against
from tieline.connectors.library import Library
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.connectors.manifest.model import Manifest
from tieline.core.clock import now as clock
from tieline.core.errors import Conflict, NotFound, TielineError
from tieline.security.egress import Egress
from tieline.storage.database import Database
from tieline.storage.tables import connector_watches as watches
from tieline.storage.tables import connectors
from tieline.storage.unit import Unit

log = structlog.get_logger(__name__)

FETCH_SECONDS: Final = 30.0
FETCH_BYTES: Final = min(32 * 2**20, MAX_BYTES)
# A watch that was claimed and not finished is taken up again after this: its worker is gone.
LEASE: Final = timedelta(minutes=15)
# Shorter than a day, so that the next night finds it due although it was late in this one.
PAUSE: Final = timedelta(hours=20)
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
CONCURRENT: Final = 4
_PAGE: Final = 50


class Outcome(NamedTuple):
    """What one round did, in connectors."""

    checked: int = 0
    changed: int = 0
    failed: int = 0


class Seen(NamedTuple):
    """A document as it is now; ``bundle`` None = it is the one that was seen before."""

    sha256: str
    etag: str | None
    modified: str | None
    bundle: Bundle | None


class Watch:
    """Looks at the documents of all tenants."""

    def __init__(self, database: Database, library: Library, egress: Egress) -> None:
        self._database, self._library, self._egress = database, library, egress

    async def run_due(self, now: datetime | None = None, *, limit: int = 10_000) -> Outcome:
        """Check every connector whose time has come, at most ``limit``; several may run this at once.

        Never raises for what a document or its server does: that is noted at the watch.
        """
        moment = now or clock()
        await self._notice_connectors()
        total = Outcome()
        while total.checked < limit:
            claimed = await self._claim(moment, min(CONCURRENT, limit - total.checked))
            if not claimed:
                break
            results = await asyncio.gather(*(self._check(row, moment) for row in claimed))
            total = Outcome(
                total.checked + len(results),
                total.changed + results.count("changed"),
                total.failed + results.count("failed"),
            )
        log.info("drift.checked", checked=total.checked, changed=total.changed, failed=total.failed)
        return total

    async def _notice_connectors(self) -> None:
        """Begin to watch what is new or was imported from elsewhere since."""
        seen = sa.func.coalesce(watches.c.checked_at, sa.func.to_timestamp(0))
        joined = sa.outerjoin(
            connectors,
            watches,
            (watches.c.tenant_id == connectors.c.tenant_id) & (watches.c.connector_id == connectors.c.id),
        )
        statement = (
            sa.select(connectors.c.tenant_id, connectors.c.id, connectors.c.manifest)
            .select_from(joined)
            .where(watches.c.connector_id.is_(None) | (connectors.c.updated_at > seen))
            .order_by(connectors.c.id)
            .limit(_PAGE)
        )
        last: UUID | None = None
        while True:
            async with self._database.system() as unit:
                rows = await unit.all(statement if last is None else statement.where(connectors.c.id > last))
                for row in rows:
                    await _begin(unit, row["tenant_id"], row["id"], _address(row["manifest"]))
            if len(rows) < _PAGE:
                return
            last = rows[-1]["id"]

    async def _claim(self, moment: datetime, count: int) -> list[dict[str, Any]]:
        due = (
            sa.select(watches)
            .where(watches.c.next_at <= moment, watches.c.address != "")
            .order_by(watches.c.next_at)
            .limit(count)
            .with_for_update(skip_locked=True)
        )
        async with self._database.system() as unit:
            rows = await unit.all(due)
            for row in rows:
                await unit.update(watches, *_key(row), next_at=moment + LEASE)
        return rows

    async def _check(self, row: dict[str, Any], moment: datetime) -> str:
        changed, error, seen = False, None, None
        try:
            async with self._database.tenant(row["tenant_id"]) as unit:
                manifest = await self._library.manifest(unit, row["connector_id"])
            seen = await self._fetch(row["address"], manifest, row)
            changed = await self._judge(row, manifest, seen)
        except NotFound:
            return "unchanged"  # The connector was deleted meanwhile, and its watch with it.
        except TielineError as problem:
            error = problem.detail
        except Exception:
            log.exception("drift.failed", connector=str(row["connector_id"]))
            error = "The comparison failed inside Tieline; the log says more."
        values: dict[str, Any] = {
            "checked_at": sa.func.now(),
            "next_at": moment + PAUSE,
            "error": error and error[:2000],
        }
        if seen is not None and error is None:
            values |= {"etag": seen.etag, "modified": seen.modified, "sha256": seen.sha256}
        async with self._database.tenant(row["tenant_id"]) as unit:
            await unit.update(watches, watches.c.connector_id == row["connector_id"], **values)
        return "failed" if error else "changed" if changed else "unchanged"

    async def _fetch(self, address: str, manifest: Manifest, before: dict[str, Any] | None = None) -> Seen:
        """The document at an address, on condition where it was seen ``before``."""
        known = before or {}
        conditions = {"if-none-match": known.get("etag"), "if-modified-since": known.get("modified")}
        headers = {name: value for name, value in conditions.items() if value and known.get("sha256")}
        source = manifest.source
        kind = "graphql" if source is not msgspec.UNSET and source.format == "graphql" else None
        answer = await fetch(
            self._egress, address, timeout=FETCH_SECONDS, max_bytes=FETCH_BYTES, format=kind, headers=headers
        )
        if answer.status == 304 and headers:
            return Seen(known["sha256"], known["etag"], known["modified"], None)
        if answer.status != 200:
            raise DocumentUnreachable(f"{address} answered with status {answer.status}, not with a document.")
        found = hashlib.sha256(answer.body).hexdigest()
        said = {name.lower(): value for name, value in answer.headers.items()}
        bundle = None if found == known.get("sha256") else await gather_url(self._egress, answer.body, answer.url)
        return Seen(found, said.get("etag", "")[:500] or None, said.get("last-modified", "")[:100] or None, bundle)

    async def _judge(self, row: dict[str, Any], manifest: Manifest, seen: Seen) -> bool:
        """Tell what the document would change; True where there is news."""
        tenant, connector = row["tenant_id"], row["connector_id"]
        # An archive has a hash of its own; what was imported is the document inside.
        document = seen.sha256 if seen.bundle is None else hashlib.sha256(seen.bundle.data).hexdigest()
        if _imported_from(manifest) == document:
            async with self._database.tenant(tenant) as unit:
                await told.settle(unit, connector)
            return False
        if seen.bundle is None:
            return False  # Seen before and told of then; a person may have dismissed it.
        diff = await asyncio.to_thread(
            against, manifest, seen.bundle.data, address=row["address"], parts=seen.bundle.parts
        )
        async with self._database.tenant(tenant) as unit:
            await told.settle(unit, connector, keep=document if diff.changes else None)
            if diff.changes:
                await told.tell(unit, connector, manifest, diff, document, row["address"])
        return bool(diff.changes)

    async def look(self, manifest: Manifest) -> Diff:
        """A stored connector against its document as it is now; nothing is kept.

        Raises Conflict where no address is known, `DocumentUnreachable` where it gives no document, and what egress and
        the importers raise.
        """
        source = manifest.source.address if manifest.source is not msgspec.UNSET else ""
        if not is_url(source):
            raise Conflict(
                f"The connector {manifest.name!r} was not made of a document at an address; name one to compare with."
            )
        seen = await self._fetch(source, manifest)
        assert seen.bundle is not None
        return await asyncio.to_thread(against, manifest, seen.bundle.data, address=source, parts=seen.bundle.parts)


class _Source(msgspec.Struct):
    address: str = ""


class _Head(msgspec.Struct):
    """All that is read of a manifest here."""

    source: _Source | None = None


_heads = msgspec.json.Decoder(_Head)


def _address(manifest: bytes) -> str:
    try:
        head = _heads.decode(manifest)
    except msgspec.MsgspecError:
        return ""
    return head.source.address if head.source is not None and is_url(head.source.address) else ""


def _imported_from(manifest: Manifest) -> str:
    return manifest.source.sha256 if manifest.source is not msgspec.UNSET else ""


async def _begin(unit: Unit, tenant: UUID, connector: UUID, address: str) -> None:
    """Watch an address, anew where it is another one; a connector without one is noted as looked at."""
    values = {
        "tenant_id": tenant,
        "connector_id": connector,
        "address": address,
        "checked_at": sa.func.now() if not address else None,
        "next_at": sa.func.now() if address else NEVER,
    }
    statement = insert(watches).values(**values)
    moved = watches.c.address != statement.excluded.address
    await unit.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "connector_id"],
            set_={
                "address": statement.excluded.address,
                # The connector is another one now: its document is compared with it anew, however often it was seen.
                "etag": None,
                "modified": None,
                "sha256": None,
                "next_at": sa.case((moved, statement.excluded.next_at), else_=watches.c.next_at),
                "checked_at": sa.func.now(),
            },
        )
    )


def _key(row: dict[str, Any]) -> tuple[sa.ColumnElement[bool], ...]:
    return (watches.c.tenant_id == row["tenant_id"], watches.c.connector_id == row["connector_id"])
