from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import UNSET

from tests.connectors.importers.support import THING, imported, many, obj, only, op, param, spec
from tieline.connectors.importers import import_document, known_formats
from tieline.connectors.importers.errors import NotAnApiDocument, UnknownFormat
from tieline.connectors.manifest.model import AuthMethod, Input

ADDRESS = "https://docs.example:8443/v1/specs/openapi.json?token=1"


def swagger(**more: Any) -> dict[str, Any]:
    return {"swagger": "2.0", "info": {"title": "Old", "version": "2"}, "paths": {"/a": {"get": op()}}, **more}


# ------------------------------------------------------------------ servers


@pytest.mark.parametrize(
    "servers, address, urls",
    [
        ([{"url": "https://api.example/v1/"}], "", ["https://api.example/v1"]),
        ([{"url": "/v2"}], ADDRESS, ["https://docs.example:8443/v2"]),
        ([{"url": "../api"}], ADDRESS, ["https://docs.example:8443/v1/api"]),
        ([{"url": "/v2"}], "", ["/v2"]),
        ([{"url": "//api.example"}], ADDRESS, ["https://api.example"]),
        ([{"url": "api.example.com/v1"}], "", ["https://api.example.com/v1"]),
        ([{"url": "https://user:secret@api.example"}], "", ["https://api.example"]),
        ([{"url": "file:///etc"}, {"url": "gopher://x/_"}, {"url": "javascript:alert(1)"}], "", []),
        ([], ADDRESS, ["https://docs.example:8443"]),
        (None, "", []),
        ({}, "", []),
        ([None, 1, {"url": 3}, {}], "", ["3"]),
    ],
)
def test_servers_are_absolute_as_far_as_the_document_says(servers: Any, address: str, urls: list[str]) -> None:
    manifest = imported(spec({"/a": {"get": op()}}, servers=servers), address=address)
    assert [one.url for one in manifest.servers] == urls
    if not urls:
        assert "no-server" in [one.code for one in manifest.warnings]


def test_server_variables_are_asked_for() -> None:
    variables = {"region": {"default": "eu", "enum": ["eu", "us"], "description": "Where"}}
    manifest = imported(
        spec({"/a": {"get": op()}}, servers=[{"url": "https://{region}.x.example/{base}", "variables": variables}])
    )
    found = manifest.servers[0].variables
    assert (found["region"].default, found["region"].choices) == ("eu", ["eu", "us"])
    assert found["base"].default == ""


@pytest.mark.parametrize(
    "more, address, url",
    [
        ({"host": "api.example", "basePath": "/v1", "schemes": ["http", "https"]}, "", "https://api.example/v1"),
        ({"host": "api.example", "schemes": ["http"]}, "", "http://api.example"),
        ({"host": "api.example/"}, "", "https://api.example"),
        ({"host": "https://api.example", "basePath": "v1/"}, "", "https://api.example/v1"),
        ({"basePath": "/v1"}, ADDRESS, "https://docs.example:8443/v1"),
        ({"host": "api.example"}, "http://docs.example/swagger.json", "http://api.example"),
    ],
)
def test_swagger_host_base_path_and_schemes(more: dict[str, Any], address: str, url: str) -> None:
    assert [one.url for one in imported(swagger(**more), address=address).servers] == [url]


def test_an_operation_may_have_a_server_of_its_own() -> None:
    block = only(
        "GET", "/a", {**op(), "servers": [{"url": "https://{r}.x.example", "variables": {"r": {"default": "eu"}}}]}
    )
    assert block.server == "https://eu.x.example"


# ------------------------------------------------------------------ security


def auth(scheme: dict[str, Any], name: str = "Main", **more: Any) -> AuthMethod:
    document = spec({"/a": {"get": op()}}, security=[{name: []}], **more)
    document["components"]["securitySchemes"] = {name: scheme}
    (method,) = imported(document).auth
    return method


@pytest.mark.parametrize(
    "scheme, expected",
    [
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"kind": "api_key", "location": "header", "name": "X-Key", "prefix": ""},
        ),
        ({"type": "apiKey", "in": "query", "name": "key"}, {"kind": "api_key", "location": "query"}),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, {"kind": "api_key", "location": "cookie"}),
        (
            {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Send 'Bearer <token>'"},
            {"kind": "bearer", "prefix": "Bearer "},
        ),
        (
            {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Use Basic authentication"},
            {"kind": "basic"},
        ),
        (
            {"type": "apiKey", "in": "header", "name": "Authorization", "description": 'Write "Token abc123"'},
            {"kind": "api_key", "prefix": "Token "},
        ),
        ({"type": "apiKey", "in": "header", "name": "Authorization"}, {"kind": "api_key", "prefix": ""}),
        ({"type": "http", "scheme": "basic"}, {"kind": "basic"}),
        ({"type": "http", "scheme": "Bearer"}, {"kind": "bearer", "prefix": "Bearer "}),
        ({"type": "http", "scheme": "digest"}, {"kind": "digest"}),
        ({"type": "http", "scheme": "token"}, {"kind": "bearer", "prefix": "Token "}),
        (
            {
                "type": "oauth2",
                "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {"read": "Read"}}},
            },
            {
                "kind": "oauth2",
                "grants": ["client_credentials"],
                "token_url": "/oauth/token",
                "scopes": {"read": "Read"},
            },
        ),
        (
            {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "https://a",
                        "tokenUrl": "https://t",
                        "refreshUrl": "https://r",
                        "scopes": {},
                    },
                    "implicit": {"authorizationUrl": "https://a"},
                },
            },
            {
                "grants": ["authorization_code"],
                "authorization_url": "https://a",
                "token_url": "https://t",
                "refresh_url": "https://r",
            },
        ),
        (
            {"type": "oauth2", "flow": "accessCode", "tokenUrl": "https://t", "authorizationUrl": "https://a"},
            {"grants": ["authorization_code"]},
        ),
        ({"type": "oauth2", "flow": "application", "tokenUrl": "https://t"}, {"grants": ["client_credentials"]}),
        ({"type": "oauth2", "flows": {"password": {"tokenUrl": "https://t"}}}, {"grants": ["password"]}),
        (
            {"type": "openIdConnect", "openIdConnectUrl": "https://o/.well-known"},
            {"kind": "oauth2", "discovery_url": "https://o/.well-known"},
        ),
    ],
)
def test_every_kind_of_security_scheme(scheme: dict[str, Any], expected: dict[str, Any]) -> None:
    method = auth(scheme)
    assert {name: getattr(method, name) for name in expected} == expected
    assert (
        method.id == "main" and method.fields and method.facts["kind"].evidence == ["/components/securitySchemes/Main"]
    )
    assert all(one.secret == (one.type == "password") for one in method.fields)


def test_relative_token_urls_hang_on_the_documents_address() -> None:
    document = spec({"/a": {"get": op()}})
    document["components"]["securitySchemes"] = {
        "o": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token"}}}
    }
    assert imported(document, address=ADDRESS).auth[0].token_url == "https://docs.example:8443/token"


def test_swagger_basic_and_missing_definitions() -> None:
    manifest = imported(swagger(securityDefinitions={"b": {"type": "basic"}}, security=[{"b": []}, {"nobody": []}]))
    assert [one.kind for one in manifest.auth] == ["basic"]
    assert "unknown-scheme" in [one.code for one in manifest.warnings]


def test_what_each_operation_accepts() -> None:
    schemes = {
        "a": {"type": "http", "scheme": "basic"},
        "b": {"type": "apiKey", "in": "header", "name": "X-B"},
        "c": {"type": "apiKey", "in": "header", "name": "X-C"},
    }
    paths = {
        "/default": {"get": op()},
        "/open": {"get": {**op(), "security": []}},
        "/either": {"get": {**op(), "security": [{"b": []}, {"a": []}]}},
        "/both": {"get": {**op(), "security": [{"b": [], "c": []}]}},
        "/wrong": {"get": {**op(), "security": "b"}},
    }
    document = spec(paths, security=[{"a": []}])
    document["components"]["securitySchemes"] = schemes
    manifest = imported(document)
    found = {block.path: block.auth for block in manifest.blocks}
    assert found == {"/default": ["a"], "/open": [], "/either": ["b", "a"], "/both": ["b_and_c"], "/wrong": UNSET}
    together = next(one for one in manifest.auth if one.id == "b_and_c")
    assert together.kind == "custom"
    assert [(one.location, one.name, one.secret) for one in together.fields] == [
        ("header", "X-B", True),
        ("header", "X-C", True),
    ]
    assert manifest.auth[0].id == "a"


@pytest.mark.parametrize(
    "parameter, kind, name",
    [
        ({"name": "api_key", "in": "query", "schema": {"type": "string"}}, "api_key", "api_key"),
        ({"name": "X-ListenAPI-Key", "in": "header", "schema": {"type": "string"}}, "api_key", "X-ListenAPI-Key"),
        (
            {"name": "Authorization", "in": "header", "schema": {"type": "string"}, "description": "Bearer token"},
            "bearer",
            "",
        ),
    ],
)
def test_undeclared_credentials_are_found_and_not_asked_for_twice(
    parameter: dict[str, Any], kind: str, name: str
) -> None:
    paths = {f"/{n}": {"get": {**op(), "parameters": [parameter, param("q")]}} for n in "abc"}
    manifest = imported(spec(paths))
    assert [(one.kind, one.name, one.facts["kind"].confidence) for one in manifest.auth] == [(kind, name, 0.6)]
    assert all([one.id for one in block.inputs] == ["q"] for block in manifest.blocks)


def test_401_answers_without_a_scheme_are_a_weak_hint() -> None:
    (method,) = imported(spec({"/a": {"get": op(status="401")}})).auth
    assert method.kind == "bearer" and method.facts["kind"].confidence < 0.5


def test_no_sign_of_authentication_is_said() -> None:
    assert "no-auth" in [one.code for one in imported(spec({"/a": {"get": op()}})).warnings]


# ------------------------------------------------------------------ parameters and bodies


def inputs(operation: dict[str, Any], method: str = "GET", path: str = "/a", **more: Any) -> dict[str, Input]:
    return {one.id: one for one in only(method, path, operation, **more).inputs}


def test_parameters_of_the_path_are_inherited_and_overridden() -> None:
    item = {"parameters": [param("q", description="old"), param("r")], "get": op(query=[param("q", description="new")])}
    assert {one.id: one.description for one in imported(spec({"/a": item})).blocks[0].inputs} == {"q": "new", "r": ""}


def test_a_path_value_that_nobody_declared_is_asked_for() -> None:
    found = inputs(op(), path="/a/{x}/b/{y}")
    assert [(one.location, one.required) for one in found.values()] == [("path", True)] * 2


@pytest.mark.parametrize(
    "parameter, style, explode",
    [
        ({"schema": {"type": "array"}}, "", UNSET),
        ({"schema": {"type": "array"}, "style": "form", "explode": False}, "", False),
        ({"schema": {"type": "array"}, "style": "pipeDelimited"}, "pipeDelimited", UNSET),
        ({"schema": {"type": "object"}, "style": "deepObject", "explode": True}, "deepObject", True),
        ({"content": {"application/json": {"schema": {"type": "object"}}}}, "json", UNSET),
    ],
)
def test_how_lists_and_objects_are_written(parameter: dict[str, Any], style: str, explode: Any) -> None:
    found = inputs(op(query=[{"name": "x", "in": "query", **parameter}]))["x"]
    assert (found.style, found.explode) == (style, explode)


@pytest.mark.parametrize(
    "collection, style, explode",
    [
        (None, "", False),
        ("csv", "", False),
        ("multi", "form", True),
        ("ssv", "spaceDelimited", False),
        ("pipes", "pipeDelimited", False),
        ("tsv", "tsv", False),
    ],
)
def test_collection_formats_of_swagger(collection: str | None, style: str, explode: bool) -> None:
    parameter = {"name": "x", "in": "query", "type": "array", "items": {"type": "string"}}
    if collection:
        parameter["collectionFormat"] = collection
    (found,) = imported(swagger(paths={"/a": {"get": {"parameters": [parameter], "responses": {}}}})).blocks[0].inputs
    assert (found.style, found.explode, found.type) == (style, explode, "array")


def test_inputs_say_what_to_ask_for() -> None:
    schema = {"type": "string", "enum": ["a", "b"], "default": "a", "example": "b"}
    found = inputs(
        op(query=[{"name": "sortOrder", "in": "query", "required": True, "description": "How", "schema": schema}])
    )["sort_order"]
    assert (found.label, found.type, found.required, found.choices) == ("Sort order", "select", True, ["a", "b"])
    assert (found.default, found.example, found.name, found.description) == ("a", "b", "sortOrder", "How")


def test_a_json_body_is_asked_for_by_its_members() -> None:
    body = {
        "allOf": [
            {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "id": {"type": "string", "readOnly": True}},
            },
            {
                "type": "object",
                "properties": {
                    "a/b~c": {"type": "integer"},
                    "password": {"type": "string"},
                    "tags": many({"type": "string"}),
                },
            },
        ]
    }
    block = only("POST", "/a", op(THING, body=body))
    found = {one.id: one for one in block.inputs}
    assert block.body_type == "json"
    assert [(one.name, one.type, one.required) for one in block.inputs] == [
        ("/name", "string", True),
        ("/a~1b~0c", "integer", False),
        ("/password", "password", False),
        ("/tags", "array", False),
    ]
    assert found["password"].secret and found["tags"].schema["items"] == {"type": "string"}


def test_an_update_that_is_not_described_takes_the_fields_of_the_create() -> None:
    patch = {**op(THING), "requestBody": {"content": {"application/merge-patch+json": {"schema": {"type": "object"}}}}}
    made = op(THING, body={**obj(name="string", size="integer"), "required": ["name"]})
    manifest = imported(spec({"/things": {"post": made}, "/things/{id}": {"patch": patch}}))
    updated = manifest.blocks[1]
    assert [(one.name, one.required) for one in updated.inputs] == [("id", True), ("/name", False), ("/size", False)]
    assert updated.facts["inputs"].confidence < 0.7 and updated.headers


@pytest.mark.parametrize(
    "content, body_type, first",
    [
        ({"application/json": {"schema": many()}}, "json", ("body", "", "array")),
        ({"application/json": {}}, "json", ("body", "", "object")),
        ({"application/merge-patch+json": {"schema": {"type": "object"}}}, "json", ("body", "", "object")),
        ({"text/plain": {"schema": {"type": "string"}}}, "text", ("body", "", "string")),
        ({"application/xml": {"schema": obj(a="string")}}, "xml", ("body", "", "string")),
        (
            {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            "binary",
            ("body", "", "file"),
        ),
        ({"application/x-www-form-urlencoded": {"schema": obj(a="string")}}, "form", ("form", "a", "string")),
        (
            {"multipart/form-data": {"schema": obj(f={"type": "string", "format": "binary"})}},
            "multipart",
            ("file", "f", "file"),
        ),
        ({"text/plain": {}, "application/json": {"schema": obj(a="integer")}}, "json", ("body", "/a", "integer")),
    ],
)
def test_bodies_of_every_kind(content: dict[str, Any], body_type: str, first: tuple[str, str, str]) -> None:
    block = only("POST", "/a", {**op(), "requestBody": {"content": content}})
    assert block.body_type == body_type
    assert (block.inputs[0].location, block.inputs[0].name, block.inputs[0].type) == first


def test_an_unusual_json_type_is_sent_as_it_is_documented() -> None:
    content = {"application/merge-patch+json": {"schema": {"type": "object"}}}
    assert only("PATCH", "/a", {**op(), "requestBody": {"content": content}}).headers == {
        "Content-Type": "application/merge-patch+json"
    }


def test_swagger_forms_and_files() -> None:
    parameters = [{"name": "f", "in": "formData", "type": "file"}, {"name": "n", "in": "formData", "type": "string"}]
    block = imported(swagger(paths={"/a": {"post": {"parameters": parameters, "responses": {}}}})).blocks[0]
    assert block.body_type == "multipart"
    assert [(one.location, one.type) for one in block.inputs] == [("file", "file"), ("form", "string")]


@pytest.mark.parametrize(
    "name", ["Host", "Authorization", "Content-Length", "Transfer-Encoding", "Cookie", "Accept", "X-A\r\nX-B: 1", "X A"]
)
def test_headers_that_nobody_may_set_are_not_asked_for(name: str) -> None:
    assert (
        inputs(
            {**op(), "parameters": [{"name": name, "in": "header", "schema": {"type": "string", "default": "a\r\nb"}}]}
        )
        == {}
    )


def test_two_parameters_of_one_name_have_two_ids() -> None:
    parameters = [
        {"name": "id", "in": place, "required": place == "path", "schema": {"type": "string"}}
        for place in ("path", "query", "header")
    ]
    found = inputs({**op(), "parameters": parameters}, path="/a/{id}")
    assert {one.id: one.location for one in found.values()} == {
        "id": "path",
        "query_id": "query",
        "header_id": "header",
    }


def test_a_constant_query_in_a_path_stays() -> None:
    block = only("GET", "/rest?method=photos.search&format={f}", op(many()))
    assert block.path == "/rest?method=photos.search"


# ------------------------------------------------------------------ the document


def test_both_generations_of_one_api_give_the_same_blocks() -> None:
    new = spec(
        {
            "/things": {
                "get": op(many({"$ref": "#/components/schemas/Thing"}), id="listThings", query=["page", "per_page"])
            }
        }
    )
    old = {
        "swagger": "2.0",
        "info": new["info"],
        "host": "api.example",
        "schemes": ["https"],
        "definitions": {"Thing": THING},
        "paths": {
            "/things": {
                "get": {
                    "operationId": "listThings",
                    "parameters": [{"name": name, "in": "query", "type": "string"} for name in ("page", "per_page")],
                    "responses": {200: {"description": "ok", "schema": many({"$ref": "#/definitions/Thing"})}},
                }
            }
        },
    }
    one, two = imported(new), imported(old)
    for block in (*one.blocks, *two.blocks):
        block.facts.clear()
        if block.paging is not UNSET:
            block.paging.facts.clear()
    assert one.blocks == two.blocks and one.schemas == two.schemas and one.servers == two.servers
    assert (two.source is not UNSET and two.source.format_version) == "2.0"


def test_nullable_and_unused_keywords() -> None:
    thing = {
        "type": "object",
        "x-internal": True,
        "xml": {},
        "properties": {
            "a": {"type": "string", "nullable": True},
            "b": {"$ref": "#/components/schemas/B", "nullable": True},
            "c": {"type": "string", "minimum": "0.50"},
        },
    }
    document = spec({"/things/{id}": {"get": op({"$ref": "#/components/schemas/T"})}}, openapi="3.0.3")
    document["components"]["schemas"] = {"T": thing, "B": {"type": "object"}, "Unused": {}}
    manifest = imported(document)
    assert manifest.schemas == {
        "B": {"type": "object"},
        "T": {
            "type": "object",
            "properties": {
                "a": {"type": ["string", "null"]},
                "b": {"anyOf": [{"$ref": "#/schemas/B"}, {"type": "null"}]},
                "c": {"type": "string", "minimum": 0.5},
            },
        },
    }


def test_the_source_is_named_without_its_secrets() -> None:
    source = imported(spec({"/a": {"get": op()}}), address="https://me:pw@x.example/a.json?token=s").source
    assert source is not UNSET
    assert (source.format, source.format_version, source.address) == ("openapi", "3.1.0", "https://x.example/a.json")
    assert len(source.sha256) == 64


@pytest.mark.parametrize(
    "title, address, name",
    [
        ("Gather API", "", "gather"),
        ("The REST API", "", "the-rest-api"),
        ("", "https://x/specs/billing.v2.json", "billing-v2"),
        ("日本", "", "connector"),
        ("", "", "connector"),
    ],
)
def test_the_name_of_a_connector(title: str, address: str, name: str) -> None:
    document = spec({"/a": {"get": op()}}, info={"title": title, "version": "x"})
    assert imported(document, address=address).name == name
    assert imported(document, name="mine").name == "mine"


def test_ids_are_stable_and_unique() -> None:
    same = {**op(), "operationId": "same"}
    paths = {
        "/a/{x}": {"get": same},
        "/a/{y}": {"get": same},
        "/b": {"get": {}, "post": {**op(), "operationId": "x(); import os"}},
        "/c": {"get": {**op(), "operationId": "repos/list-for-org"}},
    }
    one, two = imported(spec(paths)), imported(spec(dict(reversed(paths.items()))))
    assert {block.id for block in one.blocks} == {
        "same_get_a_by_x",
        "same_get_a_by_y",
        "get_b",
        "post_b",
        "repos_list_for_org",
    }
    assert {block.id: block.guid for block in one.blocks} == {block.id: block.guid for block in two.blocks}
    assert imported(spec(paths), name="other").blocks[0].guid != one.blocks[0].guid


@pytest.mark.parametrize(
    "data, error, part",
    [
        (b"{}", NotAnApiDocument, "an empty mapping"),
        (b"[1, 2]", NotAnApiDocument, "a list of 2 values"),
        (b'"x"', NotAnApiDocument, "plain text"),
        (b'{"hello": 1}', NotAnApiDocument, "'hello'"),
        (b'{"swagger": "1.2", "apis": []}', NotAnApiDocument, "Swagger 1.x"),
        (b'{"swaggerVersion": "1.1", "apis": [], "paths": {}, "info": {}}', NotAnApiDocument, "Swagger 1.x"),
    ],
)
def test_readable_data_that_is_no_api_says_what_it_is(data: bytes, error: type[Exception], part: str) -> None:
    with pytest.raises(error, match=part):
        import_document(data)


def test_a_format_can_be_forced_and_must_exist() -> None:
    assert "openapi" in known_formats()
    assert import_document(json.dumps(spec({})).encode(), format="openapi").blocks == []
    with pytest.raises(UnknownFormat, match="choose one of"):
        import_document(b"{}", format="carrier-pigeon")
