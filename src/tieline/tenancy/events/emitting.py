"""Telling of a change, in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, exists, select, text, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY

from tieline.core.ids import new_id
from tieline.core.json import dumps
from tieline.storage.tables import event_webhooks
from tieline.storage.unit import QUEUE, Unit
from tieline.tenancy.events.types import BY_ACTION

FAN_OUT: Final = "events_fan_out"

# One round trip; where nobody listens, it reads a handful of rows and writes nothing.
_EMIT = text("""
    WITH made AS (
        INSERT INTO events (tenant_id, id, type, subject, data, created_at)
        SELECT CAST(:tenant AS uuid), CAST(:id AS uuid), CAST(:type AS text), CAST(:subject AS text),
               CAST(:data AS bytea), CAST(:moment AS timestamptz)
        WHERE EXISTS (
            SELECT FROM event_webhooks
            WHERE tenant_id = CAST(:tenant AS uuid) AND enabled AND CAST(:type AS text) = ANY (event_types))
        RETURNING tenant_id, id
    )
    SELECT procrastinate.tieline_defer(CAST(:queue AS text), CAST(:task AS text),
        jsonb_build_object('tenant_id', tenant_id, 'event_id', id), NULL, NULL, 0, NULL) FROM made
""")


async def emit(
    unit: Unit,
    type: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    user_id: UUID | None = None,
    owner_id: UUID | None = None,
    space_id: UUID | None = None,
    top: UUID | str | None = None,
) -> bool:
    """Whether somebody listens, and will be told when the transaction commits.

    ``type`` is one of `types.EVENT_TYPES`, ``subject`` what it happened to (``automation:<uuid>``), ``data`` plain
    data without secrets. ``user_id`` is who did it; ``owner_id`` and ``space_id`` are the subject's, which decide what
    a webhook of a user hears; ``top`` is the id of what the subject belongs to (default: its own).
    """
    event_id = new_id()
    about = {"userId": user_id, "ownerId": owner_id, "spaceId": space_id, "topLevelResourceId": top}
    kept = {name: str(value) for name, value in about.items() if value is not None}
    # The log of deliveries keeps it as JSONB, which knows no U+0000.
    content = dumps({**kept, "data": data}).replace(b"\\u0000", b"\\ufffd")
    made = await unit.connection.execute(
        _EMIT,
        {
            "tenant": unit.tenant_id,
            "id": event_id,
            "type": type,
            "subject": subject,
            "data": content,
            "moment": moment_of(event_id),
            "queue": QUEUE,
            "task": FAN_OUT,
        },
    )
    return made.first() is not None


async def of_record(unit: Unit, *, action: str, subject: str, name: str, user_id: UUID | None) -> None:
    """The event that a record of the audit log is, if it is one."""
    known = BY_ACTION.get(action)
    if known is not None:
        data = {"id": subject.partition(":")[2], "name": name}
        await emit(unit, known, subject, data, user_id=user_id)


def listens(tenant_id: UUID, types: Sequence[str]) -> ColumnElement[bool]:
    """Whether a webhook of the tenant listens to one of these, for a statement that is made anyway."""
    return exists(
        select(event_webhooks.c.id).where(
            event_webhooks.c.tenant_id == tenant_id,
            event_webhooks.c.enabled,
            hears(types),
        )
    )


def hears(types: Sequence[str]) -> ColumnElement[bool]:
    """The condition on a webhook that it names one of these."""
    column = type_coerce(event_webhooks.c.event_types, ARRAY(Text))
    found: ColumnElement[bool] = column.overlap(cast(list(types), ARRAY(Text)))
    return found


def moment_of(identity: UUID) -> datetime:
    """When an id of ours was made, to the millisecond (RFC 9562 section 5.7)."""
    return datetime.fromtimestamp((identity.int >> 80) / 1000, UTC)
