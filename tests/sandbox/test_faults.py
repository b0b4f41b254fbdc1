"""Faults: what a client sees, and whether the effect happened."""

from __future__ import annotations

import json
import threading
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected
from typing import Any

import pytest

from tests.sandbox.client import Answer, Client
from tieline.sandbox import Running

CONTACT = {"name": "Zoë", "external_id": "reg_1"}


def create(dialbook: Client, **options: Any) -> Answer:
    return dialbook.call("POST", "/contacts", CONTACT, **options)


def made(dialbook: Client) -> int:
    total: int = dialbook.get("/contacts", external_id="reg_1")["total"]
    return total


@pytest.mark.parametrize("kind", ["400", "401", "403", "404", "418", "429", "500", "502", "503", "504", "599"])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_status(sandbox: Running, dialbook: Client, kind: str, phase: str) -> None:
    sandbox.fault("telephony", kind, method="POST", path="/contacts$", phase=phase)
    assert create(dialbook).status == int(kind)
    assert made(dialbook) == (phase == "after")
    assert create(dialbook).status == 201


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize(
    "kind, error",
    [("reset", ConnectionResetError), ("close", RemoteDisconnected), ("garbage", BadStatusLine)],
)
def test_no_answer(sandbox: Running, dialbook: Client, kind: str, error: type[Exception], phase: str) -> None:
    sandbox.fault("telephony", kind, method="POST", phase=phase)
    with pytest.raises(error):
        create(dialbook)
    assert made(dialbook) == (phase == "after")
    ledger = sandbox.ledger("telephony")
    assert ledger["faults"] == {kind: 1}
    assert ledger["routes"]["POST /api/v2/contacts"]["unanswered"] == 1


@pytest.mark.parametrize("kind, happened", [("timeout", 0), ("timeout_after", 1)])
def test_no_answer_for_a_long_time(sandbox: Running, dialbook: Client, kind: str, happened: int) -> None:
    sandbox.fault("telephony", kind, method="POST")
    with pytest.raises(TimeoutError):
        create(dialbook, timeout=0.3)
    assert made(dialbook) == happened


def test_a_timeout_can_end(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "timeout", params={"seconds": 0.05})
    with pytest.raises(RemoteDisconnected):
        create(dialbook)


@pytest.mark.parametrize("phase, happened", [("before", 0), ("after", 1), ("", 1)])
def test_a_truncated_answer(sandbox: Running, dialbook: Client, phase: str, happened: int) -> None:
    sandbox.fault("telephony", "truncated", method="POST", phase=phase)
    with pytest.raises(IncompleteRead) as caught:
        create(dialbook)
    assert caught.value.partial
    assert made(dialbook) == happened


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_slow_answer_is_the_true_one(sandbox: Running, dialbook: Client, phase: str) -> None:
    sandbox.fault("telephony", "slow", method="POST", phase=phase, params={"seconds": 0.3})
    answer = create(dialbook)
    assert sandbox.requests("telephony", method="POST")[-1]["ms"] > 200
    assert (answer.status, answer.json["external_id"]) == (201, "reg_1")
    assert made(dialbook) == 1


def test_a_dripping_answer_is_whole(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "drip", method="POST", params={"seconds": 0.1, "pieces": 7})
    assert create(dialbook).json["external_id"] == "reg_1"
    assert made(dialbook) == 1


def test_half_a_document_with_status_200(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "bad_json", method="GET", path="/contacts")
    answer = dialbook.call("GET", "/contacts")
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        _ = answer.json


def test_a_web_page_with_status_200(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "html")
    answer = dialbook.call("GET", "/contacts")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("style, value", [("seconds", "7"), ("date", " GMT")])
def test_retry_after(sandbox: Running, dialbook: Client, style: str, value: str) -> None:
    sandbox.fault("telephony", "503", params={"retry_after": 7, "retry_after_style": style})
    assert dialbook.call("GET", "/account").headers["retry-after"].endswith(value)


def test_skip_and_times(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "500", skip=2, times=3)
    assert [dialbook.call("GET", "/account").status for _ in range(7)] == [200, 200, 500, 500, 500, 200, 200]


def test_times_0_goes_on_until_it_is_removed(sandbox: Running, dialbook: Client) -> None:
    rule = sandbox.fault("telephony", "500", times=0)
    assert {dialbook.call("GET", "/account").status for _ in range(5)} == {500}
    assert sandbox.call("telephony", "DELETE", f"/faults/{rule}") == {"removed": 1}
    assert dialbook.call("GET", "/account").status == 200


def test_probability_is_drawn_from_the_seed(sandbox: Running, dialbook: Client) -> None:
    runs = []
    for _ in range(2):
        sandbox.clear_faults()
        sandbox.fault("telephony", "500", times=0, probability=0.5, seed=4)
        runs.append([dialbook.call("GET", "/account").status for _ in range(30)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_method_and_path_choose(sandbox: Running, dialbook: Client, gather: Client) -> None:
    sandbox.fault("telephony", "500", method="get", path=r"/contacts/\d+$", times=0)
    assert create(dialbook).status == 201
    assert dialbook.call("GET", "/contacts").status == 200
    assert dialbook.call("GET", "/contacts/100001").status == 500
    assert gather.call("GET", "/account").status == 200


def test_the_token_endpoint_can_fail_too(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "503", path="^/oauth/token$")
    assert Client(sandbox.telephony.url).call("POST", "/oauth/token").status == 503


def test_the_desk_is_never_hit(sandbox: Running) -> None:
    sandbox.fault("events", "500", times=0)
    sandbox.fault("telephony", "500", times=0)
    assert sandbox.ledger("events")["calls"] == 0


def test_a_slow_call_does_not_hold_up_others(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "timeout", path="/contacts", params={"seconds": 30})

    def wait() -> None:
        with pytest.raises(TimeoutError):
            create(dialbook, timeout=1)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert dialbook.call("GET", "/account").status == 200
    waiting.join()


def test_the_effect_happens_once_although_the_answer_is_lost_three_times(sandbox: Running, dialbook: Client) -> None:
    sandbox.fault("telephony", "reset", method="POST", phase="after", times=3)
    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            create(dialbook, headers={"Idempotency-Key": "k"})
    assert create(dialbook, headers={"Idempotency-Key": "k"}).status == 201
    ledger = sandbox.ledger("telephony")
    assert (ledger["created"], ledger["replayed"], ledger["duplicated"]) == ({"contact": 1}, {"contact": 3}, {})
