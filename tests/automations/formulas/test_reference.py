"""docs/reference/formulas.md says what the program does: each example in it is a test."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.fixtures.shared import ROOT
from tieline.automations.formulas import FUNCTIONS, OPERATORS, FormulaError, text_of
from tieline.automations.formulas.reference import MARKER, examples_in, render
from tieline.automations.formulas.registry import GROUPS, find_function

DOCUMENT = (ROOT / "docs" / "reference" / "formulas.md").read_text(encoding="utf-8")
EXAMPLES = list(examples_in(DOCUMENT))


@pytest.mark.example
@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{i}-{e[0][:40]}" for i, e in enumerate(EXAMPLES)])
def test_the_example_gives_what_the_document_says(example: tuple[str, str, str, str], compute: Any) -> None:
    formula, data, mark, expected = example
    sample = json.loads(data)
    if mark == "!":
        with pytest.raises(FormulaError) as caught:
            compute(formula, **sample)
        assert caught.value.code == expected
        assert caught.value.position is not None
        return
    value = compute(formula, **sample)
    if mark == "~":
        assert re.fullmatch(expected, text_of(value)), value
    else:
        wanted = json.loads(expected)
        assert (type(value), value) == (type(wanted), wanted)


def test_there_are_at_least_120_functions_each_with_words_and_an_example() -> None:
    assert len(FUNCTIONS) >= 120
    bare = [f.name for f in FUNCTIONS.values() if not f.doc or not f.examples or f.group not in GROUPS]
    assert bare == []


def test_every_function_and_operator_has_its_heading() -> None:
    headings = set(re.findall(r"^### `(.+)`$", DOCUMENT, re.MULTILINE))
    assert set(FUNCTIONS) | set(OPERATORS) <= headings


def test_the_written_part_is_up_to_date() -> None:
    assert MARKER + DOCUMENT.partition(MARKER)[2] == render(), (
        "run: python -m tieline.automations.formulas.reference docs/reference/formulas.md"
    )


@pytest.mark.parametrize(
    "name",
    (
        "uppercase lowercase capitalizename trim ltrim rtrim replace substring split textlength stripos regexparse "
        "regexparseall regexreplace md5 sha1 sha256 base64encode base64decode urlencode urldecode striphtml random "
        "count first last sort sortdesc sortdecs reverse unique implode explode slice flatten getkeys merge sum "
        "avg min max add subtract multiply divide round ceil floor abs mod mod10 power randomnumber date "
        "converttimezone datediff timestamp if map json object getvalue removeemptyproperties isempty guid "
        "modtendigit modelevendigit "
    ).split(),
)
def test_the_functions_that_are_known_to_exist_do_exist(name: str) -> None:
    assert find_function(name) is not None
    assert find_function(name.upper()) is find_function(name)
