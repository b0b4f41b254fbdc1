from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.importers.support import THING, imported, many, obj, only, op, param, spec

EDGES = obj(edges=many(obj(node=THING, cursor="string")), pageInfo=obj(hasNextPage="boolean", endCursor="string"))


@pytest.mark.parametrize(
    "answer, records",
    [
        (many(), "$"),
        (obj(data=many()), "$.data"),
        (obj(items=many(), total="integer"), "$.items"),
        (obj(results=many(), next="string"), "$.results"),
        (obj(value=many(), **{"@odata.context": {"type": "string"}}), "$.value"),
        (obj(records=many()), "$.records"),
        (obj(contacts=many(), meta=obj(page="integer")), "$.contacts"),
        (obj(ok="boolean", contacts=many(), errors=many({"type": "string"})), "$.contacts"),
        (obj(data=obj(items=many(), total="integer")), "$.data.items"),
        (obj(response=obj(contacts=many())), "$.response.contacts"),
        (obj(_embedded=obj(contacts=many()), _links=obj(self="object")), "$._embedded.contacts"),
        (obj(hits=obj(hits=many(), total="integer")), "$.hits.hits"),
        (obj(d=obj(results=many())), "$.d.results"),
        ({"allOf": [obj(total="integer"), obj(data=many())]}, "$.data"),
        ({"oneOf": [obj(data=many()), obj(error="string")]}, "$.data"),
        ({"anyOf": [many(), obj(error="string")]}, "$"),
        (obj(data=many({"type": "string"})), "$.data"),
        (obj(warnings=many({"type": "string"}), data=many(), included=many()), "$.data"),
        (obj(data={"type": "object", "additionalProperties": THING}), "$.data[*]"),
        ({"type": ["array", "null"], "items": THING}, "$"),
        (obj(contactList=many(), status="string", message="string"), "$.contactList"),
        (obj(**{"list of contacts": many(), "count": "integer"}), "$['list of contacts']"),
    ],
)
def test_where_a_list_lies(answer: dict[str, Any], records: str) -> None:
    block = only("GET", "/contacts", op(answer))
    assert (block.kind, block.records) == ("list", records)
    assert block.facts["records"].confidence >= 0.5


def test_edges_hold_their_record_in_node() -> None:
    block = only("GET", "/contacts", op(obj(data=obj(contacts=EDGES)), query=["after", param("first", "integer")]))
    assert (block.records, block.item_path) == ("$.data.contacts.edges", "$.node")
    assert "id" in block.output["properties"]


@pytest.mark.parametrize(
    "answer, kind",
    [
        (obj(id="string", name="string", items=many()), "get"),
        (obj(name="string", total="number", lines=many(), currency="string", customer="string"), "get"),
        (THING, "get"),
    ],
)
def test_a_list_inside_a_record_is_not_the_answer(answer: dict[str, Any], kind: str) -> None:
    assert only("GET", "/orders/{id}", op(answer)).kind == kind


@pytest.mark.parametrize(
    "answer, records",
    [
        (THING, "$"),
        (obj(data=THING), "$.data"),
        (obj(contact=THING, status="string"), "$.contact"),
        (obj(success="boolean", message="string", result=obj(contact=THING)), "$.result.contact"),
        (obj(Contacts=many()), "$.Contacts[0]"),
        (many(), "$[0]"),
        (obj(name="string", address=obj(city="string")), "$"),
    ],
)
def test_where_the_one_record_lies(answer: dict[str, Any], records: str) -> None:
    assert only("GET", "/contacts/{id}", op(answer, id="getContact")).records == records


def test_a_list_without_a_documented_answer_is_asked_about() -> None:
    block = only("GET", "/contacts", op(query=["page", param("per_page", "integer")]))
    assert (block.kind, block.records) == ("list", "")
    assert block.facts["records"].confidence < 0.7


def test_an_example_stands_in_for_a_schema() -> None:
    answer = {"description": "ok", "content": {"application/json": {"example": {"data": [{"id": 1, "name": "x"}]}}}}
    block = imported(spec({"/contacts": {"get": {"responses": {"200": answer}}}})).blocks[0]
    assert block.records == "$.data"
    assert block.output["properties"]["id"] == {"type": "integer"}
    old = {
        "swagger": "2.0",
        "info": {"title": "x", "version": "1"},
        "paths": {
            "/contacts": {
                "get": {"responses": {"200": {"description": "ok", "examples": {"application/json": [{"id": "a"}]}}}}
            }
        },
    }
    assert imported(old).blocks[0].records == "$"


def test_recursion_and_reference_bombs_stay_small() -> None:
    schemas = {
        f"S{n}": obj(l={"$ref": f"#/components/schemas/S{n + 1}"}, r={"$ref": f"#/components/schemas/S{n + 1}"})
        for n in range(40)
    }
    schemas |= {"S40": obj(id="string"), "Loop": obj(children=many({"$ref": "#/components/schemas/Loop"}), id="string")}
    document = spec(
        {
            "/a": {"get": op({"$ref": "#/components/schemas/S0"})},
            "/loops": {"get": op(many({"$ref": "#/components/schemas/Loop"}))},
        }
    )
    document["components"] = {"schemas": schemas}
    manifest = imported(document)
    assert set(manifest.schemas) == set(schemas)
    assert manifest.schemas["Loop"]["properties"]["children"]["items"] == {"$ref": "#/schemas/Loop"}


@pytest.mark.parametrize(
    "path, operation, records",
    [
        ("/orders/{id}", op(obj(order_info=obj(number="string"), status="string", messages=many())), "$.order_info"),
        ("/rest", op(obj(reply=obj(author="string"), stat="string"), id="getTopicInfo"), "$.reply"),
        ("/orders/{id}", op(obj(number="string", address=obj(city="string"))), "$"),
        ("/orders/{id}", op(obj(code="string", details=obj(city="string"), price="number")), "$"),
    ],
)
def test_the_record_in_an_envelope(path: str, operation: dict[str, Any], records: str) -> None:
    assert only("GET", path, operation).records == records


@pytest.mark.parametrize(
    "answer, records",
    [
        # Said by mistake: an object with "items" in place of "properties".
        ({"type": "object", "items": obj(total="integer", data=many())}, "$.data"),
        (obj(startAt="integer", maxResults="integer", total="integer", issues=many()), "$.issues"),
        (obj(creationDate="string", details=many(), mail="string", reference="string"), "$.details"),
    ],
)
def test_lists_beside_facts_about_them(answer: dict[str, Any], records: str) -> None:
    block = only("GET", "/things", op(answer, id="listThingDetails", query=[param("startAt", "integer")]))
    assert (block.kind, block.records) == ("list", records)
