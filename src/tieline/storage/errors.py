"""Errors of the storage layer.

TielineError
|-- Transient
|   `-- Unavailable
|       `-- DatabaseUnavailable    503  no connection, or it broke
|           `-- DiskFull           507  the server cannot write
`-- Terminal
    |-- Conflict
    |   `-- AlreadyQueued          409  a job with the same queueing lock waits
    |-- Misconfigured                   wrong address, too old, missing rights
    |   `-- SchemaTooNew           500  the database was migrated by a newer Tieline
    |-- FenceLost                  409  another worker took the run over
    `-- UnitAborted                500  an SQL error inside the unit of work was swallowed
"""

from __future__ import annotations

from tieline.core.errors import Conflict, Misconfigured, Terminal, Unavailable


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer, or the connection broke during the work."""

    code = "database-unavailable"
    title = "Database unavailable"


class DiskFull(DatabaseUnavailable):
    """The disk that holds the database has no space left."""

    code = "disk-full"
    status = 507
    title = "No space left for the database"


class DatabaseBusy(Unavailable):
    """A change of the schema did not get its tables in time: others work with them in long transactions."""

    code = "database-busy"
    title = "Database busy"


class SchemaTooNew(Misconfigured):
    """The database was migrated by a newer version of Tieline than the one that runs."""

    code = "schema-too-new"
    title = "Database is newer than this program"


class UnitAborted(Terminal):
    """An SQL error inside a unit of work was caught and ignored, so that PostgreSQL will not commit it."""

    code = "unit-aborted"
    title = "The transaction had already failed"


class AlreadyQueued(Conflict):
    """A job with the same queueing lock is waiting already."""

    code = "already-queued"
    title = "Already queued"


class FenceLost(Terminal):
    """Another worker has claimed the run; this one must stop and write nothing more."""

    code = "fence-lost"
    status = 409
    title = "The run goes on elsewhere"
