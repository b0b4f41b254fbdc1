from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.importers.support import imported, many, op, spec
from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import Notices

ROOT = {
    "components": {
        "schemas": {
            "A": {"$ref": "#/components/schemas/B"},
            "B": {"type": "object", "title": "b"},
            "L1": {"$ref": "#/components/schemas/L2"},
            "L2": {"$ref": "#/components/schemas/L1"},
            "Self": {"$ref": "#/components/schemas/Self"},
            "Into": {"$ref": "#/components/schemas/L1"},
            "a/b~c d": {"title": "odd"},
        }
    },
    "definitions": {"Pet": {"title": "pet"}},
    "list": [{"title": "zero"}, {"title": "one"}],
}


def resolve(node: Any, address: str = "") -> tuple[Any, list[str]]:
    notices = Notices()
    return References(ROOT, notices, address=address).resolve(node), [one.code for one in notices]


@pytest.mark.parametrize(
    "ref, title",
    [
        ("#/components/schemas/B", "b"),
        ("#/components/schemas/A", "b"),
        ("#/components/schemas/a~1b~0c d", "odd"),
        ("#/components/schemas/a~1b~0c%20d", "odd"),
        ("#/list/1", "one"),
        ("#/definitions/Pet", "pet"),
        ("Pet", "pet"),
    ],
)
def test_local_references(ref: str, title: str) -> None:
    found, codes = resolve({"$ref": ref})
    assert (found["title"], codes) == (title, [])


def test_a_reference_to_the_documents_own_file_is_local() -> None:
    assert resolve({"$ref": "openapi.json#/definitions/Pet"}, "https://x.example/a/openapi.json")[0] == {"title": "pet"}


@pytest.mark.parametrize(
    "ref", ["#/nowhere", "#/list/9", "#/list/99999999999999999999", "#/list/x", "#/components/schemas/B/title/x"]
)
def test_a_reference_that_leads_nowhere_is_empty_and_said_once(ref: str) -> None:
    notices = Notices()
    references = References(ROOT, notices)
    assert references.resolve({"$ref": ref}) == references.resolve({"$ref": ref}) == {}
    assert [one.code for one in notices] == ["dangling-reference"]


@pytest.mark.parametrize(
    "ref",
    [
        "other.yaml",
        "other.yaml#/A",
        "https://x.example/a.json#/A",
        "file:///etc/passwd",
        "../../../../etc/passwd",
        "urn:x",
    ],
)
def test_other_documents_are_never_read(ref: str) -> None:
    assert resolve({"$ref": ref}) == ({}, ["external-reference"])


@pytest.mark.parametrize("name", ["L1", "L2", "Self", "Into"])
def test_a_circle_of_references_ends(name: str) -> None:
    assert resolve({"$ref": f"#/components/schemas/{name}"}) == ({}, ["reference-loop"])


def test_what_stands_beside_a_reference_wins() -> None:
    assert resolve({"$ref": "#/components/schemas/B", "title": "mine"})[0] == {"type": "object", "title": "mine"}


@pytest.mark.parametrize("node", [None, 1, "x", [], {}, {"$ref": 3}, {"$ref": None}, {"$ref": {"type": "string"}}])
def test_what_is_no_reference_stays_as_it_is(node: Any) -> None:
    assert resolve(node) == (node, [])


def test_references_into_the_middle_of_a_document_get_a_name() -> None:
    document = spec({"/a": {"get": op(many({"$ref": "#/components/responses/R/content/x/schema"}))}})
    document["components"]["responses"] = {
        "R": {"content": {"x": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}}}
    }
    manifest = imported(document)
    (name,) = manifest.schemas
    assert manifest.blocks[0].output == {"$ref": f"#/schemas/{name}"} and name == "r_content_x"


def test_parameters_answers_bodies_and_paths_may_be_references() -> None:
    document = spec(
        {"/a": {"$ref": "#/x-paths/a"}},
        **{
            "x-paths": {
                "a": {
                    "post": {
                        "parameters": [{"$ref": "#/components/parameters/Q"}, {"$ref": "#/components/parameters/Gone"}],
                        "requestBody": {"$ref": "#/components/requestBodies/B"},
                        "responses": {"201": {"$ref": "#/components/responses/R"}},
                    }
                }
            }
        },
    )
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    document["components"] |= {
        "parameters": {"Q": {"name": "q", "in": "query", "schema": {"type": "string"}}},
        "requestBodies": {"B": {"content": schema}},
        "responses": {"R": {"content": schema}},
    }
    manifest = imported(document)
    (block,) = manifest.blocks
    assert [one.name for one in block.inputs] == ["q", "/id", "/name", "/created_at", "/updated_at"]
    assert block.output == {"$ref": "#/schemas/Thing"}
    assert [one.code for one in manifest.warnings] == ["dangling-reference", "no-auth"]
