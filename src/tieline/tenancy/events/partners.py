"""Events of a partner: what happens in any of its accounts, told to the webhooks that the partner has registered.

    await tell(unit, "com.tieline.integration.installed", f"integration:{row['id']}", {"guid": ..., "name": ...})

They hang on a row of ``tenants`` that stands for the partner itself: it has the partner's id and the status
``partner``, is nobody's account, and nobody can sign in to it. So webhooks, deliveries and retries are those of
tenants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from tieline.core.ids import new_id
from tieline.core.json import dumps
from tieline.storage.tables import tenants
from tieline.storage.unit import QUEUE, Unit
from tieline.tenancy import scopes, standing
from tieline.tenancy.events.emitting import FAN_OUT, moment_of
from tieline.tenancy.events.types import PARTNER_TYPES
from tieline.tenancy.principal import TENANT_ADMIN, Principal

EXTERNAL_ID: Final = "tieline:partner"

# One round trip; where no webhook of the partner listens, it reads a few rows and writes nothing. ``account`` and
# ``tenantId`` are added here, because the account's row is read anyway.
_TELL = text("""
    WITH about AS (
        SELECT partner_id, jsonb_build_object('guid', id, 'externalid', external_id, 'name', name) AS account
        FROM tenants WHERE id = CAST(:tenant AS uuid)
    ), made AS (
        INSERT INTO events (tenant_id, id, type, subject, data, created_at)
        SELECT about.partner_id, CAST(:id AS uuid), CAST(:type AS text), CAST(:subject AS text),
               convert_to(jsonb_build_object(
                   'tenantId', CAST(:tenant AS text),
                   'data', jsonb_build_object('account', about.account) || CAST(:data AS jsonb))::text, 'UTF8'),
               CAST(:moment AS timestamptz)
        FROM about
        WHERE EXISTS (
            SELECT FROM event_webhooks
            WHERE tenant_id = about.partner_id AND enabled AND CAST(:type AS text) = ANY (event_types))
        RETURNING tenant_id, id
    )
    SELECT procrastinate.tieline_defer(CAST(:queue AS text), CAST(:task AS text),
        jsonb_build_object('tenant_id', tenant_id, 'event_id', id), NULL, NULL, 0, NULL) FROM made
""")


async def tell(unit: Unit, type: str, subject: str, data: Mapping[str, Any], *, tenant_id: UUID | None = None) -> bool:
    """Whether the partner of the unit's tenant (or of ``tenant_id``) listens, and will be told on commit.

    ``data`` is plain and has no secret; the account is added to it.
    """
    assert type in PARTNER_TYPES
    event_id = new_id()
    async with unit.beyond() as system:
        made = await system.connection.execute(
            _TELL,
            {
                "tenant": str(tenant_id or unit.tenant_id),
                "id": event_id,
                "type": type,
                "subject": subject,
                # JSONB knows no U+0000.
                "data": dumps(data).replace(b"\\u0000", b"\\ufffd").decode(),
                "moment": moment_of(event_id),
                "queue": QUEUE,
                "task": FAN_OUT,
            },
        )
        return made.first() is not None


async def make_home(unit: Unit, partner_id: UUID) -> None:
    """The row that a partner's webhooks hang on, made where it is missing; a unit of `Database.system` is needed."""
    values = {"id": partner_id, "partner_id": partner_id, "external_id": EXTERNAL_ID, "name": "Partner"}
    await unit.connection.execute(insert(tenants).values(**values, status=standing.PARTNER).on_conflict_do_nothing())


def acting(partner_id: UUID) -> Principal:
    """The partner itself, as who makes and changes its webhooks."""
    return Principal(
        tenant_id=partner_id,
        user_id=partner_id,
        partner_id=partner_id,
        roles=frozenset([TENANT_ADMIN]),
        scopes=frozenset([scopes.ADMIN]),
    )
