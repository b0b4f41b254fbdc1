"""Connectors of a tenant: manifests with their history."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.exc import IntegrityError

from tieline.connectors.manifest.model import Manifest
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import BadInput, Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.tables import connections, connector_revisions, connectors
from tieline.storage.unit import Unit

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_LONGEST_NAME: Final = 100
_KEPT: Final = 64

_decoder = msgspec.json.Decoder(Manifest)

Row = dict[str, Any]


class Library:
    """Saves, finds and removes connectors.

    Methods that take a ``unit`` are part of the caller's transaction and see the tenant of that unit. Rows are dicts
    with the columns of `tables.connectors` except ``manifest``; `manifest` opens that one. Manifests that are handed
    out are shared: whoever changes one makes a copy first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._opened: OrderedDict[bytes, Manifest] = OrderedDict()

    async def save(self, unit: Unit, manifest: Manifest) -> Row:
        """Keep a manifest under its name: a new connector, or a new revision where its content has changed.

        Gives the row; its ``revision`` tells whether something changed. The GUID stays over all revisions. Raises
        BadInput for a name that is not lower-case words joined by hyphens.
        """
        if not _NAME.match(manifest.name) or len(manifest.name) > _LONGEST_NAME:
            raise BadInput(
                f"the connector's name {manifest.name[:_LONGEST_NAME]!r} must be lower-case letters and digits"
                " joined by hyphens",
                pointer="/name",
            )
        known = await unit.one(
            unit.select(connectors, *_COLUMNS).where(connectors.c.name == manifest.name).with_for_update()
        )
        guid = manifest.guid or (known["guid"] if known else str(new_id()))
        kept = msgspec.structs.replace(manifest, guid=guid)
        data = json.dumps(kept)
        digest = hashlib.sha256(data).digest()
        if known is not None and known["sha256"] == digest:
            return known
        values = {
            "guid": guid,
            "title": manifest.title or manifest.name,
            "version": manifest.version,
            "revision": known["revision"] + 1 if known else 1,
            "manifest": data,
            "sha256": digest,
        }
        if known is None:
            connector_id = new_id()
            try:
                async with unit.connection.begin_nested():
                    await unit.insert(connectors, id=connector_id, name=manifest.name, **values)
            except IntegrityError:
                raise Conflict(
                    f"the connector {manifest.name!r} was saved by somebody else at this moment; try again"
                ) from None
        else:
            connector_id = known["id"]
            await unit.update(connectors, connectors.c.id == connector_id, updated_at=now(), **values)
        await unit.insert(
            connector_revisions,
            connector_id=connector_id,
            revision=values["revision"],
            version=manifest.version,
            manifest=data,
            sha256=digest,
        )
        self._keep(digest, kept)
        return await self.get(unit, connector_id)

    async def get(self, unit: Unit, connector_id: UUID) -> Row:
        """One connector; raises NotFound."""
        return _found(
            await unit.one(unit.select(connectors, *_COLUMNS).where(connectors.c.id == connector_id)), connector_id
        )

    async def find(self, unit: Unit, name_or_guid: str) -> Row:
        """The connector of that name or GUID; raises NotFound."""
        wanted = (connectors.c.name == name_or_guid) | (connectors.c.guid == name_or_guid)
        return _found(await unit.one(unit.select(connectors, *_COLUMNS).where(wanted)), name_or_guid)

    async def manifest(self, unit: Unit, connector_id: UUID, *, revision: int | None = None) -> Manifest:
        """The manifest of the newest or of one older revision; raises NotFound."""
        if revision is None:
            row = _found(
                await unit.one(unit.select(connectors, connectors.c.sha256).where(connectors.c.id == connector_id)),
                connector_id,
            )
            kept = self._opened.get(row["sha256"])
            if kept is not None:
                self._opened.move_to_end(row["sha256"])
                return kept
            statement = unit.select(connectors, connectors.c.manifest, connectors.c.sha256).where(
                connectors.c.id == connector_id
            )
        else:
            statement = unit.select(connector_revisions).where(
                connector_revisions.c.connector_id == connector_id, connector_revisions.c.revision == revision
            )
        row = _found(await unit.one(statement), connector_id)
        opened = _decoder.decode(row["manifest"])
        self._keep(row["sha256"], opened)
        return opened

    async def revisions(self, unit: Unit, connector_id: UUID) -> list[Row]:
        """Number, version and date of all revisions, newest first."""
        table = connector_revisions
        statement = unit.select(table, table.c.revision, table.c.version, table.c.sha256, table.c.created_at)
        return await unit.all(statement.where(table.c.connector_id == connector_id).order_by(table.c.revision.desc()))

    async def delete(self, unit: Unit, connector_id: UUID) -> None:
        """Remove a connector with its history. Raises NotFound, or Conflict while connections use it."""
        row = await self.get(unit, connector_id)
        user = await unit.one(
            unit.select(connections, connections.c.name).where(connections.c.connector_id == connector_id).limit(1)
        )
        if user is not None:
            raise Conflict(
                f"the connector {row['name']!r} is used by the connection {user['name']!r}; delete its connections"
                " first"
            )
        await unit.delete(connectors, connectors.c.id == connector_id)

    async def list(self, unit: Unit, *, after: UUID | None = None, limit: int = 100) -> list[Row]:
        """Connectors in the order of their ids, from the one after ``after`` on."""
        statement = unit.select(connectors, *_COLUMNS).order_by(connectors.c.id).limit(limit)
        return await unit.all(statement if after is None else statement.where(connectors.c.id > after))

    def _keep(self, digest: bytes, manifest: Manifest) -> None:
        self._opened[digest] = manifest
        self._opened.move_to_end(digest)
        while len(self._opened) > _KEPT:
            self._opened.popitem(last=False)


_COLUMNS: Final = tuple(column for column in connectors.c if column.name != "manifest")


def _found(row: Row | None, wanted: object) -> Row:
    if row is None:
        raise NotFound(f"there is no connector {str(wanted)[:100]!r}")
    return row
