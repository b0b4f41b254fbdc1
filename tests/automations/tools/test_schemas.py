"""Schemas that agents see, and what is held against them."""

from __future__ import annotations

from typing import Any

import pytest

from tieline.automations.tools.schemas import MOST_NODES, MOST_PROBLEMS, Reader, problems

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 5},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "note": {"type": ["string", "null"]},
        "any": {},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Ada"},
        {"name": "Ada", "age": 3.0, "kind": "b", "tags": ["x"], "note": None, "any": {"deep": [1]}},
    ],
    ids=["least", "all"],
)
def test_what_fits(value: Any) -> None:
    assert problems(PERSON, value) == []


@pytest.mark.parametrize(
    "value, at",
    [
        (5, ""),
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "Lovelace"}, "/name"),
        ({"name": "A", "age": True}, "/age"),
        ({"name": "A", "age": "3"}, "/age"),
        ({"name": "A", "age": 3.5}, "/age"),
        ({"name": "A", "age": -1}, "/age"),
        ({"name": "A", "age": 10**400}, "/age"),
        ({"name": "A", "kind": "c"}, "/kind"),
        ({"name": "A", "tags": ["a", 1]}, "/tags/1"),
        ({"name": "A", "tags": ["a", "b", "c"]}, "/tags"),
        ({"name": "A", "a/b~": 1}, "/a~1b~0"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_does_not_fit_is_named(value: Any, at: str) -> None:
    assert [place for place, _ in problems(PERSON, value)] == [at]


def test_problems_are_bounded() -> None:
    assert len(problems({"type": "array", "items": {"type": "string"}}, [1] * 1000)) == MOST_PROBLEMS


def test_circles_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/schemas/Node"}, "other": {"$ref": "#/schemas/Node"}}}
    read = Reader({"Node": node}).read({"$ref": "#/schemas/Node"})
    assert str(read).count("next") <= MOST_NODES
    assert "$ref" not in str(read)


@pytest.mark.parametrize(
    "schema, kept",
    [
        (None, {}),
        ([], {}),
        ({"type": "string", "pattern": "(a+)+$", "format": "uri", "x-more": 1}, {"type": "string"}),
        ({"$ref": "https://evil.example/schema"}, {}),
        ({"type": "strange"}, {}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["fine", "hid\u200bden"]}, {"type": "string"}),
        ({"type": "string", "minLength": "5", "enum": []}, {"type": "string"}),
        ({"properties": {"a\u202eb": {"type": "string"}}}, {"properties": {}}),
        (
            {"properties": {"id": {"readOnly": True}, "a": 5}, "required": ["id", "a"]},
            {"properties": {"a": {}}, "required": ["a"]},
        ),
        ({"description": "a\u0000\nb"}, {"description": "a b"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_kept_of_a_documents_schema(schema: Any, kept: Any) -> None:
    assert Reader({}).read(schema) == kept
