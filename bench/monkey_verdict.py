"""What came of a monkey's runs: the ledger and the database against what was asked for."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from tieline.automations.runs.service import ENDED
from tieline.automations.store import DataStore
from tieline.automations.store.data import VALUE
from tieline.storage.tables import runs

if TYPE_CHECKING:
    from bench.monkey import Monkey
    from bench.monkey_chaos import Chaos
    from tieline.server.platform import Platform

SCHEDULES = 3
SLOT_SECONDS = 5
_SHOWN = 10
_QUEUE = """
    SELECT status::text, count(*) FROM procrastinate.procrastinate_jobs
    WHERE status IN ('doing', 'failed') OR coalesce(scheduled_at <= now(), true) GROUP BY 1
"""


async def report(system: Monkey, platform: Platform, chaos: Chaos) -> dict[str, Any]:
    """``good`` and what it rests on; names of what is wrong, ten of each at most."""
    async with platform.database.system() as unit:
        rows = await unit.all(select(runs))
    queue = dict(await platform.database.autocommit(_QUEUE))
    kinds = {started.automation: started.kind for started in system.automations}
    known = set(kinds) | {system.child}
    found: dict[str, int] = Counter()
    expected: dict[str, Any] = {}
    counted = 0
    for row in rows:
        if row["automation_id"] not in known:
            continue
        token = json.loads(row["inputs"])["token"]
        if row["automation_id"] == system.child:
            found[f"{token}/child"] += 1
            continue
        kind = kinds[row["automation_id"]]
        found[token] += 1
        expected |= kind.effects(token)
        counted += kind.counted
    by_name = {started.kind.name: started.kind for started in system.automations}
    asked = system.asked.sure | system.asked.unsure
    children = {f"{token}/child" for token, name in asked.items() if by_name[name].children and found[token]}
    wrong: dict[str, list[str]] = {
        "lost_runs": [token for token in system.asked.sure if not found[token]],
        "lost_calls": [token for token in children if not found[token]],
        "doubled_runs": [token for token, times in found.items() if times > 1],
        "unasked_runs": [token for token in found if token not in asked and token not in children],
        "stuck": [_named(row) for row in rows if row["status"] not in ENDED],
        "not_finished": [_named(row) for row in rows if row["status"] in ENDED and row["status"] != "finished"],
        **_effects(system, expected, rows),
        **await _stored(system, platform, kinds, rows, counted),
    }
    slots, wrong["slots_missed"], wrong["slots_twice"] = _slots(system, rows)
    leftovers = {state: count for state, count in queue.items() if count}
    return {
        "good": not any(wrong.values()) and not leftovers,
        "runs": len(rows),
        "statuses": dict(Counter(row["status"] for row in rows)),
        "taken_over": sum(row["attempts"] > 1 for row in rows),
        "blows": dict(chaos.blows),
        "outages": {"count": len(chaos.outages), "longest": max(chaos.outages, default=0.0)},
        "effects": len(expected),
        "repeats": dict(system.ledger.repeats),
        "slots": slots,
        "unsure": len(system.asked.unsure),
        "queue": leftovers,
        "wrong": {name: len(each) for name, each in wrong.items()},
        "examples": {name: each[:_SHOWN] for name, each in wrong.items() if each},
    }


def _effects(system: Monkey, expected: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    ledger = system.ledger
    times = Counter(row["automation_id"] for row in rows)
    slots = {name: times[automation] for name, automation in system.scheduled.items()}
    return {
        "lost": [name for name in expected if name not in ledger.written]
        + [name for name, count in slots.items() if ledger.written[name] < count],
        "duplicated": [name for name, count in ledger.written.items() if count > slots.get(name, 1)],
        "unexpected": [name for name in ledger.written if name not in expected and name not in slots],
        "conflicts": list(ledger.conflicts),
        "values": [
            f"{name}: {ledger.values[name]!r}, not {value!r}"
            for name, value in expected.items()
            if value is not None and name in ledger.written and str(ledger.values[name]) != str(value)
        ],
    }


async def _stored(
    system: Monkey, platform: Platform, kinds: dict[Any, Any], rows: list[dict[str, Any]], counted: int
) -> dict[str, list[str]]:
    """The data store's counters: one for all runs, and one for each run that counts."""
    store = DataStore(platform.database)
    tenant = platform.first.tenant_id
    total = (await store.get(tenant, VALUE, "monkey", "total"))[1] or 0
    wrong = [f"total is {total}, not {counted}"] if total != counted else []
    for row in rows:
        kind = kinds.get(row["automation_id"])
        if kind is None or not kind.counted:
            continue
        key = f"own.{json.loads(row['inputs'])['token']}"
        value = (await store.get(tenant, VALUE, "monkey", key))[1]
        if value != kind.counted:
            wrong.append(f"{key} is {value}, not {kind.counted}")
    return {"counters": wrong}


def _slots(system: Monkey, rows: list[dict[str, Any]]) -> tuple[int, list[str], list[str]]:
    """How many slots there were, those that were left out, and those that came twice."""
    count = 0
    missed: list[str] = []
    twice: list[str] = []
    for name, automation in system.scheduled.items():
        slots = sorted(row["scheduled_at"] for row in rows if row["automation_id"] == automation)
        count += len(slots)
        for before, after in pairwise(slots):
            step = (after - before).total_seconds()
            if step == 0:
                twice.append(f"{name} {after:%H:%M:%S}")
            elif step != SLOT_SECONDS:
                missed.append(f"{name} {before:%H:%M:%S} to {after:%H:%M:%S}")
    return count, missed, twice


def _named(row: dict[str, Any]) -> str:
    detail = (row["error"] or [{}])[0].get("detail", "") if isinstance(row["error"], list) else ""
    return f"{row['id']} {row['status']} worker={row['worker']} attempts={row['attempts']} {detail}"[:300]
