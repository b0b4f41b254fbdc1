"""Fuzzing: every parser with inputs by the thousand, in processes of their own with a watchdog.

``python -m bench fuzz --seconds 60 --target filter --target url --seed 7``; without ``--target`` all of them in turn.
The pass line is no finding: only errors of our own tree, each input over in 5 s, no input that takes 400 MB.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from multiprocessing.sharedctypes import Synchronized
from typing import Any

import tests.fuzz.targets  # noqa: F401 - registers them
from tests.fuzz.engine import SECONDS, TARGETS, Finding, Tally, drive, made_input

ADDRESS_SPACE = 6 * 2**30  # bytes, of the process of a target
GRACE = 3 * SECONDS  # in which the inner watchdog should have rung


def main() -> int:
    """0 without findings, 1 with some."""
    options = _options()
    names = options.target or sorted(TARGETS)
    found: list[Finding] = []
    print(f"seed {options.seed}, {options.seconds:g} s a target, {len(names)} targets", flush=True)
    inputs = 0
    for name in names:
        tally = fuzzed(name, options.seed, options.seconds)
        inputs += tally.inputs
        print(
            f"{name:24} {tally.inputs:8} inputs  {tally.accepted:8} taken  {tally.refused:8} refused  "
            f"slowest {tally.slowest:6.3f} s  {len(tally.findings)} findings",
            flush=True,
        )
        for finding in tally.findings:
            print(finding.told(), flush=True)
        found += tally.findings
    print(json.dumps({"seed": options.seed, "targets": len(names), "inputs": inputs, "findings": len(found)}))
    return 1 if found else 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="bench fuzz", description="Inputs by the thousand for every parser.")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each target")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="this one only; may be repeated")
    parser.add_argument("--seed", default=os.environ.get("TIELINE_TEST_SEED", "1"))
    return parser.parse_args()


def fuzzed(name: str, seed: str, seconds: float) -> Tally:
    """One target in a process of its own; an input that it does not survive is a finding, and it goes on behind it."""
    context = multiprocessing.get_context("fork")
    number: Synchronized[int] = context.Value("q", -1)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(name, seed, seconds, number, sender))
    process.start()
    sender.close()
    last, since = -1, time.monotonic()
    try:
        while process.is_alive() and not receiver.poll(0.2):
            if number.value != last:
                last, since = number.value, time.monotonic()
            elif time.monotonic() - since > GRACE:
                process.kill()
        tally: Tally | None = receiver.recv() if receiver.poll() else None
    except EOFError:
        tally = None
    process.join(30)
    if tally is None:
        at = number.value
        died = Finding(name, seed, at, "Died", "-", f"exit {process.exitcode}", made_input(TARGETS[name], seed, at))
        tally = Tally(name, at + 1, findings=[died])
    return tally


def _child(name: str, seed: str, seconds: float, number: Synchronized[int], sender: Any) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def begin(at: int) -> None:
        number.value = at

    sender.send(drive(TARGETS[name], seed, seconds=seconds, begin=begin))


if __name__ == "__main__":
    sys.exit(main())
