"""Connections that an automation's owner may not use, taken out of its document.

A run may use the connections of its automation's owner and those in spaces, which `Clients` sees to at every use; a
document that says so beforehand shows its new owner what is to be connected anew.
"""

from __future__ import annotations

import re
from uuid import UUID

from tieline.storage.tables import connections
from tieline.storage.unit import Unit
from tieline.tenancy.visibility import usable_by

# A whole string that is an id, and no name of a field.
_ID = re.compile(rb'"([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"(?!\s*:)')
_AT_ONCE = 1000


async def detach(unit: Unit, workspace: bytes, owner_id: UUID) -> bytes:
    """The document with an empty text in place of each connection that ``owner_id`` may not use.

    Everything else stays byte for byte; the same object where there is nothing to take out.
    """
    named = sorted({UUID(found.decode()) for found in _ID.findall(workspace)})
    foreign: set[UUID] = set()
    for start in range(0, len(named), _AT_ONCE):
        mine = connections.c.id.in_(named[start : start + _AT_ONCE])
        statement = unit.select(connections, connections.c.id).where(mine, ~usable_by(connections, owner_id))
        foreign |= {row["id"] for row in await unit.all(statement)}
    if not foreign:
        return workspace
    return _ID.sub(lambda found: b'""' if UUID(found[1].decode()) in foreign else found[0], workspace)
