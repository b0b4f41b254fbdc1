"""Collections that a tool has mangled or somebody means ill with: a clear error or a notice, never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.connectors.importers.test_postman import V21, collection, request, variables
from tieline.connectors.importers import import_document, report

pytestmark = pytest.mark.battery

FULL: Any = {
    "info": {"name": "x", "schema": V21, "version": {"major": 1}, "description": {"content": "d"}},
    "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "x"}]},
    "variable": [{"key": "b", "value": "https://a.example"}],
    "event": [{"listen": "test", "script": {"exec": ["x"]}}],
    "item": [
        {
            "name": "f",
            "item": [
                {
                    "name": "r",
                    "request": {
                        "method": "POST",
                        "auth": {
                            "type": "oauth2",
                            "oauth2": [
                                {"key": "grant_type", "value": "client_credentials"},
                                {"key": "tokenRequestParams", "value": [{"key": "a", "value": "b"}]},
                            ],
                        },
                        "description": {"content": "c"},
                        "url": {
                            "raw": "{{b}}/x/:id?q=1",
                            "host": ["{{b}}"],
                            "path": ["x", ":id"],
                            "query": [{"key": "q", "value": "1"}],
                            "variable": [{"key": "id", "value": "3"}],
                        },
                        "header": [{"key": "A", "value": "b"}],
                        "body": {"mode": "raw", "raw": '{"a":{{b}}}', "options": {"raw": {"language": "json"}}},
                    },
                    "response": [
                        {
                            "name": "n",
                            "code": 200,
                            "header": [{"key": "Link", "value": "x"}],
                            "body": '{"data":[{"id":1}]}',
                        }
                    ],
                },
                {
                    "name": "u",
                    "request": {
                        "method": "PUT",
                        "url": "{{b}}/y",
                        "body": {"mode": "formdata", "formdata": [{"key": "k", "type": "file"}]},
                    },
                },
                {
                    "name": "g",
                    "request": {
                        "method": "POST",
                        "url": "{{b}}/graphql",
                        "body": {"mode": "graphql", "graphql": {"query": "query Q{x}", "variables": '{"a":1}'}},
                    },
                },
            ],
        }
    ],
}
WRONG: list[Any] = [
    *(
        None,
        3,
        -1.5,
        True,
        "x",
        "{{",
        "{{x}}",
        "{{b}}{{b}}",
        "",
        [],
        {},
        [None],
        [[]],
        [{}],
        {"x": None},
        {"key": None},
    ),
    *("\u202e\ufeff\U0001f600", "a" * 5000, "://", "http://[", {"item": []}, {"content": 3}, [{"key": "k"}] * 3),
]


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, one in entries:
        yield from places(one, (*at, key))


@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
def test_any_value_in_any_place(value: Any) -> None:
    for place in places(FULL):
        document = copy.deepcopy(FULL)
        node = document
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = value
        found = report(json.dumps(document).encode())
        assert found["ok"] or found["error"]["detail"], place


def test_folders_10_000_deep_give_one_clear_error() -> None:
    head = json.dumps({"info": {"name": "x", "schema": V21}})[:-1].encode()
    data = head + b', "item":' + b'[{"name":"f","item":' * 10_000 + b"[]" + b"}]" * 10_000 + b"}"
    found = report(data)
    assert (found["ok"], found["error"]["code"]) == (False, "document-too-large")


def test_folders_200_deep_are_fine() -> None:
    item = request("https://a.example/x")
    for _ in range(200):
        item = {"name": "f", "item": [item]}
    assert [one.path for one in import_document(json.dumps(collection(item)).encode()).blocks] == ["/x"]


def test_more_requests_than_a_connector_may_have() -> None:
    items = [request(f"https://a.example/x{number}") for number in range(25_000)]
    manifest = import_document(json.dumps(collection(*items)).encode())
    assert len(manifest.blocks) == 20_000
    assert "too-many-operations" in [one.code for one in manifest.warnings]


@pytest.mark.parametrize(
    "values",
    [
        {"a": "{{b}}", "b": "{{a}}"},
        {"a": "{{a}}"},
        {"a": "{{b}}" * 400, "b": "{{c}}" * 400, "c": "{{d}}" * 400, "d": "y" * 1999},
    ],
    ids=["circle", "itself", "explosion"],
)
def test_variables_that_never_end(values: dict[str, str]) -> None:
    raw = json.dumps({"x": "{{a}}", "y": "{{a}} and {{b}}"})
    url = "{{a}}/x/{{a}}/{{b}}.json?q={{a}}"
    item = request(url, "POST", header=variables(H="{{a}}"), body={"mode": "raw", "raw": raw})
    found = report(json.dumps(collection(item, variable=variables(**values))).encode())
    assert found["ok"] or found["error"]["detail"]


@pytest.mark.parametrize("url", ["", None, {}, [], 7, {"raw": None}, {"host": []}, {"host": [None], "path": [None]}])
def test_a_request_without_an_address_is_left_out(url: Any) -> None:
    found = report(json.dumps(collection(request(url), request("https://a.example/x"))).encode())
    assert found["ok"] and sum(found["blocks"].values()) == 1


def test_bodies_that_are_no_json_are_said() -> None:
    item = request("https://a.example/x", "POST", body={"mode": "raw", "raw": '{"a": "\n', "options": {}})
    manifest = import_document(json.dumps(collection(item)).encode())
    assert "unreadable-example" in [one.code for one in manifest.warnings]
    assert [(one.location, one.type) for one in manifest.blocks[0].inputs] == [("body", "object")]
