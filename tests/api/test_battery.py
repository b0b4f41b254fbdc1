"""Schemathesis with the vendor's documents, and with our own, against the running server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.api import contracts
from tests.api.conftest import Tenant, World
from tests.api.test_automations import workspace
from tests.api.test_connectors import DOCUMENT

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(570)]

SEED = os.environ.get("TIELINE_TEST_SEED", "20261122")
# Every check is on. What fits its schema is to be accepted, or refused for one of the reasons in `refusals.py`.
CHECKS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "406", "409", "412", "422", "429", "5xx"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429", "5xx"]
"""
# The vendor's document has only the reading half of the connectors; the writing half is ours, on the same paths.
OURS = {"workflows-automation-connectors": ("unsupported_method", "allow_header_conformance")}


@pytest.fixture
async def furnished(api: httpx.AsyncClient, world: World, tenant: Tenant) -> dict[str, UUID]:
    """A tenant with something of everything, so that more than 404 is met."""
    await world.user(tenant.id)
    await world.space(tenant.id)
    connector = (await api.post("/api/workflows/automation-connectors", json={"document": DOCUMENT})).json()
    await api.post("/api/v1/automation-connections", json={"connectorId": connector["id"], "name": "One"})
    for mode in ("manual", "triggered", "scheduled"):
        made = (await api.post("/api/v1/automations", json={"name": mode, "workspace": workspace(mode)})).json()
        for _ in range(3):
            await api.post(f"/api/v1/automations/{made['id']}/runs", json={"context": "api"})
    return {"connector": UUID(connector["id"])}


async def schemathesis(
    document: Path,
    address: str,
    key: str,
    *,
    examples: int,
    excluded: tuple[str, ...] = (),
    paths: tuple[str, ...] = (),
) -> None:
    settings = document.parent / "schemathesis.toml"
    settings.write_text(CHECKS)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", str(document)),
        *("--url", address, "--header", f"Authorization: Bearer {key}"),
        *("--phases", "examples,coverage,fuzzing", "--seed", SEED, "--max-examples", str(examples), "--no-color"),
        *("--generation-database", "none", "--continue-on-failure"),
        *(("--exclude-checks", ",".join(excluded)) if excluded else ()),
        *paths,
        cwd=document.parent,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("refusals.py"))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, failures(output.decode())


def failures(output: str) -> str:
    """What schemathesis found, without the bodies that go on for pages."""
    found = output.partition("= FAILURES =")[2].partition("= WARNINGS =")[0] or output[-4000:]
    return "\n".join(line[:400] for line in found.splitlines() if line.strip())


@pytest.mark.parametrize("family", contracts.FAMILIES)
async def test_the_vendors_documents(
    address: str, tenant: Tenant, furnished: dict[str, UUID], shared: Path, tmp_path: Path, family: str
) -> None:
    document = json.loads((shared / "contracts" / "cloud-api" / f"{family}.json").read_bytes())
    if family == "workflows-automation-connectors":
        # No operation of this document makes a connector whose id could be learnt.
        for item in document["paths"].values():
            for parameter in item["get"]["parameters"]:
                if parameter["name"] == "connectorId":
                    parameter["schema"]["enum"] = [str(furnished["connector"])]
    copied = tmp_path / f"{family}.json"
    copied.write_text(json.dumps(document))
    await schemathesis(copied, address, tenant.key, examples=25, excluded=OURS.get(family, ()))


# What is served under both prefixes is tried under one; the partner's API has a battery of its own. Left out: streams,
# which end when their run does.
TWICE = "^/api/v1/(automation|webhook-subscriptions|connect-sessions|formulas)"
PARTS = {
    "workflows": ("--include-path-regex", "^/api/workflows/", "--exclude-path-regex", "/events$"),
    "v1": ("--include-path-regex", "^/api/v1/", "--exclude-path-regex", TWICE),
    "others": ("--exclude-path-regex", "^/(api|oem)/"),
}


@pytest.mark.parametrize("part", PARTS)
async def test_our_own_document(
    address: str, api: httpx.AsyncClient, tenant: Tenant, furnished: dict[str, UUID], tmp_path: Path, part: str
) -> None:
    assert furnished
    document = tmp_path / "openapi.json"
    document.write_bytes((await api.get("/openapi.json")).content)
    await schemathesis(document, address, tenant.key, examples=5, paths=PARTS[part])
