from __future__ import annotations

import json
import resource
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from tests.connectors.importers.support import THING, imported, is_clear, many, obj, op, param, spec
from tests.fixtures.shared import running_upstream, shared_dir
from tieline.connectors.importers import import_document, report
from tieline.connectors.importers.formats.openapi import operations
from tieline.connectors.manifest import io
from tieline.core.errors import TielineError

ANY = st.sampled_from(
    [None, True, 3, 1.5, "x", "", [], {}, [None], {"x": None}, {"$ref": "#/components/schemas/Loop"}, ["a", 1], -1]
)

pytestmark = pytest.mark.battery


def survives(document: Any) -> None:
    """Imported, or refused with an error of ours; and what was imported can be written and read again."""
    try:
        manifest = import_document(json.dumps(document).encode())
    except TielineError as error:
        is_clear(error)
        return
    assert io.load(io.dump(manifest, "json")) == manifest


@pytest.mark.parametrize(
    "document",
    [
        {
            "openapi": 3.1,
            "info": [],
            "paths": {
                "/x": [],
                "/y": {"get": "nope", "parameters": {"a": 1}},
                "/z": {"get": {"parameters": [None, 1, "x", {}], "responses": []}},
            },
            "components": "none",
            "servers": {},
        },
        {"openapi": "3.1.0", "paths": []},
        {"openapi": "3.1.0", "paths": "x", "webhooks": [1], "x-webhooks": 3, "security": {"a": 1}, "tags": {"a": 1}},
        {"openapi": None, "info": None, "paths": None, "components": None, "servers": None},
        {
            "swagger": 2.0,
            "host": [],
            "basePath": {},
            "schemes": "https",
            "paths": {"/a": {"get": {"responses": {"200": None}}}},
            "securityDefinitions": [],
            "definitions": 3,
            "consumes": 3,
        },
        spec(
            {
                "/a": {
                    "get": {
                        "responses": None,
                        "parameters": "q",
                        "tags": 3,
                        "operationId": {},
                        "summary": [],
                        "callbacks": [],
                    }
                }
            }
        ),
        spec(
            {
                "/a": {
                    "get": {
                        "responses": {
                            "200": {
                                "content": {
                                    "application/json": {
                                        "schema": {"type": {}, "properties": [], "items": 3, "allOf": {}}
                                    }
                                }
                            }
                        }
                    }
                }
            }
        ),
        spec({"/a": {"post": {"requestBody": {"content": []}, "responses": {200: {"content": {"": None}}}}}}),
        spec(
            {
                "": {"get": op()},
                "a-without-slash": {"get": op()},
                "/": None,
                "/{": {"get": op()},
                "/{}/{": {"get": op()},
                "/{a}{b}": {"get": op()},
            }
        ),
        spec(
            {
                "/a": {
                    "get": op(
                        THING, query=[{"name": 3, "in": "query"}, {"name": "x", "in": "nowhere"}, {"in": "query"}]
                    )
                }
            }
        ),
        spec({"/a": {"GET": op(), "Post": op(), "x-y": 1, "pArAmEtErS": []}}),
        spec(
            {"/a": {"get": op(many({"$ref": 3})), "post": op({"$ref": "#/components/schemas/Thing", "properties": 3})}}
        ),
        spec(
            {
                "/{a}{__class__}": {
                    "get": {
                        **op(),
                        "operationId": "x(); import os",
                        "tags": ["{{7*7}}"],
                        "parameters": [
                            {"name": "__proto__", "in": "query", "schema": {"enum": ["{{7*7}}"], "default": "${7*7}"}}
                        ],
                    }
                }
            }
        ),
        spec({"/files/{name}/../../admin": {"get": {**op(), "operationId": "../../../../tmp/pwned"}}}),
    ],
)
def test_wrong_types_anywhere_are_warnings_at_most(document: Any) -> None:
    survives(document)


def deep_schema(levels: int) -> Any:
    schema: Any = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def test_a_schema_of_300_levels_is_cut_and_that_is_said() -> None:
    manifest = imported(spec({"/a": {"get": op(obj(data=many(deep_schema(300))))}}))
    assert "too-deep" in [one.code for one in manifest.warnings]
    assert io.load(io.dump(manifest, "yaml")) == manifest


@pytest.mark.parametrize("shape", ["array", "allOf", "properties", "oneOf"])
def test_deep_schemas_of_every_shape_end(shape: str) -> None:
    schema: Any = {"type": "object"}
    for _ in range(200):
        schema = {
            "array": {"type": "array", "items": schema},
            "allOf": {"allOf": [schema]},
            "properties": {"properties": {"data": schema}},
            "oneOf": {"oneOf": [schema, schema]},
        }[shape]
        if shape == "oneOf":
            schema = {"oneOf": [schema["oneOf"][0]]}
    survives(spec({"/a": {"get": op(schema), "post": op(schema, body=schema)}}))


def test_references_in_circles_through_everything() -> None:
    loop = {"$ref": "#/components/schemas/Loop"}
    document = spec(
        {"/a": {"get": op(loop, query=[{"$ref": "#/components/parameters/P"}]), "post": op(loop, body=loop)}}
    )
    document["components"] |= {
        "schemas": {
            "Loop": {
                "allOf": [loop],
                "items": loop,
                "properties": {"data": loop, "next": loop},
                "additionalProperties": loop,
            }
        },
        "parameters": {"P": {"$ref": "#/components/parameters/P"}},
        "responses": {"R": {"$ref": "#/paths/~1a/get/responses/200"}},
    }
    document["paths"]["/b"] = {"$ref": "#/paths/~1b"}
    document["paths"]["/c"] = {"$ref": "#/paths/~1a"}
    survives(document)


WIDE = {
    "paths": lambda: spec(
        {
            f"/r{i}": {"get": {"operationId": f"op{i}", "responses": {"200": {"description": "ok"}}}}
            for i in range(20_500)
        }
    ),
    "members": lambda: spec({"/a": {"get": op(obj(**{f"m{i}": "string" for i in range(50_000)}))}}),
    "parameters": lambda: spec({"/a": {"get": op(query=[f"p{i}" for i in range(20_000)])}}),
    "enum": lambda: spec({"/a": {"get": op(query=[param("p", enum=list(range(200_000)))])}}),
    "variants": lambda: spec({"/a": {"get": op({"oneOf": [obj(**{f"m{i}": "string"}) for i in range(20_000)]})}}),
    "bad-paths": lambda: spec({f"/r{i}": 3 for i in range(200_000)}),
    "long-name": lambda: spec(
        {"/" + "a" * 1_000_000: {"get": {**op(), "operationId": "x" * 1_000_000, "summary": "y" * 1_000_000}}}
    ),
    "many-segments": lambda: spec({"/a" * 100_000: {"get": op()}}),
    "datetime": lambda: spec(
        {
            "/a": {
                "get": op(
                    many(obj(**{"created" + "datetime" * 2000 + "x": "string"})),
                    query=["updated" + "_date_time" * 2000],
                )
            }
        }
    ),
    "text": lambda: spec({"/a": {"get": op(many(), description="rate limit 1 " * 100_000 + "maximum " * 100_000)}}),
}


# The peak since the program began (VmHWM): what the resource module tells counts the test's own size before the exec.
PROGRAM = """
import json, re, sys
from tieline.connectors.importers import report
ok = report(sys.argv[1])["ok"]
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(json.dumps([ok, int(peak[1]) // 1024]))
"""


@pytest.mark.parametrize("name", WIDE)
def test_size_is_bounded_in_time_and_memory(name: str, tmp_path: Path) -> None:
    """In a process of its own that may use 20 s of processor time and 512 MB: over it, the kernel ends it."""
    file = tmp_path / "wide.json"
    file.write_text(json.dumps(WIDE[name]()))

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        resource.setrlimit(resource.RLIMIT_AS, (1536 * 2**20, 1536 * 2**20))

    done = subprocess.run([sys.executable, "-c", PROGRAM, file], preexec_fn=limits, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-800:]
    ok, megabytes = json.loads(done.stdout)
    assert ok and megabytes < 512


def test_too_many_operations_are_cut_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MAX_OPERATIONS", 50)
    manifest = imported(spec({f"/r{i}": {"get": op(), "post": op()} for i in range(100)}))
    assert len(manifest.blocks) == 50
    assert "too-many-operations" in [one.code for one in manifest.warnings]


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    shared_dir()
    with running_upstream() as address:
        yield address


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


def test_every_poison_is_survived_and_nothing_is_fetched(upstream: str) -> None:
    poisons = json.loads(fetched(f"{upstream}/poison"))
    assert len(poisons) >= 35
    found = {one["name"]: report(fetched(upstream + one["path"]), address=upstream + one["path"]) for one in poisons}
    assert json.loads(fetched(f"{upstream}/_ctl/canary")) in ([], {"hits": []})
    assert all(one["seconds"] < 10 for one in found.values())
    for name in (
        "billion-laughs.yaml",
        "yaml-cycle.yaml",
        "yaml-object.yaml",
        "deep.json",
        "invalid-utf8.yaml",
        "not-a-spec.html",
        "empty.json",
        "bomb.zip",
        "slip.zip",
    ):
        assert not found[name]["ok"], name
    for name in (
        "yaml-norway.yaml",
        "remote-ref.json",
        "remote-example.json",
        "recursive-schema.json",
        "ref-loop.json",
        "ref-bomb.json",
        "wide.json",
        "redos.json",
        "template-injection.json",
        "header-injection.json",
        "internal-servers.json",
        "internal-oauth.json",
        "path-traversal.json",
        "duplicate-operations.json",
        "wrong-types.json",
        "duplicate-keys.json",
        "utf16.json",
    ):
        assert found[name]["ok"], (name, found[name])
    assert not Path("/tmp/pwned-by-yaml").exists()


def test_norway_keeps_its_text(upstream: str) -> None:
    manifest = import_document(fetched(f"{upstream}/poison/yaml-norway.yaml"))
    assert manifest.source is not UNSET and manifest.source.version == "3.10"
    (one,) = manifest.blocks[0].inputs
    assert one.name == "no"
    assert one.choices == ["no", "yes", "on", "off", "012", "1e3", "2020-01-01", "12:30:45"]


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, one in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(one, (*at, key))


SMALL = spec(
    {
        "/things": {
            "parameters": [{"name": "X-Tenant", "in": "header", "schema": {"type": "string"}}],
            "get": op(
                obj(data=many({"$ref": "#/components/schemas/Thing"}), next_cursor="string"),
                id="listThings",
                query=["cursor", param("limit", "integer"), param("updated_since")],
            ),
            "post": op(
                {"$ref": "#/components/schemas/Thing"},
                id="createThing",
                body={"allOf": [{"$ref": "#/components/schemas/Thing"}, {"required": ["name"]}]},
            ),
        },
        "/things/{id}": {
            "get": op({"$ref": "#/components/schemas/Thing"}, headers={"Link": "next"}),
            "delete": op(status="204"),
        },
        "/webhooks": {"post": {**op(body=obj(url="string")), "callbacks": {"c": {"{$url}": {"post": op(body=THING)}}}}},
    },
    security=[{"k": []}],
    webhooks={"thing.created": {"post": op(body={"$ref": "#/components/schemas/Thing"})}},
    tags=[{"name": "things", "description": "x"}],
)
SMALL["components"]["securitySchemes"] = {
    "k": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "o": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"a": "b"}}}},
}
PLACES = list(places(SMALL))[1:]


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), ANY | st.sampled_from(["delete", "rename"])), min_size=1, max_size=6)
)
def test_a_mangled_document_is_imported_or_refused_clearly(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = json.loads(json.dumps(SMALL))
    for place, value in changes:
        node = document
        try:
            for key in place[:-1]:
                node = node[key]
            if value == "delete":
                del node[place[-1]]
            elif value == "rename" and isinstance(node, dict):
                node["x" + str(place[-1])] = node.pop(place[-1])
            else:
                node[place[-1]] = deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    survives(document)


@settings(max_examples=150)
@given(st.integers(0, 10**9), st.binary(min_size=1, max_size=3), st.integers(0, 60))
def test_damaged_bytes_are_imported_or_refused_clearly(at: int, junk: bytes, cut: int) -> None:
    data = json.dumps(SMALL).encode()
    at %= len(data)
    found = report(data[:at] + junk + data[at + cut :])
    assert found["ok"] or found["error"]["detail"]
