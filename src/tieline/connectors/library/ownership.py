"""Whose a connector is: everybody in the tenant works with it, and few may change it."""

from __future__ import annotations

from uuid import UUID

from tieline.core.errors import Forbidden
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.principal import TENANT_ADMIN, Principal


async def require_maker(unit: Unit, principal: Principal, connector_id: UUID) -> None:
    """Raises `Forbidden` for everybody but who made the connector and administrators of the tenant.

    What came of a file or of the partner was made by nobody, so it is the administrators' to change.
    """
    if principal.administers("connectors"):
        return
    if await audit.made_by(unit, f"connector:{connector_id}") != principal.user_id:
        raise Forbidden(
            "A connector is changed and removed by who made it, or by a tenant administrator:"
            f" role {TENANT_ADMIN} and scope admin or connectors."
        )
