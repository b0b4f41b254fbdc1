"""What the documents say beyond the shape of operations, how they are served, and the pages over them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from tests.api.conftest import client
from tests.fixtures.shared import ROOT
from tieline.api.published import changes
from tieline.api.published.families import FAMILIES, family_of
from tieline.server.offline import offline_document

pytestmark = pytest.mark.anyio

BASELINE = ROOT / "docs" / "reference" / "api.surface.json"
LOG = ROOT / "docs" / "reference" / "api-changes.md"


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return offline_document()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_belongs_to_one_family(whole: dict[str, Any]) -> None:
    assert [path for path in whole["paths"] if family_of(path) is None] == []
    assert {family_of(path) for path in whole["paths"]} == set(FAMILIES)
    assert family_of("/api/v1/automations-of-mine") is None
    for name in FAMILIES:
        ids = [one["operationId"].rpartition(".")[2] for key, one in operations(whole) if _family(key) == name]
        assert len(ids) == len(set(ids)), name


def _family(key: str) -> str | None:
    return family_of(key.partition(" ")[2])


def test_every_body_and_every_good_answer_has_an_example_that_fits(whole: dict[str, Any]) -> None:
    missing, wrong, checked = [], [], 0
    for name, operation in operations(whole):
        contents = [("body", operation.get("requestBody", {}).get("content", {}))]
        contents += [(code, told.get("content", {})) for code, told in operation["responses"].items() if code < "300"]
        for where, content in contents:
            told = content.get("application/json")
            if not told:
                continue
            if "example" not in told:
                missing.append((name, where))
                continue
            if "x-tieline-preferred" in operation:
                continue  # its twin is looked at
            checked += 1
            schema = {**told["schema"], "components": whole["components"]}
            found = OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER).iter_errors(told["example"])
            wrong += [(name, where, error.json_path, error.message[:100]) for error in found]
    assert (missing, wrong) == ([], [])
    assert checked > 200


def test_operations_say_their_limit_their_scope_and_their_twin(whole: dict[str, Any]) -> None:
    listed = whole["paths"]["/api/v1/automations"]["get"]
    assert listed["x-tieline-tier"] == {"tier": "1", "limit": 1000}
    assert listed["x-tieline-scope"] == "automations:read"
    assert listed["x-tieline-preferred"] == "GET /api/workflows/automations"
    assert {"apiKey": []} in listed["security"]
    assert {"oauth2": ["automations:read"]} in listed["security"]
    made = whole["paths"]["/api/workflows/automations"]["post"]
    assert made["x-tieline-tier"] == {"tier": "2", "limit": 100}
    assert made["x-tieline-scope"] == "automations"
    assert made["x-tieline-replaces"] == "POST /api/v1/automations"
    assert whole["paths"]["/oem/v1/accounts"]["get"]["x-tieline-tier"] == {"tier": "oem", "limit": 300}
    assert whole["paths"]["/healthz"]["get"]["security"] == []
    schemes = whole["components"]["securitySchemes"]
    used = {name for _, operation in operations(whole) for way in operation["security"] for name in way}
    assert used == {"apiKey", "oauth2", "appId", "partnerKey"} == set(schemes)
    flows = schemes["oauth2"]["flows"]
    wanted = {scope for _, operation in operations(whole) if (scope := operation.get("x-tieline-scope"))}
    assert wanted <= set(flows["clientCredentials"]["scopes"]) <= set(flows["authorizationCode"]["scopes"])
    tags = [tag["name"] for tag in whole["tags"]]
    assert {tag for _, operation in operations(whole) for tag in operation["tags"]} == set(tags)


def test_the_api_breaks_nobody_without_saying_so(whole: dict[str, Any]) -> None:
    """`make specs-accept` takes the new surface, once docs/reference/api-changes.md names what breaks."""
    found = changes.compare(json.loads(BASELINE.read_bytes()), changes.surface(whole))
    log = LOG.read_text(encoding="utf-8")
    unnamed = [changes.line(one) for one in found if one.weight == changes.BREAKING and changes.line(one) not in log]
    assert unnamed == []


async def test_documents_are_asked_for_once(address: str) -> None:
    names = ["openapi.json", "consolidated/tieline.json", "specs/items.json", "postman/collection.json", "docs/items"]
    async with client(address) as anybody:
        for name in names:
            first = await anybody.get(f"/{name}")
            assert first.status_code == 200, name
            assert "tieline.invalid" not in first.text
            assert first.headers["cache-control"] == "no-cache"
            if name.startswith("docs"):
                continue
            again = await anybody.get(f"/{name}", headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
            assert (again.status_code, again.content) == (304, b"")
            elsewhere = await anybody.get(f"/{name}", headers={"host": "localhost:1"})
            assert elsewhere.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("family", ["", "items"])
async def test_the_reference_is_shown_by_redoc(address: str, family: str) -> None:
    async with client(address) as anybody:
        page = await anybody.get(f"/docs/{family}".rstrip("/"))
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe-inline" not in policy
        assert "//" not in page.text.replace("<!--", "")
        bundle = await anybody.get("/docs/assets/redoc.standalone.js")
        assert bundle.status_code == 200
        assert b"Redoc" in bundle.content
        for name in ("start.js", "page.css", "everything.json"):
            assert (await anybody.get(f"/docs/assets/{name}")).status_code == 200


@pytest.mark.parametrize("path", ["/docs/nothing", "/docs/assets/nothing.js", "/docs/assets/..%2fpage.py"])
async def test_there_is_nothing_else_below_it(address: str, path: str) -> None:
    async with client(address) as anybody:
        assert (await anybody.get(path)).status_code == 404
