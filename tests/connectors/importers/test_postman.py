"""Postman collections: variables, inheritance, folders, bodies, examples, duplicates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import UNSET

from tests.connectors.importers.support import Json, is_clear
from tieline.connectors.importers import import_document
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.manifest.model import Block, Input, Manifest

V21 = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
V20 = "https://schema.getpostman.com/json/collection/v2.0.0/collection.json"


def collection(*items: Json, **more: Any) -> Json:
    return {"info": {"name": "Shop", "schema": V21}, "item": list(items), **more}


def request(url: Any, method: str = "GET", name: str = "", **more: Any) -> Json:
    responses = {"response": more.pop("response")} if "response" in more else {}
    return {"name": name, "request": {"method": method, "url": url, **more}, **responses}


def variables(**values: Any) -> list[Json]:
    return [{"key": key, "value": value} for key, value in values.items()]


def environment(*values: Json, scope: str = "environment") -> bytes:
    return json.dumps({"name": "Env", "values": list(values), "_postman_variable_scope": scope}).encode()


def read(document: Json, *environments: bytes) -> Manifest:
    parts = {f"{number}.postman_environment.json": data for number, data in enumerate(environments)}
    return import_document(json.dumps(document).encode(), parts=parts)


def first(*items: Json, **more: Any) -> Block:
    return read(collection(*items, **more)).blocks[0]


def inputs(block: Block) -> dict[str, Input]:
    return {one.name: one for one in block.inputs}


def codes(manifest: Manifest) -> list[str]:
    return [one.code for one in manifest.warnings]


# -- addresses


@pytest.mark.parametrize(
    ("url", "server", "path"),
    [
        ("https://api.example/v1/things?x=1#f", "https://api.example", "/v1/things"),
        ("{{base}}/things", "https://known.example/v2", "/things"),
        ("{{bare}}/things", "https://bare.example", "/things"),
        ("{{unknown}}/things", "{unknown}", "/things"),
        ("https://{{tenant}}.example.com/things", "https://{tenant}.example.com", "/things"),
        ("{{tenanted}}/things", "https://{tenant}.example.com/api", "/things"),
        ("https://user:secret@api.example/things", "https://api.example", "/things"),
        ("api.example/things", "https://api.example", "/things"),
        ("localhost:8080/things", "http://localhost:8080", "/things"),
        ("https://api.example/{{prefix}}/things", "https://api.example", "/a/b/things"),
        ("https://api.example/{{apiVersion}}/things", "https://api.example", "/v3/things"),
        (
            {"raw": "ignored", "protocol": "https", "host": ["api", "example"], "port": "8443", "path": ["things", ""]},
            "https://api.example:8443",
            "/things/",
        ),
        ({"host": "api.example", "path": "/things"}, "https://api.example", "/things"),
        ({"host": ["api.example"], "path": [{"type": "string", "value": "things"}]}, "https://api.example", "/things"),
    ],
    ids=range(14),
)
def test_where_requests_go(url: Any, server: str, path: str) -> None:
    known = variables(
        base="https://known.example/v2/",
        bare="bare.example",
        tenanted="https://{{tenant}}.example.com/api",
        prefix="a/b",
        apiVersion="v3",
        tenant="acme",
    )
    manifest = read(collection(request(url), variable=known))
    assert ([one.url for one in manifest.servers], manifest.blocks[0].path) == ([server], path)


def test_a_variable_of_the_host_is_one_of_the_server() -> None:
    (server,) = read(collection(request("https://{{tenant}}.x.example/y"), variable=variables(tenant="acme"))).servers
    assert server.variables["tenant"].default == "acme"


@pytest.mark.parametrize(
    ("step", "path", "default"),
    [
        (":id", "/things/{id}", UNSET),
        ("{{thingId}}", "/things/{thingId}", "42"),
        ("{{thing id}}", "/things/{thing_id}", UNSET),
        ("<thingId>", "/things/{thingId}", UNSET),
        ("{thingId}", "/things/{thingId}", UNSET),
        ("{{thingId}}.json", "/things/{thingId}.json", "42"),
        ("{{$guid}}", "/things/{guid}", UNSET),
        ("3fa85f64-5717-4562-b3fc-2c963f66afa6", "/things/{thing_id}", UNSET),
        ("1234567", "/things/{thing_id}", UNSET),
    ],
)
def test_steps_of_the_path_that_are_filled_in(step: str, path: str, default: Any) -> None:
    block = first(request(f"https://x.example/things/{step}"), variable=variables(thingId="42"))
    assert (block.path, block.kind) == (path, "get")
    assert [(one.location, one.required, one.default) for one in block.inputs] == [("path", True, default)]


def test_path_variables_bring_their_value_and_description() -> None:
    url = {
        "raw": "https://x.example/a/:one/:two",
        "variable": [
            {"key": "one", "value": "{{first}}"},
            {"key": "two", "value": "7", "description": {"content": "It"}},
        ],
    }
    found = inputs(first(request(url), variable=variables(first="A")))
    assert (found["one"].default, found["two"].example, found["two"].description) == ("A", "7", "It")


def test_several_hosts_and_where_credentials_may_go() -> None:
    header = [{"key": "Authorization", "value": "Bearer {{t}}"}]
    manifest = read(
        collection(
            request("https://api.example/a", header=header),
            request("https://api.example/b", header=header),
            request("https://files.example/c", header=header),
            request("https://stranger.example/uuid"),
        )
    )
    assert [one.url for one in manifest.servers] == ["https://api.example", "https://files.example"]
    assert [(one.server, one.auth) for one in manifest.blocks] == [
        ("", ["bearer"]),
        ("", ["bearer"]),
        ("https://files.example", ["bearer"]),
        ("https://stranger.example", []),
    ]


# -- variables and environments


def test_the_environment_wins_over_the_collection_and_that_over_globals() -> None:
    document = collection(request("https://x.example/a?p={{p}}&q={{q}}&r={{r}}"), variable=variables(p="c", q="c"))
    wide = environment(*variables(p="g", q="g", r="g"), scope="globals")
    narrow = environment(*variables(p="e"), {"key": "q", "value": "off", "enabled": False})
    found = inputs(read(document, wide, narrow).blocks[0])
    assert [found[name].default for name in "pqr"] == ["e", "c", "g"]


def test_a_folder_has_variables_of_its_own() -> None:
    folder = {"name": "F", "variable": variables(v="inner"), "item": [request("https://x.example/a?v={{v}}")]}
    manifest = read(collection(folder, request("https://x.example/b?v={{v}}"), variable=variables(v="outer")))
    assert [inputs(one)["v"].default for one in manifest.blocks] == ["inner", "outer"]


def test_an_environment_alone_is_refused_with_advice() -> None:
    with pytest.raises(NotAnApiDocument, match="import the collection") as caught:
        import_document(environment(*variables(a="b")))
    is_clear(caught.value)


def test_parts_that_are_no_environment_are_said() -> None:
    manifest = import_document(
        json.dumps(collection(request("https://x.example/a"))).encode(), parts={"a": b"[1]", "b": b"{"}
    )
    assert {"unused-part", "unreadable-part"} <= set(codes(manifest))


# -- authentication


def credentials(kind: str, **attributes: Any) -> Json:
    return {"type": kind, kind: [{"key": key, "value": value, "type": "string"} for key, value in attributes.items()]}


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (credentials("apikey", key="X-Key", value="{{k}}"), ("api_key", "header", "X-Key", "")),
        (credentials("apikey", key="key", value="v", **{"in": "query"}), ("api_key", "query", "key", "")),
        (
            credentials("apikey", key="Authorization", value="Token abc"),
            ("api_key", "header", "Authorization", "Token "),
        ),
        (credentials("basic", username="u", password="p"), ("basic", UNSET, "", "")),
        (credentials("bearer", token="t"), ("bearer", UNSET, "", "Bearer ")),
        ({"type": "bearer", "bearer": {"token": "t"}}, ("bearer", UNSET, "", "Bearer ")),
        (credentials("digest", username="u"), ("digest", UNSET, "", "")),
        (credentials("oauth2", accessToken="t", headerPrefix="OAuth"), ("bearer", UNSET, "", "OAuth ")),
    ],
    ids=["key-header", "key-query", "authorization", "basic", "bearer", "version-2.0", "digest", "token-only"],
)
def test_kinds_of_authentication(auth: Json, expected: tuple[Any, ...]) -> None:
    (method,) = read(collection(request("https://x.example/a"), auth=auth)).auth
    assert (method.kind, method.location, method.name, method.prefix) == expected


def test_oauth_2_with_all_that_it_says() -> None:
    auth = credentials(
        "oauth2", grant_type="authorization_code_with_pkce", accessTokenUrl="{{id}}/token", authUrl="https://id.example/auth",
        scope="read write", client_authentication="body", clientSecret="hidden-1",
    )  # fmt: skip
    auth["oauth2"].append({"key": "tokenRequestParams", "value": [{"key": "audience", "value": "shop"}]})
    document = collection(request("https://x.example/a"), auth=auth, variable=variables(id="https://id.example"))
    (method,) = read(document).auth
    assert (method.kind, method.grants, method.client_auth) == ("oauth2", ["authorization_code"], "post")
    assert (method.token_url, method.authorization_url) == ("https://id.example/token", "https://id.example/auth")
    assert (list(method.scopes), method.token_params) == (["read", "write"], {"audience": "shop"})


def test_oauth_1_and_jwt() -> None:
    oauth1 = credentials("oauth1", consumerKey="{{ck}}", signatureMethod="HMAC-SHA256", realm="r")
    jwt = credentials("jwt", algorithm="RS256", payload='{"iss": "shop", "exp": 1}', headerPrefix="JWT")
    manifest = read(collection(request("https://x.example/a", auth=oauth1), request("https://x.example/b", auth=jwt)))
    one, two = manifest.auth
    assert (one.kind, one.signature, one.realm) == ("oauth1", "HMAC-SHA256", "r")
    assert [field.id for field in one.fields] == ["consumer_key", "consumer_secret", "token", "token_secret"]
    assert (two.kind, two.signature, two.claims, two.prefix) == ("jwt_bearer", "RS256", {"iss": "shop"}, "JWT ")


@pytest.mark.parametrize("kind", ["hawk", "awsv4", "ntlm", "edgegrid", "somethingnew"])
def test_what_cannot_be_signed_is_said(kind: str) -> None:
    manifest = read(collection(request("https://x.example/a"), auth=credentials(kind, secretKey="s")))
    assert "unsupported-auth" in codes(manifest)
    assert all(method.kind == "custom" for method in manifest.auth)


def test_the_nearest_authentication_counts() -> None:
    manifest = read(
        collection(
            {
                "name": "F",
                "auth": credentials("basic", username="u"),
                "item": [
                    request("https://x.example/folder"),
                    {"name": "G", "auth": None, "item": [request("https://x.example/deeper", auth=None)]},
                    request("https://x.example/own", auth=credentials("apikey", key="X-Key")),
                    request("https://x.example/none", auth={"type": "noauth"}),
                ],
            },
            request("https://x.example/top"),
            auth=credentials("bearer", token="{{t}}"),
        )
    )
    assert {one.path: one.auth for one in manifest.blocks} == {
        "/folder": ["basic"],
        "/deeper": ["basic"],
        "/own": ["api_key"],
        "/none": [],
        "/top": ["bearer"],
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Authorization": "Bearer {{token}}"}, [("bearer", "", "Bearer ")]),
        ({"authorization": "bearer abc"}, [("bearer", "", "Bearer ")]),
        ({"Authorization": "Basic <encoded>"}, [("basic", "", "")]),
        ({"Authorization": "Token token={{t}}"}, [("api_key", "Authorization", "Token ")]),
        ({"Authorization": "{{token}}"}, [("api_key", "Authorization", "")]),
        ({"X-API-Key": "{{key}}"}, [("api_key", "X-API-Key", "")]),
        ({"X-CSRF-Token": "x", "X-Page-Token": "x", "Idempotency-Key": "x"}, []),
    ],
    ids=["bearer", "lower", "basic", "token", "plain", "key", "none"],
)
def test_credentials_in_headers_are_authentication(headers: dict[str, str], expected: Any) -> None:
    manifest = read(collection(request("https://x.example/a", header=variables(**headers))))
    assert [(one.kind, one.name, one.prefix) for one in manifest.auth] == expected
    assert not {"authorization", "x-api-key"} & {one.name.lower() for one in manifest.blocks[0].inputs}


def test_a_request_that_gets_tokens_is_a_way_to_sign_in() -> None:
    def token(grant: str) -> Json:
        form = {"mode": "urlencoded", "urlencoded": variables(grant_type=grant, code="{{code}}")}
        return request("https://x.example/oauth/token", "POST", auth=credentials("basic", username="{{id}}"), body=form)

    bearer = credentials("bearer", token="{{token}}")
    manifest = read(
        collection(
            token("authorization_code"), token("client_credentials"), request("https://x.example/a", auth=bearer)
        )
    )
    found = {one.kind: one for one in manifest.auth}
    assert (found["oauth2"].token_url, found["oauth2"].grants) == (
        "https://x.example/oauth/token",
        ["client_credentials"],
    )
    assert (found["oauth2"].client_auth, found["oauth2"].facts["kind"].confidence) == ("basic", 0.7)
    assert manifest.blocks[-1].auth == ["bearer", "oauth2"]
    assert manifest.blocks[0].auth == ["basic"]


# -- secrets

SECRETS = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "hunter2pass",
    "s3cr3t-in-environment",
]


def test_no_secret_of_a_collection_gets_into_the_manifest() -> None:
    jwt, key, password, hidden = SECRETS
    document = collection(
        request(
            f"https://u:{password}@x.example/a?api_key={key}&token={jwt}&plain=ok",
            "POST",
            name=f"Call with {jwt}",
            description=f"curl -H 'Authorization: Bearer {jwt}' -u u:{password}",
            header=[{"key": "Authorization", "value": f"Bearer {jwt}"}, {"key": "X-Session-Id", "value": jwt}],
            body={
                "mode": "raw",
                "raw": json.dumps({"password": password, "note": key, "inner": [{"x": hidden}], "n": "ok"}),
            },
            response=[{"code": 200, "name": key, "body": json.dumps({"access_token": jwt})}],
        ),
        request(
            "https://x.example/form",
            "POST",
            body={
                "mode": "urlencoded",
                "urlencoded": variables(client_secret=hidden, user="ann", pass_through="{{hidden}}"),
            },
        ),
        request(
            "https://x.example/xml",
            "POST",
            body={"mode": "raw", "raw": f"<Login><Password>{password}</Password></Login>"},
        ),
        auth=credentials("basic", username="u", password=password),
        variable=variables(apiToken=key),
    )
    env = environment({"key": "hidden", "value": hidden, "type": "secret"}, {"key": "note", "value": "{{hidden}}"})
    text = repr(read(document, env))
    assert [secret for secret in SECRETS if secret in text] == []
    assert "ann" in text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Use Bearer authentication, or Basic authentication.", None),
        ("Ask for page_token and sort_key.", None),
        ("See https://x.example/a?page=2&sort=name", None),
        ("Bearer abcdef0123456789", "Bearer ***"),
        ("https://ann:pass@x.example/", "https://***@x.example/"),
        ("https://x.example/a?api_key=abcdefgh", "https://x.example/a?api_key=***"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ('{"client_secret": "abc"}', '{"client_secret": "***"}'),
    ],
)
def test_descriptions_keep_their_words_and_lose_their_credentials(said: str, expected: str | None) -> None:
    assert first(request("https://x.example/a", description=said)).description == (expected or said)


# -- what is sent


def test_parameters_with_examples_defaults_and_what_is_switched_off() -> None:
    url = {
        "host": ["x.example"],
        "path": ["a"],
        "query": [
            {"key": "limit", "value": "25"},
            {"key": "archived", "value": "false", "disabled": True, "description": "Also old ones"},
            {"key": "q", "value": "{{term}}"},
            {"key": "must", "value": "", "description": "(Required) It"},
            {"key": "kind", "value": "<integer>"},
            {"key": "id", "value": "1"},
            {"key": "id", "value": "2"},
        ],
    }
    header = [{"key": "X-Version", "value": "7"}, {"key": "X-Trace", "value": "t", "disabled": True}]
    found = inputs(first(request(url, "POST", header=header), variable=variables(term="shoes")))
    assert {name: (one.type, one.required) for name, one in found.items()} == {
        "limit": ("integer", False),
        "archived": ("boolean", False),
        "q": ("string", False),
        "must": ("string", True),
        "kind": ("integer", False),
        "id": ("array", False),
        "X-Version": ("integer", True),
        "X-Trace": ("string", False),
    }
    assert (found["limit"].example, found["q"].default, found["X-Version"].default) == (25, "shoes", 7)
    assert found["archived"].description == "Also old ones"


def test_a_json_body_with_variables_comments_and_placeholders() -> None:
    raw = '{"name": "Ann", // who\n "age": {{age}}, "unknown": {{x}}, "city": "{{city}}", "id": <id>, "tags": ["a"],}'
    block = first(
        request("https://x.example/a", "POST", body={"mode": "raw", "raw": raw}),
        variable=variables(age="41", city="Rome"),
    )
    found = inputs(block)
    assert block.body_type == "json"
    assert [(one.name, one.type) for one in block.inputs] == [
        ("/name", "string"), ("/age", "integer"), ("/unknown", "string"), ("/city", "string"), ("/id", "string"),
        ("/tags", "array"),
    ]  # fmt: skip
    assert (found["/name"].example, found["/age"].default, found["/city"].default) == ("Ann", 41, "Rome")


def test_forms_and_files() -> None:
    formdata = [{"key": "title", "value": "x"}, {"key": "file", "type": "file", "src": "/home/me/secret.png"}]
    manifest = read(
        collection(
            request("https://x.example/up", "POST", body={"mode": "formdata", "formdata": formdata}),
            request("https://x.example/form", "POST", body={"mode": "urlencoded", "urlencoded": variables(a="b")}),
            request("https://x.example/raw", "PUT", body={"mode": "file", "file": {"src": "/home/me/x"}}),
            request("https://x.example/xml", "POST", body={"mode": "raw", "raw": "<a>1</a>"}),
            request(
                "https://x.example/text",
                "POST",
                body={"mode": "raw", "raw": "hello", "options": {"raw": {"language": "text"}}},
            ),
        )
    )
    assert [one.body_type for one in manifest.blocks] == ["multipart", "form", "binary", "xml", "text"]
    assert [(one.name, one.location) for one in manifest.blocks[0].inputs] == [("title", "form"), ("file", "file")]
    assert [(one.location, one.type) for one in manifest.blocks[2].inputs] == [("body", "file")]
    assert "/home/me" not in repr(manifest)


def test_graphql_bodies_are_blocks_of_their_own() -> None:
    def body(query: str) -> Json:
        return {"mode": "graphql", "graphql": {"query": query, "variables": '{"id": {{id}}}'}}

    manifest = read(
        collection(
            request("https://x.example/graphql", "POST", body=body("query One($id: ID) { one(id: $id) { id } }")),
            request("https://x.example/graphql", "POST", body=body("mutation Two { two { id } }")),
        )
    )
    assert [inputs(one)["/query"].default.split()[1][:3] for one in manifest.blocks] == ["One", "Two"]
    assert all(inputs(one)["/query"].required and one.errors[0].path == "$.errors" for one in manifest.blocks)


# -- answers


def test_examples_become_the_schema_of_the_answer() -> None:
    pages = [
        {"data": [{"id": 1, "at": "2024-01-02T03:04:05Z"}], "next": "x"},
        {"data": [{"id": 2, "tag": None}], "next": None},
    ]
    responses = [
        {
            "name": "ok",
            "code": 200,
            "header": [{"key": "X-RateLimit-Remaining", "value": "9"}],
            "body": json.dumps(page),
        }
        for page in pages
    ]
    responses.append({"name": "bad", "code": 422, "body": '{"error": "x"}'})
    block = first(request("https://x.example/things", response=responses))
    assert (block.kind, block.records) == ("list", "$.data")
    assert block.output["properties"]["at"] == {"type": "string", "format": "date-time"}
    assert block.output["properties"]["id"] == {"type": "integer"}


def test_types_that_are_written_instead_of_values() -> None:
    body = json.dumps({"id": "<integer>", "when": "<dateTime>", "name": "<string>", "on": "<boolean>"})
    block = first(request("https://x.example/things/:id", response=[{"code": 200, "body": body}]))
    assert [one.get("type") for one in block.output["properties"].values()] == [
        "integer",
        "string",
        "string",
        "boolean",
    ]


# -- folders, duplicates, scripts, versions


def test_requests_for_the_same_call_become_one_block() -> None:
    def create(name: str, **fields: Any) -> Json:
        return request("https://x.example/things", "POST", name=name, body={"mode": "raw", "raw": json.dumps(fields)})

    manifest = read(
        collection(
            create("1. Create a thing", a="x"),
            create("Create a thing [with b]", a="y", b=1),
            request("https://x.example/things/:id", name="Get"),
            request("https://x.example/things/{{other}}?expand=1", name="Get more"),
            request("https://x.example/api?action=list", name="list"),
            request("https://x.example/api?action=count", name="count"),
        )
    )
    assert [(one.id, one.method, one.path) for one in manifest.blocks] == [
        ("create_a_thing", "POST", "/things"),
        ("get", "GET", "/things/{id}"),
        ("list", "GET", "/api?action=list"),
        ("count", "GET", "/api?action=count"),
    ]
    assert [one.name for one in manifest.blocks[0].inputs] == ["/a", "/b"]
    assert [one.name for one in manifest.blocks[1].inputs] == ["id", "expand"]


def test_messages_of_a_soap_endpoint_are_told_apart_by_their_element() -> None:
    def call(name: str) -> Json:
        raw = f"<soap:Envelope><soap:Header/><soap:Body><x:{name} a='1'/></soap:Body></soap:Envelope>"
        return request("{{endpoint}}", "POST", name=name, body={"mode": "raw", "raw": raw})

    assert [one.id for one in read(collection(call("ReadRQ"), call("WriteRQ"), call("ReadRQ"))).blocks] == [
        "read_rq",
        "write_rq",
    ]


def test_folders_are_tags_from_inner_to_outer() -> None:
    folder = {"name": "Outer", "item": [{"name": "Inner", "item": [request("https://x.example/a")]}]}
    assert first(folder).tags == ["Inner", "Outer"]


def test_scripts_are_counted_and_never_kept() -> None:
    script = [{"listen": "test", "script": {"exec": ["pm.environment.set('a', 1)"]}}]
    item = {**request("https://x.example/a"), "event": script}
    manifest = read(collection(item, {"name": "F", "event": script, "item": []}, event=script))
    (notice,) = (one for one in manifest.warnings if one.code == "scripts")
    assert notice.message.startswith("3 scripts")
    assert "pm.environment" not in repr(manifest)


@pytest.mark.parametrize(
    ("document", "version"),
    [
        (collection(request("https://x.example/a")), "2.1"),
        ({**collection(request("https://x.example/a")), "info": {"name": "Shop", "schema": V20}}, "2.0"),
        ({"collection": collection(request("https://x.example/a"))}, "2.1"),
        ({"collection": collection({"name": "A", "request": "https://x.example/a"})}, "2.1"),
    ],
    ids=["2.1", "2.0", "wrapped", "short"],
)
def test_versions(document: Json, version: str) -> None:
    manifest = read(document)
    assert manifest.source is not UNSET and (manifest.source.format, manifest.source.format_version) == (
        "postman",
        version,
    )
    assert [one.path for one in manifest.blocks] == ["/a"]


def test_a_collection_of_version_1() -> None:
    document = {
        "id": "c", "name": "Old", "order": ["r2"], "folders_order": ["f"],
        "folders": [{"id": "f", "name": "Users", "order": ["r1"], "auth": {"type": "basic"}}],
        "requests": [
            {
                "id": "r1", "name": "Add user", "method": "POST", "url": "https://x.example/users/:id?x=1",
                "headers": "Accept: a/b\nX-Version: 2\n", "dataMode": "raw", "rawModeData": '{"name": "Ann"}',
                "pathVariables": {"id": "7"}, "responses": [{"responseCode": {"code": 200}, "text": '{"id": 1}'}],
                "tests": "x()",
            },
            {"id": "r2", "name": "List", "url": "https://x.example/users", "dataMode": "params", "data": []},
        ],
    }  # fmt: skip
    manifest = read(document)
    assert manifest.source is not UNSET and manifest.source.format_version == "1.0"
    block = next(one for one in manifest.blocks if one.method == "POST")
    assert (block.path, block.tags) == ("/users/{id}", ["Users"])
    assert [one.name for one in block.inputs] == ["id", "x", "X-Version", "/name"]
    assert len(manifest.blocks) == 2


def test_evidence_points_into_the_collection() -> None:
    folder = {"name": "F", "item": [request("https://x.example/a/:id")]}
    assert first(folder).facts["kind"].evidence == ["/item/0/item/0/request"]
