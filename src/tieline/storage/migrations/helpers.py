"""The only ways in which a migration makes a table, so that none of them can forget its walls."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Table

from tieline.storage.roles import APP, SYSTEM, TENANT_SETTING

# NULL when no tenant is set, which no row equals: no tenant, no rows.
CURRENT_TENANT = f"nullif(current_setting('{TENANT_SETTING}', true), '')::uuid"


def tenant_table(name: str, *columns: Any, **options: Any) -> Table:
    """A table whose rows belong to tenants: it must have ``tenant_id``, and row-level security is on and forced."""
    table = op.create_table(name, *columns, **options)
    if "tenant_id" not in table.c:
        raise ValueError(f"table {name} has no column tenant_id: use shared_table")
    secure(name, owned_if=f"tenant_id = {CURRENT_TENANT}")
    return table


def shared_table(name: str, *columns: Any, app_sees: str | None = None, **options: Any) -> Table:
    """A table of the installation itself. A tenant's transaction sees nothing of it, or the rows where ``app_sees``."""
    table = op.create_table(name, *columns, **options)
    if "tenant_id" in table.c:
        raise ValueError(f"table {name} has a column tenant_id: use tenant_table")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {SYSTEM}")
    if app_sees:
        _force(name)
        op.execute(f"GRANT SELECT ON {name} TO {APP}")
        op.execute(f"CREATE POLICY own ON {name} FOR SELECT TO {APP} USING ({app_sees})")
    return table


def secure(name: str, *, owned_if: str) -> None:
    """Row-level security for one table: the app role sees and writes rows where ``owned_if``, the system role all."""
    _force(name)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APP}, {SYSTEM}")
    op.execute(f"CREATE POLICY tenant ON {name} TO {APP} USING ({owned_if}) WITH CHECK ({owned_if})")


def _force(name: str) -> None:
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    # Without FORCE the owner, whom a transaction is before it takes a role, would see everything.
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    # Up to PostgreSQL 15 the login role, being a member, has the role's policies without having taken the role.
    taken = f"current_user = '{SYSTEM}'"
    op.execute(f"CREATE POLICY system ON {name} TO {SYSTEM} USING ({taken}) WITH CHECK ({taken})")
