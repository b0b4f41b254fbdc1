"""The system under test of a kill battery: a server and a worker that cause the effects e0..e<n-1>, each once.

    python bench/kill_adapter.py --db FOLDER/state.db --url LEDGER_URL --run NAME --effects 400 [--via
    connector|call_url]

Starts both beside itself (one session: a kill of the group takes them all), creates the automation and its run when
they do not exist yet, and exits 0 when the run is finished. Called again after a kill it finds the run and waits for
it. The mode (naive, idem, natural, upsert) is read from the URL; `upsert` turns the POST into a PUT of one effect.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tieline.server.cli.api import Api, ServerRefused, ServerUnreachable
from tieline.server.cli.runs_commands import ENDED
from tieline.server.demo.story import free_port

IDEMPOTENCY = {
    "naive": {"kind": "none"},
    "idem": {"kind": "header", "header": "Idempotency-Key"},
    "natural": {"kind": "natural_key", "conflict": [409]},
    "upsert": {"kind": "upsert"},
}


def manifest(url: str, mode: str) -> dict[str, Any]:
    """A connector with one block: cause an effect."""
    parts = urlsplit(url)
    fixed = [{"id": key, "location": "query", "name": key} for key in _query(url)]
    upsert = mode == "upsert"
    effect = {
        "id": "effect",
        "required": True,
        "location": "path" if upsert else "body",
        "name": "effect" if upsert else "/effect",
    }
    return {
        "schema": "tieline.connector/1",
        "name": f"ledger-{mode}",
        "servers": [{"url": f"{parts.scheme}://{parts.netloc}"}],
        "blocks": [
            {
                "id": "cause",
                "name": "Cause an effect",
                "kind": "update" if upsert else "create",
                "method": "PUT" if upsert else "POST",
                "path": parts.path + ("/{effect}" if upsert else ""),
                "body_type": "" if upsert else "json",
                "inputs": [effect, *fixed],
                "idempotency": IDEMPOTENCY[mode],
            }
        ],
    }


def workspace(url: str, effects: int, mode: str, via: str, connection: str | None) -> dict[str, Any]:
    """start -> loop over the names -> the effect."""
    item = "{$.effects.item}"
    call: dict[str, Any]
    if via == "connector":
        call = {
            "type": "EndpointBlock",
            "endpoint_guid": "cause",
            "endpoint_role": "create",
            "settings": _entries({"datasource": connection}),
            "inputs": _entries({"effect": item, **_query(url)}),
        }
    else:
        call = {
            "type": "CallUrlBlock",
            "settings": [],
            "inputs": _entries({"url": url, "method": "POST", "body": [{"key": "effect", "value": item}]}),
        }
    names = json.dumps([f"e{number}" for number in range(effects)])
    return {
        "blocks": [
            {
                "id": "S",
                "type": "StartBlock",
                "name": "start",
                "childId": "L",
                "inputs": _entries({"run_mode": "triggered"}),
            },
            {
                "id": "L",
                "type": "ForEachBlock",
                "name": "effects",
                "loopBlockId": "C",
                "inputs": _entries({"input": names}),
            },
            {"id": "C", "name": "cause", **call},
        ],
        "variables": [],
    }


def _query(url: str) -> dict[str, str]:
    return {key: values[0] for key, values in sorted(parse_qs(urlsplit(url).query).items())}


def _entries(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": key, "value": value} for key, value in values.items()]


async def work(args: argparse.Namespace) -> int:
    mode = args.mode or parse_qs(urlsplit(args.url).query).get("mode", ["idem"])[0]
    folder = Path(args.db).parent / "tieline"
    folder.mkdir(exist_ok=True)
    port = free_port(0)
    environment = {
        **os.environ,
        "TIELINE_DATA_DIR": str(folder),
        "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
        "TIELINE_LOG_LEVEL": "warning",
    }
    with (folder / "adapter.log").open("ab") as log:
        children = [
            subprocess.Popen([sys.executable, "-m", "tieline", *command], env=environment, stdout=log, stderr=log)
            for command in (["serve", "--port", str(port), "--workers", "0"], ["worker"])
        ]
        try:
            return await wait_for_run(args, mode, f"http://127.0.0.1:{port}", folder)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(20)


async def wait_for_run(args: argparse.Namespace, mode: str, url: str, folder: Path) -> int:
    async with Api(url, "") as probe:
        while True:
            try:
                await probe.call("GET", "/readyz", timeout=2)
                break
            except (ServerUnreachable, ServerRefused):
                await asyncio.sleep(0.05)
    async with Api(url, (folder / "admin.key").read_text().strip()) as api:
        automation = await ensure(api, "automations", args.run, lambda: document(api, args, mode))
        runs = [run async for run in api.all(f"automations/{automation}/runs")]
        run = runs[0] if runs else await api.call("POST", f"automations/{automation}/runs", {"context": "api"})
        while True:
            run = await api.call("GET", f"automations/{automation}/runs/{run['id']}")
            if run["status"] in ENDED:
                break
            await asyncio.sleep(0.05)
    if run["status"] != "finished":
        sys.stderr.write(f"the run ended as {run['status']}: {run.get('error')}\n")
    return 0 if run["status"] == "finished" else 1


async def document(api: Api, args: argparse.Namespace, mode: str) -> dict[str, Any]:
    """What to create the automation from; its connector and connection are made on the way."""
    connection = None
    if args.via == "connector":
        made = await api.call(
            "POST", "automation-connectors", {"document": manifest(args.url, mode), "format": "manifest"}
        )
        connection = await ensure(
            api,
            "automation-connections",
            args.run,
            lambda: _value({"name": args.run, "connectorId": made["id"], "params": []}),
        )
    return {"name": args.run, "workspace": workspace(args.url, args.effects, mode, args.via, connection)}


async def _value(value: dict[str, Any]) -> dict[str, Any]:
    return value


async def ensure(api: Api, path: str, name: str, body: Any) -> str:
    """The id of the thing of that name, made if a killed predecessor has not made it."""
    async for entry in api.all(path):
        if entry["name"] == name:
            return str(entry["id"])
    made = await api.call("POST", path, await body())
    return str(made["id"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--effects", type=int, required=True)
    parser.add_argument("--mode", choices=tuple(IDEMPOTENCY))
    parser.add_argument("--via", choices=("connector", "call_url"), default="connector")
    return asyncio.run(work(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
