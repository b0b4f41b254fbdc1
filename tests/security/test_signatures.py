"""Signatures of incoming webhooks, against signers that are not ours where there is one, and against liars."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from tieline.core.errors import BadInput
from tieline.security.signatures import Message, SignatureRefused, Verified, dialects, new_secret, verify

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
STAMP = int(NOW.timestamp())
BODY = b'{"id":"evt_1","event_id":"Ev1","n":1}'
URL = "https://tieline.example/hooks/tl_hook_x"
KEY = "s3cret-" + "k" * 25
WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()

Headers = dict[str, str]


def mac(text: bytes, algorithm: str = "sha256", key: str = KEY) -> bytes:
    return hmac.digest(key.encode(), text, algorithm)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def standard(prefix: str) -> Headers:
    signed = Webhook(WHSEC).sign("msg_1", NOW, BODY.decode())
    return {f"{prefix}-id": "msg_1", f"{prefix}-timestamp": str(STAMP), f"{prefix}-signature": signed}


def dated(text: bytes) -> bytes:
    return b"%d" % STAMP + text


GOOD: dict[str, Callable[[], Headers]] = {
    "standard": lambda: standard("webhook"),
    "svix": lambda: standard("svix"),
    "github": lambda: {"X-Hub-Signature-256": "sha256=" + mac(BODY).hex(), "X-GitHub-Delivery": "d-1"},
    "meta": lambda: {"X-Hub-Signature-256": "sha256=" + mac(BODY).hex()},
    "stripe": lambda: {"Stripe-Signature": f"t={STAMP},v1={mac(dated(b'.') + BODY).hex()},v0=aa"},
    "slack": lambda: {
        "X-Slack-Signature": "v0=" + mac(b"v0:" + dated(b":") + BODY).hex(),
        "X-Slack-Request-Timestamp": str(STAMP),
    },
    "zoom": lambda: {
        "x-zm-signature": "v0=" + mac(b"v0:" + dated(b":") + BODY).hex(),
        "x-zm-request-timestamp": str(STAMP),
    },
    "shopify": lambda: {"X-Shopify-Hmac-Sha256": b64(mac(BODY)), "X-Shopify-Webhook-Id": "w-1"},
    "intercom": lambda: {"X-Hub-Signature": "sha1=" + mac(BODY, "sha1").hex()},
    "asana": lambda: {"X-Hook-Signature": mac(BODY).hex()},
    "linear": lambda: {"Linear-Signature": mac(BODY).hex(), "Linear-Delivery": "l-1"},
    "calendly": lambda: {"Calendly-Webhook-Signature": f"t={STAMP},v1={mac(dated(b'.') + BODY).hex()}"},
    "paddle": lambda: {"Paddle-Signature": f"ts={STAMP};h1={mac(dated(b':') + BODY).hex()}"},
    "hubspot": lambda: {
        "X-HubSpot-Signature-v3": b64(mac(b"POST" + URL.encode() + BODY + dated(b"000"))),
        "X-HubSpot-Request-Timestamp": f"{STAMP}000",
    },
    "zendesk": lambda: {
        "X-Zendesk-Webhook-Signature": b64(mac(NOW.isoformat().encode() + BODY)),
        "X-Zendesk-Webhook-Signature-Timestamp": NOW.isoformat(),
        "X-Zendesk-Webhook-Id": "z-1",
    },
    "token": lambda: {"X-Webhook-Token": KEY},
    "basic": lambda: {"Authorization": "Basic " + b64(f"hook:{KEY}".encode())},
}
NAMES = {"standard": "msg_1", "svix": "msg_1", "github": "d-1", "shopify": "w-1", "linear": "l-1", "zendesk": "z-1"}
DATED = ("standard", "svix", "stripe", "slack", "zoom", "calendly", "paddle", "hubspot", "zendesk")
WITHOUT_BODY = ("token", "basic")
MAIN = {name: next(h for h in made() if not h.lower().endswith(("-id", "timestamp"))) for name, made in GOOD.items()}


def secret_of(dialect: str) -> str:
    return WHSEC if dialect in ("standard", "svix") else KEY


def message(headers: Headers, body: bytes = BODY, **more: Any) -> Message:
    return Message(headers=list(headers.items()), body=body, url=URL, **more)


def refused(dialect: str, sent: Message, moment: datetime = NOW, keys: list[str] | None = None) -> str:
    with pytest.raises(SignatureRefused) as found:
        verify({"dialect": dialect}, keys if keys is not None else [secret_of(dialect)], sent, moment)
    assert KEY not in str(found.value)
    assert WHSEC.removeprefix("whsec_") not in str(found.value)
    return found.value.reason


def test_every_dialect_is_tried_here() -> None:
    assert set(dialects()) == {*GOOD, "hmac", "jwt", "twilio", "unsigned"}


@pytest.mark.parametrize("dialect", GOOD)
def test_a_genuine_message_is_accepted(dialect: str) -> None:
    found = verify({"dialect": dialect}, [secret_of(dialect)], message(GOOD[dialect]()), NOW)
    assert found.id == NAMES.get(dialect, "")
    assert (found.timestamp is not None) == (dialect in DATED)


@pytest.mark.parametrize("dialect", GOOD)
def test_names_of_headers_come_in_any_case(dialect: str) -> None:
    headers = {name.swapcase(): value for name, value in GOOD[dialect]().items()}
    verify({"dialect": dialect}, [secret_of(dialect)], message(headers), NOW)


@pytest.mark.parametrize("dialect", GOOD)
def test_any_of_several_secrets_will_do(dialect: str) -> None:
    other = "whsec_" + b64(b"x" * 24)
    verify({"dialect": dialect}, [other, secret_of(dialect)], message(GOOD[dialect]()), NOW)
    assert refused(dialect, message(GOOD[dialect]()), keys=[other]) == "mismatch"
    assert refused(dialect, message(GOOD[dialect]()), keys=[]) == "no-secret"
    assert refused(dialect, message(GOOD[dialect]()), keys=[""]) == "no-secret"


@pytest.mark.parametrize("dialect", [name for name in GOOD if name not in WITHOUT_BODY])
def test_a_changed_body_is_refused(dialect: str) -> None:
    assert refused(dialect, message(GOOD[dialect](), BODY + b" ")) == "mismatch"
    assert refused(dialect, message(GOOD[dialect](), b"")) == "mismatch"


@pytest.mark.parametrize("dialect", GOOD)
def test_a_signature_twice_is_refused(dialect: str) -> None:
    headers = list(GOOD[dialect]().items())
    for sent in ([*headers, *headers], [(MAIN[dialect].upper(), "x"), *headers]):
        assert refused(dialect, Message(headers=sent, body=BODY, url=URL)) == "repeated-header"


@pytest.mark.parametrize("dialect", GOOD)
@pytest.mark.parametrize("value", ["", " ", "x", "=", ",", "v1,", "v1", "sha256=", "é", "\x00", "a" * 9000, "t=,v1="])
def test_rubbish_in_place_of_a_signature_is_refused(dialect: str, value: str) -> None:
    refused(dialect, message({**GOOD[dialect](), MAIN[dialect]: value}))


@pytest.mark.parametrize("dialect", GOOD)
def test_no_part_of_a_signature_will_do(dialect: str) -> None:
    headers = GOOD[dialect]()
    whole = headers[MAIN[dialect]]
    if dialect == "stripe":
        whole = whole.removesuffix(",v0=aa")
    for size in range(len(whole)):
        if base64ish(whole[:size], whole):
            continue
        refused(dialect, message({**headers, MAIN[dialect]: whole[:size]}))


def base64ish(cut: str, whole: str) -> bool:
    """Only the padding is away."""
    return cut == whole.rstrip("=") or cut.rstrip("=") == whole.rstrip("=")


@pytest.mark.parametrize("dialect", GOOD)
def test_each_header_is_needed(dialect: str) -> None:
    headers = GOOD[dialect]()
    for name in headers:
        if dialect not in ("standard", "svix") and name.lower().endswith(("-id", "-delivery")):
            continue
        others = {key: value for key, value in headers.items() if key != name}
        assert refused(dialect, message(others)) == "missing-header"


@pytest.mark.parametrize("dialect", DATED)
@pytest.mark.parametrize("seconds, reason", [(301, "stale"), (-301, "future"), (10**9, "stale"), (299, ""), (-299, "")])
def test_five_minutes_are_borne(dialect: str, seconds: int, reason: str) -> None:
    moment = NOW + timedelta(seconds=seconds)
    if reason:
        assert refused(dialect, message(GOOD[dialect]()), moment) == reason
    else:
        verify({"dialect": dialect}, [secret_of(dialect)], message(GOOD[dialect]()), moment)


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1e9", "٤٢", "9" * 40, "0x10", "1.5", " ", "nan", "+5"])
@pytest.mark.parametrize("dialect, header", [("standard", "webhook-timestamp"), ("slack", "X-Slack-Request-Timestamp")])
def test_a_timestamp_that_is_none_is_refused(dialect: str, header: str, stamp: str) -> None:
    assert refused(dialect, message({**GOOD[dialect](), header: stamp})) in ("malformed", "missing-header")


def test_unknown_versions_are_passed_over() -> None:
    headers = standard("webhook")
    good = headers["webhook-signature"]
    other = "v1," + b64(b"0" * 32)
    for signature in (f"v9,xxx v1a,BBBB {good}", f"{other} {good}", f"  {good}  "):
        verify({"dialect": "standard"}, [WHSEC], message({**headers, "webhook-signature": signature}), NOW)
    for signature in ("v2" + good[2:], other, good.replace("v1,", "v1, "), good.replace(",", ";")):
        refused("standard", message({**headers, "webhook-signature": signature}))


def test_a_message_id_that_was_changed_is_refused() -> None:
    for name in ("msg_2", "msg_1.", "é", "x" * 5000):
        assert refused("standard", message({**standard("webhook"), "webhook-id": name})) == "mismatch"


def test_the_other_prefix_is_another_dialect() -> None:
    assert refused("svix", message(standard("webhook"))) == "missing-header"


def test_a_secret_without_prefix_is_the_same_secret() -> None:
    verify({"dialect": "standard"}, [WHSEC.removeprefix("whsec_").rstrip("=")], message(standard("webhook")), NOW)


def test_stripe_signs_with_old_and_new_secret_while_it_changes() -> None:
    good = mac(dated(b".") + BODY).hex()
    header = {"Stripe-Signature": f"t={STAMP},v1={'0' * 64},v1={good}"}
    verify({"dialect": "stripe"}, [KEY], message(header), NOW)
    for wrong in (f"t={STAMP},t={STAMP + 1},v1={good}", f"v1={good}", f"t={STAMP}", f"t={STAMP},v0={good}"):
        assert refused("stripe", message({"Stripe-Signature": wrong})) == "malformed"


def test_the_method_and_the_address_are_part_of_what_hubspot_signs() -> None:
    sent = GOOD["hubspot"]()
    assert refused("hubspot", Message(headers=list(sent.items()), body=BODY, url=URL + "?x")) == "mismatch"
    assert refused("hubspot", message(sent, method="GET")) == "mismatch"


@pytest.mark.parametrize("form", [{"b": "2", "a": "1", "ü": "ß"}, {}, {"From": "+49 30"}])
def test_twilio_signs_the_address_and_the_fields(form: dict[str, str]) -> None:
    text = URL + "".join(name + form[name] for name in sorted(form))
    headers = {"X-Twilio-Signature": b64(mac(text.encode(), "sha1"))}
    body = urlencode(form).encode()
    verify({"dialect": "twilio"}, [KEY], message(headers, body), NOW)
    assert refused("twilio", message(headers, body + b"&c=3")) == "mismatch"
    refused("twilio", message(headers, b"\xff=\xff"))


def test_twilio_signs_the_hash_of_a_json_body() -> None:
    url = f"{URL}?bodySHA256={hashlib.sha256(BODY).hexdigest()}"
    headers = [("X-Twilio-Signature", b64(mac(url.encode(), "sha1")))]
    verify({"dialect": "twilio"}, [KEY], Message(headers=headers, body=BODY, url=url), NOW)
    with pytest.raises(SignatureRefused):
        verify({"dialect": "twilio"}, [KEY], Message(headers=headers, body=BODY + b" ", url=url), NOW)


def test_a_name_is_compared_where_one_is_declared() -> None:
    sent = message(GOOD["basic"]())
    verify({"dialect": "basic", "username": "hook"}, [KEY], sent, NOW)
    with pytest.raises(SignatureRefused):
        verify({"dialect": "basic", "username": "other"}, [KEY], sent, NOW)


def test_unsigned_takes_anything() -> None:
    assert verify({"dialect": "unsigned"}, [], message({}), NOW) == Verified()
    assert verify({}, [], message({}), NOW) == Verified()
    assert verify({"id_header": "X-Id"}, [], message({"x-id": "7"}), NOW).id == "7"


def test_the_general_dialect_is_described_by_its_settings() -> None:
    config = {
        "dialect": "hmac",
        "header": "X-Sig",
        "algorithm": "sha512",
        "encoding": "base64url",
        "prefix": "hs512 ",
        "template": "{method}\n{url}\n{timestamp}\n{id}\n{body}\n{other}",
        "timestamp_header": "X-Time",
        "timestamp_unit": "ms",
        "tolerance": 10,
        "key_encoding": "hex",
        "id_header": "X-Id",
    }
    text = f"POST\n{URL}\n{STAMP}000\nm1\n".encode() + BODY + b"\n{other}"
    signed = base64.urlsafe_b64encode(hmac.digest(bytes.fromhex("00ff" * 16), text, "sha512")).decode()
    headers = {"X-Sig": "hs512 " + signed, "X-Time": f"{STAMP}000", "X-Id": "m1"}
    found = verify(config, ["00ff" * 16], message(headers), NOW)
    assert (found.id, found.timestamp) == ("m1", NOW)
    with pytest.raises(SignatureRefused):
        verify(config, ["00ff" * 16], message(headers), NOW + timedelta(seconds=11))
    # What stands in the body is not taken for a place of the template.
    with pytest.raises(SignatureRefused):
        verify(config, ["00ff" * 16], message(headers, b"{timestamp}"), NOW)


@pytest.mark.parametrize(
    "config",
    [
        {"dialect": "none such"},
        {"dialect": 7},
        {"dialect": "hmac"},
        {"dialect": "hmac", "header": 3},
        {"dialect": "hmac", "header": "X", "algorithm": "md5"},
        {"dialect": "hmac", "header": "X", "typo": 1},
        {"dialect": "github", "tolerance": "long"},
        {"dialect": "jwt", "algorithm": "none"},
    ],
)
def test_settings_that_are_wrong_are_said_to_be(config: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        verify(config, [KEY], message({}), NOW)


def test_a_vendors_settings_can_be_changed() -> None:
    config = {"dialect": "github", "header": "X-Gitea-Signature", "prefix": ""}
    verify(config, [KEY], message({"X-Gitea-Signature": mac(BODY).hex()}), NOW)


@pytest.mark.parametrize("dialect", [name for name in dialects() if name != "hmac"])
def test_new_secrets_are_long_and_differ(dialect: str) -> None:
    made = {new_secret({"dialect": dialect}) for _ in range(3)}
    assert len(made) == 3
    assert all(len(one) >= 32 for one in made)


def test_a_message_does_not_show_what_is_in_it() -> None:
    assert KEY not in repr(message({"X-Webhook-Token": KEY}, KEY.encode()))


@given(st.dictionaries(st.sampled_from([h for made in GOOD.values() for h in made()]), st.text(max_size=60)))
def test_whatever_comes_is_refused_and_nothing_breaks(headers: Headers) -> None:
    for dialect in GOOD:
        refused(dialect, message(headers))
