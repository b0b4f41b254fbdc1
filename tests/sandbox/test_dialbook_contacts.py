"""Dialbook's phone book: contacts, directories, look-ups and upserts."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.client import Client
from tieline.sandbox import Running

ZOE: dict[str, Any] = {
    "external_id": "reg_1",
    "name": "Zoë O'Neill 🦊",
    "company": "Crème & Fils",
    "email": "zoe@x.example",
    "phone_number": "+32 470 12-34-56",
    "extra_data": {"seat": 4, "tags": ["vip"], "نص": None},
}


def test_create_read_update_delete(dialbook: Client) -> None:
    answer = dialbook.call("POST", "/contacts", ZOE)
    made = answer.json
    assert answer.status == 201
    assert answer.headers["location"] == f"/api/v2/contacts/{made['id']}"
    assert {key: made[key] for key in ZOE} == ZOE
    changed = dialbook.call("PATCH", f"/contacts/{made['id']}", {"company": None}).json
    assert changed == made | {"company": None, "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > made["updated_at"]
    assert dialbook.call("DELETE", f"/contacts/{made['id']}").status == 204
    assert dialbook.call("GET", f"/contacts/{made['id']}").status == 404


def test_unknown_fields_are_ignored(dialbook: Client) -> None:
    assert "colour" not in dialbook.post("/contacts", ZOE | {"colour": "red"})


@pytest.mark.parametrize(
    "change, field",
    [
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"external_id": ""}, "/external_id"),
        ({"external_id": "x" * 129}, "/external_id"),
        ({"external_id": 7}, "/external_id"),
        ({"email": "nobody"}, "/email"),
        ({"phone_number": "call me"}, "/phone_number"),
        ({"extra_data": []}, "/extra_data"),
        ({"extra_data": None}, "/extra_data"),
        ({"extra_data": {"n": 2**64}}, "/extra_data/n"),
        ({"directory_id": 999}, "/directory_id"),
        ({"directory_id": "301"}, "/directory_id"),
    ],
    ids=str,
)
def test_a_wrong_field_is_a_problem_that_points_at_it(dialbook: Client, change: dict[str, Any], field: str) -> None:
    answer = dialbook.call("POST", "/contacts", ZOE | change)
    assert answer.status == answer.json["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["errors"][0]["field"] == field


@pytest.mark.parametrize("key", ["0", "-1", "x", "1e3", "100001.0", "9" * 40, "١٠٠٠٠١"])
def test_an_id_that_is_none_is_404(dialbook: Client, key: str) -> None:
    assert dialbook.call("GET", f"/contacts/{quote(key)}").status == 404


@pytest.mark.parametrize(
    "query",
    [
        {"external_id": "reg_1"},
        {"phone_number": "+32470123456"},
        {"phone_number": "0032 470 12 34 56"},
        {"email": "ZOE@X.example"},
    ],
    ids=str,
)
def test_look_up(dialbook: Client, query: dict[str, str]) -> None:
    made = dialbook.post("/contacts", ZOE)
    dialbook.post("/contacts", {"name": "Somebody else"})
    found = dialbook.get("/contacts", **query)
    assert (found["total"], [row["id"] for row in found["items"]]) == (1, [made["id"]])


@pytest.mark.parametrize("query", [{"external_id": "x"}, {"phone_number": "+1"}, {"phone_number": ""}, {"email": ""}])
def test_look_up_of_nobody_is_empty(dialbook: Client, query: dict[str, str]) -> None:
    assert dialbook.get("/contacts", **query)["total"] == 0


def test_look_ups_follow_changes(dialbook: Client) -> None:
    made = dialbook.post("/contacts", ZOE)
    dialbook.call("PATCH", f"/contacts/{made['id']}", {"external_id": "reg_2", "phone_number": None})
    assert dialbook.get("/contacts", external_id="reg_1")["total"] == 0
    assert dialbook.get("/contacts", external_id="reg_2")["total"] == 1
    assert dialbook.get("/contacts", phone_number="+32470123456")["total"] == 0
    assert dialbook.call("GET", "/contacts/by-external-id/reg_1").status == 404
    assert dialbook.get("/contacts/by-external-id/reg_2")["id"] == made["id"]
    dialbook.call("DELETE", f"/contacts/{made['id']}")
    assert dialbook.get("/contacts", external_id="reg_2")["total"] == 0


@pytest.mark.parametrize("text", ["o'neill", "🦊", "crème", "zoe@x", "reg_1", "470 12-34", "0032470123456"])
def test_search(dialbook: Client, text: str) -> None:
    made = dialbook.post("/contacts", ZOE)
    assert made["id"] in [row["id"] for row in dialbook.get("/contacts/search", q=text)["items"]]


def test_search_needs_a_text(dialbook: Client) -> None:
    assert dialbook.call("GET", "/contacts/search").status == 400
    assert dialbook.call("GET", "/contacts/search", q=" ").status == 400


@pytest.mark.parametrize("key", ["reg_1", "with space", "slash/inside", "é🦊", "a?b#c", "%41", "by-external-id"])
def test_upsert_creates_and_then_replaces(dialbook: Client, key: str) -> None:
    path = f"/contacts/by-external-id/{quote(key, safe='')}"
    body = {name: value for name, value in ZOE.items() if name != "external_id"}
    one, two = dialbook.call("PUT", path, body), dialbook.call("PUT", path, {"name": "Zoë"})
    assert (one.status, two.status) == (201, 200)
    assert one.json["id"] == two.json["id"]
    assert one.json["external_id"] == key
    assert two.json["company"] is None
    assert two.json["extra_data"] == {}
    assert dialbook.get(path) == two.json
    assert dialbook.get("/contacts", external_id=key)["total"] == 1


def test_the_same_upsert_twice_changes_nothing(sandbox: Running, dialbook: Client) -> None:
    answers = [dialbook.call("PUT", "/contacts/by-external-id/x", {"name": "A"}).json for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    ledger = sandbox.ledger("telephony")
    assert (ledger["created"], ledger["updated"], ledger["unchanged"]) == ({"contact": 1}, {}, {"contact": 2})


def test_an_external_id_of_129_characters_is_refused(dialbook: Client) -> None:
    assert dialbook.call("PUT", f"/contacts/by-external-id/{'x' * 129}", {"name": "A"}).status == 422


def test_external_id_may_be_made_unique(sandbox: Running, dialbook: Client) -> None:
    sandbox.settings(unique_external_id=True)
    dialbook.post("/contacts", ZOE)
    assert dialbook.call("POST", "/contacts", ZOE).status == 409
    assert sandbox.ledger("telephony")["created"] == {"contact": 1}


def test_directories(dialbook: Client) -> None:
    path = "/directories/by-external-id/evt_1"
    assert dialbook.call("GET", path).status == 404
    one, two = (dialbook.call("PUT", path, {"name": name}) for name in ("東京", "東京"))
    assert (one.status, two.status) == (201, 200)
    assert one.json == two.json == dialbook.get(path)
    assert dialbook.call("POST", "/directories", {"name": "Other", "external_id": "evt_1"}).status == 409
    other = dialbook.post("/directories", {"name": "Other"})
    assert dialbook.call("PATCH", f"/directories/{other['id']}", {"external_id": "evt_1"}).status == 409
    assert dialbook.call("PATCH", f"/directories/{other['id']}", {"name": "Øther"}).json["name"] == "Øther"
    assert [row["id"] for row in dialbook.get("/directories", name="Øther")] == [other["id"]]
    assert [row["id"] for row in dialbook.get("/directories", external_id="evt_1")] == [one.json["id"]]


def test_a_directory_counts_its_contacts_and_stays_while_it_has_some(dialbook: Client) -> None:
    one, two = (dialbook.post("/directories", {"name": name})["id"] for name in "AB")
    contact = dialbook.post("/contacts", ZOE | {"directory_id": one})
    assert dialbook.get(f"/directories/{one}")["contact_count"] == 1
    assert dialbook.call("DELETE", f"/directories/{one}").status == 409
    dialbook.call("PATCH", f"/contacts/{contact['id']}", {"directory_id": two})
    counts = [dialbook.get(f"/directories/{key}")["contact_count"] for key in (one, two)]
    assert counts == [0, 1]
    assert dialbook.get("/contacts", directory_id=two)["total"] == 1
    dialbook.call("DELETE", f"/contacts/{contact['id']}")
    assert dialbook.call("DELETE", f"/directories/{two}").status == 204
