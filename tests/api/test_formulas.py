"""Formulas over HTTP: previews on sample data and on the data of runs, and the library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant
from tests.automations.engine.documents import block, document, variable
from tests.automations.formulas.hostile import DATA, FORMULAS
from tests.automations.runs.conftest import working
from tieline.automations.formulas import FUNCTIONS, OPERATORS
from tieline.core.ids import new_id

pytestmark = pytest.mark.anyio

PREVIEW = "/api/workflows/formulas/actions/preview"
AUTOMATIONS = "/api/workflows/automations"


@pytest.fixture(scope="module")
async def worker(parts: Parts) -> AsyncIterator[None]:
    async with working(parts.database, vault=parts.vault):
        yield


async def preview(api: httpx.AsyncClient, formula: str, **more: Any) -> Any:
    answer = await api.post(PREVIEW, json={"formula": formula, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("formula, value, kind, text", [
    ("Hello {uppercase: $.user.name}", "Hello ADA", "text", "Hello ADA"),
    ("{add: 1, 2}", 3, "number", "3"), ("{$.user}", {"name": "Ada"}, "object", '{"name":"Ada"}'),
    ("{$.list}", [1, 2], "list", "[1,2]"), ("{$.none}", None, "null", ""), ("", "", "text", ""),
    ("{$.yes}", True, "boolean", None), ("{$.user.name}", "Ada", "text", "Ada"), ("{{7*7}}", None, None, None),
])  # fmt: skip
async def test_a_formula_gives_value_type_and_text(
    api: httpx.AsyncClient, formula: str, value: Any, kind: str | None, text: str | None
) -> None:
    found = await preview(api, formula, sample={"user": {"name": "Ada"}, "list": [1, 2], "yes": True})
    if kind is None:
        assert found["error"] is None or found["error"]["code"].startswith("formula-")
        return
    assert (found["value"], found["type"], found["error"], found["cut"]) == (value, kind, None, False)
    assert text is None or found["text"] == text


async def test_references_say_what_the_data_has(api: httpx.AsyncClient) -> None:
    found = await preview(api, "{$.a.x} {$.b}", sample={"a": {}}, variables={"c": 1})
    assert found["references"] == [{"name": "a", "known": True}, {"name": "b", "known": False}]
    assert (await preview(api, "{$.a}", sample={"a": 1}, variables={"a": 2}))["value"] == 2


@pytest.mark.parametrize("formula, code, position", [
    ("ok\n  {$.name", "formula-syntax", {"offset": 5, "line": 2, "column": 3}),
    ("{divide: 1, 0}", "formula-value", {"offset": 0, "line": 1, "column": 1}),
    ("a\nb {uppercase: {$.x", "formula-syntax", {"offset": 16, "line": 2, "column": 15}),
    ("{repeat: 'x', 1000000000}", "formula-limit", {"offset": 0, "line": 1, "column": 1}),
])  # fmt: skip
async def test_an_error_says_where_it_is(
    api: httpx.AsyncClient, formula: str, code: str, position: dict[str, int]
) -> None:
    found = await preview(api, formula)
    assert found["error"]["code"] == code
    assert found["error"]["position"]["line"] == position["line"]
    assert abs(found["error"]["position"]["offset"] - position["offset"]) <= 2
    assert (found["value"], found["type"], found["text"]) == (None, None, None)


async def test_hostile_formulas_end_in_a_value_or_a_typed_error(api: httpx.AsyncClient) -> None:
    """Some of them; tests/batteries/test_formula_previews.py sends all."""
    for formula in sendable()[::10]:
        await check_hostile(api, formula)


def sendable() -> list[str]:
    """The hostile formulas that JSON can say."""
    return [one for one in FORMULAS if "\0" not in one and not any("\ud800" <= char <= "\udfff" for char in one)]


async def check_hostile(api: httpx.AsyncClient, formula: str) -> None:
    sample = {name: DATA[name] for name in DATA.keys() - {"nul", "deep", "deeplist"} if f"$.{name}" in formula}
    answer = await api.post(PREVIEW, json={"formula": formula, "sample": sample})
    if len(formula) > 80_000:
        assert answer.status_code in (400, 413)
        return
    assert answer.status_code == 200, (formula[:100], answer.text[:300])
    error = answer.json()["error"]
    assert error is None or (error["code"].startswith("formula-") and error["detail"]), formula[:100]
    assert len(answer.content) < 1_000_000


async def test_a_value_that_is_too_large_is_cut(api: httpx.AsyncClient) -> None:
    found = await preview(api, "{repeat: 'x', 400000}")
    assert (found["value"], found["cut"], found["type"], len(found["text"])) == (None, True, "text", 65_536)


async def test_deep_data_is_no_fault_of_ours(api: httpx.AsyncClient) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    assert (await api.post(PREVIEW, json={"formula": "{$.deep}", "sample": {"deep": deep}})).status_code in (200, 400)


@pytest.mark.parametrize("body, pointer", [
    ({}, "/formula"), ({"formula": 1}, "/formula"), ({"formula": None}, "/formula"),
    ({"formula": "x" * 80_001}, "/formula"),
    ({"formula": "", "sample": []}, "/sample"), ({"formula": "", "variables": "x"}, "/variables"),
    ({"formula": "", "path": "b1"}, "/path"), ({"formula": "", "runId": 5}, "/runId"),
    ({"formula": "", "runId": str(new_id()), "path": "b1'"}, "/path"),
    ({"formula": "", "runId": str(new_id()), "path": "b1/b2"}, "/path"),
])  # fmt: skip
async def test_requests_that_break_a_rule(api: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    answer = await api.post(PREVIEW, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer


async def test_a_run_gives_the_data_that_it_had_at_a_place(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None
) -> None:
    twice = block("ShowBlock", "twice", inputs={"input": "{$.loop.item.n}0"})
    after = block("ShowBlock", "after", inputs={"input": "{$.twice}"})
    workspace = document(
        variable("sum", "set_value", 10),
        (
            block("ForEachBlock", "loop", inputs={"input": "{$.start.rows}"}),
            {"loopBlockId": [add := variable("sum", "add", "{$.loop.item.n}")]},
        ),
        after,
        variables={"sum": "number"},
    )
    add["childId"] = twice["id"]
    workspace["blocks"].append(twice)
    automation = (await api.post(AUTOMATIONS, json={"name": "A", "workspace": workspace})).json()["id"]
    inputs = {"rows": [{"n": n, "password": "canaryK2"} for n in range(5)], "to": "x"}
    body = {"context": "api", "inputs": inputs}
    run = (await api.post(f"{AUTOMATIONS}/{automation}/runs", json=body)).json()["id"]
    assert (await parts.runs.wait(tenant.id, UUID(run), 30))["status"] == "finished"
    place = {"runId": run, "path": "b2.3/b5"}
    assert (await preview(api, "{$.loop.item.n} of {$.loop.index}", **place))["value"] == "3 of 3"
    assert (await preview(api, "{$.start.to}", **place))["value"] == "x"
    assert (await preview(api, "{$.sum}", **place))["value"] == 10 + 0 + 1 + 2 + 3
    assert (await preview(api, "{$.sum}", runId=run))["value"] == 20
    assert (await preview(api, "{$.loop.item.password}", **place))["value"] == "***"
    assert (await preview(api, "{$.nobody}", **place))["references"] == [{"name": "nobody", "known": False}]
    assert (await preview(api, "{$.start.to}", sample={"start": {"to": "mine"}}, **place))["value"] == "mine"
    assert (await api.post(PREVIEW, json={"formula": "{$.start}", "runId": str(new_id())})).status_code == 404
    assert (await api.post(PREVIEW, json={"formula": "{$.start}", "runId": "nonsense"})).status_code == 404


async def test_the_library_has_every_function(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/v1/formulas/functions")
    assert answer.status_code == 200
    found = answer.json()
    assert {one["name"] for one in found["functions"]} == set(FUNCTIONS)
    assert {one["name"] for one in found["operators"]} == set(OPERATORS)
    replace = next(one for one in found["functions"] if one["name"] == "replace")
    assert replace["signature"].startswith("{replace: ")
    assert replace["category"] == "text"
    assert replace["doc"]
    assert replace["parameters"][0]["required"]
    example = replace["examples"][0]
    assert (await preview(api, example["formula"], sample=example["data"]))["value"] == example["result"]


async def test_keys_need_the_scope(api: httpx.AsyncClient, tenant: Tenant, world: Any) -> None:
    weak = {"authorization": "Bearer " + await world.key(tenant.id, tenant.admin_id, ["connections"])}
    assert (await api.post(PREVIEW, json={"formula": ""}, headers=weak)).status_code == 403
    assert (await api.get("/api/workflows/formulas/functions", headers=weak)).status_code == 403
    nobody = {"authorization": "Bearer x"}
    assert (await api.post(PREVIEW, json={"formula": ""}, headers=nobody)).status_code == 401
