"""What answers say about speed, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from tieline.connectors.manifest.model import RateBudget
from tieline.connectors.runtime import times
from tieline.connectors.runtime.advice import NOTHING, Advice, read
from tieline.connectors.runtime.budget import Bucket, Permit
from tieline.core.errors import BadInput

NOW = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 2.0),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:10 GMT"}, 10.5),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "31536000"}, None),
        ({"retry-after": ""}, None),
        ({"x-ratelimit-reset": str(EPOCH + 5)}, 5.5),
        ({"x-ratelimit-reset": str((EPOCH + 5) * 1000)}, 5.5),
        ({"x-ratelimit-reset": f"{EPOCH + 5}.25"}, 4.75),
        ({"x-ratelimit-reset": "7"}, 7.0),
        ({"x-ratelimit-reset": "2026-01-01T12:00:10Z"}, 10.5),
        ({"x-rate-limit-reset": "3"}, 3.0),
        ({"x-ratelimit-reset-after": "3"}, 3.0),
        ({"x-ratelimit-reset": "1m30s"}, 90.0),
        ({"ratelimit-reset": "4"}, 4.0),
        ({"ratelimit": '"default";r=0;t=6'}, 6.0),
        ({"ratelimit": "limit=10, remaining=0, reset=8"}, 8.0),
        ({"retry-after": "2", "x-ratelimit-reset": "9"}, 2.0),
        ({"retry-after": "garbage", "x-ratelimit-reset": "9"}, 9.0),
        ({}, None),
    ],
    ids=str,
)
def test_dialects(headers: dict[str, str], wait: float | None) -> None:
    assert read(headers, limited=True, moment=NOW).wait == (None if wait is None else pytest.approx(wait))


def test_headers_of_answers_that_were_no_refusals() -> None:
    assert read({}, moment=NOW) is NOTHING
    assert read({"retry-after": "5"}, moment=NOW) is NOTHING
    assert read({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "9"}, moment=NOW) == Advice(remaining=7, reset=9.0)
    assert read({"x-ratelimit-remaining": "many"}, moment=NOW).remaining is None
    own = RateBudget(remaining_header="X-Left".lower(), reset_header="x-again")
    assert read({"x-left": "3", "x-again": "4"}, rate=own, moment=NOW) == Advice(remaining=3, reset=4.0)


def test_a_bucket_that_knows_nothing_lets_one_go_first_and_then_everybody() -> None:
    bucket = Bucket()
    assert bucket.take(0.0, UNSET) == (1, 0.0, True)
    assert bucket.take(0.1, UNSET)[0] == 0
    bucket.back(1)
    bucket.learn(0.2, UNSET, Permit(granted_at=0.0, probe=True), NOTHING)
    assert [bucket.take(0.3, UNSET) for _ in range(3)] == [(1, 0.0, False)] * 3


def test_a_first_call_that_does_not_come_back_holds_nobody_for_long() -> None:
    bucket = Bucket()
    bucket.take(0.0, UNSET)
    given, wait, _ = bucket.take(0.5, UNSET)
    assert (given, wait) == (0, 1.5)
    assert bucket.take(2.1, UNSET)[0] == 1


def test_a_refusal_closes_and_one_knocks_when_the_time_is_over() -> None:
    bucket = Bucket(asked=True)
    bucket.learn(10.0, UNSET, Permit(granted_at=9.9), Advice(limited=True, wait=2.0))
    given, wait, _ = bucket.take(10.5, UNSET)
    assert given == 0
    assert 1.5 <= wait <= 2.0
    assert bucket.take(13.0, UNSET) == (1, 0.0, True)
    assert bucket.take(13.0, UNSET)[:2] == (0, 0.0)
    bucket.back(1)
    bucket.learn(13.1, UNSET, Permit(granted_at=13.0, probe=True), Advice(remaining=5))
    assert bucket.tokens == 5
    assert [bucket.take(13.2, UNSET)[0] for _ in range(6)] == [1, 1, 1, 1, 1, 0]


def test_a_refusal_that_says_nothing_pauses_longer_each_time_but_once_for_all_who_were_under_way() -> None:
    bucket = Bucket(asked=True)
    now = 100.0
    pauses = []
    for _ in range(3):
        for _ in range(4):
            bucket.learn(now + 0.01, UNSET, Permit(granted_at=now), Advice(limited=True))
        pauses.append(bucket.blocked_until - now)
        now = bucket.blocked_until + 0.1
    assert bucket.strikes == 3
    for pause, least in zip(pauses, (2, 4, 8), strict=True):
        assert least <= pause <= least * 2.2


def test_calls_under_way_are_not_in_the_count_of_a_probe() -> None:
    bucket = Bucket(asked=True, tokens=3, limited=True)
    for _ in range(3):
        bucket.take(0.0, UNSET)
    assert bucket.take(0.1, UNSET)[0] == 0, "nobody knocks while others are under way"
    bucket.back(2)
    assert bucket.take(6.0, UNSET) == (1, 0.0, True), "but one that hangs holds nobody for ever"
    bucket.back(1)
    bucket.learn(6.1, UNSET, Permit(granted_at=6.0, probe=True), Advice(remaining=9))
    assert bucket.tokens == 8


def test_a_probe_that_was_replaced_tells_old_news() -> None:
    bucket = Bucket()
    bucket.take(1.0, UNSET)
    bucket.take(3.5, UNSET)
    bucket.back(1)
    bucket.learn(4.0, UNSET, Permit(granted_at=3.5, probe=True), Advice(remaining=5))
    for _ in range(4):
        bucket.take(4.1, UNSET)
        bucket.back(1)
    late = Permit(granted_at=1.0, probe=True)
    bucket.learn(4.2, UNSET, late, Advice(remaining=4))
    assert bucket.tokens == 0
    assert bucket.take(4.3, UNSET) == (0, 0.0, False), "the late one itself is under way still"
    bucket.back(1)
    assert bucket.take(4.4, UNSET) == (1, 0.0, True)
    bucket.learn(4.5, UNSET, late, NOTHING)
    assert bucket.take(4.6, UNSET)[0] == 0, "the one that goes ahead now is not let go by it"


def test_a_stated_reset_is_waited_for() -> None:
    bucket = Bucket(asked=True, tokens=1)
    bucket.take(0.0, UNSET)
    bucket.back(1)
    bucket.learn(0.0, UNSET, Permit(), Advice(remaining=0, reset=30.0))
    assert bucket.take(10.0, UNSET)[:2] == (0, 20.0)
    assert bucket.take(30.5, UNSET) == (1, 0.0, True)


@pytest.mark.parametrize(("calls", "seconds"), [(10, 1.0), (300, 60.0), (1, 1.0), (2, 10.0), (1000, 1.0)])
def test_a_declared_budget_is_never_exceeded_in_any_window(calls: int, seconds: float) -> None:
    bucket, rate = Bucket(), RateBudget(calls=calls, seconds=seconds)
    now, granted = 1.0, []
    while now < 1.0 + seconds * 3:
        given, wait, _ = bucket.take(now, rate)
        if given:
            granted.append(now)
        now += wait or seconds / calls / 10
    assert len(granted) >= calls * 3 * 0.5
    for start in granted:
        assert sum(start <= at < start + seconds for at in granted) <= calls


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"),
        ("2024-05-06 07:08:09", "2024-05-06T07:08:09Z"),
        ("2024-05-06T07:08:09+02:00", "2024-05-06T05:08:09Z"),
        ("2024-05-06T07:08:09.123456Z", "2024-05-06T07:08:09.123456Z"),
        ("2024-05-06", "2024-05-06T00:00:00Z"),
        (1714979289, "2024-05-06T07:08:09Z"),
        ("1714979289", "2024-05-06T07:08:09Z"),
        (1714979289123, "2024-05-06T07:08:09.123Z"),
        (1714979289123456, "2024-05-06T07:08:09.123456Z"),
        (1714979289.5, "2024-05-06T07:08:09.500Z"),
        ("Mon, 06 May 2024 07:08:09 GMT", "2024-05-06T07:08:09Z"),
        (datetime(2024, 5, 6, 7, 8, 9), "2024-05-06T07:08:09Z"),
    ],
)
def test_moments_in_all_notations(value: Any, iso: str) -> None:
    moment = times.parse(value)
    assert moment is not None
    assert times.render(moment, "iso") == iso


@pytest.mark.parametrize("value", [None, True, "", "yesterday", {}, [], float("nan"), 1e30, "9" * 100, b"x"], ids=repr)
def test_what_is_no_moment_is_none(value: Any) -> None:
    assert times.parse(value) is None


def test_moments_are_written_as_declared() -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, 123_456, tzinfo=UTC)
    assert times.render(moment, "unix") == "1714979289"
    assert times.render(moment, "unix_ms") == "1714979289123"
    assert times.render(moment, "date") == "2024-05-06"
    assert times.render(moment, "%d/%m/%Y") == "06/05/2024"
    with pytest.raises(BadInput, match="time format"):
        times.render(moment, "nonsense")
