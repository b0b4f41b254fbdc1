"""The operators of the If block, of filters and of formulas."""

from __future__ import annotations

from typing import Any

import pytest

from tieline.automations.formulas import MISSING, OPERATORS, FormulaValueError, evaluate_condition

DOCUMENTED = (
    "= != > >= < <= empty notEmpty contain doesntContain inList notInList isText isNotText isNumber isNotNumber "
    "isObject isNotObject isList isNotList isEmail isNotEmail isPhone isNotPhone isTrue isFalse"
).split()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_documented_operator_exists(name: str) -> None:
    assert name in OPERATORS
    assert isinstance(evaluate_condition(name, "a", "b"), bool)


@pytest.mark.parametrize(
    "left, op, right, holds",
    [
        (5, "=", "5", True),
        (5, "=", "5.0", True),
        (5.0, "=", 5, True),
        ("5", "=", "5.0", True),
        ("007", "=", "7", False),
        (7, "=", "007", False),
        ("1e3", "=", "1000", False),
        ("a", "=", "A", False),
        ("", "=", None, True),
        (None, "=", None, True),
        (MISSING, "=", None, True),
        (None, "=", False, True),
        (None, "=", 0, False),
        (None, "=", [], True),
        (0, "=", "", False),
        (True, "=", "true", True),
        (True, "=", 1, True),
        (True, "=", "yes", True),
        (False, "=", "false", True),
        (True, "=", 2, False),
        ([1, 2], "=", [1, 2.0], True),
        ([1, 2], "=", "[1, 2]", True),
        ({"a": 1}, "=", '{"a":1}', True),
        ({"a": 1}, "=", "a", False),
        ([], "=", "", False),
        (2**63, "=", str(2**63), True),
        ("a", "==", "a", True),
        ("a", "!=", "b", True),
        ("a", "<>", "a", False),
        (10, ">", "9", True),
        ("10", ">", "9", True),
        ("10", ">", "9a", False),
        ("b", ">", "a", True),
        ("2024-05-15", ">", "2024-05-01", True),
        (None, "<", 1, False),
        (None, ">=", None, False),
        ([1], "<", [2], False),
        (5, ">=", 5, True),
        (5, "<=", "5", True),
        (4, "<", 5, True),
        ("", "empty", None, True),
        ("  ", "empty", None, True),
        (None, "empty", None, True),
        ([], "empty", None, True),
        ({}, "empty", None, True),
        (0, "empty", None, False),
        (False, "empty", None, False),
        ([0], "notEmpty", None, True),
        ("Hello", "contain", "ell", True),
        ("Hello", "contain", "ELL", False),
        (12345, "contain", 34, True),
        ([1, "2"], "contain", 2, True),
        ({"a": 1}, "contain", "a", True),
        (None, "contain", "a", False),
        ("Hello", "doesntContain", "x", True),
        ("b", "inList", ["a", "b"], True),
        ("b", "inList", "a, b", True),
        (2, "inList", "[1,2]", True),
        ("b", "inList", None, False),
        (["a", "b"], "inList", "b", True),
        ([1, 2], "inList", "2.0", True),
        ('["a"]', "inList", "a", True),
        ([], "inList", "a", False),
        ([{"k": 1}], "inList", '{"k": 1}', True),
        ([1], "inList", [[1]], True),
        (["a"], "notInList", "b", True),
        ("c", "notInList", "a,b", True),
        ("5", "isText", None, True),
        (5, "isText", None, False),
        (5, "isNotText", None, True),
        ("5.5", "isNumber", None, True),
        ("five", "isNotNumber", None, True),
        (True, "isNumber", None, False),
        ({}, "isObject", None, True),
        ([], "isNotObject", None, True),
        ([], "isList", None, True),
        ("[]", "isNotList", None, True),
        ("ada@example.com", "isEmail", None, True),
        ("a.b+c@sub.example.co.uk", "isEmail", None, True),
        ("ada@example", "isEmail", None, False),
        ("ada@@example.com", "isNotEmail", None, True),
        ("+32 (0)470 12.34-56", "isPhone", None, True),
        (32470123456, "isPhone", None, True),
        ("123", "isPhone", None, False),
        ("12 ab", "isNotPhone", None, True),
        ("Yes", "isTrue", None, True),
        (1, "isTrue", None, True),
        ("hello", "isTrue", None, False),
        ("no", "isFalse", None, True),
        (None, "isFalse", None, True),
        ("hello", "isFalse", None, False),
        ("", "ISEMPTY", None, True),
    ],
)
def test_the_condition_holds(left: Any, op: str, right: Any, holds: bool) -> None:
    assert evaluate_condition(op, left, right) is holds


@pytest.mark.parametrize("op", ["", "~", "like", "__class__", "=" * 1000])
def test_an_unknown_operator_is_refused(op: str) -> None:
    with pytest.raises(FormulaValueError, match="there is no operator"):
        evaluate_condition(op, 1, 2)


HOSTILE: list[Any] = [
    None,
    MISSING,
    True,
    0,
    -1.5,
    10**400,
    float("inf"),
    float("nan"),
    "",
    " ",
    "a\0b",
    "\ud800",
    "[",
    "{",
    "9" * 5000,
]
HOSTILE += [[], {}, [[[[]]]], {"a": {"b": []}}, b"bytes", (1, 2), object(), "[" * 10_000, "a@" * 5000, "+1 " * 5000]


@pytest.mark.parametrize("op", OPERATORS)
def test_an_operator_never_raises(op: str) -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    for left in [*HOSTILE, deep]:
        for right in [*HOSTILE, deep]:
            assert isinstance(evaluate_condition(op, left, right), bool)
