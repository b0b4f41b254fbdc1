"""The ledger counts what clients did; nothing else does."""

from __future__ import annotations

import contextlib
import threading
from http.client import IncompleteRead

import pytest

from tests.sandbox.client import Client, token_of
from tieline.sandbox import Running


def test_routes_are_counted_by_template_and_status(sandbox: Running, dialbook: Client) -> None:
    for key in (100001, 100002, 1, "x"):
        dialbook.call("GET", f"/contacts/{key}")
    dialbook.call("GET", "/nowhere")
    ledger = sandbox.ledger("telephony")
    assert ledger["routes"]["GET /api/v2/contacts/{contact_id}"]["statuses"] == {"200": 2, "404": 2}
    assert ledger["routes"]["unknown"]["calls"] == 1
    assert ledger["calls"] == 6  # and the token


def test_pages_and_records(sandbox: Running, gather: Client) -> None:
    first = gather.get("/registrations", limit=50)
    second = gather.get("/registrations", limit=50, cursor=first["paging"]["next_cursor"])
    gather.get("/registrations", limit=50, cursor=second["paging"]["next_cursor"])
    ledger = sandbox.ledger("events")
    pages = ledger["pages"]["GET /v1/registrations"]
    assert (pages["served"], pages["distinct"], pages["refetched"], pages["again"]) == (3, 3, 0, {})
    assert (ledger["records"], ledger["refetched"]) == ({"registration": 120}, 0)


def test_a_page_that_is_read_twice_is_a_refetch(sandbox: Running, gather: Client) -> None:
    cursor = gather.get("/registrations", limit=50)["paging"]["next_cursor"]
    for _ in range(3):
        gather.get("/registrations", limit=50, cursor=cursor)
    gather.get("/registrations", cursor=cursor, limit=50)
    pages = sandbox.ledger("events")["pages"]["GET /v1/registrations"]
    assert (pages["served"], pages["distinct"], pages["refetched"]) == (5, 2, 3)
    assert list(pages["again"].values()) == [4]
    full = sandbox.ledger("events", full=True)["pages"]["GET /v1/registrations"]["again"]
    assert sorted(full.values()) == [1, 4]


@pytest.mark.parametrize(
    "kind, phase", [("500", "before"), ("503", "after"), ("reset", "after"), ("truncated", "after")]
)
def test_a_page_whose_answer_was_lost_is_no_refetch(sandbox: Running, gather: Client, kind: str, phase: str) -> None:
    sandbox.fault("events", kind, path="/registrations", phase=phase)
    with contextlib.suppress(OSError, IncompleteRead):
        gather.call("GET", "/registrations")
    gather.get("/registrations")
    ledger = sandbox.ledger("events")
    assert ledger["refetched"] == 0
    assert ledger["records"] == {"registration": 50}


def test_a_page_whose_reader_was_gone_is_no_refetch(sandbox: Running, gather: Client) -> None:
    sandbox.settings(hold=0.4)
    with pytest.raises(TimeoutError):
        gather.call("GET", "/registrations", timeout=0.1)
    gather.get("/registrations")
    ledger = sandbox.ledger("events")
    assert ledger["refetched"] == 0
    assert ledger["routes"]["GET /v1/registrations"]["unanswered"] == 1


def test_a_look_up_is_no_page(sandbox: Running, dialbook: Client) -> None:
    for _ in range(3):
        dialbook.get("/contacts", external_id="staff-001")
    assert sandbox.ledger("telephony")["pages"] == {}


def test_effects(sandbox: Running, dialbook: Client) -> None:
    made = dialbook.post("/contacts", {"name": "A", "external_id": "x"})
    dialbook.post("/contacts", {"name": "A", "external_id": "x"})
    dialbook.call("PATCH", f"/contacts/{made['id']}", {"name": "B"})
    dialbook.call("PATCH", f"/contacts/{made['id']}", {"name": "B"})
    dialbook.call("DELETE", f"/contacts/{made['id']}")
    dialbook.call("POST", "/contacts", {"name": ""})
    ledger = sandbox.ledger("telephony")
    assert ledger["created"] == {"contact": 2}
    assert ledger["duplicated"] == {"contact": 1}
    assert ledger["updated"] == ledger["unchanged"] == ledger["deleted"] == {"contact": 1}


def test_a_contact_without_an_external_id_is_nobodys_double(sandbox: Running, dialbook: Client) -> None:
    for _ in range(2):
        dialbook.post("/contacts", {"name": "A"})
    assert sandbox.ledger("telephony")["duplicated"] == {}


def test_what_the_outside_world_does_is_no_clients_work(sandbox: Running) -> None:
    sandbox.touch(5)
    sandbox.ring("+353875550012")
    for side in ("events", "telephony"):
        ledger = sandbox.ledger(side)
        assert (ledger["calls"], ledger["created"], ledger["updated"]) == (0, {}, {})


def test_tokens(sandbox: Running) -> None:
    for _ in range(3):
        token_of(sandbox)
    token_of(sandbox, client_secret="wrong")
    assert sandbox.ledger("telephony")["tokens"] == {"issued": 3, "refused": {"invalid_client": 1}}


def test_most_in_flight(sandbox: Running, gather: Client) -> None:
    sandbox.settings(latency=0.5)
    threads = [threading.Thread(target=gather.call, args=("GET", "/account")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = sandbox.ledger("events")
    assert ledger["max_in_flight"] == ledger["routes"]["GET /v1/account"]["max_in_flight"] == 4
    assert ledger["in_flight"] == 0


def test_expectations(sandbox: Running, dialbook: Client) -> None:
    assert "lost" not in sandbox.ledger("telephony")
    sandbox.expect(["a b", "é"], prefix="e", count=3)
    dialbook.post("/contacts", {"name": "A", "external_id": "e1"})
    dialbook.post("/contacts", {"name": "A", "external_id": "é"})
    ledger = sandbox.ledger("telephony")
    assert (ledger["expected"], ledger["lost"], ledger["lost_ids"]) == (5, 3, ["a b", "e0", "e2"])


def test_requests_show_what_came(sandbox: Running, dialbook: Client) -> None:
    dialbook.call("POST", "/contacts", {"name": "A"}, headers={"Idempotency-Key": "k1"})
    dialbook.call("GET", "/contacts?page=1")
    rows = sandbox.requests("telephony", path="/contacts")
    assert [(row["method"], row["query"], row["status"], row["idempotency_key"]) for row in rows] == [
        ("POST", "", 201, "k1"),
        ("GET", "page=1", 200, ""),
    ]
    assert len(sandbox.requests("telephony", method="get")) == 1


def test_reset_forgets_counts_and_keeps_records(sandbox: Running, dialbook: Client) -> None:
    dialbook.post("/contacts", {"name": "A", "external_id": "x"})
    sandbox.reset_ledger()
    ledger = sandbox.ledger("telephony")
    assert (ledger["calls"], ledger["created"], ledger["tokens"]["issued"]) == (0, {}, 0)
    assert dialbook.get("/contacts", external_id="x")["total"] == 1
