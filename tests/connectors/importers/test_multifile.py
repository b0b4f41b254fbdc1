"""Documentation that lies in several files: what is handed in as parts is used, nothing else is looked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.connectors.importers.support import Json, is_clear, many, obj, op, paging, spec
from tieline.connectors.importers import import_document, report
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.reading import Parts
from tieline.connectors.manifest.errors import DocumentTooLarge
from tieline.connectors.manifest.model import Manifest


def imported(main: Any, parts: dict[str, Any], **options: Any) -> Manifest:
    files = {name: one.encode() if isinstance(one, str) else json.dumps(one).encode() for name, one in parts.items()}
    return import_document(json.dumps(main).encode(), parts=files, **options)


def codes(manifest: Manifest) -> list[str]:
    return [one.code for one in manifest.warnings if one.code != "no-auth"]


def test_paths_parameters_and_schemas_in_files_of_their_own() -> None:
    main = spec({"/pets": {"$ref": "paths/pets.yaml"}, "/pets/{id}": {"$ref": "./paths/pet.yaml#/item"}})
    parts = {
        "paths/pets.yaml": (
            "get:\n  operationId: listPets\n  parameters:\n    - $ref: '../params.yaml#/page'\n"
            "    - $ref: '../params.yaml#/size'\n  responses:\n    '200':\n      description: ok\n      content:\n"
            "        application/json:\n          schema: {type: array, items: {$ref: ../schemas/Pet.yaml}}\n"
        ),
        "paths/pet.yaml": {"item": {"get": op({"$ref": "../schemas/Pet.yaml"}, id="getPet")}},
        "params.yaml": "page: {name: page, in: query, schema: {type: integer}}\n"
        "size: {name: per_page, in: query, schema: {type: integer}}\n",
        "schemas/Pet.yaml": "type: object\nproperties:\n  id: {type: string}\n  owner: {$ref: 'Owner.yaml#/Owner'}\n",
        "schemas/Owner.yaml": "Owner:\n  properties:\n    pets: {type: array, items: {$ref: Pet.yaml}}\n",
    }
    manifest = imported(main, parts)
    listed, one = manifest.blocks
    assert (listed.kind, listed.records, paging(listed).style) == ("list", "$", "page")
    assert (one.kind, [entry.name for entry in one.inputs]) == ("get", ["id"])
    assert listed.output == one.output == {"$ref": "#/schemas/Pet"}
    assert manifest.schemas["Pet"]["properties"]["owner"] == {"$ref": "#/schemas/Owner"}
    assert manifest.schemas["Owner"]["properties"]["pets"]["items"] == {"$ref": "#/schemas/Pet"}
    assert listed.facts["records"].evidence == ["/paths/~1pets/get/responses/200/content/application~1json/schema"]
    assert codes(manifest) == []


def test_a_part_may_refer_back_to_the_main_document() -> None:
    main = spec({"/things": {"get": op({"$ref": "answers.json#/page"})}})
    parts = {"answers.json": {"page": obj(data=many({"$ref": "openapi.json#/components/schemas/Thing"}))}}
    manifest = imported(main, parts, address="openapi.json")
    assert manifest.blocks[0].output == {"$ref": "#/schemas/Thing"}
    assert codes(manifest) == []


def test_own_references_of_a_part_mean_the_part() -> None:
    main = spec({"/x": {"get": op({"$ref": "a.json#/definitions/X"})}})
    main["definitions"] = {"Y": {"type": "integer"}}
    parts = {"a.json": {"definitions": {"X": obj(a="string", y={"$ref": "#/definitions/Y"}), "Y": obj(b="string")}}}
    manifest = imported(main, parts)
    assert manifest.schemas["Y"] == obj(b="string")


def test_circles_over_files_cost_nothing() -> None:
    parts: dict[str, Any] = {f"{number}.json": {"$ref": f"{(number + 1) % 40}.json"} for number in range(40)}
    manifest = imported(spec({"/x": {"get": op({"$ref": "0.json"})}}), parts)
    assert codes(manifest) == ["reference-loop"]


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        ("missing.yaml#/X", "external-reference"),
        ("https://other.example/x.yaml#/X", "external-reference"),
        ("../../etc/passwd", "external-reference"),
        ("broken.json#/X", "unreadable-part"),
        ("here.json#/Nothing", "dangling-reference"),
    ],
)
def test_what_is_not_there_is_said(ref: str, code: str) -> None:
    manifest = imported(spec({"/x": {"get": op({"$ref": ref})}}), {"broken.json": '{"X": ', "here.json": {}})
    assert code in codes(manifest)


def test_an_absolute_reference_to_the_documents_own_origin() -> None:
    main = spec({"/x": {"get": op({"$ref": "https://api.example/docs/models.json#/X"})}})
    manifest = imported(main, {"models.json": {"X": obj(id="string")}}, address="https://api.example/docs/openapi.json")
    assert (manifest.blocks[0].output, codes(manifest)) == ({"$ref": "#/schemas/X"}, [])


def test_a_document_that_says_its_own_address() -> None:
    main = spec({"/x": {"get": op({"$ref": "https://api.example/v2/openapi.json#/components/schemas/Thing"})}})
    main |= {"openapi": "3.2.0", "$self": "https://api.example/v2/openapi.json"}
    manifest = imported(main, {})
    assert (manifest.blocks[0].output, codes(manifest)) == ({"$ref": "#/schemas/Thing"}, [])


def test_a_schema_by_its_anchor() -> None:
    main = spec({"/x": {"get": op({"$ref": "#thing"})}})
    main["components"]["schemas"]["Thing"] = {"$anchor": "thing", **obj(id="string")}
    assert imported(main, {}).blocks[0].output == {"$ref": "#/schemas/Thing"}


def test_repairs_of_a_part_are_said_with_its_name() -> None:
    manifest = imported(spec({"/x": {"get": op({"$ref": "a.json#/X"})}}), {"a.json": '{"X": {"type": "object",}}'})
    (notice,) = (one for one in manifest.warnings if one.code == "repaired")
    assert notice.message.startswith("a.json: line 1")


@pytest.mark.parametrize("parts", [{f"{number}": b"" for number in range(2_001)}, {"a": b"x" * (64 * 2**20 + 1)}])
def test_parts_are_bounded(parts: dict[str, bytes]) -> None:
    with pytest.raises(DocumentTooLarge) as caught:
        import_document(b"{}", parts=parts)
    is_clear(caught.value)


def test_names_are_normalised() -> None:
    parts = Parts({"./a/../b/x.yaml": b"1", "c\\y.yaml": b"2", "s?xsd=1": b"3"})
    assert list(parts) == ["b/x.yaml", "c/y.yaml", "s?xsd=1"]
    assert parts.find("../b/x.yaml", base="c/y.yaml") == "b/x.yaml"
    assert parts.find("?xsd=1", address="http://h.example/v/s?wsdl") == "s?xsd=1"
    assert parts.find("http://h.example/v/c/y.yaml", address="http://h.example/v/s") == "c/y.yaml"
    assert parts.find("http://other.example/v/c/y.yaml", address="http://h.example/v/s") is None
    assert parts.find("http://[broken", address="http://h.example/") is None


def declaration(name: str, model: Json, **more: Any) -> Json:
    operation = {
        "method": "GET",
        "nickname": f"list{name}",
        "type": "array",
        "items": {"$ref": "Item"},
        "parameters": [],
    }
    return {
        "swaggerVersion": "1.2",
        "basePath": "http://shop.example/api",
        "resourcePath": f"/{name}",
        "apis": [{"path": f"/{name}", "operations": [operation]}],
        "models": {"Item": {"id": "Item", "properties": model}},
        **more,
    }


LISTING: Json = {
    "swaggerVersion": "1.2",
    "apiVersion": "2.1",
    "info": {"title": "Shop", "description": "All of it"},
    "apis": [{"path": "/pets"}, {"path": "/orders.{format}"}],
    "authorizations": {"key": {"type": "apiKey", "passAs": "header", "keyname": "X-Key"}},
}


def test_a_swagger_1_listing_with_its_declarations() -> None:
    parts = {
        "pets.json": declaration("pets", {"name": {"type": "string"}}),
        "orders": declaration("orders", {"total": {"type": "integer"}}, basePath="http://orders.example/v3"),
    }
    manifest = imported(LISTING, parts)
    assert (manifest.title, manifest.version) == ("Shop", "2.1.0")
    assert [(one.kind, one.path, one.server) for one in manifest.blocks] == [
        ("list", "/pets", ""),
        ("list", "/orders", "http://orders.example/v3"),
    ]
    assert [one.url for one in manifest.servers] == ["http://shop.example/api"]
    assert [one.name for one in manifest.auth] == ["X-Key"]
    outputs = [manifest.schemas[one.output["$ref"].rsplit("/", 1)[-1]]["properties"] for one in manifest.blocks]
    assert [list(one) for one in outputs] == [["name"], ["total"]], "models of one name are kept apart"
    assert manifest.blocks[1].facts["kind"].evidence == ["orders#/apis/0/operations/0"]


def test_a_missing_declaration_is_said() -> None:
    manifest = imported(LISTING, {"pets.json": declaration("pets", {}), "orders": "{broken"})
    assert {"missing-part", "unreadable-part"} <= set(codes(manifest))
    with pytest.raises(NotAnApiDocument, match="/pets, /orders"):
        imported(LISTING, {})


@pytest.mark.parametrize("value", [None, 3, "x", [], {"apis": 3}, {"apis": [None]}, {"swaggerVersion": "1.2"}])
def test_wrong_types_in_parts_are_survived(value: Any) -> None:
    data = {"pets": json.dumps(value).encode(), "a.yaml": b"\xff\x00", "b": b""}
    for main in (LISTING, spec({"/x": {"$ref": "pets#/a"}, "/y": {"get": op({"$ref": "pets"})}})):
        found = report(json.dumps(main).encode(), parts=data)
        assert found["ok"] or found["error"]["detail"]
