"""A folder's manifests as connectors of every tenant.

Each version of a file is handed to a tenant once: what he changes in it afterwards stays his until the file changes
again. A connector of the same name that the tenant made himself is left alone, and a file that is removed takes
nothing away, because connections may use what came of it.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from uuid import UUID, uuid5

import msgspec
import structlog
from sqlalchemy import exists, select

from tieline.connectors.kit.folder import Found, Stamp, read_folder, stamps
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Manifest
from tieline.core import json
from tieline.core.errors import TielineError
from tieline.storage.database import Database
from tieline.storage.tables import connector_revisions, connectors, tenants
from tieline.tenancy import standing

log = structlog.get_logger(__name__)

SECONDS = 2.0
_NAMESPACE = UUID("5d0c0b9e-6b0b-4b7e-8f5e-0d5d3a0f9c11")
_AT_ONCE = 500
_EVERYBODY = 30


class Offering:
    """Watches one folder. Any number of servers may watch the same one."""

    def __init__(self, folder: Path, database: Database, library: Library) -> None:
        self.folder = folder
        self._database = database
        self._library = library
        self._seen: dict[Path, Stamp] | None = None
        self._newest: UUID | None = None
        self._looks = 0
        self._found: dict[str, Found] = {}

    async def watch(self, seconds: float = SECONDS) -> None:
        """Look into the folder again and again; ends when it is cancelled, and never by an error."""
        while True:
            try:
                await self.look()
            except TielineError as error:
                log.warning("connectors.folder", folder=str(self.folder), reason=error.detail)
                self._newest = None
            await asyncio.sleep(seconds)

    async def look(self) -> int:
        """Hand out what has changed in the folder, and everything to tenants who are new; gives how many connectors
        were made or changed.
        """
        there = await asyncio.to_thread(stamps, self.folder)
        if there != self._seen:
            await self._read()
            self._seen, self._newest = there, None
        if not self._found:
            return 0
        async with self._database.system() as unit:
            newest = await unit.scalar(select(tenants.c.id).order_by(tenants.c.id.desc()).limit(1))
        self._looks += 1
        # Ids grow with time, but not exactly over several machines: now and then everybody is looked at.
        if newest == self._newest and self._looks % _EVERYBODY:
            return 0
        count = 0
        for found in self._found.values():
            count += await self._offer(found)
        self._newest = newest
        return count

    async def _read(self) -> None:
        folder = await asyncio.to_thread(read_folder, self.folder)
        for problem in folder.problems:
            log.warning(
                "connectors.file-skipped", file=str(problem.file), line=problem.line or 0, reason=problem.reason
            )
        self._found = folder.connectors

    async def _offer(self, found: Found) -> int:
        manifest = known_everywhere(found.manifest)
        digest = hashlib.sha256(json.dumps(manifest)).digest()
        has_it = exists().where(
            connector_revisions.c.tenant_id == tenants.c.id,
            connector_revisions.c.connector_id == connectors.c.id,
            connectors.c.tenant_id == tenants.c.id,
            connectors.c.name == manifest.name,
            connector_revisions.c.sha256 == digest,
        )
        has_own = exists().where(
            connectors.c.tenant_id == tenants.c.id,
            connectors.c.name == manifest.name,
            connectors.c.guid != manifest.guid,
        )
        customer = tenants.c.status != standing.PARTNER
        count, after = 0, None
        while True:
            statement = select(tenants.c.id).where(~has_it, ~has_own, customer).order_by(tenants.c.id).limit(_AT_ONCE)
            if after is not None:
                statement = statement.where(tenants.c.id > after)
            async with self._database.system() as unit:
                rows = await unit.all(statement)
            for row in rows:
                after = row["id"]
                count += await self._give(row["id"], manifest, found.file)
            if len(rows) < _AT_ONCE:
                break
        if count:
            log.info("connectors.offered", name=manifest.name, version=manifest.version, tenants=count)
        return count

    async def _give(self, tenant_id: UUID, manifest: Manifest, file: Path) -> int:
        try:
            async with self._database.tenant(tenant_id) as unit:
                await self._library.save(unit, manifest)
        except TielineError as error:
            log.warning("connectors.file-skipped", file=str(file), line=0, reason=f"{file}: {error.detail}")
            return 0
        return 1


def known_everywhere(manifest: Manifest) -> Manifest:
    """With a GUID that is the same for every tenant, so that one digest tells who has this version."""
    return msgspec.structs.replace(manifest, guid=manifest.guid or str(uuid5(_NAMESPACE, manifest.name)))
