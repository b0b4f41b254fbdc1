"""Schema changes by Alembic, run at start by whoever comes first.

``HEAD`` is the newest revision. It is written down here (and held true by a test) so that the usual start, where
nothing is to be done, costs one query and not the import of Alembic. What may come while older processes work is said
in `phases`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

from tieline.core.errors import Misconfigured
from tieline.storage import roles
from tieline.storage.errors import DatabaseBusy, SchemaTooNew
from tieline.storage.migrations import phases

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger(__name__)

HEAD = "0010"
BASE: Final = "0010"
"""The schema with which phases began: the oldest whose programs look whether they may work with a newer one."""
PLACES = [str(Path(__file__).parent / "versions")]
"""Folders with migrations."""

# Any number that nobody else is likely to use on the same database.
_ADVISORY_LOCK = 0x7469656C696E65
# Who waits for a table lets everybody else wait behind him: better give up, and come again.
_LOCK_TIMEOUT = "3s"
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.5


def configuration() -> Config:
    """Alembic's configuration, without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(PLACES).replace("%", "%%"))
    return config


def fits(version: str | None, comment: str | None) -> bool:
    """Whether this program may work with a database as it is; False: it has to be migrated first.

    Raises `SchemaTooNew` where a newer program has taken away what this one uses.
    """
    if version is None or version < HEAD:
        return False
    if version == HEAD:
        return True
    needed = phases.allowed(comment, version)
    if needed <= HEAD:
        return True
    raise SchemaTooNew(
        f"The database has schema {version}, which needs Tieline of schema {needed} or newer; this one is of schema "
        f"{HEAD}. Update Tieline; there is no way back but a copy of the database from before."
    )


def migrate(dsn: str) -> list[str]:
    """Bring the database up to ``HEAD``. Safe in any number of processes at once: one works, the others wait.

    Everything happens in one transaction: a migration that fails leaves the database as it was. What has to wait for
    the end of older processes is left for another time, and is what is returned. Raises `SchemaTooNew`,
    `Misconfigured`, and `DatabaseBusy` where others hold a table for long.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        roles.ensure(connection)
    for attempts_left in range(_ATTEMPTS - 1, -1, -1):
        try:
            return _migrated(dsn)
        except psycopg.errors.LockNotAvailable:
            if not attempts_left:
                raise DatabaseBusy(
                    "The schema cannot be changed, because others hold its tables: end long transactions, try again."
                ) from None
            log.info("schema.waits", attempts_left=attempts_left)
            time.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _migrated(dsn: str) -> list[str]:
    from alembic.util.exc import CommandError
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    try:
        with engine.begin() as work:
            return _upgrade(work)
    except CommandError as error:
        raise SchemaTooNew(
            f"The database has a schema that this version of Tieline does not know ({error}): update Tieline."
        ) from None
    except Exception as error:
        original = getattr(error, "orig", error)
        if isinstance(original, psycopg.errors.LockNotAvailable):
            raise original from None
        if isinstance(original, psycopg.errors.InsufficientPrivilege):
            raise Misconfigured(
                f"The database user may not set up the schema: {original.diag.message_primary}. It must own the "
                "database, or have CREATE on it and on its schema public."
            ) from None
        raise
    finally:
        engine.dispose()


def _upgrade(work: Any) -> list[str]:
    """All steps that can be taken now; gives the revisions that wait."""
    from alembic import command
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    work.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    work.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
    version = MigrationContext.configure(work).get_current_revision()
    if version is not None and fits(version, _comment(work)):
        return []  # somebody else was first
    config = configuration()
    config.attributes["connection"] = work
    script = ScriptDirectory.from_config(config)
    steps = [phases.step_of(one.module, one.revision) for one in reversed(list(script.walk_revisions("base", HEAD)))]
    taken = [one for one in steps if version is not None and one.revision <= version]
    waiting = [one for one in steps if one not in taken]
    target = version
    connection: psycopg.Connection[Any] = work.connection.driver_connection
    for place, step in enumerate(waiting):
        others = phases.older(connection, step.since) if step.since and version is not None else {}
        if others:
            _check_waiting(waiting[place:], others)
            break
        taken.append(step)
        target = step.revision
    if target is not None and target != version:
        command.upgrade(config, target)
    if target is not None and target >= BASE:
        work.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{phases.comment(phases.oldest(taken, BASE))}'")
    return [one.revision for one in steps if one not in taken]


def _check_waiting(rest: list[phases.Step], others: dict[str, int]) -> None:
    """What this program needs must not stand behind what waits. Raises `Misconfigured`."""
    count, names = sum(others.values()), ", ".join(sorted(name or "before 0010" for name in others))
    log.info("schema.post_waits", revision=rest[0].revision, connections=count, of=names)
    needed = [one.revision for one in rest if not one.since]
    if needed:
        raise Misconfigured(
            f"Migration {needed[0]} comes behind {rest[0].revision}, which has to wait: {count} connections of older "
            f"processes (schema {names}) are there. Stop servers and workers of the older version first."
        )


def _comment(work: Any) -> str | None:
    found = work.exec_driver_sql("SELECT obj_description('public.alembic_version'::regclass)").scalar()
    return None if found is None else str(found)
