"""First start: a partner, a tenant and an administrator to begin with, and a key for the local command line.

    result = await bootstrap(database, Path(".tieline"))      # the key lies in .tieline/admin.key, mode 0600
    result = await bootstrap(database, None)                  # a shared database: no key is written to a disk

Any number of processes may do this at once, at any start: one makes what is missing, the others find it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text

from tieline.core.clock import now
from tieline.core.errors import Misconfigured
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import api_keys
from tieline.storage.tables import users as users_table
from tieline.storage.unit import Unit
from tieline.tenancy import partners, scopes, tenants, users
from tieline.tenancy.keys import PREFIX
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN

KEY_FILE = "admin.key"
DEFAULT = "default"
ADMIN = "admin"
_DESCRIPTION = "local administrator (admin.key)"
_LOCK = 0x7E11_B007


class Bootstrap(Struct, frozen=True):
    """What a first start left behind; ``key_file`` is None where no key was asked for."""

    partner_id: UUID
    tenant_id: UUID
    user_id: UUID
    key_file: Path | None


async def bootstrap(database: Database, data_dir: Path | None) -> Bootstrap:
    """Makes what is missing of the default partner, tenant, administrator and ``<data_dir>/admin.key``.

    Raises `Misconfigured` where the key's file cannot be written.
    """
    async with database.system() as unit:
        await _one_at_a_time(unit)
        partner = await partners.find(unit, DEFAULT)
        partner_id = partner["id"] if partner else await partners.create(unit, name="Default partner", app_id=DEFAULT)
        tenant = await tenants.find(unit, partner_id, DEFAULT)
        tenant_id = (
            tenant["id"]
            if tenant
            else await tenants.create(unit, partner_id=partner_id, external_id=DEFAULT, name="Default tenant")
        )
    async with database.tenant(tenant_id) as unit:
        await _one_at_a_time(unit)
        user = await users.find(unit, ADMIN)
        user_id = (
            user["id"]
            if user
            else await users.create(unit, external_id=ADMIN, name="Administrator", roles=[TENANT_ADMIN, PARTNER_ADMIN])
        )
        if user and TENANT_ADMIN in user["roles"] and PARTNER_ADMIN not in await users.roles_in_use(unit):
            # Installed before there was this role: nobody could give it.
            await unit.update(users_table, users_table.c.id == user_id, roles=[*user["roles"], PARTNER_ADMIN])
    key_file = None
    if data_dir is not None:
        key_file = data_dir / KEY_FILE
        await _key(database, tenant_id, user_id, key_file)
    return Bootstrap(partner_id, tenant_id, user_id, key_file)


async def _one_at_a_time(unit: Unit) -> None:
    await unit.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


async def _key(database: Database, tenant_id: UUID, user_id: UUID, key_file: Path) -> None:
    """Keeps the key that the file holds where it still opens; otherwise the key gets another secret. It stays the same
    key, because what it has started goes on: after a restore, say, which brings no file.
    """
    async with database.tenant(tenant_id) as unit:
        await _one_at_a_time(unit)
        ours = (api_keys.c.user_id == user_id) & (api_keys.c.description == _DESCRIPTION)
        alive = ours & api_keys.c.revoked_at.is_(None)
        known = api_keys.c.hash == tokens.hash_token(_read(key_file))
        if await unit.one(unit.select(api_keys, api_keys.c.id).where(alive, known)) is not None:
            return
        secret = tokens.new_token(PREFIX)
        hashed = tokens.hash_token(secret)
        if not await unit.update(api_keys, alive, hash=hashed, updated_at=now()):
            await unit.insert(
                api_keys, id=new_id(), user_id=user_id, description=_DESCRIPTION, hash=hashed, scopes=[scopes.ADMIN]
            )
        # Before the commit: a key without its file could never be used; a file without its key the next start mends.
        _write(key_file, secret)


def _read(path: Path) -> str:
    """What the file holds, if nobody else can read it."""
    try:
        with path.open(encoding="ascii") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                return ""
            return file.read(1024).strip()
    except (OSError, ValueError):
        return ""


def _write(path: Path, secret: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise Misconfigured(
            f"The administrator's key cannot be written to {path} ({error.strerror}); "
            "make room there or correct its rights."
        ) from None
