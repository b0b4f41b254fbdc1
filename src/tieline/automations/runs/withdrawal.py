"""Whose right to act was taken away: their runs do not begin, and those that go on stop at their next block.

A run acts for the owner of its automation, and for who started it by hand; over the API, also by way of one key, OAuth
grant or embed session. Where one of these is disabled, removed or revoked, or the tenant is deactivated, the run ends
as stopped with an error that says so. A key that has expired is no reason: a run may take longer than the key that
started it may live. What another run has called goes on: it was not the key that started it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, case, cast, func, or_, select

from tieline.automations.engine.errors import RunStopped
from tieline.automations.workspace.flows import KEY
from tieline.storage.database import Database
from tieline.storage.tables import api_keys, embed_sessions, oauth_tokens, runs, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import standing
from tieline.tenancy.principal import API_KEY, GRANT, SESSION
from tieline.tenancy.remembering import Remembered

BY_KEY: Final = API_KEY
BY_GRANT: Final = GRANT
BY_SESSION: Final = SESSION
_ID_LENGTH: Final = 36
# A run of a flow names that first (see `workspace.flows.key_of`).
_OF_FLOW: Final = re.compile(f"^{KEY}[a-z]+:")

_DETAILS: Final = {
    "tenant": "the tenant was deactivated",
    "owner": "the user that owns the automation was disabled or removed",
    "starter": "the user that started it was disabled or removed",
    "key": "the API key that started it was revoked",
    "grant": "the access that started it was revoked",
    "session": "the embed session that started it was revoked",
}


class RunWithdrawn(RunStopped):
    """Who the run acted for may not act any more."""

    code = "run-withdrawn"
    status = 403
    title = "The right to run was withdrawn"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the run was stopped: {_DETAILS[reason]}")

    def as_error(self) -> dict[str, Any]:
        """For ``run.error``."""
        return {"code": self.code, "title": self.title, "detail": self.detail}


def started_with(credential: str, run_id: UUID) -> str:
    """The ``start_key`` of a run that was started over the API: names the credential, and is the run's own."""
    return f"{credential}:{run_id}"


def _credential(start_key: str) -> str:
    """The part of a ``start_key`` that names a credential; "" = it names something else."""
    start_key = _OF_FLOW.sub("", start_key)
    prefix = next((prefix for prefix in (BY_KEY, BY_GRANT, BY_SESSION) if start_key.startswith(prefix)), "")
    return start_key[: len(prefix) + _ID_LENGTH] if prefix else ""


def _named(prefix: str, here: ColumnElement[bool]) -> ColumnElement[UUID | None]:
    """The id behind the prefix, only read where there is one, so that the index of what has it serves."""
    return case((here, cast(func.substr(_start_key, len(prefix) + 1, _ID_LENGTH), Uuid)))


_start_key = func.regexp_replace(runs.c.start_key, _OF_FLOW.pattern, "")
_owner, _starter = users.alias("owner"), users.alias("starter")
_by_key = _start_key.startswith(BY_KEY, autoescape=True)
_by_grant = _start_key.startswith(BY_GRANT, autoescape=True)
_by_session = _start_key.startswith(BY_SESSION, autoescape=True)
_reason: ColumnElement[Any] = case(
    (tenants.c.status != standing.ACTIVE, "tenant"),
    (_owner.c.status.in_(standing.BARRED), "owner"),
    (_starter.c.status.in_(standing.BARRED), "starter"),
    (and_(_by_key, or_(api_keys.c.id.is_(None), api_keys.c.revoked_at.is_not(None))), "key"),
    (and_(_by_grant, or_(oauth_tokens.c.id.is_(None), oauth_tokens.c.revoked_at.is_not(None))), "grant"),
    # Sessions are short and soon forgotten, which is no reason; that one was taken away is.
    (and_(_by_session, embed_sessions.c.revoked_at.is_not(None)), "session"),
)
_LOOK = (
    select(runs.c.id, _reason.label("reason"))
    .join(tenants, tenants.c.id == runs.c.tenant_id)
    .outerjoin(_owner, and_(_owner.c.tenant_id == runs.c.tenant_id, _owner.c.id == runs.c.owner_id))
    .outerjoin(_starter, and_(_starter.c.tenant_id == runs.c.tenant_id, _starter.c.id == runs.c.executed_by))
    .outerjoin(
        api_keys,
        and_(_by_key, api_keys.c.tenant_id == runs.c.tenant_id, api_keys.c.id == _named(BY_KEY, _by_key)),
    )
    .outerjoin(
        oauth_tokens,
        and_(_by_grant, oauth_tokens.c.tenant_id == runs.c.tenant_id, oauth_tokens.c.id == _named(BY_GRANT, _by_grant)),
    )
    .outerjoin(
        embed_sessions,
        and_(
            _by_session,
            embed_sessions.c.tenant_id == runs.c.tenant_id,
            embed_sessions.c.id == _named(BY_SESSION, _by_session),
        ),
    )
    .where(_reason.is_not(None))
)


async def withdrawn(unit: Unit, tenant_ids: Collection[UUID], run_ids: Collection[UUID]) -> dict[UUID, str]:
    """Why each of these runs has to stop, for those that have to; a unit of `Database.system` is needed."""
    rows = await unit.all(_LOOK.where(runs.c.tenant_id.in_(tenant_ids), runs.c.id.in_(run_ids)))
    return {row["id"]: row["reason"] for row in rows}


class Rights:
    """Says whether a run may begin. What was found for its tenant, people and key is remembered for less than a second,
    so that an automation that runs a thousand times a second asks once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._good = Remembered[None]()

    async def check(self, row: Mapping[str, Any]) -> None:
        """Raises `RunWithdrawn`; ``row`` is the run's."""
        who = (row["tenant_id"], row["owner_id"], row["executed_by"], _credential(row["start_key"] or ""))

        async def ask() -> None:
            async with self._database.system() as unit:
                reason = (await withdrawn(unit, [row["tenant_id"]], [row["id"]])).get(row["id"])
            if reason is not None:
                raise RunWithdrawn(reason)

        await self._good.get(who, ask)
