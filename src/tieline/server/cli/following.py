"""Following a run to its end, and showing what its blocks did."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from tieline.core.errors import Transient
from tieline.server.cli.common import table

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

ENDED = ("finished", "finished with warnings", "failed", "stopped", "exceeded limit")
LOOK_SECONDS = 0.2
BREAKS = 5  # of the stream one after the other, after which the run is asked for instead


async def wait_for(api: Api, automation: str, run: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """The run once it is over, asked for again and again; on a terminal its progress shows meanwhile."""
    progress = _Progress(quiet)
    while run["status"] not in ENDED:
        await asyncio.sleep(LOOK_SECONDS)
        run = await api.call("GET", f"automations/{automation}/runs/{run['id']}")
        progress.state(run)
    progress.end()
    return run


async def followed(api: Api, automation: str, run: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """The run once it is over, as the server tells of it; asked for where it does not stream."""
    from tieline.server.cli.api import ServerRefused

    path = f"automations/{automation}/runs/{run['id']}"
    progress = _Progress(quiet)
    last, breaks, over = "", 0, run["status"] in ENDED
    while not over and breaks < BREAKS:
        try:
            async for name, identity, data in api.events(f"{path}/events", after=last):
                last, breaks = identity or last, 0
                progress.event(name, data)
                over = name == "end"
        except ServerRefused:
            break
        except Transient:
            breaks += 1
            await asyncio.sleep(LOOK_SECONDS * 2**breaks)
        else:
            breaks += not over
    progress.end()
    found: dict[str, Any] = await api.call("GET", path)
    return await wait_for(api, automation, found, quiet=quiet)


async def blocks_of(api: Api, automation: str, run: str) -> list[dict[str, Any]]:
    """What each block did; a long run is read in several calls."""
    while True:
        found = await api.call("GET", f"automations/{automation}/runs/{run}/blocks")
        if found["complete"]:
            return list(found["data"])


def show_blocks(blocks: list[dict[str, Any]]) -> None:
    """A table for people."""
    rows = (
        (
            one["name"],
            one["type"],
            one["executions"],
            one["failed"] or "",
            f"{one['seconds']:.3f}",
            one["apiCalls"] or "",
            one["rxBytes"] or "",
            "running" if one["running"] else one["lastStatus"] or "",
        )
        for one in blocks
    )
    table(rows, "BLOCK", "TYPE", "RAN", "FAILED", "SECONDS", "CALLS", "BYTES", "LAST")


class _Progress:
    """One line on a terminal, and above it what went wrong."""

    def __init__(self, quiet: bool) -> None:
        self._shows = not quiet and sys.stderr.isatty()
        self._wrote = False

    def state(self, run: dict[str, Any]) -> None:
        if self._shows:
            items = (run.get("metrics") or {}).get("items", 0)
            sys.stderr.write(f"\r\033[K{run['status']}: {items} items ")
            sys.stderr.flush()
            self._wrote = True

    def event(self, name: str, data: dict[str, Any]) -> None:
        if name == "run":
            self.state(data)
        elif self._shows and (name == "log" or (name == "block" and data["status"] == "failed")):
            text = data["text"].rstrip() if name == "log" else (data["error"] or {}).get("detail", "")
            sys.stderr.write(f"\r\033[K{data['name']}: {text}\n")

    def end(self) -> None:
        if self._wrote:
            sys.stderr.write("\n")
            self._wrote = False
