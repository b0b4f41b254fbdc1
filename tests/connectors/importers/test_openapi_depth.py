"""The corners of OpenAPI 2.0, 3.0, 3.1 and 3.2 and of the vendors' extensions, one small document each."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from tests.connectors.importers.support import THING, Json, imported, many, obj, only, op, paging, param, spec
from tieline.connectors.manifest.model import Block, Manifest


def by_id(manifest: Manifest) -> dict[str, Block]:
    return {block.id: block for block in manifest.blocks}


def sending(media: str, schema: Json, **more: Any) -> Block:
    """The block of ``POST /things`` with this body."""
    operation: Json = {**op(), "requestBody": {"content": {media: {"schema": schema, **more}}}}
    return only("POST", "/things", operation)


def places(block: Block) -> list[tuple[str, Any, str]]:
    return [(one.name, one.location, one.type) for one in block.inputs]


@pytest.mark.parametrize("keyword", ["allOf", "oneOf", "anyOf"])
def test_members_of_combined_schemas_are_asked_for(keyword: str) -> None:
    base = {**obj(name="string"), "required": ["name"]}
    block = sending("application/json", {keyword: [base, {"allOf": [obj(age="integer")]}]})
    assert places(block) == [("/name", "body", "string"), ("/age", "body", "integer")]
    assert [one.required for one in block.inputs] == [keyword == "allOf", False]


def test_parts_of_a_multipart_body_with_their_encoding() -> None:
    schema = obj(
        title="string",
        meta=obj(a="string"),
        tags={"type": "array", "items": {"type": "string"}},
        picture={"type": "string"},
        raw={"type": "string", "format": "binary"},
        scan={"type": "string", "contentMediaType": "application/pdf"},
        pages={"type": "array", "items": {"type": "string", "format": "binary"}},
        note={"type": "string", "contentMediaType": "application/json"},
    )
    encoding = {
        "picture": {"contentType": "image/png, image/jpeg"},
        "tags": {"style": "spaceDelimited", "explode": False},
    }
    block = sending("multipart/form-data", schema, encoding=encoding)
    assert block.body_type == "multipart"
    assert places(block) == [
        ("title", "form", "string"),
        ("meta", "form", "object"),
        ("tags", "form", "array"),
        ("picture", "file", "file"),
        ("raw", "file", "file"),
        ("scan", "file", "file"),
        ("pages", "file", "file"),
        ("note", "form", "string"),
    ]
    inputs = {one.name: one for one in block.inputs}
    assert (inputs["meta"].style, inputs["tags"].style, inputs["tags"].explode) == ("json", "spaceDelimited", False)


def test_members_of_a_form_with_their_encoding() -> None:
    schema = obj(address=obj(city="string"), meta=obj(a="string"), name="string")
    encoding = {"address": {"style": "deepObject", "explode": True}, "meta": {"contentType": "application/json"}}
    block = sending("application/x-www-form-urlencoded", schema, encoding=encoding)
    assert [(one.name, one.style, one.explode) for one in block.inputs] == [
        ("address", "deepObject", True),
        ("meta", "json", UNSET),
        ("name", "", UNSET),
    ]


@pytest.mark.parametrize("media", ["application/pdf", "image/png", "application/octet-stream", "application/zip"])
def test_a_download_is_a_file(media: str) -> None:
    answers = {"200": {"description": "ok", "content": {media: {"schema": {"type": "string", "format": "binary"}}}}}
    block = only("GET", "/things/{id}/file", {"responses": answers})
    assert block.output == {"type": "string", "format": "binary"}
    assert block.headers["Accept"].startswith(media)


def test_a_download_of_swagger_2() -> None:
    document = {
        "swagger": "2.0",
        "info": {"title": "T", "version": "1"},
        "host": "api.example",
        "paths": {"/f": {"get": {"produces": ["application/pdf"], "responses": {"200": {"schema": {"type": "file"}}}}}},
    }
    assert imported(document).blocks[0].output == {"type": "string", "format": "binary"}


def test_json_beside_a_file_stays_json() -> None:
    content = {"application/pdf": {}, "application/json": {"schema": many()}}
    block = only("GET", "/things", {"responses": {"200": {"description": "ok", "content": content}}})
    assert (block.records, block.headers) == ("$", {})


def test_a_vendors_json_is_asked_for_by_name() -> None:
    content = {"application/vnd.shop.v2+json": {"schema": many()}}
    block = only("GET", "/things", {"responses": {"200": {"description": "ok", "content": content}}})
    assert block.headers == {"Accept": "application/vnd.shop.v2+json"}


def test_header_and_cookie_parameters() -> None:
    found = [param("X-Tenant", **{"in": "header"}, required=True), param("session", **{"in": "cookie"})]
    assert places(only("GET", "/x", op(query=found))) == [
        ("X-Tenant", "header", "string"),
        ("session", "cookie", "string"),
    ]


def test_templated_and_relative_servers_and_those_of_one_operation() -> None:
    document = spec(
        {
            "/a": {"get": op(id="a"), "servers": [{"url": "/v2"}]},
            "/b": {"get": op(id="b", servers=[{"url": "https://b.example"}])},
        },
        servers=[
            {
                "url": "https://{region}.api.example/{base}",
                "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}},
            },
        ],
    )
    manifest = imported(document, address="https://docs.example/openapi.json")
    (server,) = manifest.servers
    assert (server.url, server.variables["region"].choices, list(server.variables)) == (
        "https://{region}.api.example/{base}",
        ["eu", "us"],
        ["region", "base"],
    )
    assert [one.server for one in manifest.blocks] == ["https://docs.example/v2", "https://b.example"]


def test_security_of_one_operation() -> None:
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}, "basic": {"type": "http", "scheme": "basic"}}
    manifest = imported(
        spec(
            {
                "/a": {"get": op(id="a", security=[])},
                "/b": {"get": op(id="b", security=[{"basic": []}])},
                "/c": {"get": op(id="c")},
            },
            components={"securitySchemes": schemes},
            security=[{"key": []}],
        )
    )
    assert [one.auth for one in manifest.blocks] == [[], ["basic"], ["key"]]


def test_callbacks_of_a_path_that_is_a_reference() -> None:
    subscribe = op(body=obj(url="string"), id="subscribe")
    subscribe["callbacks"] = {"onThing": {"{$request.body#/url}": {"post": op(body=THING)}}}
    document = spec({"/hooks": {"$ref": "#/components/pathItems/hooks"}})
    document["components"]["pathItems"] = {"hooks": {"post": subscribe}}
    (event,) = imported(document).webhooks
    assert (event.id, event.schema["properties"]["id"]) == ("on_thing", {"type": "string"})


def test_webhooks_of_the_document() -> None:
    document = spec({"/x": {"get": op()}}, webhooks={"thing.created": {"post": op(body=THING)}})
    assert [one.event for one in imported(document).webhooks] == ["thing.created"]


def internal(place: str, **schema: Any) -> Json:
    return {"name": "api-version", "in": place, "x-ms-visibility": "internal", "schema": {"type": "string", **schema}}


def test_internal_parameters_with_a_value_become_constants() -> None:
    block = only("GET", "/x", op(query=[internal("query", default="2024 1"), internal("header", enum=["v2"])]))
    assert (block.inputs, block.path, block.headers) == ([], "/x?api-version=2024%201", {"api-version": "v2"})


def test_internal_parameters_without_a_value_are_asked_for_only_where_they_must_be_sent() -> None:
    asked = {**internal("query"), "name": "must", "required": True}
    assert [one.name for one in only("GET", "/x", op(query=[internal("query"), asked])).inputs] == ["must"]


def test_an_internal_operation_is_marked_as_deprecated() -> None:
    assert only("GET", "/x", {**op(), "x-ms-visibility": "internal"}).deprecated


@pytest.mark.parametrize("extension", ["x-ms-dynamic-values", "x-ms-dynamic-list"])
def test_choices_that_another_operation_gives(extension: str) -> None:
    hint = {"operationId": "ListBoards", "value-path": "id", "value-title": "name"}
    document = spec(
        {
            "/boards": {"get": op(many(), id="ListBoards")},
            "/cards": {
                "get": op(many(), id="ListCards", query=[{**param("board"), extension: hint}]),
                "post": op(id="AddCard", body=obj(board={"type": "string", extension: hint}, other={"type": "string"})),
            },
        }
    )
    blocks = by_id(imported(document))
    assert [one.options_from for one in blocks["list_cards"].inputs] == ["list_boards"]
    assert [one.options_from for one in blocks["add_card"].inputs] == ["list_boards", ""]


def test_a_dynamic_schema_names_the_block_that_gives_the_fields() -> None:
    dynamic = {"type": "object", "x-ms-dynamic-schema": {"operationId": "GetFields", "parameters": {"table": 1}}}
    document = spec(
        {
            "/fields": {"get": op(obj(schema="object"), id="GetFields")},
            "/rows": {"post": op(id="AddRow", body=obj(row=dynamic))},
            "/raw": {"post": op(id="AddRaw", body=dynamic)},
        }
    )
    blocks = by_id(imported(document))
    assert [one.options_from for one in blocks["add_row"].inputs] == ["get_fields"]
    assert [one.options_from for one in blocks["add_raw"].inputs] == ["get_fields"]


def test_summaries_of_power_platform_are_labels() -> None:
    (one,) = only("GET", "/x", op(query=[{**param("q"), "x-ms-summary": "What to look for"}])).inputs
    assert one.label == "What to look for"


def test_a_notification_says_what_comes_and_where_it_goes() -> None:
    subscribe = op(body=obj(target={"type": "string", "x-ms-notification-url": True}), id="Subscribe")
    document = spec(
        {"/hooks": {"x-ms-notification-content": {"schema": THING}, "post": {**subscribe, "x-ms-trigger": "single"}}}
    )
    manifest = imported(document)
    assert [(one.kind, one.id) for one in manifest.blocks] == [("webhook_add", "subscribe")]
    assert [one.subscribe for one in manifest.webhooks] == ["subscribe"]


def test_speakeasy_names_ignores_and_retries() -> None:
    retries = {"strategy": "backoff", "statusCodes": ["5XX", 429, "408"]}
    document = spec(
        {
            "/a": {"get": {**op(id="getA_v1"), "x-speakeasy-name-override": "fetchA", "x-speakeasy-retries": retries}},
            "/b": {"get": {**op(id="b"), "x-speakeasy-ignore": True}},
            "/c": {"get": op(id="c"), "x-speakeasy-ignore": True},
        }
    )
    (block,) = imported(document).blocks
    assert block.id == "fetch_a"
    assert [(one.then, one.status) for one in block.errors] == [("retry", [500, 502, 503, 504, 408])]


def test_paging_that_a_vendor_declares() -> None:
    body = obj(value=many(), nextLink="string")
    block = only("GET", "/x", {**op(body), "x-ms-pageable": {"nextLinkName": "nextLink"}})
    assert paging(block).next == "$.nextLink"


def v32(paths: Json, **more: Any) -> Manifest:
    return imported({**spec(paths, **more), "openapi": "3.2.0"})


def test_the_methods_of_3_2() -> None:
    manifest = v32(
        {"/x": {"query": op(many(), id="ask", body=obj(q="string")), "additionalOperations": {"LINK": op(id="tie")}}}
    )
    assert [(one.id, one.method) for one in manifest.blocks] == [("ask", "QUERY"), ("tie", "LINK")]


def test_a_stream_of_items_is_a_list() -> None:
    content = {"application/jsonl": {"itemSchema": THING}}
    (block, *_) = v32({"/x": {"get": {"responses": {"200": {"description": "ok", "content": content}}}}}).blocks
    assert (block.records, block.output["properties"]["id"]) == ("$", {"type": "string"})


def test_one_schema_for_the_whole_query() -> None:
    whole = {
        "name": "q",
        "in": "querystring",
        "content": {
            "application/x-www-form-urlencoded": {"schema": {**obj(a="string", b="integer"), "required": ["a"]}}
        },
    }
    (block,) = v32({"/x": {"get": op(query=[whole])}}).blocks
    assert [(one.name, one.location, one.type, one.required) for one in block.inputs] == [
        ("a", "query", "string", True),
        ("b", "query", "integer", False),
    ]


def test_tags_have_kinds_and_parents() -> None:
    tags = [
        {"name": "beta", "kind": "badge"},
        {"name": "orders", "parent": "shop"},
        {"name": "shop", "parent": "orders"},
    ]
    (block,) = v32({"/x": {"get": op(tags=["beta", "orders"])}}, tags=tags).blocks
    assert block.tags == ["orders", "shop"]


def test_the_device_flow() -> None:
    flow = {"deviceAuthorizationUrl": "https://id.example/device", "tokenUrl": "https://id.example/token", "scopes": {}}
    schemes = {
        "o": {
            "type": "oauth2",
            "flows": {"deviceAuthorization": flow},
            "oauth2MetadataUrl": "https://id.example/.well-known/x",
        }
    }
    (method,) = v32({"/x": {"get": op()}}, components={"securitySchemes": schemes}).auth
    assert (method.grants, method.device_url, method.discovery_url) == (
        ["device_code"],
        "https://id.example/device",
        "https://id.example/.well-known/x",
    )


@pytest.mark.parametrize("target", [{"operationId": "getUser"}, {"operationRef": "#/paths/~1users~1{id}/get"}])
def test_links_say_where_a_parameter_comes_from(target: Json) -> None:
    create = op(obj(uuid="string"), id="createUser", body=obj(name="string"))
    create["responses"]["200"]["links"] = {"get": {**target, "parameters": {"id": "$response.body#/uuid"}}}
    blocks = by_id(imported(spec({"/users": {"post": create}, "/users/{id}": {"get": op(THING, id="getUser")}})))
    assert blocks["get_user"].inputs[0].description == "`uuid` in the answer of create_user."


def test_several_examples_make_one_schema() -> None:
    samples = {"a": {"value": {"id": 1, "name": None}}, "b": {"value": {"id": 2, "name": "x", "tags": ["y"]}}}
    content = {"application/json": {"examples": samples}}
    block = only("GET", "/things/{id}", {"responses": {"200": {"description": "ok", "content": content}}})
    assert block.output["properties"] == {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    }


WRONG: list[Any] = [None, 3, True, "x", [], {}, [None], [[]], {"x": None}, {"x": {"y": 3}}, "\u202e" * 3]


@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize(
    "place", ["encoding", "links", "x-ms-dynamic-values", "x-speakeasy-retries", "callbacks", "examples"]
)
def test_wrong_types_in_the_corners_are_survived(place: str, value: Any) -> None:
    media = {"schema": obj(a="string"), "encoding": value, "examples": value}
    operation = {**op(obj(id="string"), query=[{**param("q"), place: value}]), place: value}
    operation["requestBody"] = {"content": {"multipart/form-data": media}}
    operation["responses"]["200"]["links"] = value
    imported(spec({"/x": {"post": operation}}, tags=value, **{place: value}))
