"""The SCIM filter grammar (RFC 7644 section 3.4.2.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.core.errors import BadInput
from tieline.core.filters import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    Attribute,
    BadFilter,
    Both,
    Comparison,
    Either,
    Negation,
    Node,
    Present,
    parse,
)

ATTRIBUTES = {
    "name": Attribute(),
    "ownerId": Attribute(exact=True),
    "size": Attribute("number"),
    "billable": Attribute("boolean"),
    "startTime": Attribute("moment"),
    "date": Attribute("day"),
}


def term(value: str) -> Comparison:
    return Comparison("name", "eq", value)


@pytest.mark.parametrize(
    "text, tree",
    [
        ('name eq "x"', term("x")),
        ('NAME EQ "x"', term("x")),
        ('  name   eq   "x"  ', term("x")),
        ('name eq "a \\"quoted\\" \\u00e9 word"', term('a "quoted" é word')),
        ('name eq "and or not ( )"', term("and or not ( )")),
        ("name pr", Present("name")),
        ("name eq null", Comparison("name", "eq", None)),
        ("billable eq true", Comparison("billable", "eq", True)),
        ("billable ne False", Comparison("billable", "ne", False)),
        ("size ge 10", Comparison("size", "ge", 10)),
        ("size lt -1.5e3", Comparison("size", "lt", -1500.0)),
        ('startTime gt "2026-01-31T12:00:00Z"', Comparison("startTime", "gt", datetime(2026, 1, 31, 12, tzinfo=UTC))),
        ('startTime gt "2026-01-31"', Comparison("startTime", "gt", datetime(2026, 1, 31, tzinfo=UTC))),
        ('date le "2025-08-12"', Comparison("date", "le", date(2025, 8, 12))),
        ('date le "2025-08-12T10:00:00Z"', Comparison("date", "le", date(2025, 8, 12))),
        ('name eq "a" and name eq "b" or name eq "c"', Either((Both((term("a"), term("b"))), term("c")))),
        ('name eq "a" and (name eq "b" or name eq "c")', Both((term("a"), Either((term("b"), term("c")))))),
        ('not (name eq "a") and name eq "b"', Both((Negation(term("a")), term("b")))),
        ("not(name pr)", Negation(Present("name"))),
    ],
)
def test_reads_what_the_rfc_allows(text: str, tree: Node) -> None:
    assert parse(text, ATTRIBUTES) == tree


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "empty"),
        ("   ", "empty"),
        ("name", "operator for name"),
        ("name eq", "value for name"),
        ("name eq x", "double quotes"),
        ("name eq 'x'", "double quotes"),
        ('name is "x"', "operator was expected"),
        ('password eq "x"', "allowed are name, ownerId"),
        ('name eq "x" name eq "y"', "and, or, or its end"),
        ('name eq "x" and', "attribute was expected"),
        ('(name eq "x"', "never closed"),
        ('name eq "x")', "its end was expected"),
        ('not name eq "x"', "cannot be filtered on"),
        ('name eq "x', "character 9"),
        ('name eq "\\q"', "escape"),
        ('name eq "\\ud800"', "escape"),
        ('name eq "\\u0000"', "NUL"),
        ('name eq "a\0b"', "character"),
        ("name eq 5", "no text"),
        ('size eq "5"', "no number"),
        ("size eq true", "no number"),
        ("size eq " + "9" * 4000, "too large"),
        ("size eq 1e400", "too large"),
        ("size co 5", "only knows eq, ne, gt"),
        ("size gt null", "only eq and ne"),
        ('billable eq "true"', "neither true nor false"),
        ('startTime gt "yesterday"', "no time"),
        ('startTime gt "0001-01-01T00:00:00+23:59"', "no time"),
        ('date eq "2025-13-01"', "no day"),
        ('emails[type eq "work"]', "character 7"),
        ("\ud800", "character 1"),
        ("x" * (MAX_LENGTH + 1), "longer than"),
        ("(" * (MAX_DEPTH + 1) + "name pr" + ")" * (MAX_DEPTH + 1), "nests deeper"),
        (" or ".join(["name pr"] * (MAX_TERMS + 1)), "more than 50"),
    ],
)
def test_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(BadFilter) as caught:
        parse(text, ATTRIBUTES)
    assert says in caught.value.detail
    assert caught.value.parameter == "filter"
    assert caught.value.status == 400


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    _read_or_refuse(text)


WORDS = [
    "name",
    "size",
    "startTime",
    "billable",
    "eq",
    "co",
    "gt",
    "pr",
    "and",
    "or",
    "not",
    "(",
    ")",
    "5",
    "-",
    "1e9",
    "null",
    "true",
    "\\",
    "[",
    "]",
    "é",
    ".",
    "$",
    '"',
    '"x"',
    '"2026-01-01"',
]
PIECES = st.sampled_from([*WORDS, "\0", "\u2028", '"\\u00', " "])


@given(st.lists(PIECES, max_size=30), st.sampled_from([" ", ""]))
def test_any_jumble_of_pieces_is_read_or_refused(pieces: list[str], blank: str) -> None:
    _read_or_refuse(blank.join(pieces))


def _read_or_refuse(text: str) -> None:
    try:
        parse(text, ATTRIBUTES)
    except BadInput as error:
        error.detail.encode()


NODES = st.recursive(
    st.builds(Present, st.sampled_from(list(ATTRIBUTES)))
    | st.builds(term, st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    | st.builds(lambda n: Comparison("size", "ge", n), st.integers(-(2**62), 2**62)),
    lambda inner: (
        st.builds(Negation, inner)
        | st.builds(lambda a, b: Both((a, b)), inner, inner)
        | st.builds(lambda a, b: Either((a, b)), inner, inner)
    ),
    max_leaves=12,
)


def _written(node: Node) -> str:
    import json

    match node:
        case Present(name):
            return f"{name} pr"
        case Comparison(name, operator, value):
            return f"{name} {operator} {json.dumps(value)}"
        case Both(parts):
            return " and ".join(f"({_written(part)})" for part in parts)
        case Either(parts):
            return " or ".join(f"({_written(part)})" for part in parts)
        case Negation(part):
            return f"not ({_written(part)})"


@given(NODES)
def test_what_is_written_reads_back_the_same(node: Node) -> None:
    text = _written(node)
    if len(text) <= MAX_LENGTH:
        assert parse(text, ATTRIBUTES) == node
