"""Dialbook's calls, live and over, and its numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tieline.core.errors import BadInput
from tieline.sandbox import Running


def test_an_incoming_call_lives_until_it_is_ended(sandbox: Running, dialbook: Client) -> None:
    call = sandbox.ring("+353875550012")
    path = f"/calls/{call['id']}"
    assert dialbook.get(path) == call
    assert (call["status"], call["direction"], call["from_number"]) == ("ringing", "inbound", "+353875550012")
    assert [row["id"] for row in dialbook.get("/calls", status="live")] == [call["id"]]
    shown = dialbook.call("PATCH", path, {"display_name": "Zoë 🦊", "extra_data": {"order": 7}}).json
    assert (shown["display_name"], shown["extra_data"], shown["status"]) == ("Zoë 🦊", {"order": 7}, "ringing")
    answered = dialbook.call("PATCH", path, {"status": "in_progress"}).json
    assert answered["answered_at"]
    held = dialbook.call("PATCH", path, {"status": "on_hold"}).json
    assert held["answered_at"] == answered["answered_at"]
    ended = dialbook.call("PATCH", path, {"status": "ended"}).json
    assert ended["status"] == "ended"
    assert ended["duration_seconds"] >= 0
    assert dialbook.get("/calls", status="live") == []
    assert dialbook.call("PATCH", path, {"display_name": "late"}).status == 409


def test_a_call_that_nobody_takes_is_missed(sandbox: Running, dialbook: Client) -> None:
    call = sandbox.ring("+353875550012")
    ended = dialbook.call("PATCH", f"/calls/{call['id']}", {"status": "ended"}).json
    assert (ended["status"], ended["answered_at"], ended["duration_seconds"]) == ("missed", None, None)


def test_the_phone_book_knows_the_caller(sandbox: Running, dialbook: Client) -> None:
    contact = dialbook.post("/contacts", {"name": "Zoë", "phone_number": "+32 (0)470/12.34.56"})
    call = sandbox.ring("+32 0470 12 34 56")
    assert (call["contact_id"], call["display_name"]) == (contact["id"], "Zoë")
    assert [row["id"] for row in dialbook.get("/calls", contact_id=contact["id"])] == [call["id"]]


def test_to_chooses_one_of_the_numbers(sandbox: Running, dialbook: Client) -> None:
    number = dialbook.get("/numbers")["numbers"][2]
    assert sandbox.ring("+353875550012", to=number["phone_number"])["number_id"] == number["id"]
    with pytest.raises(BadInput, match="none of the account's numbers"):
        sandbox.ring("+353875550012", to="+999")


def test_place_a_call(dialbook: Client) -> None:
    number = dialbook.get("/numbers")["numbers"][0]
    call = dialbook.post("/calls", {"number_id": number["id"], "to_number": "+353875550012"})
    assert (call["direction"], call["from_number"], call["status"]) == ("outbound", number["phone_number"], "ringing")
    assert dialbook.call("POST", "/calls", {"number_id": 99, "to_number": "+353875550012"}).status == 422


@pytest.mark.parametrize(
    "change", [{"status": "missed"}, {"status": "ringing"}, {"status": None}, {"extra_data": []}, {"display_name": ""}]
)
def test_a_live_call_takes_only_what_makes_sense(sandbox: Running, dialbook: Client, change: dict[str, Any]) -> None:
    call = sandbox.ring("+353875550012")
    assert dialbook.call("PATCH", f"/calls/{call['id']}", change).status == 422


def test_numbers(dialbook: Client) -> None:
    numbers = dialbook.get("/numbers")["numbers"]
    assert len(numbers) == 3
    path = f"/numbers/{numbers[1]['id']}"
    assert dialbook.get(path) == numbers[1]
    assert dialbook.call("PATCH", path, {"label": "Soporte ☎️"}).json["label"] == "Soporte ☎️"
    assert dialbook.call("PATCH", "/numbers/99", {"label": "x"}).status == 404


@pytest.mark.parametrize("number", ["", "anonymous", "+", "12", None])
def test_a_caller_needs_a_number(sandbox: Running, number: Any) -> None:
    with pytest.raises(BadInput):
        sandbox.ring(number)
