"""The first administrator of an installation: who shows the code that the server printed, chooses a password.

    code = await setup.code(unit, secret_keys)              # None where nothing is to be set up; of Database.system
    await setup.check_code(unit, secret_keys, shown)        # CodeRefused, AlreadySetUp

The code is not kept anywhere: it is derived from the secret keys, so that every server and ``tieline studio
setup-code`` know the same one, and from how often the installation was set up, so that each is good once.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, literal, select, text

from tieline.storage.tables import audit_log, passwords, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import partners, standing
from tieline.tenancy import tenants as tenant_rules
from tieline.tenancy.bootstrap import ADMIN, DEFAULT
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN
from tieline.tenancy.studio.errors import AlreadySetUp, CodeRefused

ACTION: Final = "user.set-up"
_PURPOSE: Final = b"tieline/studio-setup/1"
_LOCK: Final = 0x7E11_57D1


async def default_tenant(unit: Unit) -> UUID | None:
    """The tenant of the installation itself, where it is open; ``unit`` sees all tenants, here and below."""
    partner = await partners.find(unit, DEFAULT)
    row = await tenant_rules.find(unit, partner["id"], DEFAULT) if partner else None
    found: UUID | None = row["id"] if row is not None and row["status"] == standing.ACTIVE else None
    return found


async def awaited(unit: Unit) -> dict[str, Any] | None:
    """The administrator who waits to be set up; None where some administrator of the partner has a password."""
    tenant_id = await default_tenant(unit)
    if tenant_id is None:
        return None
    known = (
        select(passwords.c.user_id)
        .join(users, (users.c.tenant_id == passwords.c.tenant_id) & (users.c.id == passwords.c.user_id))
        .where(passwords.c.tenant_id == tenant_id, _has(PARTNER_ADMIN))
        .limit(1)
    )
    if await unit.one(known) is not None:
        return None
    statement = (
        select(users)
        .join(tenants, tenants.c.id == users.c.tenant_id)
        .where(
            users.c.tenant_id == tenant_id,
            users.c.external_id == ADMIN,
            _has(TENANT_ADMIN),
            _has(PARTNER_ADMIN),
            standing.in_good_standing(),
        )
    )
    return await unit.one(statement)


async def code(unit: Unit, secret_keys: Sequence[bytes]) -> str | None:
    """The code that is good now; None where nothing is to be set up."""
    user = await awaited(unit)
    return None if user is None else _code(secret_keys[0], user["tenant_id"], await _times(unit, user["tenant_id"]))


async def check_code(unit: Unit, secret_keys: Sequence[bytes], shown: str) -> dict[str, Any]:
    """The administrator whom this code sets up. Raises `AlreadySetUp`, `CodeRefused`."""
    user = await awaited(unit)
    if user is None:
        raise AlreadySetUp("This installation has an administrator already; sign in, or ask for an invitation.")
    times = await _times(unit, user["tenant_id"])
    given = shown.strip().lower().encode("utf-8", "surrogatepass")
    good = [hmac.compare_digest(given, _code(key, user["tenant_id"], times).encode()) for key in secret_keys]
    if not any(good):
        raise CodeRefused(
            "The setup code is not valid; take the address that the server printed, or ask tieline studio setup-code."
        )
    return user


async def one_at_a_time(unit: Unit) -> None:
    """Whoever sets up waits here for the others, until the end of the transaction."""
    await unit.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _has(role: str) -> ColumnElement[bool]:
    return literal(role) == any_(users.c.roles)


async def _times(unit: Unit, tenant_id: UUID) -> int:
    statement = select(func.count()).where(audit_log.c.tenant_id == tenant_id, audit_log.c.action == ACTION)
    found: int = await unit.scalar(statement)
    return found


def _code(key: bytes, tenant_id: UUID, times: int) -> str:
    digest = hmac.digest(key, _PURPOSE + tenant_id.bytes + times.to_bytes(8, "big"), hashlib.sha256)
    return b32encode(digest[:20]).decode().lower()
