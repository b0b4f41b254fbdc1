"""One contender at a time, started cold: its first answer, its memory, and the works that it serves."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress

import psutil

from bench.versus.contenders.base import RECORDS, START_SECONDS, Contender
from bench.versus.load import Target, await_answer, measure, once
from bench.versus.results import Figure, Results

CLIENTS = {"webhook": (1, 16, 64), "webhook-post": (16,), "blocks": (1, 16)}
TITLES = {
    "webhook": "webhook -> GET -> answer",
    "webhook-post": "webhook -> POST -> answer",
    "blocks": "50 blocks a webhook call",
}
GOALS = {
    "webhook": ">= 20x n8n, >= 0.4x Node-RED",
    "blocks": ">= 50x n8n, >= 0.2x Node-RED",
}
SYNC = Figure("sync: a page, a POST each", "records/s", goal=">= 4x n8n, >= 1x Node-RED")
START = Figure("cold start to first answer", "s", more_is_better=False, goal="< 3 s")
IDLE = Figure("idle memory without database (PSS)", "MB", more_is_better=False, goal="< 150 MB")
IDLE_ALL = Figure("idle memory with database (PSS)", "MB", more_is_better=False)
SETTLE_SECONDS = 5.0
SYNC_SECONDS = 300.0


def one_round(contender: Contender, works: Collection[str], seconds: float, results: Results, *, sampled: bool) -> None:
    """Starts it, measures what it can, and stops it. Failures become notes. Not ``sampled``: only warms the machine."""
    kept = results if sampled else Results()
    wanted = [work for work in works if work in contender.works]
    began = time.monotonic()
    contender.start()
    try:
        _begin(contender, began, wanted, kept)
        for work in [work for work in ("webhook", "webhook-post", "blocks") if work in wanted]:
            _answers(contender, work, seconds, kept)
        if "sync" in wanted:
            try:
                kept.add(SYNC, contender.name, RECORDS / contender.sync(SYNC_SECONDS))
            except Exception as error:  # noqa: BLE001  a failure is a line of the table
                kept.failed(contender.name, "sync", str(error) or type(error).__name__)
    except Exception as error:  # noqa: BLE001  a failure is a line of the table
        kept.failed(contender.name, "start", f"{str(error) or type(error).__name__}; its log: {contender.last_words()}")
    finally:
        contender.stop()
    results.notes += [note for note in kept.notes if note not in results.notes]


def _begin(contender: Contender, began: float, wanted: list[str], results: Results) -> None:
    await_answer(contender.target("webhook"), seconds=START_SECONDS, alive=lambda: contender.alive)
    took = time.monotonic() - began
    if "start" in wanted:
        results.add(START, contender.name, took)
    if "memory" in wanted:
        time.sleep(SETTLE_SECONDS)
        held = contender.memory()
        results.add(IDLE, contender.name, held["app"])
        results.add(IDLE_ALL, contender.name, held["all"])


def _answers(contender: Contender, work: str, seconds: float, results: Results) -> None:
    target = contender.target(work)
    warm(target, seconds / 3)
    for clients in CLIENTS[work]:
        spent, called = _spent(contender), _calls(contender)
        found = measure(target, clients=clients, seconds=seconds)
        line = f"{TITLES[work]}, {clients} at a time"
        results.add(Figure(line, "answers/s", goal=GOALS.get(work, "")), contender.name, found.per_second)
        if found.answers:
            results.add(Figure(f"{line}: p50", "ms", more_is_better=False), contender.name, found.p50_ms)
            p99 = Figure(
                f"{line}: p99", "ms", more_is_better=False, goal="below n8n's p50" if work == "webhook" else ""
            )
            results.add(p99, contender.name, found.p99_ms)
        spent, called = _spent(contender) - spent, _calls(contender) - called
        if found.answers:
            processor = Figure(f"{line}: processor", "ms an answer", more_is_better=False)
            results.add(processor, contender.name, spent / found.answers * 1000)
        if work != "blocks" and called < found.answers:
            results.failed(contender.name, line, f"{found.answers} answers, but only {called} calls")
        if found.wrong:
            told = ", ".join(f"{count} x {what}" for what, count in found.wrong.items())
            results.failed(contender.name, line, f"{told} beside {found.answers} right answers")


def _spent(contender: Contender) -> float:
    """Seconds of processor time of everything that belongs to it, so far."""
    total = 0.0
    for process in {*contender.processes(), *contender.database()}:
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _calls(contender: Contender) -> int:
    """How often the called API was called, by anybody."""
    told = contender.stub.stats()
    return int(told["gets"] + told["posts"])


def warm(target: Target, seconds: float) -> None:
    """The first questions are not measured."""
    once(target, timeout=60)
    measure(target, clients=4, seconds=seconds)
