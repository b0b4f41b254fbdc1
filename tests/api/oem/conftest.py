"""A partner with two accounts, its API, and a real worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.api.conftest import Parts
from tests.automations.engine.documents import block, chain
from tests.automations.runs.conftest import working
from tieline.core.ids import new_id
from tieline.tenancy import partners


@dataclass
class Partner:
    """A partner's API, signed in."""

    api: httpx.AsyncClient
    app_id: str
    key: str

    async def account(self, external: str = "acme", **more: Any) -> str:
        made = await self.api.post("/accounts", json={"name": external.title(), "externalid": external, **more})
        assert made.status_code == 200, made.text
        return external

    async def template(self, workspace: dict[str, Any], **more: Any) -> str:
        made = await self.api.post("/templates", json={"name": "Sync", "workspace": workspace, **more})
        assert made.status_code == 201, made.text
        guid: str = made.json()["guid"]
        return guid

    async def version(self, template: str, workspace: dict[str, Any], **more: Any) -> int:
        made = await self.api.post(f"/templates/{template}/versions", json={"workspace": workspace, **more})
        assert made.status_code == 201, made.text
        number: int = made.json()["version"]
        return number

    async def install(self, template: str, account: str = "acme", **more: Any) -> str:
        made = await self.api.post(f"/templates/{template}/install", json={"account": account, **more})
        assert made.status_code == 200, made.text
        guid: str = made.json()["guid"]
        return guid

    async def run(self, blend: str, account: str = "acme", **body: Any) -> Any:
        done = await self.api.post(f"/accounts/{account}/blends/{blend}/run", json=body)
        assert done.status_code == 200, done.text
        return done.json()


@asynccontextmanager
async def signed_in(address: str, parts: Parts, *, name: str = "Partner") -> AsyncIterator[Partner]:
    app_id = f"app-{new_id()}"
    async with parts.database.system() as unit:
        key = await partners.issue_key(unit, parts.vault, await partners.create(unit, name=name, app_id=app_id))
    headers = {"x-app-id": app_id, "x-api-key": key}
    async with httpx.AsyncClient(base_url=f"{address}/oem/v1", headers=headers, timeout=30, verify=False) as api:
        yield Partner(api, app_id, key)


@pytest.fixture(scope="module")
async def worker(parts: Parts) -> AsyncIterator[None]:
    async with working(parts.database, vault=parts.vault):
        yield


@pytest.fixture
async def partner(address: str, parts: Parts) -> AsyncIterator[Partner]:
    async with signed_in(address, parts) as made:
        yield made


@pytest.fixture
async def rival(address: str, parts: Parts) -> AsyncIterator[Partner]:
    """Another partner."""
    async with signed_in(address, parts, name="Rival") as made:
        yield made


def start(flow: str = "manual", name: str = "") -> dict[str, Any]:
    return block("StartBlock", name or flow, inputs={"run_mode": flow})


def asks(*labels: str, name: str = "inputs", persist: bool = True, required: bool = False) -> dict[str, Any]:
    fields = [
        {"id": f"f-{label}", "type": "input", "label": label, "isRequired": required, "order": n}
        for n, label in enumerate(labels)
    ]
    return block("FormBlock", name, form=fields, persistData=persist)


def says(text: str) -> dict[str, Any]:
    return block("ShowBlock", inputs={"input": text})


def document(*flows: list[dict[str, Any]]) -> dict[str, Any]:
    """A workspace of several flows, each of which begins with its start block."""
    return {"blocks": [one for flow in flows for one in chain(*flow)], "variables": []}


def plain(text: str = "one") -> dict[str, Any]:
    return document([start(), says(text)])


def with_settings(text: str = "{$.inputs.Project}", *, required: bool = False) -> dict[str, Any]:
    """Asks for a project in its settings, and shows it when it runs."""
    return document([start("settings"), asks("Project", required=required)], [start(), says(text)])


Documents = Callable[..., dict[str, Any]]
