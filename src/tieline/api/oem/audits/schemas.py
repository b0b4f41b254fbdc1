"""Records of the audit log on the partner's wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from tieline.core.clock import iso


class AuditActor(BaseModel):
    """Who did it."""

    kind: str = Field(description="`partner`, `user`, `api key`, `oauth client`, `embed session` or `system`.")
    id: str = Field(description="Which one: the partner's app id, the key's id ...")
    user_guid: str | None = Field(description="Whom it stood for.")


class PartnerAuditRecord(BaseModel):
    """Who did what to what."""

    guid: str
    time: str
    action: str
    subject: str = Field(description="Kind and id of what it was done to: `automation:<id>`.")
    name: str = Field(description="What the subject was called then.")
    actor: AuditActor
    detail: dict[str, Any] = Field(description="What changed; secrets are masked.")
    trace_id: str = Field(description="Of the request, as in its answer and in the logs.")
    address: str = Field(description="Where the request came from.")


def show(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ``audit_log``."""
    return {
        "guid": str(row["id"]),
        "time": iso(row["at"]),
        "action": row["action"],
        "subject": row["subject"],
        "name": row["name"],
        "actor": {
            "kind": row["actor_kind"],
            "id": row["actor_id"],
            "user_guid": None if row["user_id"] is None else str(row["user_id"]),
        },
        "detail": row["detail"],
        "trace_id": row["trace_id"],
        "address": row["address"],
    }
