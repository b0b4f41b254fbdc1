"""Tokens: long, recognisable, checked for typing errors, kept as a hash."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.security.tokens import hash_token, is_well_formed, matches, new_token


def test_a_token_has_its_documented_form() -> None:
    token = new_token("tl_key_")
    assert token.startswith("tl_key_")
    assert len(token) == len("tl_key_") + 43 + 6
    assert token.removeprefix("tl_key_").isalnum()
    assert token.isascii()


def test_tokens_are_all_different_and_use_the_whole_alphabet() -> None:
    tokens = {new_token("tl_") for _ in range(2000)}
    assert len(tokens) == 2000
    assert len({letter for token in tokens for letter in token[4:46]}) == 62


@pytest.mark.parametrize("prefix", ["", "tl", "TL_", "1tl_", "tl-", "tl key_", "ü_", "_", "a" * 40 + "_"])
def test_prefixes_that_are_none(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        new_token(prefix)


def test_well_formed_tokens_are_told_from_others() -> None:
    token = new_token("tl_key_")
    assert is_well_formed(token)
    assert is_well_formed(token, "tl_key_")
    assert not is_well_formed(token, "tl_")
    assert not is_well_formed(token, "tl_run_")
    assert not is_well_formed(token + "x")
    assert not is_well_formed(token + "\n")
    assert not is_well_formed(token[:-1])
    assert not is_well_formed(token.swapcase())
    assert not is_well_formed("")


def test_every_single_typing_error_is_noticed() -> None:
    token = new_token("tl_key_")
    for at in range(len(token)):
        for letter in "0aZ_":
            if token[at] != letter:
                assert not is_well_formed(token[:at] + letter + token[at + 1 :])


@given(st.text(max_size=100))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert not is_well_formed(text)
    assert len(hash_token(text)) == 32
    assert matches(text, hash_token(text))


def test_a_token_matches_its_hash_and_no_other() -> None:
    token, other = new_token("tl_"), new_token("tl_")
    assert hash_token(token) == hashlib.sha256(token.encode()).digest()
    assert matches(token, hash_token(token))
    assert not matches(token, hash_token(other))
    assert not matches(token, b"")
    assert not matches(token, hash_token(token)[:31])
