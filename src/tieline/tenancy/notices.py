"""Notices: what a person should know of and can do something about, one for each thing however often it is met.

await notices.open(unit, kind="reconnect", subject=f"connection:{id}", title="...", detail="...")
await notices.close(unit, f"reconnect/connection:{id}")
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import notices
from tieline.storage.unit import Unit
from tieline.tenancy.events.emitting import emit
from tieline.tenancy.events.types import NOTICE_OPENED

_LONGEST = 2_000


async def open(  # noqa: A001 - the word for what is done to a notice
    unit: Unit,
    *,
    kind: str,
    subject: str,
    title: str,
    detail: str = "",
    data: dict[str, Any] | None = None,
    key: str | None = None,
) -> UUID:
    """Tell once: a second notice with the same ``key`` (default ``kind/subject``) renews the first and counts it.

    ``kind`` is a word for machines (``reconnect``, ``document-changed``, ``webhook-lost``), ``subject`` what it is
    about (``connection:<uuid>``). A closed notice that is opened again counts from one. Gives its id.
    """
    statement = insert(
        notices
    ).values(
        tenant_id=unit.tenant_id,
        id=new_id(),
        kind=kind,
        subject=subject,
        key=key or f"{kind}/{subject}",
        title=title.replace("\x00", "")[:_LONGEST],  # often the words of somebody else's server
        detail=detail.replace("\x00", "")[:_LONGEST],
        data=data or {},
    )
    told = statement.excluded
    renewed = statement.on_conflict_do_update(
        index_elements=["tenant_id", "key"],
        set_={
            "title": told.title,
            "detail": told.detail,
            "data": told.data,
            "count": sa.case((notices.c.closed_at.is_(None), notices.c.count + 1), else_=1),
            "created_at": sa.case((notices.c.closed_at.is_(None), notices.c.created_at), else_=sa.func.now()),
            "updated_at": now(),
            "closed_at": None,
        },
    ).returning(notices.c.id, notices.c.count, notices.c.title)
    row = await unit.one(renewed)
    assert row is not None
    found: UUID = row["id"]
    if row["count"] == 1:
        told_of = {"id": found, "kind": kind, "subject": subject, "title": row["title"]}
        await emit(unit, NOTICE_OPENED, f"notice:{found}", told_of, top=subject.partition(":")[2] or None)
    return found


async def close(unit: Unit, key: str) -> bool:
    """The matter is settled; False where there was no open notice."""
    closed = await unit.update(notices, notices.c.key == key, notices.c.closed_at.is_(None), closed_at=now())
    return closed > 0


async def dismiss(unit: Unit, notice_id: UUID) -> None:
    """A person has seen it; raises `NotFound`."""
    if not await unit.update(
        notices, notices.c.id == notice_id, closed_at=sa.func.coalesce(notices.c.closed_at, now())
    ):
        raise NotFound("There is no such notice.")


async def still_open(unit: Unit, *, subject: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """The open ones, newest first."""
    statement = unit.select(notices).where(notices.c.closed_at.is_(None))
    if subject is not None:
        statement = statement.where(notices.c.subject == subject)
    return await unit.all(statement.order_by(notices.c.updated_at.desc()).limit(limit))
