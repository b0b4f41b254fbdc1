"""`Idempotency-Key` on both products: one effect, the same answer, and no other body under the same key."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.sandbox.client import Answer, Client, dialbook_of, gather_of
from tieline.sandbox import Running

CASES: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "gather": (
        "/attendees",
        {"first_name": "A", "last_name": "B", "email": "ab@x.example"},
        422,
        "idempotent-replayed",
    ),
    "dialbook": ("/contacts", {"name": "A B", "external_id": "e1"}, 409, "idempotency-replayed"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, sandbox: Running) -> tuple[Client, str, dict[str, Any], int, str]:
    client = gather_of(sandbox) if request.param == "gather" else dialbook_of(sandbox)
    return (client, *CASES[request.param])


def test_the_same_key_gives_the_same_answer(case: tuple[Client, str, dict[str, Any], int, str]) -> None:
    client, path, body, _, marker = case
    one = client.call("POST", path, body, headers={"Idempotency-Key": "k1"})
    two = client.call("POST", path, body, headers={"Idempotency-Key": "k1"})
    assert (one.status, two.status) == (201, 201)
    assert two.body == one.body
    assert two.headers["location"] == one.headers["location"]
    assert (one.headers.get(marker), two.headers.get(marker)) == (None, "true")


def test_another_body_is_refused(case: tuple[Client, str, dict[str, Any], int, str]) -> None:
    client, path, body, conflict, _ = case
    client.call("POST", path, body, headers={"Idempotency-Key": "k1"})
    other = client.call("POST", path, body | {"company": "Other"}, headers={"Idempotency-Key": "k1"})
    assert other.status == conflict
    assert b"idempotency_key_reused" in other.body


def test_a_refused_request_does_not_use_the_key_up(case: tuple[Client, str, dict[str, Any], int, str]) -> None:
    client, path, body, _, _ = case
    assert client.call("POST", path, {"company": 7}, headers={"Idempotency-Key": "k1"}).status == 422
    assert client.call("POST", path, body, headers={"Idempotency-Key": "k1"}).status == 201


@pytest.mark.parametrize("key", ["x" * 256, "with space", "tab\tinside", "é"])
def test_a_key_that_is_none_is_400(case: tuple[Client, str, dict[str, Any], int, str], key: str) -> None:
    client, path, body, _, _ = case
    assert client.call("POST", path, body, headers={"Idempotency-Key": key}).status == 400


def test_a_key_counts_for_one_path(sandbox: Running, dialbook: Client) -> None:
    for path in ("/contacts", "/directories"):
        assert dialbook.call("POST", path, {"name": "A"}, headers={"Idempotency-Key": "k1"}).status == 201
    assert sandbox.ledger("telephony")["replayed"] == {}


def test_twenty_at_once_make_one(sandbox: Running, dialbook: Client) -> None:
    sandbox.settings(latency=0.05, hold=0.05)
    answers: list[Answer] = []

    def send() -> None:
        answers.append(dialbook.call("POST", "/contacts", {"name": "A"}, headers={"Idempotency-Key": "k1"}))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = sandbox.ledger("telephony")
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert (ledger["created"]["contact"], ledger["replayed"]["contact"]) == (1, 19)


def test_it_can_be_switched_off(sandbox: Running, dialbook: Client) -> None:
    sandbox.settings(idempotency=False)
    for _ in range(2):
        assert dialbook.call("POST", "/contacts", {"name": "A", "external_id": "x"}, headers={"Idempotency-Key": "k"})
    assert sandbox.ledger("telephony")["duplicated"] == {"contact": 1}
