"""The audit log: who changed what, and who looked at a secret.

    await audit.record(unit, call.principal, action="connection.updated", subject=f"connection:{row['id']}",
                       name=row["name"], detail=audit.changes(before, after))

A record is written in the transaction that does the thing: there is none of what did not happen, and nothing happens
without one. Nobody changes or removes a record; it goes with its tenant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from tieline.core.errors import BadInput
from tieline.core.ids import new_id
from tieline.core.json import dumps, loads
from tieline.security import redact
from tieline.storage.tables import audit_log
from tieline.storage.unit import Unit
from tieline.tenancy.events import partners
from tieline.tenancy.events.emitting import of_record
from tieline.tenancy.partner_keys import PartnerCaller
from tieline.tenancy.principal import Principal

SYSTEM = "system"

_LONGEST_NAME = 256
_LONGEST_VALUE = 1_000
_LONGEST_DETAIL = 32_000
_CUT = "..."


class Caller(NamedTuple):
    """Where the request that is being served came from."""

    trace_id: str = ""
    address: str = ""


_caller: ContextVar[Caller] = ContextVar("tieline caller")


@contextmanager
def called_by(trace_id: str, address: str) -> Iterator[None]:
    """All that is recorded inside carries this trace id (32 hexadecimal digits) and the caller's IP address."""
    token = _caller.set(Caller(trace_id, address))
    try:
        yield
    finally:
        _caller.reset(token)


def caller() -> Caller:
    """Whose request this is; without one, the trace id that the log lines carry, if any."""
    known = _caller.get(None)
    if known is not None:
        return known
    trace = structlog.contextvars.get_contextvars().get("trace_id")
    return Caller(trace_id=trace if isinstance(trace, str) else "")


async def record(
    unit: Unit,
    principal: Principal | PartnerCaller | None,
    *,
    action: str,
    subject: str,
    name: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Writes that ``principal`` (None = the platform itself) did ``action``, such as ``automation.created``.

    ``subject`` is ``kind:id``, ``name`` what the subject was called then. ``detail`` is plain data (see `changes`);
    whatever in it looks like a secret is masked, whatever is long is cut. Raises `BadInput` in a system unit without a
    principal, where nobody knows whose log it is.
    """
    tenant_id = unit.tenant_id or getattr(principal, "tenant_id", None)
    if tenant_id is None:
        raise BadInput("A record of the audit log needs a tenant: write it in the unit of one.")
    kind, actor_id = actor(principal)
    trace_id, address = caller()
    await unit.insert(
        audit_log,
        id=new_id(),
        tenant_id=tenant_id,
        actor_kind=kind,
        actor_id=actor_id,
        user_id=getattr(principal, "user_id", None),
        action=action,
        subject=_text(subject),
        name=_text(redact.mask_text(name)),
        detail=_detail(detail or {}),
        trace_id=trace_id,
        address=address,
    )
    await of_record(
        Unit(unit.connection, tenant_id),
        action=action,
        subject=subject,
        name=_text(redact.mask_text(name)),
        user_id=getattr(principal, "user_id", None),
    )


async def made_by(unit: Unit, subject: str) -> UUID | None:
    """The user who has made what ``subject`` (``kind:id``) says; None where it was no user."""
    made = (audit_log.c.subject == subject, audit_log.c.action == f"{subject.partition(':')[0]}.created")
    found: UUID | None = await unit.scalar(unit.select(audit_log, audit_log.c.user_id).where(*made).limit(1))
    return found


async def record_of_partner(
    unit: Unit,
    partner_id: UUID,
    by: PartnerCaller | None,
    *,
    action: str,
    subject: str,
    name: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """The same for what is the partner's own and no account's: templates, keys, an account that is no more.

    ``by`` is the partner itself, or None for the command line. ``unit`` sees all tenants; the record lies where the
    partner's webhooks do, and ``GET /oem/v1/audits`` lists it.
    """
    await partners.make_home(unit, partner_id)
    home = Unit(unit.connection, partner_id)
    await record(home, by, action=action, subject=subject, name=name, detail=detail)


def actor(principal: Principal | PartnerCaller | None) -> tuple[str, str]:
    """Kind and id of who acts: by what it let itself in, and which one."""
    if principal is None:
        return SYSTEM, ""
    if isinstance(principal, PartnerCaller) and principal.user_id is not None:
        return "user", str(principal.user_id)
    for kind, field in _ACTORS:
        known = getattr(principal, field, None)
        if known is not None:
            return kind, str(known)
    return "user", str(getattr(principal, "user_id", ""))


_ACTORS = (
    ("partner", "app_id"),
    ("oauth client", "client_id"),
    ("api key", "key_id"),
    ("embed session", "session_id"),
)


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, only: Collection[str] | None = None
) -> dict[str, list[Any]]:
    """``{field: [old, new]}`` of the fields that differ; None stands for one that is not there.

    ``only`` names the fields to look at (default: all of ``after``). Secrets are masked: of one that changed, both
    sides are the mask. ``updated_at`` always changes and is left out.
    """
    names = [*after] if only is None else only
    return {
        name: [_value(name, before.get(name)), _value(name, after.get(name))]
        for name in names
        if name not in _NOISE and before.get(name) != after.get(name)
    }


_NOISE = frozenset({"updated_at", "updatedAt"})


def _value(name: str, value: Any) -> Any:
    masked = redact.field(name, value)
    if isinstance(masked, str):
        return _short(masked)
    if isinstance(masked, bool | int | float | UUID | None):
        return masked
    # Whatever is too long to be read in a log is only said to have changed.
    text = dumps(masked)
    return loads(text) if len(text) <= _LONGEST_VALUE else f"<{len(text)} bytes>"


def _detail(detail: Mapping[str, Any]) -> Any:
    # A pair of old and new stays one, also where both are secret.
    masked = {
        name: [redact.field(name, item) for item in value] if isinstance(value, list) else redact.field(name, value)
        for name, value in detail.items()
    }
    text = dumps(masked)
    if len(text) > _LONGEST_DETAIL:
        return {"cut": f"<{len(text)} bytes>", "fields": sorted(str(name)[:100] for name in detail)[:100]}
    return _storable(loads(text))


def _storable(value: Any) -> Any:
    """JSONB knows no U+0000."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - len(_CUT)] + _CUT


def _text(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST_NAME]
