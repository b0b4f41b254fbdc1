"""The two roles that Tieline works as, and what they may do.

The login role owns the tables but never works with them: each transaction takes one of two roles that cannot log in,
own nothing and cannot change the schema. ``tieline_app`` sees the rows of the one tenant that the transaction names;
``tieline_system`` (authentication, workers, schedulers) sees all tenants.
"""

from __future__ import annotations

import time

import psycopg

from tieline.core.errors import Misconfigured

APP = "tieline_app"
SYSTEM = "tieline_system"
TENANT_SETTING = "tieline.tenant_id"

_ATTEMPTS = 20


def ensure(connection: psycopg.Connection) -> None:
    """Make both roles and let the login role take them. Roles belong to the whole server, so others may do it at once.

    Raises `Misconfigured` when the login role lacks the right to.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with connection.transaction():
                _ensure(connection)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject, psycopg.errors.InternalError):
            # Another database of the same server is being set up at this moment.
            time.sleep(0.01 * (attempt + 1))
        else:
            return
    raise Misconfigured("The roles of the database could not be made: other processes keep changing them.")


def _ensure(connection: psycopg.Connection) -> None:
    # From 16 on, membership can mean SET ROLE without also meaning that the login role sees what its roles see.
    right, terms = (
        ("SET", " WITH INHERIT FALSE, SET TRUE") if connection.info.server_version >= 160000 else ("MEMBER", "")
    )
    for role in (APP, SYSTEM):
        row = connection.execute(
            "SELECT pg_has_role(current_user, oid, %s) FROM pg_roles WHERE rolname = %s", [right, role]
        ).fetchone()
        try:
            if row is None:
                connection.execute(f"CREATE ROLE {role} NOLOGIN NOINHERIT")
            if row is None or not row[0]:
                connection.execute(f"GRANT {role} TO CURRENT_USER{terms}")
        except psycopg.errors.InsufficientPrivilege:
            user = connection.info.user
            raise Misconfigured(
                f'The database user "{user}" may not make the role {role}: give it CREATEROLE, or have an '
                f"administrator run: CREATE ROLE {APP} NOLOGIN; CREATE ROLE {SYSTEM} NOLOGIN; "
                f'GRANT {APP}, {SYSTEM} TO "{user}".'
            ) from None
