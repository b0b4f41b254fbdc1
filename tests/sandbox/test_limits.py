"""Rate limits that can be switched on."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from tests.sandbox.client import Client, dialbook_of
from tieline.sandbox import Running


def test_headers_count_down_and_then_429(sandbox: Running, gather: Client) -> None:
    sandbox.limit("events", calls=3, seconds=60)
    answers = [gather.call("GET", "/account") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
    assert 0 < int(answers[3].headers["retry-after"]) <= 60
    assert answers[3].json["error"]["type"] == "rate_limit_error"


def test_calls_before_the_promised_time_are_noted(sandbox: Running, gather: Client) -> None:
    sandbox.limit("events", calls=1, seconds=60)
    for _ in range(4):
        gather.call("GET", "/account")
    assert sandbox.ledger("events")["rate_limited"] == {"refused": 3, "early": 2}


def test_the_window_ends(sandbox: Running, gather: Client) -> None:
    sandbox.limit("events", calls=1, seconds=0.05)
    assert gather.call("GET", "/account").status == 200
    until = 200
    for _ in range(500):
        until = gather.call("GET", "/account").status
        if until == 200:
            break
    assert until == 200


def test_retry_after_may_be_a_date(sandbox: Running, dialbook: Client) -> None:
    sandbox.limit("telephony", calls=1, seconds=30, retry_after="date")
    dialbook.call("GET", "/account")
    answer = dialbook.call("GET", "/account")
    assert answer.status == 429
    assert parsedate_to_datetime(answer.headers["retry-after"])


def test_no_limit_without_one(sandbox: Running, gather: Client) -> None:
    assert "x-ratelimit-limit" not in gather.call("GET", "/account").headers
    sandbox.limit("events", calls=1)
    sandbox.limit("events", calls=0)
    assert {gather.call("GET", "/account").status for _ in range(3)} == {200}


def test_each_product_counts_for_itself(sandbox: Running, gather: Client) -> None:
    sandbox.limit("events", calls=1)
    dialbook = dialbook_of(sandbox)
    assert {dialbook.call("GET", "/account").status for _ in range(3)} == {200}


def test_a_wrong_key_uses_nobodys_budget(sandbox: Running, gather: Client) -> None:
    sandbox.limit("events", calls=1)
    for _ in range(3):
        assert gather.call("GET", "/account", headers={"X-Gather-Key": "wrong"}).status == 401
    assert gather.call("GET", "/account").status == 200
