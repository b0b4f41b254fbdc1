from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.connectors.importers.support import is_clear
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.model import Notice
from tieline.connectors.manifest.yamlread import read_yaml

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc :-#?é1", max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "012",
        "0x1F",
        "0o17",
        "1e3",
        "1_000",
        "3.10",
        "2020-01-01",
        "12:30:45",
        "=",
        "<<",
        "2020-01-01T00:00:00Z",
        ".inf",
        ".nan",
        "+1",
        "1.",
        ".5",
        "TrUe",
    ],
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert read_yaml(f"value: {text}") == {"value": text}
    assert read_yaml(f"- {text}") == [text]


@pytest.mark.parametrize(
    "text, value",
    [
        ("1", 1),
        ("-7", -7),
        ("0", 0),
        ("1.5", 1.5),
        ("3.0", 3.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
    ],
)
def test_numbers_booleans_and_null_as_json_writes_them(text: str, value: object) -> None:
    assert read_yaml(f"value: {text}") == {"value": value}


@pytest.mark.parametrize("key", ["200", "3.10", "no", "null", "true", "2020-01-01", "~"])
def test_keys_are_always_text(key: str) -> None:
    assert read_yaml(f"{key}: a") == {key: "a"}


def test_a_quoted_scalar_and_a_tagged_string_stay_text() -> None:
    assert read_yaml("a: '1'\nb: \"true\"\nc: !!str 3\nd: !!int 3") == {"a": "1", "b": "true", "c": "3", "d": 3}


def test_aliases_and_merge_keys() -> None:
    text = "base: &b {x: 1, y: 2}\none: *b\ntwo: {<<: *b, y: 3}\nthree: {<<: [*b, {z: 9}]}"
    assert read_yaml(text) == {
        "base": {"x": 1, "y": 2},
        "one": {"x": 1, "y": 2},
        "two": {"x": 1, "y": 3},
        "three": {"x": 1, "y": 2, "z": 9},
    }


def test_a_field_given_twice_is_reported_and_the_last_one_counts() -> None:
    notices: list[Notice] = []
    assert read_yaml("a: 1\nb: 2\na: 3", notices) == {"a": 3, "b": 2}
    assert [(one.code, "line 3" in one.message) for one in notices] == [("duplicate-key", True)]


def test_only_the_first_of_several_documents_is_read_and_that_is_said() -> None:
    notices: list[Notice] = []
    assert read_yaml("---\n---\na: 1\n---\nb: 2\n", notices) == {"a": 1}
    assert [one.code for one in notices] == ["more-documents"]


def test_an_empty_document_is_nothing() -> None:
    assert read_yaml("") is None
    assert read_yaml("# only a comment\n") is None


def test_tabs_on_empty_lines_are_left_out() -> None:
    notices: list[Notice] = []
    assert read_yaml("a: |-\n  \t\n  text\nb: 1\n", notices) == {"a": "\ntext", "b": 1}
    assert [one.code for one in notices] == ["repaired"]


@pytest.mark.parametrize(
    "text, part, line",
    [
        ("a: 1\nb\nc: 2", "could not find expected ':'", 3),
        ("a: [1, 2", "did not find expected", 2),
        ("a: !!python/object/apply:os.system ['id']", "not plain data", 1),
        ("a: !Ref x", "not plain data", 1),
        ("? [1, 2]\n: x", "cannot be the name", 1),
        ("a: *nobody", "", 1),
        ("a: &a\n  b: *a", "inside its own anchor", 2),
        ("<<: 3\n<<: [1]", "merge key", 3),
        ("a: \x07", "", None),
        ('a: "\\q"', "", 1),
    ],
)
def test_what_cannot_be_read_says_where(text: str, part: str, line: int | None) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_yaml(text)
    assert part in caught.value.detail
    if line is not None:
        assert caught.value.line == line


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join(f'*a{i - 1}' for _ in range(10))}]" for i in range(1, 12)]
    with pytest.raises(DocumentTooLarge, match="aliases stand for more than"):
        read_yaml("\n".join(lines))


def test_a_merge_bomb_is_refused() -> None:
    wide = "a: &a {" + ", ".join(f"k{i}: 1" for i in range(2000)) + "}\n"
    merges = "\n".join(f"m{i}: {{<<: *a}}" for i in range(2000))
    with pytest.raises(DocumentTooLarge):
        read_yaml(wide + merges)


@pytest.mark.parametrize("text", ["[" * 10_000, "{a: " * 10_000, "- " * 10_000 + "x"])
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDocument):
        read_yaml(text)


def test_a_number_of_thousands_of_digits_stays_text() -> None:
    assert read_yaml("a: " + "9" * 5000) == {"a": "9" * 5000}


@given(plain)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    assert read_yaml(yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True)) == value


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_gives_data_or_a_clear_error(text: str) -> None:
    try:
        read_yaml(text)
    except UnreadableDocument as error:
        is_clear(error)
