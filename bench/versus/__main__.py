"""Tieline beside n8n, Node-RED, the Airbyte CDK, dlt and bare loops, on this machine, in interleaved rounds.

    python -m bench versus [--only webhook,blocks,sync,start,memory,extraction,lists,formulas,journal]
        [--contenders tieline,n8n,n8n-tuned,node-red,bare] [--rounds 5] [--seconds 10] [--scratch FOLDER]

The table goes to the screen and to build/bench/versus.md and versus.json. docs/guide/benchmarks.md says what is
measured, and what the figures do not say.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from bench.versus import machine, table
from bench.versus.contenders.bare import Bare
from bench.versus.contenders.base import Contender, Failed
from bench.versus.contenders.n8n import N8n, Tuned
from bench.versus.contenders.node_red import NodeRed
from bench.versus.contenders.tieline import Sequential, Tieline
from bench.versus.load import Target, measure
from bench.versus.results import Results
from bench.versus.stub import Stub
from bench.versus.work import extraction, modules, serving

One = TypeVar("One")

CONTENDERS: tuple[type[Contender], ...] = (Tieline, Sequential, N8n, Tuned, NodeRed, Bare)
SERVED = ("webhook", "webhook-post", "blocks", "sync", "start", "memory")
WORKS = (*SERVED, "extraction", *modules.MODULES)
BUILD = Path(__file__).parents[2] / "build" / "bench"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench versus", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [contender.name for contender in CONTENDERS] + [
        reader.name for reader in extraction.READING if reader.name not in {one.name for one in CONTENDERS}
    ]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--only", type=_names(WORKS), default=list(WORKS), metavar="WORKS", help=", ".join(WORKS))
    parser.add_argument("--contenders", type=_names(names), default=names, metavar="NAMES", help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=5, help="that count; one before them warms up")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement of answers")
    parser.add_argument("--scratch", type=Path, default=cache / "tieline-bench", help="where contenders are installed")
    parser.add_argument("--output", type=Path, default=BUILD)
    parser.add_argument("--no-warm-up", action="store_true", help="count the first round too")
    return parser.parse_args()


def _names(known: Sequence[str]) -> Any:
    def parse(text: str) -> list[str]:
        wanted = [word.strip() for word in text.split(",") if word.strip()]
        if strange := [word for word in wanted if word not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(strange)}: there are {', '.join(known)}")
        return wanted

    return parse


def say(text: str) -> None:
    """Progress, beside the table."""
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


def ready(
    wanted: argparse.Namespace, folder: Path, stub: Stub, results: Results, about: dict[str, Any]
) -> list[Contender]:
    """Those who serve, installed and prepared; the others are notes."""
    taking_part = []
    for kind in CONTENDERS:
        if kind.name not in wanted.contenders or not kind.works.intersection(wanted.only):
            continue
        contender = kind(wanted.scratch, folder / kind.name, stub)
        try:
            say(f"preparing {kind.name}")
            contender.install()
            about["contenders"][kind.name] = {"version": contender.version(), "how": kind.keeps}
            contender.prepare()
        except Exception as error:  # noqa: BLE001  a failure is a line of the table
            results.failed(kind.name, "preparing", str(error) or type(error).__name__)
            remove(contender, results)
        else:
            taking_part.append(contender)
    return taking_part


def remove(contender: Contender, results: Results) -> None:
    """Its processes and its data."""
    try:
        contender.stop()
        contender.discard()
    except Exception as error:  # noqa: BLE001  a failure is a line of the table
        results.failed(contender.name, "removing", str(error) or type(error).__name__)


def readers(wanted: argparse.Namespace, results: Results, about: dict[str, Any]) -> list[extraction.Reader]:
    """Those who read, installed; the others are notes."""
    taking_part = []
    for reader in extraction.READING:
        if "extraction" not in wanted.only or reader.name not in wanted.contenders:
            continue
        try:
            say(f"preparing the reader {reader.name}")
            told = {"version": reader.version(wanted.scratch), "how": reader.about}
        except (Failed, OSError) as error:
            results.failed(reader.name, "preparing", str(error))
        else:
            about["contenders"][f"{reader.name} (extraction)"] = told
            taking_part.append(reader)
    return taking_part


def rotated(many: Sequence[One], by: int) -> list[One]:
    """Who begins changes with each round."""
    first = by % len(many) if many else 0
    return [*many[first:], *many[:first]]


def ceiling(stub: Stub, seconds: float) -> str:
    """What the load generator and the stub reach without anything between them."""
    found = {
        clients: measure(Target(stub.port, "/item", "GET", expects=b'"id":7'), clients=clients, seconds=seconds)
        for clients in (1, 16, 64)
    }
    return ", ".join(f"{one.per_second:,.0f}/s at {clients}" for clients, one in found.items())


def measured(wanted: argparse.Namespace, folder: Path, stub: Stub, results: Results, about: dict[str, Any]) -> None:
    """All rounds."""
    about["measured"]["load generator against the stub"] = ceiling(stub, min(wanted.seconds, 3))
    say(f"the load generator against the stub: {about['measured']['load generator against the stub']}")
    serves, reads = ready(wanted, folder, stub, results, about), readers(wanted, results, about)
    try:
        for number in range(0 if not wanted.no_warm_up else 1, wanted.rounds + 1):
            for contender in rotated(serves, number):
                say(f"round {number} of {wanted.rounds}: {contender.name}")
                serving.one_round(contender, wanted.only, wanted.seconds, results, sampled=number > 0)
            for reader in rotated(reads, number):
                say(f"round {number} of {wanted.rounds}: {reader.name} reads")
                extraction.one_round(reader, wanted.scratch, stub, results if number else Results())
            about["measured"]["load after"] = [round(one, 2) for one in os.getloadavg()]
            table.write(results, about, wanted.output)
    finally:
        for contender in serves:
            remove(contender, results)
    for name in modules.MODULES:
        if name in wanted.only:
            say(f"bench {name}")
            modules.measure(name, results, quick=wanted.rounds < 3)


def main() -> int:
    wanted = options()
    wanted.scratch.mkdir(parents=True, exist_ok=True)
    wanted.scratch = wanted.scratch.resolve()
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=wanted.scratch))
    folder.chmod(0o711)
    results = Results()
    about: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.facts(folder),
        "contenders": {},
        "measured": {"rounds": wanted.rounds, "seconds": wanted.seconds},
    }
    began = time.monotonic()
    try:
        with Stub(wanted.scratch / "stub") as stub:
            about["measured"]["called API"] = stub.kind
            measured(wanted, folder, stub, results, about)
    except KeyboardInterrupt:
        say("ended by hand; what was measured so far is written")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        about["measured"]["minutes"] = round((time.monotonic() - began) / 60, 1)
        table.write(results, about, wanted.output)
    print(table.screen(results))
    say(f"written: {wanted.output / 'versus.md'}, {wanted.output / 'versus.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
