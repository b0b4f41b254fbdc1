"""schemathesis over the partner's API, with our own document."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import Parts, serving
from tests.api.oem.conftest import signed_in, with_settings
from tieline.server.app import create_app
from tieline.tenancy.limits import Tiers

pytestmark = [pytest.mark.anyio, pytest.mark.battery]

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Without a worker a run that is waited for takes a minute.
WAITING = {"/oem/v1/accounts/{account}/blends/{blend}/run", "/oem/v1/accounts/{account}/blends/{blend}/run/{flow}"}


@pytest.mark.timeout(600)
async def test_answers_are_as_documented(parts: Parts, tmp_path: Path) -> None:
    everything = Tiers(tier1=10**6, tier2=10**6, oem=10**6)
    async with serving(create_app(parts, tiers=everything)) as where, signed_in(where, parts) as partner:
        await partner.account()
        await partner.install(await partner.template(with_settings()))
        async with httpx.AsyncClient(verify=False, timeout=120) as anybody:
            document = (await anybody.get(f"{where}/specs/oem.json")).json()
        document["paths"] = {path: item for path, item in document["paths"].items() if path not in WAITING}
        file = tmp_path / "oem.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "schemathesis.cli", "run", str(file), "--url", where),
            *("--header", f"X-App-Id: {partner.app_id}", "--header", f"X-Api-Key: {partner.key}"),
            *("--phases", "examples,coverage,fuzzing", "--seed", "1", "--max-examples", "5", "--no-color"),
            *("--suppress-health-check", "all", "--checks", CHECKS),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        told, _ = await process.communicate()
    assert process.returncode == 0, told.decode(errors="replace")[-4000:]
