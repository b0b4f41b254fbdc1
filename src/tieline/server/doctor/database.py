"""The database: that it answers, its schema, what keeps its promises, what it allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tieline.core.errors import TielineError
from tieline.server.doctor.checks import Finding, Patient, check, fail, ok, warn
from tieline.storage.migrations import HEAD
from tieline.storage.visit import cluster_in

_OLDEST: Final = 150000
_WARN_SECONDS, _FAIL_SECONDS = 2.0, 30.0
# A server holds 20 connections at most and a few of its own, a worker 12 and its journal, queue and listener.
_OF_A_SERVER, _OF_A_WORKER = 24, 18
# Setting -> the value that keeps what was acknowledged over a power cut, and what another one means.
_DURABLE: Final = {
    "fsync": "a power cut can destroy the whole database",
    "full_page_writes": "a power cut can destroy tables",
    "synchronous_commit": "a crash loses what was acknowledged in the last moments",
}


@check("database")
def database(patient: Patient) -> Iterator[Finding]:
    """That it answers, and is new enough."""
    name = "database"
    if patient.database is not None:
        rows = patient.database.ask(
            "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby, "
            "current_setting('server_version_num')::int AS number"
        )
        if rows[0]["number"] < _OLDEST:
            yield fail(name, f"PostgreSQL {rows[0]['version']} is too old", "use PostgreSQL 15 or newer")
        elif rows[0]["standby"]:
            yield fail(name, "it is a standby, which takes no writes", "let TIELINE_DATABASE_URL name the primary")
        else:
            yield ok(name, f"PostgreSQL {rows[0]['version']} answers")
    elif not patient.stopped:
        yield fail(name, patient.why_not, "start it, or correct TIELINE_DATABASE_URL; the checks inside were left out")
    elif cluster_in(patient.data_dir) is None:
        yield ok(name, "none yet; the first start makes it")
    else:
        yield warn(
            name,
            "the embedded one is not running, so nothing inside it was checked",
            "start a server, or let `tieline doctor --start` start the database for as long as it looks",
        )


@check("schema")
def schema(patient: Patient) -> Iterator[Finding]:
    """Whether database and program belong together."""
    if patient.database is None:
        return
    there = patient.database.ask("SELECT to_regclass('public.alembic_version') IS NOT NULL AS there")
    rows = patient.database.ask("SELECT version_num FROM public.alembic_version") if there[0]["there"] else []
    found = str(rows[0]["version_num"]) if rows else ""
    if found == HEAD:
        yield ok("schema", found)
    elif not found:
        yield warn("schema", "it holds nothing of Tieline's yet", "run `tieline db upgrade`, or start a server")
    elif found < HEAD:
        yield fail("schema", f"schema {found}, this program needs {HEAD}", "run `tieline db upgrade`")
    else:
        detail = f"schema {found} was made by a newer Tieline; this program is made for {HEAD}"
        yield fail("schema", detail, "update Tieline on this machine")


@check("durability")
def durability(patient: Patient) -> Iterator[Finding]:
    """What PostgreSQL must do before it says that something is kept."""
    if patient.database is None:
        return
    rows = patient.database.ask(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
    )
    off = {row["name"]: row["setting"] for row in rows if row["setting"] == "off"}
    for name, value in sorted(off.items()):
        yield fail("durability", f"{name} = {value}: {_DURABLE[name]}", f"set {name} = on in postgresql.conf")
    if not off:
        yield ok("durability", ", ".join(f"{row['name']} = {row['setting']}" for row in rows))


@check("database role")
def role(patient: Patient) -> Iterator[Finding]:
    """The login role should be nobody special: row-level security is the second wall between tenants."""
    if patient.database is None:
        return
    row = patient.database.ask("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")[0]
    if row["rolsuper"] or row["rolbypassrls"]:
        what = "a superuser" if row["rolsuper"] else "not held by row-level security (BYPASSRLS)"
        mend = "make a role with LOGIN and CREATEROLE that owns the database, and name it in TIELINE_DATABASE_URL"
        yield warn("database role", f"Tieline logs in as {row['rolname']}, which is {what}", mend)
    else:
        yield ok("database role", f"{row['rolname']}: no superuser, held by row-level security")


@check("connections")
def connections(patient: Patient) -> Iterator[Finding]:
    """What the server allows against what our processes may ask for at most."""
    if patient.database is None:
        return
    row = patient.database.ask(
        "SELECT current_setting('max_connections')::int "
        "- current_setting('superuser_reserved_connections')::int AS most, "
        "(SELECT coalesce(sum(numbackends), 0)::int FROM pg_stat_database) AS used, "
        "(SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS mine"
    )[0]
    most = row["most"] if row["mine"] < 0 else min(row["most"], row["mine"])
    try:
        workers = int(patient.database.ask("SELECT count(*) AS n FROM procrastinate.procrastinate_workers")[0]["n"])
    except TielineError:
        workers = 1
    wanted = _OF_A_SERVER + _OF_A_WORKER * max(1, workers)
    told = f"{row['used']} of {most} in use; one server and {max(1, workers)} workers may ask for {wanted}"
    if wanted > most:
        yield fail("connections", told, "raise max_connections, or run fewer workers")
    elif row["used"] > most * 0.8:
        yield warn("connections", told, "raise max_connections, or find out who holds them in pg_stat_activity")
    else:
        yield ok("connections", told)


@check("clock")
def clock(patient: Patient) -> Iterator[Finding]:
    """Schedules, tokens and signatures are compared with this machine's clock, sleeps with the database's."""
    if patient.database is None:
        return
    ahead = patient.database.ahead()
    told = f"the database's clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    mend = "let both machines take their time from the same source (chrony, systemd-timesyncd)"
    if abs(ahead) >= _FAIL_SECONDS:
        yield fail("clock", told, mend)
    elif abs(ahead) >= _WARN_SECONDS:
        yield warn("clock", told, mend)
    else:
        yield ok("clock", "this machine and the database agree")
