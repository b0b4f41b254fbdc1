"""100,000 paged records, counted by their ids: each reader is a process of its own, by its own interpreter."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from bench.versus import installs
from bench.versus.contenders.base import Failed, run
from bench.versus.results import Figure, Results
from bench.versus.stub import Stub

RECORDS = 100_000
SECONDS = 600.0
ROOT = Path(__file__).parents[3]
READERS = Path(__file__).parents[1] / "readers"
SPEED = Figure("extraction of 100,000 records", "records/s", goal=">= 0.9x bare aiohttp")
PROCESSOR = Figure("extraction: processor", "records/s of processor time")
MEMORY = Figure("extraction: peak memory", "MB", more_is_better=False)


@dataclass(frozen=True)
class Reader:
    """Who reads: a script of ``readers``, and the PyPI package that it needs ("" = what we have ourselves)."""

    name: str
    script: str
    package: str = ""
    about: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def interpreter(self, scratch: Path) -> str:
        return str(installs.python(scratch, self.package)) if self.package else sys.executable

    def version(self, scratch: Path) -> str:
        if self.package:
            return installs.python_version(scratch, self.package)
        own = "tieline" if self.name == "tieline" else "aiohttp"
        return f"{own} {version(own)}, Python {sys.version.split()[0]}"


READING = (
    Reader("bare", "read_aiohttp", about="a loop on aiohttp and uvloop, json of the standard library"),
    Reader("tieline", "read_tieline", about="a connector's reader over egress, with record selection and rate budget"),
    Reader("airbyte-cdk", "read_airbyte", "airbyte-cdk", "a declarative source; its messages in this process"),
    Reader("dlt", "read_dlt", "dlt", "RESTClient.paginate alone"),
    Reader("dlt-extract", "read_dlt", "dlt", "pipeline.extract, which writes to disk", {"DLT_EXTRACT": "1"}),
)


def one_round(reader: Reader, scratch: Path, stub: Stub, results: Results) -> None:
    """One reading; a failure becomes a note."""
    try:
        told = json.loads(
            run(
                [reader.interpreter(scratch), str(READERS / f"{reader.script}.py"), stub.url, str(RECORDS)],
                environment={"PYTHONPATH": _path(), "DLT_TELEMETRY": "0", **reader.environment},
                folder=scratch,
                seconds=SECONDS,
            )
            .strip()
            .splitlines()[-1]
        )
        if told["records"] != RECORDS:
            raise Failed(f"{told['records']} records instead of {RECORDS}")
    except (Failed, ValueError, IndexError) as error:
        results.failed(reader.name, "extraction", str(error))
        return
    results.add(SPEED, reader.name, RECORDS / told["seconds"])
    results.add(PROCESSOR, reader.name, RECORDS / told["cpu"])
    results.add(MEMORY, reader.name, told["peak_mb"])


def _path() -> str:
    import os

    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
