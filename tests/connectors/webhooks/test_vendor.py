"""Inputs and answers of subscribing blocks, by what a manifest says and by the names that APIs use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.connectors.manifest import io
from tieline.connectors.manifest.errors import ManifestError
from tieline.connectors.manifest.model import Block, Input, Manifest, WebhookEvent
from tieline.connectors.webhooks import naming
from tieline.connectors.webhooks.addresses import callback_url, found_in, same_base
from tieline.connectors.webhooks.errors import WebhookUnsupported
from tieline.connectors.webhooks.keys import TOKEN_PREFIX, Keys
from tieline.connectors.webhooks.vendor import creating, listing, removing
from tieline.security import tokens

URL = "https://tieline.example/hooks/x"
KEYS = Keys(token="t", secret="s3cret", verify="word")


def block(*names: str, **types: str) -> Block:
    """A block with inputs in its body, ``{name}`` in its path."""
    inputs = [
        Input(id=name.strip("{}"), name="/" + name.strip("{}"), location="path" if "{" in name else "body",
              required="{" in name, type=types.get(name, "string"))
        for name in names
    ]  # fmt: skip
    return Block(id="b", inputs=inputs)


@pytest.mark.parametrize(
    "names, types, wanted",
    [
        (("url", "events"), {"events": "array"}, {"url": URL, "events": ["made"]}),
        (("callbackUrl", "topic", "url"), {}, {"callbackUrl": URL, "topic": "made"}),
        (("webhook_url", "event_types", "secret"), {"event_types": "array"},
         {"webhook_url": URL, "event_types": ["made"], "secret": "s3cret"}),
        (("target", "name"), {}, {"target": URL}),
        (("endpoint", "subscribed_events", "signing_secret"), {},
         {"endpoint": URL, "subscribed_events": "made", "signing_secret": "s3cret"}),
    ],
)  # fmt: skip
def test_inputs_are_found_by_their_names(names: tuple[str, ...], types: Any, wanted: dict[str, Any]) -> None:
    assert creating(WebhookEvent(id="e", event="made"), block(*names, **types), {}, KEYS, URL) == wanted


def test_what_the_manifest_says_goes_before_names() -> None:
    event = WebhookEvent(
        id="e", event="made", url_input="where", event_input="what", secret_input="key", inputs={"format": "json"},
        lifetime=60, expires_input="until", handshake={"kind": "query", "token_input": "verify_token"},
    )  # fmt: skip
    given = creating(event, block("url", "where", "what", "key", "format", "until", "verify_token"), {}, KEYS, URL)
    assert given.pop("until") > "2026"
    assert given == {"where": URL, "what": "made", "key": "s3cret", "format": "json", "verify_token": "word"}


def test_what_a_person_has_given_stays() -> None:
    event = WebhookEvent(id="e", event="made")
    assert creating(event, block("url", "events"), {"events": "all"}, KEYS, URL)["events"] == "all"


@pytest.mark.parametrize("event", [WebhookEvent(id="e"), WebhookEvent(id="e", url_input="no such")])
def test_nowhere_to_put_the_address_is_said(event: WebhookEvent) -> None:
    with pytest.raises(WebhookUnsupported):
        creating(event, block("name"), {}, KEYS, URL)


@pytest.mark.parametrize(
    "names, given, wanted",
    [
        (("{id}",), {}, {"id": "7"}),
        (("{account}", "{hook}"), {}, {"hook": "7"}),
        (("{account}", "{hook}"), {"hook": "h", "other": 1}, {"hook": "h", "account": "7"}),
        (("{owner}", "{hook_id}"), {"owner": "me"}, {"owner": "me", "hook_id": "7"}),
        (("subscription_id", "reason"), {}, {"subscription_id": "7"}),
    ],
)
def test_the_id_goes_where_it_is_missing(names: tuple[str, ...], given: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert removing(WebhookEvent(id="e"), block(*names), given, "7", URL) == wanted


def test_one_without_an_id_is_removed_by_its_address() -> None:
    assert removing(WebhookEvent(id="e"), block("url"), {}, "", URL) == {"url": URL}
    with pytest.raises(WebhookUnsupported):
        removing(WebhookEvent(id="e"), block("reason"), {}, "", URL)


def test_of_a_subscriptions_inputs_a_list_gets_those_that_it_knows() -> None:
    assert listing(block("{owner}"), {"owner": "me", "events": []}) == {"owner": "me"}


@pytest.mark.parametrize(
    "record, wanted",
    [
        ({"id": 7}, "7"),
        ({"data": {"id": "a", "type": "webhook"}}, "a"),
        ({"webhook": {"uuid": "u"}}, "u"),
        ({"subscription_id": "s", "name": "x"}, "s"),
        ([{"id": "one"}], "one"),
        ({"_id": "m"}, "m"),
        ({"id": True}, ""),
        ({"id": None}, ""),
        ({"id": {"a": 1}}, ""),
        ([], ""),
        (None, ""),
        ("text", ""),
    ],
)
def test_ids_in_answers(record: Any, wanted: str) -> None:
    assert naming.first_id(record) == wanted


@pytest.mark.parametrize(
    "record, active",
    [
        ({}, True),
        ({"active": True}, True),
        ({"active": False}, False),
        ({"is_enabled": 0}, False),
        ({"enabled": "false"}, False),
        ({"disabled": True}, False),
        ({"disabled": False}, True),
        ({"disabled": None}, True),
        ({"status": "ENABLED"}, True),
        ({"status": "Disabled"}, False),
        ({"state": "paused"}, False),
        ({"attributes": {"status": "inactive"}}, False),
        ({"status": 200}, True),
        ("text", True),
    ],
)
def test_whether_a_vendor_still_delivers(record: Any, active: bool) -> None:
    assert naming.is_active(record, "") is active


@pytest.mark.parametrize("value", ["2026-05-04T03:02:01Z", "2026-05-04 03:02:01", 1777863721, "1777863721000"])
def test_ends_come_in_several_forms(value: Any) -> None:
    moment = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert naming.ends({"expirationDateTime": value}, "") == moment
    assert naming.ends({"x": {"until": value}}, "$.x.until") == moment


@pytest.mark.parametrize("value", [None, "", "never", True, 10**30, [], {}])
def test_an_end_that_is_none(value: Any) -> None:
    assert naming.ends({"expires_at": value}, "") is None


def test_our_addresses_are_found_wherever_they_stand() -> None:
    token = tokens.new_token(TOKEN_PREFIX)
    url = callback_url("https://tieline.example/base/", token)
    wanted = [("https://tieline.example/base", token)]
    for record in (
        {"url": url},
        {"config": {"endpoints": [{"target": url + "?x=1"}]}},
        {"url": url.replace(":", "%3A").replace("/", "%2F")},
        url,
    ):
        assert list(found_in(record)) == wanted
    damaged = token[:-1] + ("0" if token[-1] != "0" else "1")
    others: list[Any] = [{"url": url.replace(token, damaged)}, {"url": "https://x/hooks/"}, [1, None], {"id": token}]
    for record in others:
        assert list(found_in(record)) == []


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("https://Tieline.example", "https://tieline.example/", True),
        ("https://tieline.example:443/a", "https://tieline.example/a", True),
        ("http://tieline.example:80", "http://tieline.example", True),
        ("http://tieline.example", "https://tieline.example", False),
        ("https://tieline.example.evil", "https://tieline.example", False),
        ("https://tieline.example:8443", "https://tieline.example", False),
    ],
)
def test_one_base_address_in_several_spellings(one: str, other: str, same: bool) -> None:
    assert same_base(one, other) is same


@pytest.mark.parametrize(
    "event, place",
    [
        (WebhookEvent(id="e", verification={"dialect": "githup"}), "verification"),
        (WebhookEvent(id="e", verification={"dialect": "hmac", "headers": "X"}), "verification"),
        (WebhookEvent(id="e", fetch="no such"), "fetch"),
        (WebhookEvent(id="e", renew="no such"), "renew"),
    ],
)
def test_a_manifest_that_could_not_work_is_not_read(event: WebhookEvent, place: str) -> None:
    with pytest.raises(ManifestError) as found:
        io.load(io.dump(Manifest(name="x", webhooks=[event])))
    assert f"$.webhooks[0].{place}" in str(found.value)
