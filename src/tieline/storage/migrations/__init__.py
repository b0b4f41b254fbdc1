"""Schema changes by Alembic, run at start by whoever comes first.

``HEAD`` is the newest revision. It is written down here (and held true by a test) so that the usual start, where
nothing is to be done, costs one query and not the import of Alembic.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tieline.core.errors import Misconfigured
from tieline.storage import roles
from tieline.storage.errors import SchemaTooNew

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0010"

# Any number that nobody else is likely to use on the same database.
_ADVISORY_LOCK = 0x7469656C696E65


def configuration() -> Config:
    """Alembic's configuration, without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def migrate(dsn: str) -> None:
    """Bring the database up to ``HEAD``. Safe in any number of processes at once: one works, the others wait.

    Everything happens in one transaction: a migration that fails leaves the database as it was.
    """
    from alembic import command
    from alembic.util.exc import CommandError
    from sqlalchemy import create_engine

    with psycopg.connect(dsn, autocommit=True) as connection:
        roles.ensure(connection)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    try:
        with engine.begin() as work:
            work.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            config = configuration()
            config.attributes["connection"] = work
            command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaTooNew(
            f"The database has a schema that this version of Tieline does not know ({error}): update Tieline."
        ) from None
    except Exception as error:
        original = getattr(error, "orig", error)
        if isinstance(original, psycopg.errors.InsufficientPrivilege):
            raise Misconfigured(
                f"The database user may not set up the schema: {original.diag.message_primary}. It must own the "
                "database, or have CREATE on it and on its schema public."
            ) from None
        raise
    finally:
        engine.dispose()
