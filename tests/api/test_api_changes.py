"""What is told of two documents: what breaks programs, what does not, what only people notice."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tieline.api.published.changes import compare, markdown, summary, surface, written

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "summary": "List",
                "security": [{"apiKey": []}],
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {"type": "integer", "default": 10, "minimum": 1, "maximum": 100},
                    },
                    {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["name", "age"]}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"description": "none"},
                },
            },
            "post": {
                "operationId": "createThing",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}},
                },
                "responses": {"201": {"description": "made"}},
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "state": {"type": "string", "enum": ["live", "hidden"]},
                    "parent": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]},
                },
            },
            "NewThing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 50},
                    "age": {"type": "number"},
                    "size": {"type": "integer", "default": 1},
                },
            },
        }
    },
}
Edit = Callable[[dict[str, Any]], object]


def listing(document: dict[str, Any]) -> Any:
    return document["paths"]["/things"]["get"]


def thing(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["Thing"]


def new_thing(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["NewThing"]


def rename(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Item"] = schemas.pop("Thing")
    schemas["Item"]["properties"]["parent"]["anyOf"][0]["$ref"] = "#/components/schemas/Item"
    listing(document)["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] = "#/components/schemas/Item"


def inline(document: dict[str, Any]) -> None:
    content = listing(document)["responses"]["200"]["content"]["application/json"]
    content["schema"] = copy.deepcopy(thing(document))


BREAKING: dict[str, Edit] = {
    "operation removed": lambda d: d["paths"]["/things"].pop("post"),
    "operation id changed": lambda d: listing(d).update(operationId="getThings"),
    "parameter removed": lambda d: listing(d)["parameters"].pop(0),
    "new required parameter": lambda d: listing(d)["parameters"].append(
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}
    ),
    "parameter required": lambda d: listing(d)["parameters"][0].update(required=True),
    "default changed": lambda d: listing(d)["parameters"][0]["schema"].update(default=20),
    "maximum lowered": lambda d: listing(d)["parameters"][0]["schema"].update(maximum=50),
    "minimum raised": lambda d: listing(d)["parameters"][0]["schema"].update(minimum=2),
    "input value removed": lambda d: listing(d)["parameters"][1]["schema"]["enum"].remove("age"),
    "input narrowed": lambda d: new_thing(d)["properties"]["age"].update(type="integer"),
    "input type changed": lambda d: new_thing(d)["properties"]["age"].update(type="boolean"),
    "input field removed": lambda d: new_thing(d)["properties"].pop("age"),
    "input field required": lambda d: new_thing(d)["required"].append("age"),
    "input length lowered": lambda d: new_thing(d)["properties"]["name"].update(maxLength=10),
    "input pattern": lambda d: new_thing(d)["properties"]["name"].update(pattern="^a"),
    "body default changed": lambda d: new_thing(d)["properties"]["size"].update(default=2),
    "good answer removed": lambda d: listing(d)["responses"].pop("200"),
    "field removed": lambda d: thing(d)["properties"].pop("state"),
    "field optional": lambda d: thing(d).update(required=[]),
    "field nullable": lambda d: thing(d)["properties"]["name"].update(type=["string", "null"]),
    "output value removed": lambda d: thing(d)["properties"]["state"]["enum"].remove("hidden"),
    "output widened": lambda d: thing(d)["properties"]["name"].update(type=["string", "integer"]),
    "way in removed": lambda d: listing(d).update(security=[{"oauth2": []}]),
    "way in needed": lambda d: d["paths"]["/things"]["post"].update(security=[{"apiKey": []}]),
}
COMPATIBLE: dict[str, Edit] = {
    "operation added": lambda d: d["paths"]["/things"].update(delete={"responses": {}}),
    "operation deprecated": lambda d: listing(d).update(deprecated=True),
    "parameter added": lambda d: listing(d)["parameters"].append(
        {"name": "q", "in": "query", "schema": {"type": "string"}}
    ),
    "maximum raised": lambda d: listing(d)["parameters"][0]["schema"].update(maximum=500),
    "input value added": lambda d: listing(d)["parameters"][1]["schema"]["enum"].append("size"),
    "input widened": lambda d: new_thing(d)["properties"]["size"].update(type="number"),
    "input field added": lambda d: new_thing(d)["properties"].update(more={"type": "string"}),
    "input field optional": lambda d: new_thing(d).update(required=[]),
    "error removed": lambda d: listing(d)["responses"].pop("404"),
    "error added": lambda d: listing(d)["responses"].update({"409": {"description": "late"}}),
    "field added": lambda d: thing(d)["properties"].update(age={"type": "number"}),
    "output value added": lambda d: thing(d)["properties"]["state"]["enum"].append("gone"),
    "way in added": lambda d: listing(d).update(security=[{"apiKey": []}, {"oauth2": []}]),
}


def told(edit: Edit) -> dict[str, int]:
    changed = copy.deepcopy(DOCUMENT)
    edit(changed)
    return summary(compare(surface(DOCUMENT), surface(changed)))


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks(name: str) -> None:
    assert told(BREAKING[name])["breaking"] >= 1


@pytest.mark.parametrize("name", COMPATIBLE)
def test_what_does_not(name: str) -> None:
    counted = told(COMPATIBLE[name])
    assert (counted["breaking"], counted["documentation"]) == (0, 0)
    assert counted["compatible"] == 1


def test_words_are_for_people() -> None:
    assert told(lambda d: listing(d).update(summary="List things")) == {
        "breaking": 0,
        "compatible": 0,
        "documentation": 1,
    }


@pytest.mark.parametrize(
    "edit", [rename, inline, lambda d: listing(d).update(tags=["x"])], ids=["name", "inline", "tag"]
)
def test_what_is_not_on_the_wire_is_no_change(edit: Edit) -> None:
    assert told(edit) == {"breaking": 0, "compatible": 0, "documentation": 0}


def test_a_shared_schema_is_told_of_once() -> None:
    changed = copy.deepcopy(DOCUMENT)
    thing(changed)["properties"].pop("state")
    changed["paths"]["/others"] = {"get": {**listing(changed), "operationId": "others"}}
    old = copy.deepcopy(DOCUMENT)
    old["paths"]["/others"] = {"get": {**listing(old), "operationId": "others"}}
    found = compare(surface(old), surface(changed))
    assert [(one.subject, one.where) for one in found] == [("schema Thing out", ".state")]
    assert markdown(found, "1.1").splitlines() == [
        "## 1.1",
        "",
        "### Breaking",
        "",
        "* `schema Thing out` `.state`: the field was removed",
    ]


def test_a_surface_is_kept_with_a_line_for_each_operation() -> None:
    for document in (DOCUMENT, {}):
        assert json.loads(written(surface(document))) == surface(document)
    lines = written(surface(DOCUMENT)).splitlines()
    assert [line.partition(": ")[0] for line in lines if line.startswith('"GET')] == ['"GET /things"']
    assert [line.partition(": ")[0] for line in lines if line.startswith('"Thing"')] == ['"Thing"']


@pytest.mark.parametrize(
    "document",
    [{}, {"paths": None}, {"paths": {"/a": {"get": {"parameters": "x", "responses": 3, "security": {}}}}}],
    ids=["empty", "null", "odd"],
)
def test_what_is_no_document_has_no_surface(document: Any) -> None:
    assert compare(surface(document), surface(document)) == []
