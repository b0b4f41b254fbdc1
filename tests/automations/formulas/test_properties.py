"""What holds for every text and every value."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieline.automations.formulas import (
    FUNCTIONS,
    Env,
    FormulaError,
    FormulaSyntaxError,
    compile_json,
    compile_value,
    preview,
)
from tieline.automations.formulas.moments import parse_moment

NOW = datetime(2024, 5, 15, 10, 30, tzinfo=UTC)
PIECES = (
    "{ } {$. $. {$.a} a b . .. [ ] [0] [*] [?( @. == ' \" ` \\ , : ( ) uppercase: {uppercase: {if: {map: {date: "
    '{linebreak} = != > empty contain null 1 -2.5 {"k": && || !'
).split()
PIECES.append(" ")
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
    max_leaves=12,
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


def syntax_error(text: str) -> FormulaSyntaxError | None:
    try:
        compile_value(text)
    except FormulaSyntaxError as error:
        return error
    return None


@settings(max_examples=300)
@given(texts)
def test_reading_a_text_fails_only_with_a_syntax_error(text: str) -> None:
    error = syntax_error(text)
    if error is not None:
        assert error.position is not None
        assert 0 <= error.position <= len(text)


@settings(max_examples=200)
@given(texts, values)
def test_computing_fails_only_with_a_typed_error(text: str, value: Any) -> None:
    answer = preview(text, {"a": value, "b": [value, value]})
    assert set(answer) in ({"value"}, {"error"})


@given(st.text(alphabet=st.characters(exclude_characters="{")))
def test_text_without_an_opening_brace_is_itself(text: str) -> None:
    assert compile_value(text).evaluate({}) == text


@settings(max_examples=100)
@given(json_values)
def test_data_with_braces_passes_unchanged(value: Any) -> None:
    passed = value
    for formula in [
        "{$.a}",
        "{default: {$.a}, {$.a}}",
        "{first: {list: {$.a}}}",
        "{getvalue: {object: 'k', {$.a}, 'l', 1}, 'k'}",
    ]:
        wanted = passed
        passed = compile_value(formula).evaluate({"a": passed})
        if wanted not in (None, "", [], {}):
            assert passed == wanted
    assert compile_json({"x": ["{$.a}"]}).evaluate({"a": value}) == {"x": [value]}


@given(texts)
def test_data_inside_text_is_put_in_as_it_is(text: str) -> None:
    assert compile_value("<{$.a}>").evaluate({"a": text}) == f"<{text}>"
    assert compile_value("{concat: '<', {$.a}, '>'}").evaluate({"a": text}) == f"<{text}>"


def unforeseen(text: str, data: dict[str, Any], env: Env) -> BaseException | None:
    """The exception inside a function that nobody foresaw, when there was one."""
    try:
        compile_value(text).evaluate(data, env)
    except FormulaError as error:
        return error.__cause__
    return None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_takes_anything_and_fails_only_with_a_typed_error(name: str) -> None:
    function = FUNCTIONS[name]
    most = function.max_arguments if function.max_arguments is not None else function.min_arguments + 2

    @settings(max_examples=int(os.environ.get("TIELINE_TEST_EXAMPLES", "8")))
    @given(st.lists(values, min_size=function.min_arguments, max_size=most), st.integers(0, 9))
    def check(arguments: list[Any], seed: int) -> None:
        names = [f"a{i}" for i in range(len(arguments))]
        text = f"{{{name}: {', '.join('$.' + n for n in names)}}}"
        env = Env(now=lambda: NOW, random=random.Random(seed))
        cause = unforeseen(text, dict(zip(names, arguments, strict=True)), env)
        assert cause is None or function.group == "date", f"{name}{arguments!r}: {cause!r}"

    check()


WORDS = (
    "now today tomorrow first last next day of monday friday week month year + - 1 2024 may 15 10:30 : / . T Z ago "
    "weekdays"
).split()


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)))
def test_reading_a_date_fails_only_with_a_typed_error(text: str) -> None:
    try:
        moment = parse_moment(text, NOW, UTC)
    except FormulaError:
        return
    assert moment.tzinfo is not None
