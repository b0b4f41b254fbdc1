"""Who may still act: a user who is neither disabled nor removed, of a tenant that is not deactivated."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, select

from tieline.storage.tables import tenants, users

ACTIVE = "active"
INVITED = "invited"
DISABLED = "disabled"
DELETED = "deleted"
PARTNER = "partner"  # of no customer: where a partner's own events and webhooks hang, see `events.partners`
BARRED = (DISABLED, DELETED)


def in_good_standing() -> ColumnElement[bool]:
    """The condition on ``users`` joined with ``tenants``; every way in has to ask it of whoever comes."""
    return and_(users.c.status.not_in(BARRED), tenants.c.status == ACTIVE)


def barred(tenant_id: UUID | None, user_id: UUID) -> ColumnElement[str]:
    """Why nothing may start in the name of this user, as the rest of a sentence; "" = it may. For a tenant's unit."""
    tenant = select(tenants.c.status).where(tenants.c.id == tenant_id).scalar_subquery()
    user = select(users.c.status).where(users.c.tenant_id == tenant_id, users.c.id == user_id).scalar_subquery()
    return case(
        (tenant != ACTIVE, "its tenant is deactivated"),
        (user.in_(BARRED), "its owner is disabled or removed"),
        else_="",
    )
