"""Whether the work gets done: workers, the queue, runs that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tieline.core.errors import TielineError
from tieline.server.doctor.checks import Finding, Patient, check, fail, ok, warn

_ALIVE_SECONDS: Final = 10
_LATE_SECONDS, _STALLED_SECONDS = 60, 600

_WORKERS: Final = """
    SELECT count(*) FILTER (WHERE age <= 10) AS alive, count(*) FILTER (WHERE age > 10) AS silent,
           coalesce(min(age), 0)::float8 AS last
    FROM (SELECT extract(epoch FROM clock_timestamp() - last_heartbeat) AS age
          FROM procrastinate.procrastinate_workers) AS seen
"""
_QUEUE: Final = """
    SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at <= now(), true)) AS waiting,
           count(*) FILTER (WHERE status = 'doing') AS running, count(*) FILTER (WHERE status = 'failed') AS failed
    FROM procrastinate.procrastinate_jobs
"""
_RUNS: Final = """
    SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(updated_at)), 0)::float8 AS oldest
    FROM runs WHERE status IN ('not started', 'queued')
"""


def _ready(patient: Patient) -> bool:
    if patient.database is None:
        return False
    try:
        asked = "SELECT to_regclass('procrastinate.tieline_workers') IS NOT NULL AS there"
        return bool(patient.database.ask(asked)[0]["there"])
    except TielineError:
        return False


@check("workers")
def workers(patient: Patient) -> Iterator[Finding]:
    """By their heartbeats, which come every two seconds."""
    if patient.database is None or not _ready(patient):
        return
    row = patient.database.ask(_WORKERS)[0]
    if row["alive"]:
        yield ok("workers", f"{row['alive']} alive, last heartbeat {row['last']:.0f} s ago")
    else:
        silent = f"; {row['silent']} silent, the last for {row['last']:.0f} s" if row["silent"] else ""
        mend = "start one: `tieline worker`, or `tieline serve`, which keeps one beside it"
        yield warn("workers", f"none has shown a sign of life within {_ALIVE_SECONDS} s{silent}: no run starts", mend)


@check("queue")
def queue(patient: Patient) -> Iterator[Finding]:
    """Work that waits while nobody does any."""
    if patient.database is None or not _ready(patient):
        return
    jobs = patient.database.ask(_QUEUE)[0]
    alive = patient.database.ask(_WORKERS)[0]["alive"]
    told = f"{jobs['waiting']} waiting, {jobs['running']} running, {jobs['failed']} failed"
    if jobs["waiting"] and not alive:
        yield fail("queue", f"{told}, and no worker lives", "start a worker: `tieline worker`")
    else:
        yield ok("queue", told)


@check("waiting runs")
def waiting_runs(patient: Patient) -> Iterator[Finding]:
    """The oldest run that has not begun."""
    if patient.database is None or not _ready(patient):
        return
    row = patient.database.ask(_RUNS, of_all_tenants=True)[0]
    told = f"{row['waiting']} wait, the oldest for {row['oldest']:.0f} s"
    mend = "look at the workers' logs; start more workers, or let the automation have more runs at a time"
    if row["waiting"] and row["oldest"] >= _STALLED_SECONDS:
        yield fail("waiting runs", told, mend)
    elif row["waiting"] and row["oldest"] >= _LATE_SECONDS:
        yield warn("waiting runs", told, mend)
    else:
        yield ok("waiting runs", told if row["waiting"] else "none")
