"""Which connector blocks of a document find their connection by themselves, for its report."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tieline.automations.blocks.binding import Candidate, candidates, reason, sole
from tieline.automations.workspace import Report
from tieline.connectors.library import Library
from tieline.storage.unit import Unit


async def bind(unit: Unit, report: Report, library: Library, owner_id: UUID) -> Report:
    """Moves blocks of ``unbound`` to ``bound`` whose connector is the tenant's and has exactly one connection that the
    owner may use; of the rest says why. The document itself is not touched.
    """
    if not report.unbound:
        return report
    found = await candidates(unit, {one["connector"] for one in report.unbound}, owner_id)
    operations = {
        candidate.connector_id: await _operations(unit, library, candidate)
        for several in found.values()
        for candidate in several
    }
    left: list[dict[str, Any]] = []
    for one in report.unbound:
        several = found.get(one["connector"], [])
        connection = sole(several)
        having = [candidate for candidate in several if one["operation"] in operations[candidate.connector_id]]
        if several and not having:
            detail = f"connector “{several[0].title}” has no operation {one['operation'][:100]!r}"
            left.append({**one, "detail": f"block “{one['block']}” cannot run: {detail}"})
        elif connection is None:
            left.append(
                {**one, "detail": f"block “{one['block']}” has no connection{reason(one['connector'], several)}"}
            )
        else:
            report.bound.append({**one, "connection": str(connection)})
    report.unbound = left
    return report


async def _operations(unit: Unit, library: Library, candidate: Candidate) -> set[str]:
    manifest = await library.manifest(unit, candidate.connector_id)
    return {name for block in manifest.blocks for name in (block.id, block.guid) if name}
