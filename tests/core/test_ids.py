"""Ids sort by the moment they were made, without a tie."""

from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest

from tieline.core.ids import new_id


def test_ids_of_one_process_grow_and_are_uuid7() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_the_first_48_bits_are_milliseconds_since_the_epoch() -> None:
    before = time.time_ns() // 1_000_000
    found = new_id().int >> 80
    assert before <= found <= time.time_ns() // 1_000_000 + 1


def test_ids_grow_while_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert first < new_id() < new_id()


def test_threads_make_different_ids() -> None:
    made: list[UUID] = []
    threads = [threading.Thread(target=lambda: made.extend([new_id() for _ in range(2_000)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000
