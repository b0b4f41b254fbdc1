"""Label files of all sorts say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tieline.connectors.evaluation import Label, PagingLabel, read_labels
from tieline.connectors.evaluation.vocabulary import kind_of, place, style_of
from tieline.core.errors import BadInput

PAGED = PagingLabel("page", (("param", "page"), ("size_param", "per_page")))
WANTED = Label(
    method="GET", path="/things", kinds=("list",), paging=(PAGED,), records=("$.data.items",), webhook="none"
)
PAGING = {"style": "page", "param": "page", "size_param": "per_page"}
SHAPES: dict[str, Any] = {
    "documents by name": {
        "documents": {
            "api.json": {
                "operations": {"GET /things": {"kind": "list", "paging": PAGING, "records": "$.data.items"}},
            }
        }
    },
    "a list of documents": [
        {
            "file": "api.json",
            "operations": [
                {"method": "get", "path": "/things", "kind": "list", "paging": PAGING, "record_path": "data.items"}
            ],
        }
    ],
    "a flat list": {
        "labels": [
            {
                "document": "api.json",
                "method": "GET",
                "path": "/things",
                "expected_kind": "LIST",
                "paging": {"type": "pageNumber", "page_param": "page", "limit_param": "per_page"},
                "recordPath": "/data/items",
            }
        ]
    },
    "paths and methods": {
        "api.json": {"/things": {"get": {"kind": "list", "pagination": PAGING, "items_path": "$.data.items[*]"}}}
    },
    "fields of paging beside the others": {
        "api.json": [
            {
                "operation": "GET /things",
                "kind": "index",
                "paged": True,
                "paging_style": "page",
                "paging_param": "page",
                "page_size_param": "per_page",
                "records": ["data", "items"],
            }
        ]
    },
}


def written(folder: Path, data: Any, name: str = "labels.json") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_and_names_of_keys(shape: str, tmp_path: Path) -> None:
    found = read_labels(written(tmp_path, SHAPES[shape]))
    (label,) = found.documents["api.json"]
    assert label == Label(**{**_fields(WANTED), "origin": "labels.json"})
    assert not found.notes


def _fields(label: Label) -> dict[str, Any]:
    return {name: getattr(label, name) for name in label.__slots__}


def test_yaml_in_short_and_alternatives(tmp_path: Path) -> None:
    text = (
        "api.json:\n  GET /a: [list, cursor, $.items]\n  DELETE /a/{id}: delete\n"
        "  POST /a: {kind: [create, action]}\n  GET /b: {kind: list, paging: [link_header, {style: page, param: p}]}\n"
    )
    found = read_labels(written(tmp_path, text, "labels.yaml")).documents["api.json"]
    assert [one.kinds for one in found] == [("list",), ("delete",), ("create", "action"), ("list",)]
    assert [one.paging for one in found] == [
        (PagingLabel("cursor"),),
        (),
        (),
        (PagingLabel("link_header"), PagingLabel("page", (("param", "p"),))),
    ]


def test_json_lines_and_a_folder(tmp_path: Path) -> None:
    written(tmp_path, '{"document":"a.json","method":"GET","path":"/x","kind":"get"}\n\n', "one.jsonl")
    written(tmp_path, {"operations": [{"method": "POST", "path": "/y", "kind": "webhook_subscribe"}]}, "b.json")
    written(tmp_path, {"openapi": "3.1.0", "paths": {"/z": {"get": {}}}}, "a.json")
    found = read_labels(tmp_path).documents
    assert {name: [one.shown for one in labels] for name, labels in found.items()} == {
        "a.json": ["GET /x"],
        "b": ["POST /y"],
    }
    assert found["b"][0].webhook == "subscribe"


def test_what_is_not_known_is_noted_and_ignored(tmp_path: Path) -> None:
    data = [
        {"document": "a", "method": "GET", "path": "/x", "kind": "gizmo", "colour": "red", "paging": {"style": "odd"}},
        {"document": "a", "kind": "get"},
        "nonsense",
    ]
    found = read_labels(written(tmp_path, data))
    (label,) = found.documents["a"]
    assert label.kinds is None
    assert label.paging == (PagingLabel(),)
    told = " ".join(found.notes)
    assert "'gizmo'" in told
    assert "'colour'" in told
    assert "'odd'" in told


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("a.json", "{", "neither JSON nor YAML"),
        ("a.jsonl", "{}\n{", "line 2"),
        ("a.yaml", "- 1\n- 2\n", "no labels"),
        ("a.json", "[]", "no labels"),
        ("a.json", "[" * 200 + "]" * 200, "no labels"),
        ("a.json", "[" * 100_000 + "]" * 100_000, "too deep"),
        ("a.json", '{"a":' * 50_000 + "1" + "}" * 50_000, "too deep"),
        ("a.jsonl", "[" * 100_000, "line 1"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(name: str, content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        read_labels(written(tmp_path, content, name))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_labels(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "value, found",
    [
        ("$", "$"),
        ("[]", "$"),
        ("data", "$.data"),
        ("$.data[*]", "$.data"),
        ("/a~1b/c", "$['a/b'].c"),
        ("$['odata.value']", "$['odata.value']"),
        ("data[].rows[]", "$.data[*].rows"),
        (["data", 0, "rows"], "$.data[*].rows"),
        ("$[", None),
        (7, None),
    ],
)
def test_places(value: Any, found: str | None) -> None:
    assert place(value) == found


def test_words() -> None:
    assert [kind_of(word) for word in ("Get-By", "upsert", "webhookAdd", "?", None)] == [
        "get_by",
        "update",
        "webhook_add",
        None,
        None,
    ]
    assert [style_of(word) for word in ("nextLink", "Link Header", "limit_offset", "since_id", "huh")] == [
        "next_url",
        "link_header",
        "offset",
        "keyset",
        None,
    ]
