"""A run over many records: memory, bytes of journal a record, and how soon it goes on after a kill in the middle.

    python -m bench long_run [--records 100000]

The demo's automation over as many registrations, its worker killed half-way. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tieline.server.cli.api import Api
from tieline.server.demo import story
from tieline.server.demo.screen import Silent
from tieline.storage.database import Database


async def measure(records: int, folder: Path) -> dict[str, Any]:
    """The figures."""
    port = story.free_port(0)
    with story.sandbox_and_server(records, port, folder) as (sandbox, server):
        async with Api(f"http://127.0.0.1:{port}", await story.ready(server, port, folder)) as api:
            result = await story.tell(Silent(), sandbox, server, api, records)
        async with await Database.open(None, folder, pool_size=1) as database, database.system() as unit:
            size = await unit.one(
                text(
                    "SELECT pg_total_relation_size('journal') AS bytes, count(*) AS rows, sum(length(data)) AS data "
                    "FROM journal"
                )
            )
    assert size is not None
    run = result["run"]
    return {
        "records": records,
        "run": run,
        "records_per_second": round(records / run["seconds"]),
        "worker_peak_rss_mb": round(server.peak_worker_bytes / 2**20, 1),
        "journal_rows_per_record": round(size["rows"] / records, 2),
        "journal_bytes_per_record": round(size["bytes"] / records),
        "journal_data_bytes_per_record": round(size["data"] / records),
        "resumed_after_s": run["resumed_after_s"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tieline-long-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "data").mkdir()
        print(json.dumps(asyncio.run(measure(args.records, folder / "data"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
