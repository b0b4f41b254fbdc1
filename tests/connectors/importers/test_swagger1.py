from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import UNSET

from tests.connectors.importers.support import is_clear
from tieline.connectors.importers import import_document
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.manifest.model import Manifest

PET: dict[str, Any] = {
    "swaggerVersion": "1.2",
    "apiVersion": "1.0.0",
    "basePath": "http://pets.example/api",
    "resourcePath": "/pet",
    "apis": [
        {
            "path": "/pet/{petId}",
            "operations": [
                {
                    "method": "GET",
                    "nickname": "getPetById",
                    "summary": "Find pet by ID",
                    "type": "Pet",
                    "parameters": [
                        {"name": "petId", "paramType": "path", "type": "integer", "format": "int64", "required": True}
                    ],
                    "responseMessages": [{"code": 404, "message": "Pet not found"}],
                },
                {"method": "DELETE", "nickname": "deletePet", "type": "void", "parameters": []},
            ],
        },
        {
            "path": "/pet",
            "operations": [
                {
                    "method": "POST",
                    "nickname": "addPet",
                    "type": "void",
                    "parameters": [{"name": "body", "paramType": "body", "type": "Pet"}],
                },
                {
                    "method": "GET",
                    "nickname": "listPets",
                    "type": "array",
                    "items": {"$ref": "Pet"},
                    "parameters": [
                        {"name": "page", "paramType": "query", "type": "integer"},
                        {"name": "limit", "paramType": "query", "type": "integer"},
                        {
                            "name": "status",
                            "paramType": "query",
                            "type": "string",
                            "enum": ["sold", "new"],
                            "allowMultiple": True,
                        },
                    ],
                },
            ],
        },
    ],
    "models": {
        "Pet": {
            "id": "Pet",
            "required": ["id"],
            "properties": {
                "id": {"type": "integer"},
                "category": {"$ref": "Category"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
        "Category": {"properties": {"name": {"type": "string"}}},
    },
    "authorizations": {"key": {"type": "apiKey", "passAs": "header", "keyname": "X-Key"}},
}


def read(document: Any) -> Manifest:
    return import_document(json.dumps(document).encode())


def test_a_declaration_of_version_1_2() -> None:
    manifest = read(PET)
    assert {f"{one.method} {one.path}": one.kind for one in manifest.blocks} == {
        "GET /pet/{petId}": "get",
        "DELETE /pet/{petId}": "delete",
        "POST /pet": "create",
        "GET /pet": "list",
    }
    assert [one.url for one in manifest.servers] == ["http://pets.example/api"]
    assert manifest.source is not UNSET and (manifest.source.format, manifest.source.format_version) == (
        "swagger",
        "1.2",
    )
    assert [(one.kind, one.name) for one in manifest.auth] == [("api_key", "X-Key")]
    listed = next(one for one in manifest.blocks if one.kind == "list")
    assert listed.paging is not UNSET and (listed.paging.style, listed.records) == ("page", "$")
    assert [(one.id, one.type) for one in listed.inputs] == [("status", "array")]
    assert listed.output == {"$ref": "#/schemas/Pet"}
    assert listed.facts["kind"].evidence == ["/apis/1/operations/1"]
    assert manifest.schemas["Pet"]["properties"]["category"] == {"$ref": "#/schemas/Category"}
    assert manifest.objects[0].primary_key == ["id"]


def test_the_words_of_version_1_1() -> None:
    document = json.loads(
        json.dumps(PET).replace('"method"', '"httpMethod"').replace('"responseMessages"', '"errorResponses"')
    )
    operation = document["apis"][1]["operations"][1]
    operation["responseClass"] = "List[Pet]"
    del operation["type"], operation["items"]
    for param in operation["parameters"]:
        param["dataType"] = param.pop("type")
    document["swaggerVersion"] = "1.1"
    manifest = read(document)
    assert [one.kind for one in manifest.blocks] == ["get", "delete", "create", "list"]
    assert manifest.blocks[3].output == {"$ref": "#/schemas/Pet"}


def test_a_listing_names_its_parts() -> None:
    with pytest.raises(NotAnApiDocument, match="/pet, /store"):
        read({"swaggerVersion": "1.2", "apis": [{"path": "/pet"}, {"path": "/store"}]})


@pytest.mark.parametrize("part", ["apis", "models", "authorizations", "basePath", "produces"])
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [None], [{"operations": 3}], {"x": None}])
def test_wrong_types_are_survived(part: str, value: Any) -> None:
    try:
        read({**PET, part: value})
    except NotAnApiDocument as error:
        is_clear(error)
