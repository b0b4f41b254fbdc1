"""Kill battery: effects counted by the misbehaving upstream while worker and server die by SIGKILL at random moments.

    python -m bench.kill_battery --upstream http://127.0.0.1:9900 [--mode idem] [--effects 400] [--kills 8] [--seed 1]

One server and one worker run as processes of their own. Each is killed ``--kills`` times at random and started again.
Prints one JSON object for each mode: the upstream's own report, and whether it is the best that the mode allows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from bench.kill_adapter import IDEMPOTENCY, ensure, manifest, workspace
from tieline.core.ids import new_id
from tieline.server.cli.api import Api, ServerRefused, ServerUnreachable
from tieline.server.cli.runs_commands import ENDED
from tieline.server.demo.story import free_port

MODES = tuple(IDEMPOTENCY)
GRACE = 0.05  # seconds; answers this young at a kill count as not known to the client


class Process:
    """A part of the system under test that can be killed and comes back."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", "tieline", *arguments]
        self._environment = environment
        self._log = log.open("ab")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=self._log, stderr=self._log, start_new_session=True
        )

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, and up again."""
        self.end()
        self.start()

    def end(self) -> None:
        """SIGKILL; it stays down until it is started."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def upstream(base: str, path: str, body: Any = None) -> Any:
    """One call to the upstream's control desk."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


async def battery(
    base: str, mode: str, *, effects: int, kills: int, seed: int, limit: float, delay: float
) -> dict[str, Any]:
    """One mode; gives the upstream's report with ``optimal`` and ``seconds_in_all``."""
    run, rng = f"{mode}-{new_id().hex[-8:]}", random.Random(seed)
    url = f"{base}/ledger/effects?run={run}&delay={delay}&hold={delay}" + ("" if mode == "upsert" else f"&mode={mode}")
    upstream(base, "/ledger/expect", {"run": run, "prefix": "e", "count": effects})
    with tempfile.TemporaryDirectory(prefix="tieline-kill-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        data_dir, port = Path(folder) / "data", free_port(0)
        environment = {
            **os.environ,
            "TIELINE_DATA_DIR": str(data_dir),
            "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
            "TIELINE_LOG_LEVEL": "warning",
        }
        server = Process(["serve", "--port", str(port), "--workers", "0"], environment, Path(folder) / "server.log")
        worker = Process(["worker"], environment, Path(folder) / "worker.log")
        try:
            address = f"http://127.0.0.1:{port}"
            async with Api(address, await key_of(address, data_dir)) as api:
                started = time.monotonic()
                automation, run_id = await begin(api, url, run, effects, mode)
                ended, done = await torment(api, base, run, automation, run_id, [worker, server], kills, rng, limit)
        finally:
            worker.stop()
            server.stop()
    report: dict[str, Any] = upstream(base, f"/ledger/report?run={run}")
    report |= {"mode": mode, "status": ended, "kills": done, "seconds_in_all": round(time.monotonic() - started, 1)}
    fine = ended == "finished" and not (report["lost"] or report["unexpected"] or report["conflicts"])
    allowed = report["ambiguous"] if mode == "naive" else 0
    report["optimal"] = fine and report["duplicates"] <= allowed
    return report


async def key_of(address: str, data_dir: Path) -> str:
    """Waits for the server; gives its admin key."""
    async with Api(address, "") as api:
        while True:
            try:
                await api.call("GET", "/readyz", timeout=2)
                return (data_dir / "admin.key").read_text(encoding="utf-8").strip()
            except (ServerUnreachable, ServerRefused):
                await asyncio.sleep(0.05)


async def begin(api: Api, url: str, name: str, effects: int, mode: str) -> tuple[str, str]:
    """Connector, connection, automation, run: all through the API."""
    made = await api.call("POST", "automation-connectors", {"document": manifest(url, mode), "format": "manifest"})

    async def connection() -> dict[str, Any]:
        return {"name": name, "connectorId": made["id"], "params": []}

    account = await ensure(api, "automation-connections", name, connection)

    async def automation() -> dict[str, Any]:
        return {"name": name, "workspace": workspace(url, effects, mode, "connector", account)}

    identity = await ensure(api, "automations", name, automation)
    run = await api.call("POST", f"automations/{identity}/runs", {"context": "api"})
    return identity, str(run["id"])


async def torment(
    api: Api,
    base: str,
    run: str,
    automation: str,
    run_id: str,
    victims: list[Process],
    kills: int,
    rng: random.Random,
    limit: float,
) -> tuple[str, int]:
    """Kills each victim ``kills`` times while the run goes on; gives its last status and the number of kills."""
    order = [victim for victim in victims for _ in range(kills)]
    rng.shuffle(order)
    done, status = 0, "unknown"
    until = time.monotonic() + limit
    next_kill = time.monotonic() + rng.uniform(0.3, 1.0)
    while time.monotonic() < until:
        if order and time.monotonic() >= next_kill:
            order.pop().kill()
            upstream(base, "/ledger/mark", {"run": run, "grace": GRACE})
            done += 1
            next_kill = time.monotonic() + rng.uniform(0.5, 2.0)
        try:
            found = await api.call("GET", f"automations/{automation}/runs/{run_id}", timeout=2)
            status = str(found["status"])
        except (ServerUnreachable, ServerRefused):
            pass  # it is being started again
        if status in ENDED:
            break
        await asyncio.sleep(0.05)
    return status, done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--effects", type=int, default=400)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--delay", type=float, default=0.02, help="seconds before and after each effect, upstream")
    args = parser.parse_args()
    good = True
    for mode in args.mode or MODES:
        report = asyncio.run(
            battery(
                args.upstream,
                mode,
                effects=args.effects,
                kills=args.kills,
                seed=args.seed,
                limit=args.limit,
                delay=args.delay,
            )
        )
        good = good and report["optimal"]
        print(json.dumps(report))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
