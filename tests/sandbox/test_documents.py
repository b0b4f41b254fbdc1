"""The OpenAPI documents say what the servers do: same operations, same shapes, nothing of the control desk."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator, oas30_format_checker, oas31_format_checker
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from tests.sandbox.client import Answer, Client
from tieline.sandbox import Running
from tieline.sandbox.world import World

METHODS = ("get", "put", "post", "patch", "delete")
SIDES = {"events": ("gather_document", "/v1"), "telephony": ("dialbook_document", "/api/v2")}


@cache
def world() -> World:
    return World(10)


def document(side: str) -> dict[str, Any]:
    found: dict[str, Any] = getattr(world(), SIDES[side][0])
    return found


def operations(side: str) -> set[str]:
    prefix = SIDES[side][1]
    paths = document(side)["paths"].items()
    return {f"{method.upper()} {prefix}{path}" for path, item in paths for method in item if method in METHODS}


@pytest.mark.parametrize("side", SIDES)
def test_every_route_is_described_and_every_description_is_served(side: str) -> None:
    service = getattr(world(), side)
    beside = {"GET /openapi.json", "GET /openapi.yaml", "POST /oauth/token", "GET /"}
    assert {route.name for route in service.router.routes} - beside == operations(side)


@pytest.mark.parametrize("side", SIDES)
def test_every_operation_has_an_id_a_summary_and_a_tag_that_exists(side: str) -> None:
    found = document(side)
    tags = {tag["name"] for tag in found["tags"]}
    ids = []
    for item in found["paths"].values():
        for method, operation in item.items():
            if method in METHODS:
                ids.append(operation["operationId"])
                assert operation["summary"]
                assert set(operation["tags"]) <= tags
    assert len(ids) == len(set(ids)) == len(operations(side))


@pytest.mark.parametrize("side, path", [("events", "/openapi.json"), ("telephony", "/openapi.json")])
def test_the_served_document_is_valid(sandbox: Running, side: str, path: str) -> None:
    served = Client(getattr(sandbox, side).url).call("GET", path).json
    validator = OpenAPIV31SpecValidator if side == "events" else OpenAPIV30SpecValidator
    assert [error.message for error in validator(served).iter_errors()] == []


@pytest.mark.parametrize("side", SIDES)
def test_it_names_the_address_that_was_asked(sandbox: Running, side: str) -> None:
    url = getattr(sandbox, side).url
    text = Client(url).call("GET", "/openapi.json").body.decode()
    assert json.loads(text)["servers"][0]["url"] == url + SIDES[side][1]
    assert "127.0.0.1:84" not in text.replace(url, "")
    other = Client(url).call("GET", "/openapi.json", headers={"Host": "sandbox.example:1234"}).json
    assert other["servers"][0]["url"] == "http://sandbox.example:1234" + SIDES[side][1]


@pytest.mark.parametrize("side", SIDES)
def test_the_control_desk_is_not_in_it(sandbox: Running, side: str) -> None:
    body = Client(getattr(sandbox, side).url).call("GET", "/openapi.json").body
    assert b"_sandbox" not in body
    assert b"x-object-types" not in body


def test_yaml_and_json_say_the_same(sandbox: Running) -> None:
    client = Client(sandbox.telephony.url)
    text = client.call("GET", "/openapi.yaml")
    assert text.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(text.body) == client.call("GET", "/openapi.json").json


def check(side: str, method: str, path: str, answer: Answer) -> None:
    """Holds an answer against what the document says for it; ``path`` as the document writes it."""
    found = document(side)
    operation = found["paths"][path][method.lower()]
    described = operation["responses"].get(str(answer.status)) or operation["responses"]["default"]
    while "$ref" in described:
        described = found["components"]["responses"][described["$ref"].rpartition("/")[2]]
    if answer.status == 204:
        assert answer.body == b""
        return
    media = answer.headers["content-type"].partition(";")[0]
    schema = described["content"][media]["schema"] | {"components": found["components"]}
    kinds: dict[str, Any] = {
        "events": (OAS31Validator, oas31_format_checker),
        "telephony": (OAS30Validator, oas30_format_checker),
    }
    validator, formats = kinds[side]
    problems = [
        f"{error.json_path}: {error.message}"
        for error in validator(schema, format_checker=formats).iter_errors(answer.json)
    ]
    assert problems == [], f"{method} {path} -> {answer.status}"
    for name in described.get("headers", {}):
        assert name.lower() in answer.headers


@pytest.mark.parametrize(
    "path", ["/events", "/sessions", "/attendee-categories", "/attendees", "/registrations", "/check-ins"]
)
def test_gather_answers_as_described(gather: Client, path: str) -> None:
    listed = gather.call("GET", path, limit=100)
    check("events", "GET", path, listed)
    key = listed.json["data"][0]["id"]
    one = next(other for other in document("events")["paths"] if other.startswith(path + "/{"))
    check("events", "GET", one, gather.call("GET", f"{path}/{key}"))
    check("events", "GET", one, gather.call("GET", f"{path}/nobody"))
    check("events", "GET", path, gather.call("GET", path, limit=0))
    check("events", "GET", path, gather.call("GET", path, headers={"X-Gather-Key": ""}))
    check("events", "POST", path, gather.call("POST", path, {}))
    check("events", "POST", path, gather.call("POST", path, raw=b"{"))
    check("events", "POST", path, gather.call("POST", path, raw=b"{}", headers={"Content-Type": "text/plain"}))
    if path != "/check-ins":
        check("events", "PATCH", one, gather.call("PATCH", f"{path}/{key}", {}))


def test_gather_answers_as_described_elsewhere(sandbox: Running, gather: Client) -> None:
    check("events", "GET", "/account", gather.call("GET", "/account"))
    check("events", "GET", "/object-types", gather.call("GET", "/object-types"))
    for row in gather.get("/object-types")["data"]:
        answer = gather.call("GET", f"/object-types/{row['name']}/fields")
        check("events", "GET", "/object-types/{object_type}/fields", answer)
    made = gather.call("POST", "/webhooks", {"url": "https://x.example/", "events": ["registration.created"]})
    check("events", "POST", "/webhooks", made)
    check("events", "GET", "/webhooks", gather.call("GET", "/webhooks"))
    check("events", "DELETE", "/webhooks/{webhook_id}", gather.call("DELETE", f"/webhooks/{made.json['id']}"))
    sandbox.limit("events", calls=1)
    gather.call("GET", "/account")
    check("events", "GET", "/account", gather.call("GET", "/account"))


def test_dialbook_answers_as_described(sandbox: Running, dialbook: Client) -> None:
    sandbox.ring("+353875550012")
    for path in ("/contacts", "/directories", "/calls"):
        listed = dialbook.call("GET", path)
        check("telephony", "GET", path, listed)
        rows = listed.json["items"] if path == "/contacts" else listed.json
        one = next(other for other in document("telephony")["paths"] if other.startswith(path + "/{"))
        check("telephony", "GET", one, dialbook.call("GET", f"{path}/{rows[-1]['id']}"))
        check("telephony", "GET", one, dialbook.call("GET", f"{path}/1"))
        check("telephony", "PATCH", one, dialbook.call("PATCH", f"{path}/{rows[-1]['id']}", {}))
        check("telephony", "POST", path, dialbook.call("POST", path, {}))
        check("telephony", "GET", path, dialbook.call("GET", path, page=0))
        check("telephony", "GET", path, dialbook.call("GET", path, headers={"Authorization": ""}))
    for path in ("/account", "/numbers", "/webhooks"):
        check("telephony", "GET", path, dialbook.call("GET", path))
    check("telephony", "GET", "/contacts/search", dialbook.call("GET", "/contacts/search", q="fjord"))
    for path in ("/contacts", "/directories"):
        for body in ({"name": "A"}, {"name": "B"}):
            answer = dialbook.call("PUT", f"{path}/by-external-id/x", body)
            check("telephony", "PUT", f"{path}/by-external-id/{{external_id}}", answer)
    made = dialbook.call("POST", "/webhooks", {"url": "https://x.example/", "events": ["call.incoming"]})
    check("telephony", "POST", "/webhooks", made)


def test_the_examples_of_the_documents_are_accepted(sandbox: Running, gather: Client, dialbook: Client) -> None:
    dialbook.call("PUT", "/directories/by-external-id/x", {"name": "x"})  # id 303
    sent = 0
    for side, client in (("events", gather), ("telephony", dialbook)):
        for path, item in document(side)["paths"].items():
            content = item.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            if "$ref" in schema:
                schema = document(side)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            examples = [content["example"]] if "example" in content else schema.get("examples", [])
            for example in examples:
                assert client.call("POST", path, example).status == 201, (path, example)
                sent += 1
    assert sent == 7
