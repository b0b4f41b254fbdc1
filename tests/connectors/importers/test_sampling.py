from __future__ import annotations

from typing import Any

import pytest

from tieline.connectors.importers.sampling import schema_of


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], {}),
        ([None], {}),
        ([1], {"type": "integer"}),
        ([1, 2.5], {"type": "number"}),
        ([True], {"type": "boolean"}),
        (["a", None], {"type": ["string", "null"]}),
        (["a", 1], {"type": ["string", "integer"]}),
        ([[]], {"type": "array"}),
        ([[1], [2, "x"]], {"type": "array", "items": {"type": ["integer", "string"]}}),
        (["2024-01-02T03:04:05Z"], {"type": "string", "format": "date-time"}),
        (["2024-01-02 03:04:05"], {"type": "string", "format": "date-time"}),
        (["2024-01-02", ""], {"type": "string", "format": "date"}),
        (["2024-01-02", "soon"], {"type": "string"}),
        (["ann@example.com"], {"type": "string", "format": "email"}),
        (["https://x.example/a"], {"type": "string", "format": "uri"}),
        (["3fa85f64-5717-4562-b3fc-2c963f66afa6"], {"type": "string", "format": "uuid"}),
        (["<integer>", 7], {"type": "integer"}),
        (["<dateTime>"], {"type": "string", "format": "date-time"}),
        (["<whatever>"], {"type": "string"}),
    ],
)
def test_one_value(samples: list[Any], expected: Any) -> None:
    assert schema_of(samples) == expected


def test_members_of_all_samples_are_joined() -> None:
    assert schema_of([{"a": 1}, {"a": None, "b": [{"c": "x"}]}, {"b": [{"d": True}]}]) == {
        "type": "object",
        "properties": {
            "a": {"type": ["integer", "null"]},
            "b": {
                "type": "array",
                "items": {"type": "object", "properties": {"c": {"type": "string"}, "d": {"type": "boolean"}}},
            },
        },
    }


def test_examples_are_picked_by_the_caller() -> None:
    found = schema_of([{"a": "x", "secret": "y"}], lambda name, value: value if name == "a" else None)
    assert found["properties"] == {"a": {"type": "string", "example": "x"}, "secret": {"type": "string"}}


def test_depth_and_width_and_work_are_bounded() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = {"a": deep}
    assert str(schema_of([deep])).count("properties") < 20
    assert len(schema_of([{str(number): 1 for number in range(10_000)}])["properties"]) == 500
    wide = [[[[number] * 100 for number in range(100)] for _ in range(100)] for _ in range(100)]
    assert schema_of([wide])["type"] == "array"
