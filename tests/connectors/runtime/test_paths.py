"""``$``-paths."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.paths import MISSING, PathError

BODY: dict[str, Any] = {
    "a": {"b": [{"c": 1}, {"c": 2}, {}], "null": None},
    "@odata.nextLink": "next",
    "first name": "Ada",
    "x.y": 3,
    "it's": 4,
    "rows": {"1": {"id": 1}, "2": {"id": 2}},
    "0": "zero",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", BODY),
        ("", BODY),
        ("$.a.b[0].c", 1),
        ("a.b[1].c", 2),
        ("$.a.b[-1]", {}),
        ("$.a.b[9]", MISSING),
        ("$.a.null", None),
        ("$.a.null.x", MISSING),
        ("$.a.nope", MISSING),
        ("$.@odata.nextLink", "next"),
        ("$['@odata.nextLink']", "next"),
        ('$["first name"]', "Ada"),
        ("$.first name", "Ada"),
        ("$['x.y']", 3),
        ("$['it\\'s']", 4),
        ("$.a.b[*].c", [1, 2]),
        ("$.rows.*", [{"id": 1}, {"id": 2}]),
        ("$.rows[*].id", [1, 2]),
        ("$.a.b.*.c", [1, 2]),
        ("$.nope[*]", MISSING),
        ("$.a.null[*]", None),
        ("$.0", "zero"),
        ("$[0]", MISSING),
    ],
)
def test_get(path: str, found: Any) -> None:
    assert paths.get(BODY, path) == found


@pytest.mark.parametrize(
    "path", ["$.", "$..a", "$.a[", "$.a[x]", "$.a]", "$['a", "$.a b[", "$[1.5]", "[", "$.a.", "x" * 1001]
)
def test_what_is_no_path_says_where(path: str) -> None:
    with pytest.raises(PathError, match="path"):
        paths.get(BODY, path)


@pytest.mark.parametrize("body", [None, 1, "text", [], {}, [None], True])
def test_any_body_will_do(body: Any) -> None:
    assert paths.get(body, "$.a.b[0]") is MISSING


@given(st.lists(st.one_of(st.text(max_size=8), st.integers(-99, 99), st.none()), max_size=6))
def test_render_is_the_inverse_of_parse(steps: list[Any]) -> None:
    assert paths.parse(paths.render(steps)) == tuple(steps)


@given(st.text(max_size=40))
def test_no_text_does_harm(text: str) -> None:
    with contextlib.suppress(PathError):
        paths.get(BODY, text)


def test_put_makes_objects_on_the_way_and_nothing_else() -> None:
    body: dict[str, Any] = {"list": [1]}
    paths.put(body, "$.a.b", 1)
    paths.put(body, "$.list[0]", 2)
    assert body == {"a": {"b": 1}, "list": [2]}
    for wrong in ("$", "$.list[5]", "$.list.x", "$.a[*]", "$.new[0].x"):
        with pytest.raises(PathError):
            paths.put(body, wrong, 1)
