"""Forms over HTTP: what a run asks for, and answers held against it before there is a run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant
from tests.automations.engine.documents import block, condition, document
from tests.automations.runs.conftest import working

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"
FROM_METADATA = {"type": "connector", "datasource": "4f0f", "block": "list_events", "input": "event"}
SIZES = [{"value": "s", "label": "Small"}, {"value": "m", "label": "Medium"}]
FIELDS: list[dict[str, Any]] = [
    {"id": "f1", "type": "input", "label": "Name", "isRequired": True, "helpText": "Your name", "order": 2},
    {"id": "f2", "type": "select", "label": "Size", "values": "s", "order": 1, "options": SIZES},
    {"id": "f3", "type": "multi_select", "label": "a/b~c", "options": ["x", "y"], "isRequired": "yes", "order": 3},
    {"id": "f4", "type": "object", "label": "Extra", "order": 4},
    {"id": "f5", "type": "select", "label": "Event", "options": FROM_METADATA, "order": 5},
    {"id": "f6", "type": "input", "label": "API token", "order": 6},
]  # fmt: skip


@pytest.fixture(scope="module")
async def worker(parts: Parts) -> AsyncIterator[None]:
    async with working(parts.database, vault=parts.vault):
        yield


def form(fields: Any = FIELDS, **more: Any) -> dict[str, Any]:
    return block("FormBlock", "inputs", form=fields, displayName="Inputs", **more)


async def automation(api: httpx.AsyncClient, *entries: Any) -> str:
    made = await api.post(BASE, json={"name": "A", "workspace": document(*entries)})
    return f"{BASE}/{made.json()['id']}"


async def refused(api: httpx.AsyncClient, where: str, inputs: Any) -> list[str]:
    answer = await api.post(f"{where}/runs", json={"context": "api", "inputs": inputs})
    assert answer.status_code == 400, answer.text
    assert (await api.get(f"{where}/runs")).json()["data"] == [], "no run was made"
    return [one["source"]["pointer"] for one in answer.json()["errors"]]


GOOD = {"Name": "Ada", "a/b~c": ["x"]}


@pytest.mark.parametrize("prefix", ["workflows", "v1"])
async def test_a_form_is_shown(api: httpx.AsyncClient, prefix: str) -> None:
    where = (await automation(api, form())).replace("/workflows/", f"/{prefix}/")
    found = (await api.get(f"{where}/form")).json()
    assert found["version"] == 1
    (shown,) = found["forms"]
    assert (shown["name"], shown["displayName"], shown["always"], shown["persists"]) == (
        "inputs",
        "Inputs",
        True,
        False,
    )
    fields = {one["label"]: one for one in shown["fields"]}
    assert list(fields) == ["Size", "Name", "a/b~c", "Extra", "Event", "API token"]
    assert (fields["Name"]["required"], fields["Name"]["helpText"], fields["Name"]["kind"]) == (
        True,
        "Your name",
        "input",
    )
    assert fields["Size"]["options"] == [{"value": "s", "label": "Small"}, {"value": "m", "label": "Medium"}]
    assert fields["Size"]["default"] == "s"
    assert (fields["Event"]["options"], fields["Event"]["optionsFrom"]) == (None, FROM_METADATA)


async def test_an_automation_without_a_form(api: httpx.AsyncClient) -> None:
    where = await automation(api, block("ShowBlock", "out", inputs={"input": "x"}))
    assert (await api.get(f"{where}/form")).json() == {"version": 1, "forms": []}
    assert (await api.post(f"{where}/runs", json={"context": "api", "inputs": [1]})).status_code == 201


@pytest.mark.parametrize("inputs, pointers", [
    ({}, ["/inputs/Name", "/inputs/a~1b~0c"]),
    ({**GOOD, "Size": "xl"}, ["/inputs/Size"]),
    ({**GOOD, "f2": "xl"}, ["/inputs/f2"]),
    ({**GOOD, "a/b~c": ["x", "z"]}, ["/inputs/a~1b~0c"]),
    ({"Name": "", "a/b~c": []}, ["/inputs/Name", "/inputs/a~1b~0c"]),
    ({"Name": None, "f3": "x"}, ["/inputs/Name"]),
    ({**GOOD, "Extra": "text", "Size": {"a": 1}}, ["/inputs/Size", "/inputs/Extra"]),
    ("text", ["/inputs"]), ([], ["/inputs"]), (0, ["/inputs"]), (False, ["/inputs"]),
])  # fmt: skip
async def test_each_wrong_answer_has_a_pointer(api: httpx.AsyncClient, inputs: Any, pointers: list[str]) -> None:
    assert await refused(api, await automation(api, form()), inputs) == pointers


@pytest.mark.parametrize(
    "body", [{}, {"inputs": None}, {"inputs": GOOD}, {"inputs": {"f1": "Ada", "f3": "x", "more": 1}}]
)
async def test_good_answers_and_bodies_without_answers_pass(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    where = await automation(api, form())
    assert (await api.post(f"{where}/runs", json={"context": "api", **body})).status_code == 201


async def test_a_form_that_a_run_may_not_come_to_requires_nothing_beforehand(api: httpx.AsyncClient) -> None:
    where = await automation(api, (condition("{$.start.ask}", "=", "1"), {"childTrueId": [form()]}))
    assert not (await api.get(f"{where}/form")).json()["forms"][0]["always"]
    assert await refused(api, where, {"Size": "xl"}) == ["/inputs/Size"]
    assert (await api.post(f"{where}/runs", json={"context": "api", "inputs": {"ask": 0}})).status_code == 201


async def test_kept_answers_are_shown_and_stand_in(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None
) -> None:
    where = await automation(api, form(persistData=True))
    answers = {**GOOD, "API token": "canaryP3"}
    run = (await api.post(f"{where}/runs", json={"context": "api", "inputs": answers})).json()["id"]
    assert (await parts.runs.wait(tenant.id, UUID(run), 30))["status"] == "finished"
    shown = await api.get(f"{where}/form")
    fields = {one["label"]: one for one in shown.json()["forms"][0]["fields"]}
    assert (fields["Name"]["kept"], fields["Name"]["answer"]) == (True, "Ada")
    assert (fields["API token"]["kept"], fields["API token"]["answer"]) == (True, None)
    assert "canaryP3" not in shown.text
    assert (await api.post(f"{where}/runs", json={"context": "api", "inputs": {"Size": "m"}})).status_code == 201


@pytest.mark.parametrize("fields", [
    None, "text", {}, [1, None, "x"], [{"type": 5}], [{"label": {"a": 1}, "options": 7, "order": "x"}],
    [{"id": str(n)} for n in range(300)], [{"type": "select", "options": {"values": {"a": 1}}}],
    [{"options": [[1]], "type": "select"}],
    [{"isRequired": [1], "helpText": {}, "values": {"deep": [1]}}],
])  # fmt: skip
async def test_broken_forms_are_shown_as_far_as_they_go(api: httpx.AsyncClient, fields: Any) -> None:
    where = await automation(api, form(fields))
    answer = await api.get(f"{where}/form")
    assert answer.status_code == 200, answer.text
    assert (await api.post(f"{where}/runs", json={"context": "api", "inputs": {}})).status_code in (201, 400)


async def test_others_see_nothing(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    where = await automation(api, form())
    assert (await other.get(f"{where}/form")).status_code == 404
    assert (await other.post(f"{where}/runs", json={"context": "api", "inputs": {}})).status_code == 404
