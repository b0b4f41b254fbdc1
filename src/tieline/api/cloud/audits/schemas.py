"""Records of the audit log on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.api.edge.documented import Links
from tieline.core.clock import iso
from tieline.core.filters import Attribute
from tieline.storage.tables import audit_log
from tieline.tenancy.listing import Listing

LISTING = Listing(
    audit_log.c.id,
    filters={
        "action": (Attribute(), audit_log.c.action),
        "subject": (Attribute(), audit_log.c.subject),
        "name": (Attribute(), audit_log.c.name),
        "userId": (Attribute(exact=True), audit_log.c.user_id),
        "actorKind": (Attribute(), audit_log.c.actor_kind),
        "actorId": (Attribute(exact=True), audit_log.c.actor_id),
        "traceId": (Attribute(exact=True), audit_log.c.trace_id),
        "time": (Attribute(kind="moment"), audit_log.c.at),
        "eventTime": (Attribute(kind="moment"), audit_log.c.at),
        "eventType": (Attribute(), audit_log.c.action),
    },
    # Clients of Qlik Cloud say eventTime.
    sorts={"id": audit_log.c.id, "time": audit_log.c.at, "eventTime": audit_log.c.at},
)


class AuditRecord(BaseModel):
    """Who did what to what."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str = Field(json_schema_extra={"format": "uuid"})
    time: datetime
    action: str = Field(description="`automation.created`, `run.stopped` ...")
    subject: str = Field(description="Kind and id of what it was done to: `automation:<id>`.")
    name: str = Field(description="What the subject was called then.")
    actor_kind: str = Field(description="`user`, `api key`, `oauth client` or `system`: what let the caller in.")
    actor_id: str
    user_id: str | None = Field(default=None, description="Whom the caller stood for; none for Tieline itself.")
    detail: dict[str, Any] = Field(description="What changed, as `{field: [old, new]}`; secrets are masked.")
    trace_id: str = Field(description="Of the request, as in its answer and in the logs.")
    address: str = Field(description="Where the request came from.")
    event_time: datetime = Field(description="The same as `time`, as clients of Qlik Cloud know it.")
    event_type: str = Field(description="The same as `action`.")
    data: dict[str, Any] = Field(description="The same as `detail`.")
    source: str = Field(description="What wrote the record: `tieline`.")
    tenant_id: str


class AuditRecordList(BaseModel):
    """A page of records."""

    data: list[AuditRecord]
    links: Links


def show_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the API shows it."""
    return {
        "id": row["id"],
        "time": iso(row["at"]),
        "action": row["action"],
        "subject": row["subject"],
        "name": row["name"],
        "actorKind": row["actor_kind"],
        "actorId": row["actor_id"],
        "userId": row["user_id"],
        "detail": row["detail"],
        "traceId": row["trace_id"],
        "address": row["address"],
        "eventTime": iso(row["at"]),
        "eventType": row["action"],
        "data": row["detail"],
        "source": "tieline",
        "tenantId": row["tenant_id"],
    }
