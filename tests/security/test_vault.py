"""The vault: what is sealed opens in its place, with its key, unchanged, and in no other way."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tieline.core.errors import Misconfigured
from tieline.security.vault import OVERHEAD, Vault, VaultError, parse_keys

OLD, NEW, LOST = (bytes([number]) * 32 for number in (1, 2, 3))
PLACE = b"connections/018f/secrets"


@given(st.binary(max_size=2000), st.binary(min_size=1, max_size=200))
def test_what_is_sealed_opens(plaintext: bytes, context: bytes) -> None:
    vault = Vault([NEW])
    sealed = vault.seal(plaintext, context=context)
    assert vault.open(sealed, context=context) == plaintext
    assert len(sealed) == len(plaintext) + OVERHEAD
    if len(plaintext) > 3:
        assert plaintext not in sealed


def test_the_envelope_has_its_documented_form() -> None:
    sealed = Vault([NEW, OLD]).seal(b"x", context=PLACE)
    assert sealed[:1] == b"\x01"
    assert sealed[1:9] == hashlib.sha256(NEW).digest()[:8]
    assert len(sealed) == 1 + 8 + 12 + 1 + 16


def test_the_same_secret_never_looks_the_same() -> None:
    vault = Vault([NEW])
    assert len({vault.seal(b"x", context=PLACE) for _ in range(1000)}) == 1000


def test_every_changed_bit_is_noticed() -> None:
    vault = Vault([NEW, OLD])
    sealed = vault.seal(b"hunter2", context=PLACE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultError):
            vault.open(bytes(changed), context=PLACE)


@pytest.mark.parametrize(
    "damage",
    [
        lambda sealed: b"",
        lambda sealed: sealed[:1],
        lambda sealed: sealed[:20],
        lambda sealed: sealed[:-1],
        lambda sealed: sealed + b"\0",
        lambda sealed: sealed[::-1],
        lambda sealed: b"\x02" + sealed[1:],
        lambda sealed: b"hunter2 in clear text, long enough to be one",
    ],
)
def test_damage_is_noticed(damage: Callable[[bytes], bytes]) -> None:
    vault = Vault([NEW])
    with pytest.raises(VaultError):
        vault.open(damage(vault.seal(b"hunter2", context=PLACE)), context=PLACE)


@pytest.mark.parametrize("other", [b"connections/018e/secrets", PLACE + b"x", PLACE[:-1], PLACE.upper()])
def test_a_sealed_value_does_not_open_in_another_place(other: bytes) -> None:
    vault = Vault([NEW])
    with pytest.raises(VaultError, match="sealed for another place"):
        vault.open(vault.seal(b"hunter2", context=PLACE), context=other)


def test_swapped_values_do_not_open() -> None:
    vault = Vault([NEW])
    sealed = {place: vault.seal(place, context=place) for place in (b"tenant-a/1", b"tenant-b/1")}
    for place, other in ((b"tenant-a/1", b"tenant-b/1"), (b"tenant-b/1", b"tenant-a/1")):
        with pytest.raises(VaultError):
            vault.open(sealed[other], context=place)


def test_a_value_under_one_key_does_not_pass_for_one_under_another() -> None:
    """The key id is authenticated too: exchanging it is not a way to choose the key."""
    vault = Vault([NEW, OLD])
    sealed = Vault([OLD]).seal(b"x", context=PLACE)
    forged = sealed[:1] + hashlib.sha256(NEW).digest()[:8] + sealed[9:]
    with pytest.raises(VaultError):
        vault.open(forged, context=PLACE)


def test_the_head_of_the_envelope_is_authenticated() -> None:
    """A ciphertext made with the right key for the right place, but without its head, is not one of ours."""
    head = b"\x01" + hashlib.sha256(NEW).digest()[:8]
    nonce = bytes(12)
    for bound, opens in ((head + PLACE, True), (PLACE, False)):
        sealed = head + nonce + AESGCM(NEW).encrypt(nonce, b"x", bound)
        if opens:
            assert Vault([NEW]).open(sealed, context=PLACE) == b"x"
            continue
        with pytest.raises(VaultError):
            Vault([NEW]).open(sealed, context=PLACE)


def test_keys_rotate_without_a_pause() -> None:
    before = Vault([OLD])
    sealed = before.seal(b"hunter2", context=PLACE)
    during = Vault([NEW, OLD])
    assert during.open(sealed, context=PLACE) == b"hunter2"
    assert during.needs_rotation(sealed)
    again = during.reseal(sealed, context=PLACE)
    assert not during.needs_rotation(again)
    assert during.reseal(again, context=PLACE) == again
    after = Vault([NEW])
    assert after.open(again, context=PLACE) == b"hunter2"
    with pytest.raises(VaultError, match="not among TIELINE_SECRET_KEYS"):
        after.open(sealed, context=PLACE)
    with pytest.raises(VaultError):
        during.reseal(again, context=b"elsewhere")


def test_errors_and_reprs_tell_no_secret() -> None:
    vault = Vault([NEW])
    sealed = vault.seal(b"hunter2", context=PLACE)
    with pytest.raises(VaultError) as caught:
        Vault([LOST]).open(sealed, context=PLACE)
    for text in (caught.value.detail, repr(vault), str(vault)):
        assert "hunter2" not in text
        assert NEW.hex() not in text
        assert repr(NEW) not in text


@pytest.mark.parametrize("copying", [pickle.dumps, copy.deepcopy])
def test_a_vault_does_not_leave_its_process(copying: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        copying(Vault([NEW]))


def test_a_secret_needs_a_place() -> None:
    vault = Vault([NEW])
    with pytest.raises(ValueError, match="context"):
        vault.seal(b"x", context=b"")
    with pytest.raises(ValueError, match="context"):
        vault.open(vault.seal(b"x", context=PLACE), context=b"")


def test_generated_keys_are_read_back() -> None:
    keys = [Vault.generate_key() for _ in range(50)]
    assert len(set(keys)) == 50
    assert all(len(key) == 43 for key in keys)
    read = parse_keys(",".join(keys))
    assert len({*read}) == 50
    assert all(len(key) == 32 for key in read)


@pytest.mark.parametrize(
    "text, count",
    [
        ("", 0),
        (" ,\n", 0),
        ("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE", 1),
        ("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", 1),
        ("+/////////////////////////////////////////8=, -_________________________________________8", 2),
        ("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\nAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI", 2),
    ],
)
def test_keys_are_read_in_both_alphabets(text: str, count: int) -> None:
    assert len(parse_keys(text)) == count


@pytest.mark.parametrize(
    "text", ["hunter2", "x" * 44, "AQEB", "ümlaut", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE,short", "a" * 10**5]
)
def test_wrong_keys_are_counted_and_not_quoted(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"Key [12] of TIELINE_SECRET_KEYS") as caught:
        parse_keys(text)
    assert text.rsplit(",", 1)[-1][:6] not in caught.value.detail.replace("TIELINE_SECRET_KEYS", "")


@pytest.mark.parametrize("keys", [[], [b""], [NEW[:31]], [NEW, NEW + b"x"]])
def test_a_vault_wants_keys_of_32_bytes(keys: list[bytes]) -> None:
    with pytest.raises(Misconfigured, match="TIELINE_SECRET_KEYS"):
        Vault(keys)
