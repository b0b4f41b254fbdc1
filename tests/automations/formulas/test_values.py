"""How values become text, numbers, lists and objects in formulas."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tieline.automations.formulas import Env, FormulaError, FormulaLimit, FormulaValueError, compile_value, text_of


@pytest.mark.parametrize(
    "value, text",
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-5, "-5"),
        (5.0, "5"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e14, "100000000000000"),
        (1e20, "1e+20"),
        (2**70, "1.18059162071741e+21"),
        ("é", "é"),
        ([], "[]"),
        ({}, "{}"),
        ([1, "a", None, True, {"k": [2.5]}], '[1,"a",null,true,{"k":[2.5]}]'),
        ("/", "/"),
        ({"é": "/"}, '{"é":"/"}'),
        (Decimal("1.50"), "1.50"),
        (date(2024, 5, 15), "2024-05-15"),
        (datetime(2024, 5, 15, tzinfo=UTC), "2024-05-15T00:00:00+00:00"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (b"caf\xc3\xa9\xff", "café�"),
        ((1, 2), "[1,2]"),
    ],
)
def test_a_value_as_text(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("{add: {$.none}, 1}", 1),
        ("{add: '', ' 2 '}", 2),
        ("{add: true, '1e2'}", 101),
        ("{add: '.5', '5.'}", 5.5),
        ("{add: 0.1, 0.2}", 0.3),
        ("{multiply: 1.1, 3}", 3.3),
        ("{divide: 10, 2}", 5),
        ("{divide: 9007199254740993, 3}", 3002399751580331),
        ("{subtract: 5.5, 0.5}", 5),
        ("{sum: {$.mixed}}", 6),
        ("{add: 9223372036854775807, 1}", 9223372036854780000.0),
        ("{uppercase: {$.none}}", ""),
        ("{uppercase: 5.0}", "5.0"),
        ("{uppercase: {$.five}}", "5"),
        ("{count: {$.none}}", 0),
        ("{first: {$.none}}", None),
        ("{implode: {$.none}}", ""),
        ("{getvalue: {$.none}, 'a'}", None),
        ("{mod: -7, 3}", -1),
        ("{mod: 7, -3}", 1),
        ("{round: -2.5}", -3),
        ("{floor: -2.1}", -3),
    ],
)
def test_functions_take_what_comes(formula: str, expected: Any, compute: Any) -> None:
    value = compute(formula, none=None, mixed=[1, "2", None, "", 3.0], five=5.0)
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize(
    "formula, says",
    [
        ("{add: 'abc', 1}", "a number is needed, not text"),
        ("{add: {$.o}, 1}", "a number is needed, not an object"),
        ("{left: 'a', 1.5}", "a whole number is needed"),
        ("{first: 'abc'}", "a list is needed, not text"),
        ("{getkeys: 'abc'}", "an object is needed, not text"),
        ("{divide: 1, 0}", "division by zero"),
        ("{object: '{oops'}", "not JSON"),
        ("{regexparse: 'a', '('}", "missing"),
        ("{regexparse: 'a', '(?=a)'}", "not accepted"),
        ("{converttimezone: now, , Nowhere/City, c, UTC}", "time zone"),
    ],
)
def test_what_cannot_be_converted_is_a_typed_error_with_its_place(formula: str, says: str, compute: Any) -> None:
    with pytest.raises(FormulaValueError, match=says) as caught:
        compute("x " + formula, o={"a": "secret-value"})
    assert caught.value.position == 2
    assert caught.value.text.startswith(formula[:40])
    assert "secret-value" not in caught.value.detail


def test_results_fit_into_json_whatever_happens(compute: Any) -> None:
    for formula in [
        "{power: 7, 30}",
        "{multiply: 9223372036854775807, 9}",
        "{char: 0}",
        "{unescape: '\\ud83d'}",
        "{urldecode: '%ff'}",
    ]:
        msgspec.json.encode(compute(formula))


def test_limits_of_the_environment_hold(compute: Any) -> None:
    with pytest.raises(FormulaLimit, match="16777216"):
        compute("{repeat: x, 20000000}")
    with pytest.raises(FormulaLimit, match="more work"):
        compute("{repeat: x, 16000000}")


def test_large_data_from_outside_is_no_attack(compute: Any) -> None:
    text = "name,mail\n" * 100_000
    assert compute("{count: {explode: {$.t}, '{linebreak}'}}", t=text) == 100_001
    assert compute("{regexcount: {$.t}, 'mail'}", t=text) == 100_000
    rows = [{"id": i, "name": f"n{i}"} for i in range(100_000)]
    assert compute("{$.rows[?(@.id==99999)][0].name}", rows=rows) == "n99999"
    assert compute("{count: {unique: {sort: {$.rows}, 'name'}, 'name'}}", rows=rows) == 100_000
    assert len(compute("{$.rows}!", rows=rows)) > 2_000_000


def test_too_large_data_is_refused_before_it_is_copied(compute: Any) -> None:
    row = ["x" * 1000] * 1000
    with pytest.raises(FormulaError):
        compute("{json: {$.rows}}", rows=[row] * 1000)
    with pytest.raises(FormulaError):
        compute("{$.rows} {$.rows}", rows=[row] * 1000)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{jobguid}", "r1"),
        ("{ JobGuid }-{runid:}", "r1-r1"),
        ("{blendguid} {accountguid}", "a1 t1"),
        ("{guid}", "{guid}"),
    ],
)
def test_the_ids_of_the_run_come_from_the_environment(text: str, value: str) -> None:
    assert compile_value(text).evaluate({}, Env(run="r1", automation="a1", tenant="t1")) == value
