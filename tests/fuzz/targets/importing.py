"""Every importer: OpenAPI 2, 3.0 and 3.1, Swagger 1, Postman, GraphQL, WSDL, HTML, Markdown, PDF."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from tests.connectors.importers import prose_api, prose_pages, prose_render, test_graphql, wsdls
from tests.connectors.importers.test_postman import collection, request
from tests.fuzz.engine import target
from tests.fuzz.mutation import json_or_bytes, mutated_bytes, mutated_json, mutated_text
from tieline.connectors.importers import import_document, summary
from tieline.connectors.manifest import io

MOST = 60_000  # characters of a mutated document: small ones find as much, sooner


@cache
def openapi3() -> list[Any]:
    """Our own documents, of which each input takes some paths."""
    found = [
        yaml.safe_load((files("tieline.sandbox") / name / "openapi.yaml").read_text("utf-8"))
        for name in ("gather", "dialbook")
    ]
    return [*found, prose_api.harbour()]


def _some(random: Random, document: Any) -> Any:
    """A document with a few of its paths."""
    chosen = random.sample(sorted(document["paths"]), min(4, len(document["paths"])))
    return {**document, "paths": {path: document["paths"][path] for path in chosen}}


def openapi(random: Random) -> bytes:
    document = _some(random, random.choice(openapi3()))
    document["openapi"] = random.choice(["3.0.3", "3.1.0", "3.1.1", "3.2.0", 3.1, "4"])
    if random.random() < 0.3:
        document["webhooks"] = {"made": {"post": {"requestBody": {"content": {"application/json": {"schema": {}}}}}}}
    return _written(random, document)


def _written(random: Random, document: Any) -> bytes:
    changed = mutated_json(random, json.loads(json.dumps(document, default=str)))
    if random.random() < 0.15:
        try:
            return yaml.safe_dump(changed).encode("utf-8", "replace")
        except (yaml.YAMLError, RecursionError, UnicodeError):
            pass
    data = json.dumps(changed).encode("utf-8", "replace")
    return mutated_bytes(random, data) if random.random() < 0.25 else data


def swagger2(random: Random) -> bytes:
    schema = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}},
    }
    listed = {"schema": {"type": "array", "items": {"$ref": "#/definitions/Thing"}}}
    page = {"name": "page", "in": "query", "type": "integer"}
    body = {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Thing"}}
    document = {
        "swagger": "2.0",
        "info": {"title": "Things", "version": "1"},
        "host": "a.example",
        "basePath": "/v1",
        "schemes": ["https"],
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}, "o": {"type": "oauth2"}},
        "paths": {
            "/things": {
                "get": {"parameters": [page], "responses": {"200": listed}},
                "post": {"consumes": ["application/json"], "parameters": [body], "responses": {"201": {}}},
            },
            "/things/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True}],
                "delete": {"responses": {}},
            },
        },
        "definitions": {"Thing": schema, "Loop": {"allOf": [{"$ref": "#/definitions/Loop"}]}},
    }
    return _written(random, document)


def swagger1(random: Random) -> bytes:
    operation = {"method": "GET", "nickname": "list", "type": "array", "items": {"$ref": "Thing"}, "parameters": []}
    document = {
        "swaggerVersion": "1.2",
        "basePath": "https://a.example",
        "resourcePath": "/things",
        "apis": [{"path": "/things", "operations": [operation]}],
        "models": {"Thing": {"id": "Thing", "properties": {"id": {"type": "long"}}}},
    }
    return _written(random, document)


def postman(random: Random) -> bytes:
    url = {
        "raw": "{{base}}/things/:id?page=1",
        "host": ["{{base}}"],
        "path": ["things", ":id"],
        "query": [{"key": "page"}],
    }
    document = collection(
        request(url, name="List things"),
        request(
            "https://a.example/things", "POST", body={"mode": "raw", "raw": '{"name": "x"}'}, header=[{"key": "A"}]
        ),
        {"name": "Folder", "item": [request("{{base}}/x", "DELETE")], "auth": {"type": "bearer", "bearer": []}},
        variable=[{"key": "base", "value": "https://a.example"}],
        auth={"type": "oauth2", "oauth2": [{"key": "accessTokenUrl", "value": "https://a.example/t"}]},
        event=[{"listen": "prerequest", "script": {"exec": ["pm.environment.set('a', 1)"]}}],
    )
    return _written(random, document)


@cache
def introspection() -> Any:
    from graphql import build_schema, introspection_from_schema

    return {"data": introspection_from_schema(build_schema(test_graphql.SHOP))}


@cache
def wsdl_documents() -> list[bytes]:
    types = wsdls.sequence("List", wsdls.element("page", "xs:int")) + wsdls.sequence(
        "ListResponse", wsdls.element("item", "t:Item", 'maxOccurs="unbounded"')
    )
    types += (
        '<xs:complexType name="Item"><xs:sequence><xs:element name="id" type="xs:long"/></xs:sequence></xs:complexType>'
    )
    return [
        wsdls.document(types, "List"),
        wsdls.rpc(types, '<part name="a" type="xs:string"/>', '<part name="b" type="t:Item"/>'),
    ]


@cache
def pages() -> list[bytes]:
    spec = prose_api.harbour()
    made = [prose_render.html_slate(spec), prose_render.html_redoc(spec), prose_render.html_word(spec)]
    return [*(one[:MOST] for one in made), prose_pages.NOTES.encode()]


@cache
def markdowns() -> list[bytes]:
    return [prose_render.markdown(prose_api.harbour())[:MOST], prose_pages.CHARGES.encode()]


@cache
def pdfs() -> list[bytes]:
    return [prose_render.pdf_tables(prose_api.harbour())]


def changed(seeds: Callable[[], Sequence[bytes]]) -> Callable[[Random], bytes]:
    def make(random: Random) -> bytes:
        seed = random.choice(seeds())
        # A piece of the document, so that what is changed is a good part of it.
        if random.random() < 0.5 and len(seed) > 3000 and not seed.startswith(b"%PDF"):
            at = random.randrange(len(seed) - 2000)
            seed = seed[:500] + seed[at : at + 2000]
        return mutated_bytes(random, seed)

    return make


def imported(data: bytes, name: str | None = None) -> None:
    """Imported, reported on, written and read again; or refused with an error of ours."""
    manifest = import_document(data, address="https://docs.example/a", format=name)
    assert io.load(io.dump(manifest, "json")) == manifest
    json.dumps(summary(manifest), default=str)


def importer(name: str, make: Callable[[Random], bytes], ci: int, format: str | None = None) -> None:
    target(f"import-{name}", make, ci=ci)(lambda data: imported(data, format))


importer("openapi", openapi, 60)
importer("swagger2", swagger2, 120)
importer("swagger1", swagger1, 100)
importer("postman", postman, 200)
importer("graphql-sdl", lambda random: mutated_text(random, test_graphql.SHOP).encode(), 60)
importer("graphql-introspection", json_or_bytes(lambda: [introspection()]), 25)
importer("wsdl", changed(wsdl_documents), 200)
importer("html", changed(pages), 40, "html")
importer("markdown", changed(markdowns), 60, "markdown")
importer("pdf", changed(pdfs), 16, "pdf")
