"""References and the subset of JSONPath."""

from __future__ import annotations

from collections import UserDict
from typing import Any

import pytest

from tieline.automations.formulas import MISSING, compile_json, compile_value

DATA: dict[str, Any] = {
    "o": {"a": {"b": 1}, "x y": 2, "0": "zero", "list": [10, 20, 30], "@type": "T", "with-dash": 3, "null": None},
    "rows": [
        {"id": 1, "name": "Ada", "tags": ["x", "y"], "on": True},
        {"id": 2, "name": "Bob", "tags": [], "on": False, "mail": "b@x.org"},
        {"id": 3, "name": None, "deep": {"id": 99}},
    ],
    "grid": [[1, 2], [3, 4]],
    "i": 1,
    "key": "name",
    "wanted": {"id": 2, "name": "Bob"},
    "text": "abc",
}


@pytest.mark.parametrize(
    "path, expected",
    [
        ("$.o.a.b", 1),
        ("$.o['a']['b']", 1),
        ('$.o["a"].b', 1),
        ("$['o'].a.b", 1),
        ("$.o.['a'].b", 1),
        ("$.o.x y", 2),
        ("$.o['x y']", 2),
        ("$.o.'x y'", 2),
        ('$.o."x y"', 2),
        ("$.'o'.'a'.b", 1),
        ("$.o.@type", "T"),
        ("$.o.with-dash", 3),
        ("$.o.0", "zero"),
        ("$.o[0]", "zero"),
        ("$.o.list[0]", 10),
        ("$.o.list.0", 10),
        ("$.o.list[-1]", 30),
        ("$.o.list[3]", None),
        ("$.o.list[-4]", None),
        ("$.o.list['0']", 10),
        ("$.o.list[0,2]", [10, 30]),
        ("$.o['x y','@type']", [2, "T"]),
        ("$.o.list[1:]", [20, 30]),
        ("$.o.list[::-1]", [30, 20, 10]),
        ("$.o.null", None),
        ("$.o.null.deeper", None),
        ("$.o.nope", None),
        ("$.nope", None),
        ("$.nope.deeper[0]", None),
        ("$.nope[*].x", None),
        ("$.O.a", None),
        ("$.text.length", None),
        ("$.text[0]", None),
        ("$.rows.name", None),
        ("$.rows[*].id", [1, 2, 3]),
        ("$.rows.*.id", [1, 2, 3]),
        ("$.rows[*].mail", ["b@x.org"]),
        ("$.rows[*].tags[*]", ["x", "y"]),
        ("$.rows[*].tags[0]", ["x"]),
        ("$.rows[*][0]", {"id": 1, "name": "Ada", "tags": ["x", "y"], "on": True}),
        ("$.grid[*][0]", [1, 3]),
        ("$.o.a.*", [1]),
        ("$.rows[?(@.id==2)].name", ["Bob"]),
        ("$.rows[?(@.id=='2')].name", ["Bob"]),
        ("$.rows[?@.id==2].name", ["Bob"]),
        ("$.rows[?(@.id==2)][0].name", "Bob"),
        ("$.rows[?(@.id==7)][0].name", None),
        ("$.rows[?(@.id==7)]", []),
        ("$.rows[?(@.id>=2)].id", [2, 3]),
        ("$.rows[?(@.id != 2)].id", [1, 3]),
        ("$.rows[?(@.mail)].id", [2]),
        ("$.rows[?(!@.mail)].id", [1, 3]),
        ("$.rows[?(@.on)].id", [1]),
        ("$.rows[?(@.on==false)].id", [2]),
        ("$.rows[?(@.name==null)].id", [3]),
        ("$.rows[?(@.id==1 || @.id==3)].id", [1, 3]),
        ("$.rows[?(@.id>1 && (@.mail || @.deep))].id", [2, 3]),
        ("$.rows[?(@.id==1 or @.id==2)].id", [1, 2]),
        ("$.rows[?(@.name contain 'd')].id", [1]),
        ("$.rows[?(@.tags notEmpty)].id", [1]),
        ("$.rows[?(@.deep.id==99)].id", [3]),
        ("$.rows[?(@['id']==1)].id", [1]),
        ("$.rows[?(@.id=={$.wanted.id})].name", ["Bob"]),
        ("$.rows[?(@.name=='{$.wanted.name}')].id", [2]),
        ("$.rows[?(@.id==$.wanted.id)].name", ["Bob"]),
        ("$.o.list[?(@>15)]", [20, 30]),
        ("$.rows..id", [1, 2, 3, 99]),
        ("$.o..b", [1]),
        ("$.grid..*", [[1, 2], [3, 4], 1, 2, 3, 4]),
        ("$.o.list.{$.i}", 20),
        ("$.o.list[{$.i}]", 20),
        ("$.o.list[$.i]", 20),
        ("$.wanted.{$.key}", "Bob"),
        ("$.wanted['{$.key}']", "Bob"),
        ("$.wanted.{$.nope}", None),
        ("$.wanted.{lowercase: ID}", 2),
    ],
)
def test_a_path_leads_to(path: str, expected: Any) -> None:
    assert compile_value(f"{{{path}}}").evaluate(DATA) == expected


def test_names_are_case_sensitive_and_missing_is_null() -> None:
    class Scope:
        def get(self, name: str, /) -> Any:
            return {"name": "Ada"} if name == "contact" else MISSING

    assert compile_value("{$.contact.name}").evaluate(Scope()) == "Ada"
    assert compile_value("{$.Contact.name}").evaluate(Scope()) is None
    assert compile_value("{$.Contact}").evaluate(Scope()) is None
    assert compile_value("[{$.Contact}]").evaluate(Scope()) == "[]"


def test_views_that_are_mappings_and_sequences_work_like_objects_and_lists() -> None:
    view = UserDict({"item": UserDict({"a": (1, 2)}), "index": 4})
    assert compile_value("{$.b.item.a[1]}").evaluate({"b": view}) == 2
    assert compile_value("{$.b.index} {$.b.item}").evaluate({"b": view}) == '4 {"a":[1,2]}'
    assert compile_value("{$.b.item.a[*]}").evaluate({"b": view}) == [1, 2]


@pytest.mark.parametrize(
    "text, roots, whole",
    [
        ("plain", set(), set()),
        ("{$.a}", {"a"}, {"a"}),
        ("{$.a.item.x}", {"a"}, set()),
        ("{$.a.item}", {"a"}, set()),
        ("{$.a.index}", {"a"}, set()),
        ("{$.a['item'].x}", {"a"}, set()),
        ("{$.'a'.'item'.x}", {"a"}, set()),
        ("{$.a.x}", {"a"}, {"a"}),
        ("{$.a[*].x}", {"a"}, {"a"}),
        ("{$.a.items}", {"a"}, {"a"}),
        ("{$.a.{$.b.item.k}}", {"a", "b"}, {"a"}),
        ("{$.a..item}", {"a"}, {"a"}),
        ("{count: {$.a}} of {$.b.index}", {"a", "b"}, {"a"}),
        ("{if: $.a.item = $.b, '{$.c.item.x}', {$.d[?(@.x=={$.e})]}}", {"a", "b", "c", "d", "e"}, {"b", "d", "e"}),
        ('{list: [{$.a}, "{$.b.item.c}"]}', {"a", "b"}, {"a"}),
    ],
)
def test_a_formula_knows_what_it_reads(text: str, roots: set[str], whole: set[str]) -> None:
    formula = compile_value(text)
    assert formula.roots == roots
    assert formula.whole_refs == whole
    assert formula.constant is not bool(roots)


def test_json_structures_are_templates_all_the_way_down() -> None:
    formula = compile_json(
        {"id": "{$.i}", "list": ["{$.text}", 5, None, True, {"k{$.i}": "v {$.text}"}], "plain": "{}"}
    )
    assert formula.evaluate(DATA) == {"id": 1, "list": ["abc", 5, None, True, {"k1": "v abc"}], "plain": "{}"}
    assert formula.roots == {"i", "text"}
    assert not formula.constant


def test_a_constant_structure_is_fresh_each_time() -> None:
    formula = compile_json({"a": [1, {"b": 2}]})
    first = formula.evaluate({})
    first["a"].append(3)
    assert formula.constant
    assert formula.evaluate({}) == {"a": [1, {"b": 2}]}
    assert compile_json(None).evaluate({}) is None
    assert compile_json("[1]").evaluate({}) == "[1]"
