"""Webhooks of both products: real deliveries, signed so that a receiver can check them, tried again until taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.shared import free_port
from tests.sandbox.client import Client
from tests.sandbox.receiver import receiver
from tieline.sandbox import Running


def settled(sandbox: Running, side: Any, count: int) -> list[dict[str, Any]]:
    """The deliveries, once ``count`` of them are no longer pending."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        rows = [row for row in sandbox.deliveries(side) if row["state"] != "pending"]
        if len(rows) >= count:
            return rows
        time.sleep(0.02)
    pytest.fail(f"still pending: {sandbox.deliveries(side)}")


def subscribe(gather: Client, url: str, *events: str) -> dict[str, Any]:
    made: dict[str, Any] = gather.post("/webhooks", {"url": url, "events": list(events) or ["registration.created"]})
    return made


def register(gather: Client, email: str = "new@x.example") -> dict[str, Any]:
    event = gather.get("/events", limit=1)["data"][0]["id"]
    attendee = {"first_name": "Zoë", "last_name": "O'Neill 🦊", "email": email}
    made: dict[str, Any] = gather.post("/registrations", {"event_id": event, "attendee": attendee})
    return made


def test_the_secret_is_shown_once(gather: Client, dialbook: Client) -> None:
    made = subscribe(gather, "http://127.0.0.1:9/x")
    assert made["secret"].startswith("whsec_")
    assert "secret" not in gather.get(f"/webhooks/{made['id']}")
    assert all("secret" not in row for row in gather.get("/webhooks")["data"])
    made = dialbook.post("/webhooks", {"url": "http://127.0.0.1:9/x", "events": ["call.incoming"]})
    assert made["signing_secret"].startswith("dbsig_")
    assert all("signing_secret" not in row for row in dialbook.get("/webhooks")["webhooks"])


def test_gather_signs_as_standard_webhooks_say(sandbox: Running, gather: Client) -> None:
    with receiver() as hook:
        secret = subscribe(gather, hook.url)["secret"]
        made = register(gather)
        headers, body = hook.take()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    payload = json.loads(body)
    assert (payload["type"], payload["id"], payload["data"]) == ("registration.created", headers["webhook-id"], made)


def test_dialbook_signs_an_incoming_call(sandbox: Running, dialbook: Client) -> None:
    contact = dialbook.post("/contacts", {"name": "Zoë", "phone_number": "+32 470 99 88 77"})
    with receiver() as hook:
        secret = dialbook.post("/webhooks", {"url": hook.url, "events": ["call.incoming"]})["signing_secret"]
        call = sandbox.ring("0032470998877")
        headers, body = hook.take()
    moment, signature = (part.partition("=")[2] for part in headers["x-dialbook-signature"].split(","))
    assert signature == hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    payload = json.loads(body)
    assert payload["event"] == "call.incoming"
    assert payload["call"] == call
    assert payload["contact"]["id"] == contact["id"]


def test_a_caller_whom_nobody_knows_has_no_contact(sandbox: Running, dialbook: Client) -> None:
    with receiver() as hook:
        dialbook.post("/webhooks", {"url": hook.url, "events": ["call.incoming"]})
        sandbox.ring("+1 202 555 0000")
        assert json.loads(hook.take()[1])["contact"] is None


def test_only_the_events_asked_for(sandbox: Running, gather: Client) -> None:
    with receiver() as hook:
        subscribe(gather, hook.url, "registration.updated")
        made = register(gather)
        gather.call("PATCH", f"/registrations/{made['id']}", {"notes": "hello"})
        assert json.loads(hook.take()[1])["type"] == "registration.updated"
        settled(sandbox, "events", 1)
        assert hook.came.empty()


def test_touch_tells_of_every_change(sandbox: Running, gather: Client) -> None:
    with receiver() as hook:
        subscribe(gather, hook.url, "registration.created", "registration.updated")
        touched = sandbox.touch(7, new=3)
        seen = [json.loads(hook.take()[1]) for _ in range(7)]
    assert sorted(row["data"]["id"] for row in seen) == sorted(touched["ids"])
    assert sum(row["type"] == "registration.created" for row in seen) == 3


@pytest.mark.parametrize(
    "status",
    [lambda number: (500, 429, 204)[number], lambda number: (0, 302, 200)[number]],
    ids=["errors", "hang-up-and-redirect"],
)
def test_it_is_tried_again_with_the_same_id(sandbox: Running, gather: Client, status: Callable[[int], int]) -> None:
    sandbox.settings(webhook_backoff=0.01)
    with receiver(status) as hook:
        subscribe(gather, hook.url)
        register(gather)
        came = [hook.take() for _ in range(3)]
        row = settled(sandbox, "events", 1)[0]
    assert len({headers["webhook-id"] for headers, _ in came}) == 1
    assert len({body for _, body in came}) == 1
    assert (row["state"], len(row["attempts"])) == ("delivered", 3)


def test_it_gives_up_after_six_attempts(sandbox: Running, gather: Client) -> None:
    sandbox.settings(webhook_backoff=0.001)
    with receiver(lambda number: 503) as hook:
        subscribe(gather, hook.url)
        register(gather)
        row = settled(sandbox, "events", 1)[0]
    assert (row["state"], [attempt["status"] for attempt in row["attempts"]]) == ("failed", [503] * 6)
    assert gather.get("/webhooks")["data"]


def test_nobody_there(sandbox: Running, gather: Client) -> None:
    sandbox.settings(webhook_backoff=0.001)
    subscribe(gather, f"http://127.0.0.1:{free_port()}/")
    register(gather)
    row = settled(sandbox, "events", 1)[0]
    assert row["state"] == "failed"
    assert {attempt["error"] for attempt in row["attempts"]} == {"ConnectionRefusedError"}


def test_410_ends_the_subscription(sandbox: Running, gather: Client) -> None:
    with receiver(lambda number: 410) as hook:
        subscribe(gather, hook.url)
        register(gather)
        assert settled(sandbox, "events", 1)[0]["state"] == "gone"
    assert gather.get("/webhooks")["data"] == []


def test_deleting_the_webhook_ends_its_deliveries(sandbox: Running, gather: Client) -> None:
    with receiver() as hook:
        made = subscribe(gather, hook.url)
        assert gather.call("DELETE", f"/webhooks/{made['id']}").status == 204
        assert gather.call("DELETE", f"/webhooks/{made['id']}").status == 404
        assert gather.call("GET", f"/webhooks/{made['id']}").status == 404
        register(gather)
        assert sandbox.deliveries("events") == []


@pytest.mark.parametrize(
    "url",
    ["", "nowhere", "/relative", "ftp://x.example/", "http://", "http://x.example:port/", "http://é.example/",
     "http://x.example/a b", "http://x.example/\r\nHost: y", "javascript:alert(1)"],
)  # fmt: skip
def test_an_address_that_is_none_is_422(gather: Client, dialbook: Client, url: str) -> None:
    assert gather.call("POST", "/webhooks", {"url": url, "events": ["registration.created"]}).status == 422
    assert dialbook.call("POST", "/webhooks", {"url": url, "events": ["call.incoming"]}).status == 422


@pytest.mark.parametrize("events", [[], ["registration.exploded"], "registration.created", [7], None])
def test_unknown_events_are_422(gather: Client, events: Any) -> None:
    assert gather.call("POST", "/webhooks", {"url": "http://x.example/", "events": events}).status == 422


def test_a_hundred_and_no_more(gather: Client) -> None:
    for _ in range(100):
        subscribe(gather, "http://x.example/")
    assert (
        gather.call("POST", "/webhooks", {"url": "http://x.example/", "events": ["registration.created"]}).status == 409
    )
