"""A document that we did not write: imported by URL, connected, its contacts synced; the upstream's ledger counts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from bench.kill_battery import Process, key_of, upstream
from tieline.core import json
from tieline.server.cli.api import Api
from tieline.server.cli.runs_commands import wait_for
from tieline.server.demo.story import free_port

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(240)]

CONTACTS = 1053
API_KEY = "key-123"  # upstream's own demo key


def _entries(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": key, "value": value} for key, value in values.items()]


def seed(base: str) -> set[str]:
    """Fills the upstream's CRM; gives the contacts' e-mail addresses."""
    found = set()
    for number in range(CONTACTS):
        body = json.dumps({"email": f"c{number}@example.com", "first_name": f"Zoë {number}", "score": number / 7})
        headers = {"X-Api-Key": API_KEY, "Content-Type": "application/json"}
        with urlopen(Request(f"{base}/crm/contacts", body, headers), timeout=10) as answer:
            found.add(json.loads(answer.read())["email"])
    return found


async def test_all_contacts_of_a_foreign_crm_arrive_once(upstream_base: str, tmp_path: Path) -> None:
    addresses = seed(upstream_base)
    tmp_path.chmod(0o711)
    data_dir, port = tmp_path / "data", free_port(0)
    environment = {
        **os.environ,
        "TIELINE_DATA_DIR": str(data_dir),
        "TIELINE_EGRESS_ALLOW": "127.0.0.0/8,::1/128",
        "TIELINE_LOG_LEVEL": "warning",
    }
    server = Process(["serve", "--port", str(port), "--workers", "1"], environment, tmp_path / "server.log")
    try:
        address = f"http://127.0.0.1:{port}"
        async with Api(address, await key_of(address, data_dir)) as api:
            made = await api.call(
                "POST", "automation-connectors", {"source": f"{upstream_base}/openapi.json", "name": "crm"}
            )
            manifest = await api.call("GET", f"automation-connectors/{made['id']}/manifest")
            listing = next(
                block for block in manifest["blocks"] if block["path"] == "/crm/contacts" and block["kind"] == "list"
            )
            params = [{"name": "api_key", "value": API_KEY}]
            connection = await api.call(
                "POST", "automation-connections", {"name": "crm", "connectorId": made["id"], "params": params}
            )
            upstream(upstream_base, "/ledger/expect", {"run": "crm", "effects": sorted(addresses)})
            automation = await api.call(
                "POST",
                "automations",
                {"name": "sync", "workspace": workspace(listing, connection["id"], upstream_base)},
            )
            started = await api.call("POST", f"automations/{automation['id']}/runs", {"context": "api"})
            run = await wait_for(api, automation["id"], started, quiet=True)
    finally:
        server.stop()
    assert run["status"] == "finished", run
    report = upstream(upstream_base, "/ledger/report?run=crm")
    counted = {
        key: report[key] for key in ("expected", "arrivals", "applied", "lost", "duplicates", "unexpected", "conflicts")
    }
    assert counted == {
        "expected": CONTACTS,
        "arrivals": CONTACTS,
        "applied": CONTACTS,
        "lost": 0,
        "duplicates": 0,
        "unexpected": 0,
        "conflicts": 0,
    }


@pytest.fixture
def upstream_base(upstream: str) -> str:
    return upstream.rstrip("/")


def workspace(listing: dict[str, Any], connection: str, base: str) -> dict[str, Any]:
    """list contacts -> POST each to the ledger."""
    body = [{"key": "effect", "value": "{$.contacts.item.email}"}]
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
                "type": "EndpointBlock",
                "name": "contacts",
                "endpoint_guid": listing["guid"],
                "endpoint_role": "list",
                "loopBlockId": "C",
                "settings": _entries({"datasource": connection}),
                "inputs": [],
            },
            {
                "id": "C",
                "type": "CallUrlBlock",
                "name": "effect",
                "inputs": _entries({"url": f"{base}/ledger/effects?run=crm&mode=idem", "method": "POST", "body": body}),
                "settings": [],
            },
        ],
        "variables": [],
    }
