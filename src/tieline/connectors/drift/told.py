"""Notices of documents that have changed: one for each connector and document."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from tieline.connectors.drift.changes import LEVELS, Diff
from tieline.connectors.manifest.model import Manifest
from tieline.core.clock import now
from tieline.storage.tables import notices as table
from tieline.storage.unit import Unit
from tieline.tenancy import notices

KIND: Final = "document-changed"
_SHOWN: Final = 50


def subject(connector_id: UUID) -> str:
    """What the notices of a connector are about."""
    return f"connector:{connector_id}"


async def tell(unit: Unit, connector_id: UUID, manifest: Manifest, diff: Diff, sha256: str, address: str) -> None:
    """Open the notice of this document, or renew it."""
    counts = ", ".join(f"{diff.count(level)} {level}" for level in LEVELS if diff.count(level))
    data: dict[str, Any] = {
        "connectorId": str(connector_id),
        "address": address,
        "sha256": sha256,
        "bump": diff.bump,
        "version": manifest.version,
        "nextVersion": diff.next_version(manifest.version),
        **{level: diff.count(level) for level in LEVELS},
        "blocks": diff.blocks[:_SHOWN],
        "changes": [f"{one.level}: {one.message}" for one in diff.changes[:_SHOWN]],
    }
    await notices.open(
        unit,
        kind=KIND,
        subject=subject(connector_id),
        key=key(connector_id, sha256),
        title=f"The documentation of {manifest.title or manifest.name} has changed",
        detail=f"An import would bring {counts} changes, a {diff.bump} version. {diff.changes[0].message}",
        data=data,
    )


async def settle(unit: Unit, connector_id: UUID, *, keep: str | None = None) -> None:
    """Close the connector's notices, but for the one of the document ``keep``."""
    await unit.update(
        table,
        table.c.kind == KIND,
        table.c.subject == subject(connector_id),
        table.c.closed_at.is_(None),
        *([table.c.key != key(connector_id, keep)] if keep else []),
        closed_at=now(),
    )


async def imported(unit: Unit, connector_id: UUID, sha256: str) -> None:
    """The document with this hash was imported: what was told of it is settled."""
    await notices.close(unit, key(connector_id, sha256))


def key(connector_id: UUID, sha256: str) -> str:
    """One notice for one connector and document."""
    return f"{KIND}/{subject(connector_id)}/{sha256[:32]}"
