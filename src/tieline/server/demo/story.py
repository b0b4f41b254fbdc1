"""The demo's story: import, connect, automate, run, kill, resume, run again. Figures come from the sandbox's ledger."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tieline.core.errors import Terminal
from tieline.sandbox.running import Running, start
from tieline.server.cli.api import Api, ServerRefused, ServerUnreachable
from tieline.server.cli.runs_commands import ENDED
from tieline.server.demo.automation import NAME, workspace
from tieline.server.demo.processes import Server
from tieline.server.settings import Settings

PORT = 8400
READY_SECONDS = 60.0
RUN_SECONDS = 180.0
SECONDS_EACH = 0.1  # at the least, for each registration
TOUCHED = 7
TICK = 0.05  # seconds between looks at the ledger


class DemoFailed(Terminal):
    """Something did not go as it should; the detail says what."""

    code = "demo-failed"
    title = "The demo failed"


class Screen(Protocol):
    """Where the story is told."""

    def step(self, text: str) -> None:
        """What happens now."""

    def note(self, text: str) -> None:
        """A detail of the present step."""

    def progress(self, done: int, total: int) -> None:
        """Registrations that have a contact, by the sandbox's count."""

    def end(self, result: Mapping[str, Any], addresses: Mapping[str, str]) -> None:
        """The table, and where to look next."""


async def run_demo(screen: Screen, *, registrations: int = 1000, port: int = PORT, stay: bool = True) -> dict[str, Any]:
    """Tells the whole story and gives its figures; with ``stay`` the server and the sandbox go on until Ctrl-C.

    Raises `DemoFailed` where a promise was broken: lost or duplicated contacts, a run that did not resume.
    """
    began = time.monotonic()
    settings = Settings()
    data_dir = settings.prepare_data_dir()
    port = free_port(port)
    screen.step("Starting the sandbox (Gather, an events platform; Dialbook, a telephony system) and Tieline")
    with sandbox_and_server(registrations, port, data_dir) as (sandbox, server):
        async with Api(f"http://127.0.0.1:{port}", await ready(server, port, data_dir)) as api:
            result = await tell(screen, sandbox, server, api, registrations)
            result["seconds"] = round(time.monotonic() - began, 2)
            result["peak_rss_mb"] = round(server.peak_bytes / 2**20, 1)
            places = {"gather": sandbox.events.url, "dialbook": sandbox.telephony.url}
            studio = server.setup_address() or f"{api.url}/studio/"
            screen.end(result, {"api": api.url, "studio": studio, **places})
        if stay:
            await asyncio.to_thread(server.wait)
    return result


@contextmanager
def sandbox_and_server(registrations: int, port: int, data_dir: Path) -> Iterator[tuple[Running, Server]]:
    """Both, started side by side and stopped at the end."""
    server = Server(port=port, data_dir=data_dir, log=data_dir / "demo.log")
    try:
        sandbox = start(registrations=registrations)
        try:
            yield sandbox, server
        finally:
            sandbox.stop()
    finally:
        server.stop()


async def ready(server: Server, port: int, data_dir: Path) -> str:
    """Waits until the server answers; gives the local admin key."""
    until = time.monotonic() + READY_SECONDS
    async with Api(f"http://127.0.0.1:{port}", "") as api:
        while time.monotonic() < until:
            if not server.alive:
                raise DemoFailed(f"the server did not start: {server.last_words()}")
            try:
                await api.call("GET", "/readyz", timeout=2)
                return (data_dir / "admin.key").read_text(encoding="utf-8").strip()
            except (ServerUnreachable, ServerRefused):
                await asyncio.sleep(TICK)
    raise DemoFailed(f"the server was not ready within {READY_SECONDS:g} s; its log is {server.log}")


async def tell(screen: Screen, sandbox: Running, server: Server, api: Api, registrations: int) -> dict[str, Any]:
    screen.step("Importing both API documents by URL")
    connectors = [
        await _import(screen, api, name, url)
        for name, url in (("gather", sandbox.events.openapi), ("dialbook", sandbox.telephony.openapi))
    ]
    screen.step("Connecting to both (an API key; OAuth 2 client credentials)")
    source = await _connect(api, connectors[0], "Gather (demo)", {"api_key": sandbox.events.api_key})
    target = await _connect(
        api,
        connectors[1],
        "Dialbook (demo)",
        {"client_id": sandbox.telephony.client_id, "client_secret": sandbox.telephony.client_secret},
    )
    screen.step(f"Creating the automation “{NAME}”")
    automation = await _automation(api, connectors, source, target)
    sandbox.reset_ledger()

    screen.step(f"Running it over {registrations} registrations, and killing its worker half-way (SIGKILL)")
    first = await _first_run(screen, sandbox, server, api, automation, registrations)

    screen.step(f"Changing {TOUCHED} registrations and running it again: only those are processed")
    second = await _second_run(screen, sandbox, server, api, automation)
    return {
        "connectors": [
            {"name": entry["name"], "blocks": entry["count"], "paging": entry["paging"], "auth": entry["auth"]}
            for entry in connectors
        ],
        "run": first,
        "second_run": second,
    }


async def _import(screen: Screen, api: Api, name: str, url: str) -> dict[str, Any]:
    made = await api.call("POST", "automation-connectors", {"source": url, "name": name})
    manifest = await api.call("GET", f"automation-connectors/{made['id']}/manifest")
    blocks = manifest["blocks"]
    styles = {block["paging"].get("style", "none") for block in blocks if "paging" in block}
    found = {
        "id": made["id"],
        "name": name,
        "list": blocks,
        "count": len(blocks),
        "paging": sorted(styles - {"none"}),
        "auth": made["report"]["auth"],
    }
    screen.note(f"{name}: {len(blocks)} blocks, paging {', '.join(found['paging'])}, auth {', '.join(found['auth'])}")
    return found


async def _connect(api: Api, connector: Mapping[str, Any], name: str, answers: Mapping[str, str]) -> str:
    """A connection made afresh; one of an earlier demo pointed to servers that are gone."""
    async for old in api.all("automation-connections", limit=200):
        if old["name"] == name:
            await api.call("DELETE", f"automation-connections/{old['id']}", query={"forced": "true"})
    made = await api.call(
        "POST",
        "automation-connections",
        {
            "name": name,
            "connectorId": connector["id"],
            "params": [{"name": key, "value": value} for key, value in answers.items()],
        },
    )
    checked = await api.call("POST", f"automation-connections/{made['id']}/actions/check")
    if not checked["isConnected" if "isConnected" in checked else "is_connected"]:
        raise DemoFailed(f"the connection “{name}” does not work: {checked}")
    return str(made["id"])


async def _automation(api: Api, connectors: list[dict[str, Any]], source: str, target: str) -> str:
    async for old in api.all("automations", limit=200):
        if old["name"] == NAME:
            await api.call("DELETE", f"automations/{old['id']}")
    document = workspace(connectors[0]["list"], connectors[1]["list"], source=source, target=target)
    made = await api.call("POST", "automations", {"name": NAME, "workspace": document})
    return str(made["id"])


async def _first_run(
    screen: Screen, sandbox: Running, server: Server, api: Api, automation: str, registrations: int
) -> dict[str, Any]:
    started = time.monotonic()
    run = await api.call("POST", f"automations/{automation}/runs", {"context": "api"})
    killed_at, resumed_at, at_kill = 0.0, 0.0, 0
    until = started + max(RUN_SECONDS, registrations * SECONDS_EACH)
    status = run
    while time.monotonic() < until:
        ledger = await asyncio.to_thread(sandbox.ledger, "telephony")
        done = contacts_written(ledger)
        screen.progress(min(done, registrations), registrations)
        server.measure()
        if not killed_at and done >= registrations // 2:
            pid = server.kill_worker()
            killed_at = time.monotonic()
            # What was on its way when the worker died still arrives; work that goes on is what comes after.
            at_kill = await _settled(sandbox)
            screen.note(f"killed worker {pid} with SIGKILL at registration {at_kill} of {registrations}")
        elif killed_at and not resumed_at and done > at_kill:
            resumed_at = time.monotonic()
            screen.note(f"resumed after {resumed_at - killed_at:.1f} s by another worker, at the next registration")
        status = await api.call("GET", f"automations/{automation}/runs/{run['id']}")
        if status["status"] in ENDED:
            break
        await asyncio.sleep(TICK)
    if status["status"] != "finished":
        raise DemoFailed(f"the run ended as {status['status']}: {status.get('error')}; see {server.log}")
    report = await asyncio.to_thread(sandbox.report)
    pages = (await asyncio.to_thread(sandbox.ledger, "events"))["pages"].values()
    result = {
        "status": status["status"],
        "records": report["records"] - report["lost"],
        "created": report["created"],
        "updated": report["updated"],
        "lost": report["lost"],
        "duplicated": report["duplicated"],
        "mismatched": report["mismatched"],
        "groups": len(report["groups"]),
        "kills": int(bool(killed_at)),
        "resumed_after_s": round(resumed_at - killed_at, 2) if resumed_at else None,
        "refetched_pages": sum(route["refetched"] for route in pages),
        "seconds": round(time.monotonic() - started, 2),
    }
    if result["lost"] or result["duplicated"] or result["mismatched"]:
        raise DemoFailed(f"the ledger does not balance: {result}")
    return result


async def _second_run(screen: Screen, sandbox: Running, server: Server, api: Api, automation: str) -> dict[str, Any]:
    touched = await asyncio.to_thread(sandbox.touch, TOUCHED)
    sandbox.reset_ledger()
    started = time.monotonic()
    run = await api.call("POST", f"automations/{automation}/runs", {"context": "api"})
    status = run
    while time.monotonic() < started + RUN_SECONDS:
        status = await api.call("GET", f"automations/{automation}/runs/{run['id']}")
        server.measure()
        if status["status"] in ENDED:
            break
        await asyncio.sleep(TICK)
    if status["status"] != "finished":
        raise DemoFailed(f"the second run ended as {status['status']}: {status.get('error')}; see {server.log}")
    ledger = await asyncio.to_thread(sandbox.ledger, "telephony")
    report = await asyncio.to_thread(lambda: sandbox.report(ids=",".join(touched["ids"])))
    whole = await asyncio.to_thread(sandbox.report)
    result = {
        "status": status["status"],
        "records": contacts_written(ledger),
        "created": report["created"],
        "updated": report["updated"],
        "lost": whole["lost"],
        "duplicated": whole["duplicated"],
        "seconds": round(time.monotonic() - started, 2),
    }
    screen.note(f"{result['records']} processed: {result['created']} new, {result['updated']} updated")
    if result["records"] != TOUCHED or result["lost"] or result["duplicated"]:
        raise DemoFailed(f"the second run should have processed {TOUCHED} registrations: {result}")
    return result


def contacts_written(ledger: Mapping[str, Any]) -> int:
    """Writes of contacts that Dialbook took, also those that changed nothing."""
    return sum(int(ledger[counter].get("contact", 0)) for counter in ("created", "updated", "unchanged"))


async def _settled(sandbox: Running) -> int:
    """The count once calls in flight have ended."""
    before = -1
    while True:
        now = contacts_written(await asyncio.to_thread(sandbox.ledger, "telephony"))
        if now == before:
            return now
        before = now
        await asyncio.sleep(TICK)


def free_port(wanted: int) -> int:
    """``wanted`` if it is free, else any that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoFailed("no port is free on 127.0.0.1")
