"""What is a formula, what is text, and where an error is."""

from __future__ import annotations

from typing import Any

import pytest

from tieline.automations.formulas import FormulaSyntaxError, compile_value, preview
from tieline.automations.formulas.parser import MAX_NODES, MAX_SOURCE


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "plain text",
        "{",
        "}",
        "{}",
        "{{}}",
        "{ }",
        "{{7*7}}",
        '{"a": 1}',
        '{"a": {"b": [1, 2]}}',
        "{'a': 1}",
        "{12:30}",
        "{1}",
        "{a}",
        "{a b}",
        "{$}",
        "{$5}",
        "{$ .a}",
        "function f() { return 1; }",
        "<style>p { color: red; } a{margin:0}</style>",
        "p{left:0;top:0}",
        "see {https://example.com} for more",
        "/users/{id}/orders/{order_id}",
        "{user(id: 1) { name }}",
        "^[a-z]{3,5}$",
        "{{name}} and {{ other }}",
        "\\{x\\}",
    ],
)
def test_text_that_only_looks_like_a_formula_stays_text(text: str) -> None:
    formula = compile_value(text)
    assert formula.evaluate({}) == text
    assert not formula.roots


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("{$.a}", 1),
        ("{ $.a }", 1),
        ("{\n  $.a\n}", 1),
        ("x{$.a}", "x1"),
        (" {$.a}", " 1"),
        ("{$.a}{$.a}", "11"),
        ("{{$.a}}", "{1}"),
        ("{$.a}}", "1}"),
        ('{"id": {$.a}}', '{"id": 1}'),
        ("body{color:red} {$.a}", "body{color:red} 1"),
        ("{$.uppercase}", "variable"),
        ("{uppercase: $.uppercase}", "VARIABLE"),
        ("{uppercase:x}", "X"),
        ("{ uppercase : x }", "X"),
        ("{UpperCase: x}", "X"),
        ("{concat: a, 1, true, null, 1.50}", "a1true1.5"),
        ("{concat: 'a,b', \"c}d\", `e{f`}", "a,bc}de{f"),
        ("{concat: ' a ', b c , 'd'}", " a b cd"),
        ("{concat: '{$.a}{uppercase: 'x'}'}", "1X"),
        ("{concat: it's, ok}", "it'sok"),
        ("{concat: 'it\\'s'}", "it's"),
        ('{concat: "say \\"hi\\""}', 'say "hi"'),
        ("{concat: '\\', 'a'}", "\\a"),
        ("{concat: 'a\\nb'}", "a\\nb"),
        ("{concat: '\\\\'}", "\\\\"),
        ("{replace: 'a\\b', '\\', '/'}", "a/b"),
        ("{concat: a, , b}", "ab"),
        ("{concat: a{2,3}b}", "a{2,3}b"),
        ("{concat: {$.a} and {$.a}}", "1 and 1"),
        ("{concat: x{$.a}y}", "x1y"),
        ("{textlength: 007}", 3),
        ("{textlength: 1.10}", 4),
        ("{add: '1', 2.5}", 3.5),
        ("{count: []}", 0),
        ("{count: {}}", 0),
        ("{count: [1, 'a', {$.a}, $.a, {\"b\": [null]}]}", 5),
        ('{getvalue: {"k{$.a}": "v{$.a}"}, "k1"}', "v1"),
        ("{regexparse: abc123, [0-9]+}", "123"),
        ("{regexmatch: 'aaa', ^a{3}$}", True),
        ("{if: {$.a} = 1, yes, no}", "yes"),
        ("{if: {$.a}=1,yes,no}", "yes"),
        ("{if: $.a >= 1, 'yes'}", "yes"),
        ("{if: 'a' != 'b', 1, 2}", 1),
        ("{if: a <> b, 1, 2}", 1),
        ("{if: {$.none} empty , 1, 2}", 1),
        ("{if: {$.a} NotEmpty, 1, 2}", 1),
        ("{if: {$.list} contain 2, 1, 2}", 1),
        ("{if: New York contain York, 1, 2}", 1),
        ("{if: {$.a} inList '1,2', 1, 2}", 1),
        ("{if: {uppercase: a} = 'A', {if: 1 > 2, x, y}, z}", "y"),
        ("{if: {$.a}, 1, 2}", 1),
        ("{if: {$.none}, 1, 2}", 2),
        ("{if: 'a = b' = 'a = b', 1, 2}", 1),
        ("{if: {$.a} = {$.a}, '{$.a}', 2}", "1"),
        ("{linebreak}", "\n"),
        ("a{linebreak}b", "a\nb"),
        ("{guid:}", None),
    ],
)
def test_formulas_give(formula: str, expected: Any, compute: Any) -> None:
    value = compute(formula, a=1, uppercase="variable", list=[1, 2], none=None)
    if expected is not None:
        assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize(
    "text, position",
    [
        ("{$.a", 0),
        ("abc {$.a", 4),
        ("{$.}", 3),
        ("{$.a.}", 5),
        ("{$.a[}", 5),
        ("{$.a[0}", 5),
        ("{$[0]}", 1),
        ("{$.{$.x}}", 1),
        ("{$.a b.c, d}", 8),
        ("{nosuch: 1}", 1),
        ("ok {uppercase: {nosuch: 1}}", 16),
        ("{nosuch: {$.a}} text", 1),
        ("{uppercase: 'a}", 12),
        ("{uppercase: 'a' b}", 16),
        ("{uppercase:}", None),
        ("{uppercase: a, b}", 0),
        ("{if: {$.a} ~ 1, 2, 3}", 5),
        ("{if: {$.a} empty 5, 1}", 17),
        ('{map: $.a, {"k" 1}}', 16),
        ('{list: ["a", ]}', None),
        ("{$.a[?(@.b=='x']}", 15),
        ("x {$.a[?(@.b==)]}", 14),
    ],
)
def test_a_syntax_error_says_where(text: str, position: int | None) -> None:
    if position is None:
        compile_value(text)
        return
    with pytest.raises(FormulaSyntaxError) as caught:
        compile_value(text)
    assert caught.value.position == position
    assert caught.value.text == text[position : position + 40]
    assert f"character {position}" in caught.value.detail
    assert caught.value.status == 400


VENDOR_DATA = {
    "inputs": {
        "location": "Canada",
        "salesCanada": 1_000_000,
        "url": "www.qlik.com/us/products",
        "date": "June 1, 2021",
    },
    "inputs2": {"salesUSA": 2_000_000},
    "getUser": {"subject": "DOMAIN\\ada"},
    "contacts": [{"name": "John", "id": "100"}, {"name": "Bill", "id": "4"}],
    "contact": {"name": "Ada", "email": "ada@example.com"},
    "object": {"name": "", "address": None, "email": "john@acme.com", "remarks": " "},
    "vDate": "2021-06-01",
    "ids": ["a", "b"],
    "loop": {"index": 1},
}


@pytest.mark.parametrize(
    "formula,expected",
    [
        ("{if:{$.inputs.location} = 'Canada', 'Authorized', 'You must be in Canada to continue'}", "Authorized"),
        ('{map: {$.inputs.location}, {"Canada":"CA"}}', "CA"),
        ("{add: {$.inputs.salesCanada}, $.inputs2.salesUSA}", 3_000_000),
        ("{add: {divide: {date: {$.vDate}, 'U'}, 86400}, 25569}", 44348),
        ('{regexparse:{$.inputs.url}, "\\.com(.*)"}', "/us/products"),
        ('{trim:{$.inputs.url}, "w."}', "qlik.com/us/products"),
        ("{date:{$.inputs.date},'d-m-y'}", "01-06-21"),
        ("{converttimezone: 'now', , 'Etc/UTC', 'U', 'Etc/UTC'}", "1715769000"),
        ("{getkeys:$.contact}", ["name", "email"]),
        ('{implode:{$.contacts[*].name}, "{linebreak}"}', "John\nBill"),
        ('{sort:{$.contacts}, "id"}', [{"name": "Bill", "id": "4"}, {"name": "John", "id": "100"}]),
        ("{removeEmptyProperties:{$.object}}", {"email": "john@acme.com"}),
        ("{modtendigit:25}{modelevendigit:25}", "76"),
        ("{explode: {$.missing}, ','}", []),
        ("{$.ids.{$.loop.index}}", "b"),
        ("{if: {$.missing} empty , 1, 2}", 1),
        (
            "subject eq \"{regexreplace: { $.getUser.subject }, '\\\\', '\\\\\\\\'}\"",
            'subject eq "DOMAIN\\\\ada"',
        ),
    ],
)
def test_formulas_as_real_documents_write_them(formula: str, expected: Any, compute: Any) -> None:
    assert compute(formula, **VENDOR_DATA) == expected


def test_a_mistyped_function_gets_a_suggestion() -> None:
    with pytest.raises(FormulaSyntaxError, match="did you mean 'uppercase'"):
        compile_value("{upercase: {$.a}}")


@pytest.mark.parametrize(
    "text",
    [
        "{uppercase: " * 49 + "x" + "}" * 49,
        "{$.a}" * (MAX_NODES + 1),
        "{$.a}" + "x" * MAX_SOURCE,
        "{list: " + "[" * 60 + '"' + "]" * 60 + "}",
        "{$.a" + ".b" * 70 + "}",
    ],
    ids=["nesting", "parts", "length", "json", "steps"],
)
def test_what_is_too_large_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(FormulaSyntaxError):
        compile_value(text)


def test_preview_gives_the_value_or_the_place_of_the_error() -> None:
    assert preview("Hi {$.name}", {"name": "Ada"}) == {"value": "Hi Ada"}
    assert preview("Hi {$.name", {})["error"]["position"] == 3
    error = preview("{concat: a, {divide: 1, {$.n}}}", {"n": 0})["error"]
    assert (error["code"], error["position"]) == ("formula-value", 12)
    assert "divide" in error["detail"]
