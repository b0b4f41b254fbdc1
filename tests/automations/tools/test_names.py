"""Names and texts that agents see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.automations.tools import names
from tieline.automations.tools.offers import AUTOMATION, CONNECTION, check_name
from tieline.core.errors import BadInput


@pytest.mark.parametrize(
    "block, name",
    [
        ("list_contacts", "crm__list_contacts"),
        ("List contacts", "crm__list_contacts_"),
        ("list__contacts", "crm__list_contacts_"),
        ("ü", "crm__u_"),
        ("漢字", "crm__block_"),
        ("x" * 80, "crm__" + "x" * 50),
    ],
    ids=["fits", "blanks", "two underscores", "accent", "no letters", "too long"],
)
def test_tools_of_blocks(block: str, name: str) -> None:
    made = names.of_block("crm", block)
    assert made.startswith(name)
    assert len(made) <= names.LONGEST
    assert made == names.of_block("crm", block)


@given(st.lists(st.text(min_size=1), unique=True, max_size=30), st.sampled_from(["a", "b" * names.LONGEST_PREFIX]))
def test_tools_are_unique_and_every_client_takes_them(blocks: list[str], prefix: str) -> None:
    made = [names.of_block(prefix, block) for block in blocks]
    assert len(set(made)) == len(made)
    for name in made:
        assert len(name) <= names.LONGEST
        assert name.isascii()
        assert name.replace("_", "").isalnum()
        assert name.partition(names.BETWEEN)[0] == prefix


@given(st.lists(st.text(min_size=1, max_size=90), unique=True, max_size=30))
def test_arguments_stand_for_one_input_each(ids: list[str]) -> None:
    made = names.arguments(ids)
    assert list(made.values()) == ids
    assert all(0 < len(name) <= names.LONGEST and name.isascii() for name in made)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\n\tb\u2028c", "a b c"),
        ("pay\u200b \u202ereversed\u0007\U000e0041", "pay reversed"),
        ("x" * 30, "x" * 17 + "..."),
        (None, ""),
        (["a"], ""),
        ("\udc00", ""),
        ("ok️", "ok"),
    ],
    ids=["lines", "invisible", "long", "nothing", "no text", "half a pair", "selector"],
)
def test_texts_hide_nothing(text: object, shown: str) -> None:
    assert names.clean(text, 20) == shown


@pytest.mark.parametrize("name", ["", "a__b", "a_", "a b", "ä", "a" * 65, "a\n"], ids=repr)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(BadInput):
        check_name(name, AUTOMATION)


def test_the_name_of_a_connection_leaves_room_for_its_blocks() -> None:
    check_name("a" * 24, CONNECTION)
    with pytest.raises(BadInput):
        check_name("a" * 25, CONNECTION)
