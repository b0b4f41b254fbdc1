"""The sort grammar."""

from __future__ import annotations

import pytest

from tieline.core.sorting import BadSort, Sort, parse

FIELDS = ("id", "name", "createdAt")


@pytest.mark.parametrize(
    "text, sort",
    [
        ("name", Sort("name")),
        ("+name", Sort("name")),
        (" name", Sort("name")),  # a plus sign that was not encoded
        ("-createdAt", Sort("createdAt", descending=True)),
    ],
)
def test_reads(text: str, sort: Sort) -> None:
    assert parse(text, FIELDS) == sort
    assert parse(str(sort), FIELDS) == sort


@pytest.mark.parametrize("text", ["", "+", "--name", "Name", "owner", "name,id", "name desc", "\0", "x" * 9999])
def test_refuses_and_names_what_is_allowed(text: str) -> None:
    with pytest.raises(BadSort, match="allowed are id, name, createdAt") as caught:
        parse(text, FIELDS)
    assert caught.value.parameter == "sort"
    assert len(caught.value.detail) < 200
