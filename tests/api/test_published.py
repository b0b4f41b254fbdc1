"""The published documents, and the reference that people read."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api import contracts
from tests.api.conftest import Tenant, client
from tests.fixtures.markdown import read
from tests.fixtures.shared import ROOT
from tieline.api.published.schemas import FAMILIES

pytestmark = pytest.mark.anyio

REFERENCE = ROOT / "docs" / "reference" / "http.md"


@pytest.fixture
async def document(address: str) -> dict[str, Any]:
    async with client(address) as anybody:
        answer = await anybody.get("/openapi.json")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, operation) for path, item in document["paths"].items() for method, operation in item.items()]


async def test_the_whole_document_is_valid(document: dict[str, Any], address: str) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": address}]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("family", FAMILIES)
async def test_each_family_is_valid(address: str, family: str) -> None:
    async with client(address) as anybody:
        found = (await anybody.get(f"/specs/{family}.json")).json()
    OpenAPIV31SpecValidator(found).validate()
    assert found["paths"]


async def test_there_is_no_other_family(address: str) -> None:
    async with client(address) as anybody:
        answer = await anybody.get("/specs/nothing.json")
    assert answer.status_code == 404
    assert "automations" in answer.json()["errors"][0]["detail"]


async def test_every_operation_says_what_it_takes_and_gives(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        name = f"{method} {path}"
        assert operation["summary"], name
        assert operation["description"], name
        answers = operation["responses"]
        assert {"500", "503"} <= set(answers), name
        for status, answer in answers.items():
            assert answer["description"], name
            if status >= "400" and path != "/readyz":
                told = {kind: one["schema"] for kind, one in answer["content"].items()}
                form = "Problem" if path.startswith("/oem/") else "ErrorResponse"
                wanted: dict[str, Any] = {"application/json": {"$ref": f"#/components/schemas/{form}"}}
                pages = {"text/html": {"type": "string"}}
                shown = any("text/html" in answers.get(good, {}).get("content", {}) for good in ("200", "301", "302"))
                assert told in ([wanted, wanted | pages] if shown else [wanted]), name
        if "security" in operation:
            assert {"401", "429"} <= set(answers), name
            assert "403" in answers or path.startswith("/oem/"), name
        if "{" in path:
            named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert {part.strip("{}") for part in path.split("/") if part.startswith("{")} == named, name
            assert "404" in answers, name
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(answers), name


async def test_what_the_vendor_documents_is_served_under_the_same_names(document: dict[str, Any], shared: Any) -> None:
    """Every operation, parameter and status of the documents of the vendor is in ours."""
    ours = {(method, path): operation for method, path, operation in operations(document)}
    compared = 0
    for published in contracts.documents():
        for path, item in published["paths"].items():
            for method, wanted in item.items():
                operation = ours[method, path]
                if "operationId" in wanted:
                    assert operation["operationId"].rpartition(".")[2] == wanted["operationId"].rpartition("#")[2]
                statuses = set(wanted["responses"]) - {"default"}
                assert statuses <= set(operation["responses"]), (method, path, statuses - set(operation["responses"]))
                names = {parameter["name"] for parameter in wanted.get("parameters", ()) if "name" in parameter}
                assert names <= {parameter["name"] for parameter in operation.get("parameters", ())}, (method, path)
                assert ("requestBody" in wanted) == ("requestBody" in operation), (method, path)
                compared += 1
    assert compared == sum(len(item) for one in contracts.documents() for item in one["paths"].values())


async def test_every_operation_has_a_heading(document: dict[str, Any]) -> None:
    headings = {heading.replace("`", "") for heading in read(REFERENCE).headings}
    missing = []
    for method, path, _ in operations(document):
        names = {path, path.replace("/api/v1/", "/api/workflows/")}
        if not any(f"{method.upper()} {name}" in headings for name in names):
            missing.append(f"{method.upper()} {path}")
    assert not missing


async def test_nothing_is_described_that_does_not_exist(document: dict[str, Any]) -> None:
    there = {f"{method.upper()} {path}" for method, path, _ in operations(document)}
    there |= {"GET /openapi.json", "GET /specs/{family}.json", "GET /", "POST /mcp"}
    headings = [heading.replace("`", "") for heading in read(REFERENCE).headings]
    described = [heading for heading in headings if heading.split(" ")[0] in {"GET", "POST", "PUT", "DELETE", "PATCH"}]
    assert [heading for heading in described if heading not in there] == []


async def test_the_document_is_the_same_under_every_name(address: str) -> None:
    async with client(address) as anybody:
        one: httpx.Response = await anybody.get("/openapi.json", headers={"host": "localhost:1"})
        two = await anybody.get("/openapi.json", headers={"host": "evil.example.com"})
    assert one.json()["servers"] == [{"url": "http://localhost:1"}]
    assert two.json()["servers"] == [{"url": address}]
    assert one.json()["paths"] == two.json()["paths"]


@pytest.mark.example
async def test_the_example_of_the_reference_runs(address: str, tenant: Tenant, tmp_path: Path) -> None:
    [example] = [example for example in read(REFERENCE).examples if example.language == "python"]
    (tmp_path / ".tieline").mkdir()
    (tmp_path / ".tieline" / "admin.key").write_text(f"{tenant.key}\n")
    program = example.text.replace("http://127.0.0.1:8400", address)
    assert program != example.text
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=tmp_path, stderr=subprocess.PIPE)
    _, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
