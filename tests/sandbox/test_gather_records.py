"""Gather's records: create, read, update, delete, and the rules between them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tieline.sandbox import Running

TIMES = {"starts_at": "2027-06-01T09:00:00Z", "ends_at": "2027-06-01T10:00:00Z"}


def first(gather: Client, path: str) -> dict[str, Any]:
    row: dict[str, Any] = gather.get(path, limit=1)["data"][0]
    return row


def body_for(gather: Client, path: str) -> dict[str, Any]:
    event = first(gather, "/events")["id"]
    bodies: dict[str, dict[str, Any]] = {
        "/events": {"name": "Fête d'été ☀️", **TIMES},
        "/sessions": {"event_id": event, "title": "Ünïcode", "room": "A1", "speakers": ["山田 太郎"], **TIMES},
        "/attendee-categories": {"event_id": event, "name": "Crew", "price": {"amount": "1.50", "currency": "EUR"}},
        "/attendees": {"first_name": "Zoë", "last_name": "O'Neill", "email": "zoe@x.example"},
        "/registrations": {
            "event_id": event,
            "attendee": {"first_name": "نور", "last_name": "الهاشمي", "email": "noor@x.example", "language": "ar"},
            "custom_fields": {"size": "XL", "deep": [{"a": None}]},
        },
        "/check-ins": {"registration_id": first(gather, "/registrations")["id"], "method": "manual"},
    }
    return bodies[path]


ALL = ["/events", "/sessions", "/attendee-categories", "/attendees", "/registrations", "/check-ins"]
PATCHES: dict[str, dict[str, Any]] = {
    "/events": {"name": "Renamed"},
    "/sessions": {"room": None},
    "/attendee-categories": {"color": "#00ff00"},
    "/attendees": {"company": "Élan & Fils"},
    "/registrations": {"notes": "Gluten free"},
}


@pytest.mark.parametrize("path", ALL)
def test_create_read_delete(gather: Client, path: str) -> None:
    answer = gather.call("POST", path, body_for(gather, path))
    assert answer.status == 201
    made = answer.json
    assert answer.headers["location"] == f"/v1{path}/{made['id']}"
    assert gather.get(f"{path}/{made['id']}") == made
    gone = gather.call("DELETE", f"{path}/{made['id']}")
    assert (gone.status, gone.body) == (204, b"")
    for method in ("GET", "DELETE"):
        assert gather.call(method, f"{path}/{made['id']}").status == 404


@pytest.mark.parametrize("path", PATCHES)
def test_update_moves_updated_at_and_nothing_else(gather: Client, path: str) -> None:
    made = gather.post(path, body_for(gather, path))
    changed = gather.call("PATCH", f"{path}/{made['id']}", PATCHES[path]).json
    assert changed["updated_at"] > made["updated_at"]
    moved = {key for key in made if made[key] != changed[key]}
    assert moved - set(PATCHES[path]) == {"updated_at"}
    assert gather.call("PATCH", f"{path}/{made['id']}", PATCHES[path]).json == changed


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize(
    "body, status",
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 422),
        (b"null", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"unheard_of": 1}', 422),
    ],
    ids=["empty", "half", "not-utf8", "brackets", "null", "list", "nothing", "unknown-field"],
)
def test_a_bad_body_is_refused(gather: Client, path: str, body: bytes, status: int) -> None:
    answer = gather.call("POST", path, raw=body)
    assert answer.status == status
    assert set(answer.json["error"]) == {"type", "code", "message", "param", "request_id"}
    assert answer.json["error"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "change, param",
    [
        ({"email": "nobody"}, "/email"),
        ({"email": 7}, "/email"),
        ({"email": None}, "/email"),
        ({"first_name": ""}, "/first_name"),
        ({"first_name": "x" * 201}, "/first_name"),
        ({"phone": "call me"}, "/phone"),
        ({"language": "EN"}, "/language"),
    ],
    ids=str,
)
def test_a_wrong_field_is_422_and_pointed_at(gather: Client, change: dict[str, Any], param: str) -> None:
    answer = gather.call("POST", "/attendees", body_for(gather, "/attendees") | change)
    assert (answer.status, answer.json["error"]["param"]) == (422, param)


def test_a_wrong_field_deep_inside_is_pointed_at(gather: Client) -> None:
    body = body_for(gather, "/registrations")
    body["attendee"]["email"] = "nobody"
    answer = gather.call("POST", "/registrations", body)
    assert (answer.status, answer.json["error"]["param"]) == (422, "/attendee/email")


@pytest.mark.parametrize(
    "path, change, param",
    [
        ("/events", {"ends_at": TIMES["starts_at"]}, "/ends_at"),
        ("/events", {"starts_at": "soon"}, "/starts_at"),
        ("/sessions", {"event_id": "evt_nobody"}, "/event_id"),
        ("/registrations", {"event_id": "evt_nobody"}, "/event_id"),
        ("/registrations", {"category_id": "cat_nobody"}, "/category_id"),
        ("/registrations", {"session_ids": ["ses_nobody"]}, "/session_ids/0"),
        ("/registrations", {"attendee_id": "att_x"}, "/attendee"),
        ("/registrations", {"custom_fields": {"n": [2**63]}}, "/custom_fields/n/0"),
        ("/check-ins", {"registration_id": "reg_nobody"}, "/registration_id"),
        ("/check-ins", {"session_id": "ses_nobody"}, "/session_id"),
    ],
    ids=str,
)
def test_rules_between_fields_and_records(gather: Client, path: str, change: dict[str, Any], param: str) -> None:
    answer = gather.call("POST", path, body_for(gather, path) | change)
    assert (answer.status, answer.json["error"]["param"]) == (422, param)


def test_a_session_of_another_event_is_refused(gather: Client) -> None:
    events = gather.get("/events")["data"]
    session = gather.get("/sessions", event_id=events[1]["id"], limit=1)["data"][0]
    body = body_for(gather, "/registrations") | {"event_id": events[0]["id"], "session_ids": [session["id"]]}
    assert gather.call("POST", "/registrations", body).status == 422


@pytest.mark.parametrize("value", [b'"\xff"', b'"\\ud800"', b'{"a": ' * 100_000, b"NaN", b"1e999"])
def test_a_value_that_is_no_json_is_400_or_422(gather: Client, value: bytes) -> None:
    body = b'{"event_id": "x", "attendee_id": "y", "custom_fields": {"a": ' + value + b"}}"
    assert gather.call("POST", "/registrations", raw=body).status in (400, 422)


def test_free_form_data_nests_up_to_a_depth(gather: Client) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    answer = gather.call("POST", "/registrations", body_for(gather, "/registrations") | {"custom_fields": deep})
    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_body")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_only_json_is_read(gather: Client, media: str) -> None:
    assert gather.call("POST", "/attendees", raw=b"{}", headers={"Content-Type": media}).status == 415


def test_json_with_a_charset_is_json(gather: Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert gather.call("POST", "/attendees", body_for(gather, "/attendees"), headers=headers).status == 201


def test_a_body_over_a_mebibyte_is_413(gather: Client) -> None:
    assert gather.call("POST", "/attendees", raw=b" " * (1024 * 1024 + 1)).status == 413


def test_one_email_address_one_attendee(gather: Client) -> None:
    taken = first(gather, "/attendees")["email"]
    body = body_for(gather, "/attendees")
    assert gather.call("POST", "/attendees", body | {"email": taken.upper()}).status == 409
    made = gather.post("/attendees", body)
    assert gather.call("PATCH", f"/attendees/{made['id']}", {"email": taken}).status == 409
    assert gather.call("PATCH", f"/attendees/{made['id']}", {"email": "ZOE@x.example"}).status == 200


def test_nobody_registers_twice_for_one_event(gather: Client) -> None:
    body = body_for(gather, "/registrations")
    made = gather.post("/registrations", body)
    answer = gather.call("POST", "/registrations", body)
    assert (answer.status, answer.json["error"]["code"]) == (409, "already_registered")
    other = gather.get("/events")["data"][1]["id"]
    again = gather.post("/registrations", {"event_id": other, "attendee_id": made["attendee"]["id"]})
    assert again["attendee"]["id"] == made["attendee"]["id"]


def test_nobody_checks_in_twice(gather: Client) -> None:
    body = body_for(gather, "/check-ins")
    gather.post("/check-ins", body)
    assert gather.call("POST", "/check-ins", body).status == 409


@pytest.mark.parametrize("path", ["/events", "/attendees", "/attendee-categories"])
def test_what_registrations_need_stays(gather: Client, path: str) -> None:
    row = first(gather, "/registrations")
    key = {"/events": row["event_id"], "/attendees": row["attendee"]["id"], "/attendee-categories": row["category_id"]}
    assert gather.call("DELETE", f"{path}/{key[path]}").status == 409


def test_a_change_of_the_attendee_shows_in_the_registrations(gather: Client) -> None:
    row = first(gather, "/registrations")
    gather.call("PATCH", f"/attendees/{row['attendee']['id']}", {"phone": "+32 470 00 11 22"})
    after = gather.get(f"/registrations/{row['id']}")
    assert after["attendee"]["phone"] == "+32 470 00 11 22"
    assert after["updated_at"] > row["updated_at"]


def test_a_new_name_of_the_event_shows_in_its_registrations_only(gather: Client) -> None:
    row = first(gather, "/registrations")
    last = gather.get("/registrations", sort="-updated_at", limit=1)["data"][0]["updated_at"]
    gather.call("PATCH", f"/events/{row['event_id']}", {"name": "Ænder & Co"})
    assert gather.get(f"/registrations/{row['id']}")["event_name"] == "Ænder & Co"
    moved = [r for r in gather.get("/registrations", updated_since=last, limit=200)["data"] if r["updated_at"] > last]
    assert {r["event_id"] for r in moved} == {row["event_id"]}
    assert len(moved) == len(gather.get("/registrations", event_id=row["event_id"], limit=200)["data"])


@pytest.mark.parametrize(
    "language, name", [("en", "Taro Yamada"), ("ja", "Yamada Taro"), ("ko", "Yamada Taro"), ("ar", "Taro Yamada")]
)
def test_a_name_is_ordered_as_the_language_does(gather: Client, language: str, name: str) -> None:
    body = {"first_name": "Taro", "last_name": "Yamada", "email": "t@x.example", "language": language}
    assert gather.post("/attendees", body)["name"] == name


@pytest.mark.parametrize(
    "headers, code",
    [
        ({"X-Gather-Key": ""}, "missing_api_key"),
        ({"X-Gather-Key": "gk_demo_wrong"}, "invalid_api_key"),
        ({"X-Gather-Key": "schlüssel"}, "invalid_api_key"),
        ({"X-Gather-Key": "", "Authorization": "Bearer gk_demo_7Rk2vQ9sXcB4"}, "missing_api_key"),
    ],
    ids=str,
)
def test_a_wrong_key_is_401(gather: Client, headers: dict[str, str], code: str) -> None:
    answer = gather.call("GET", "/account", headers=headers)
    assert (answer.status, answer.json["error"]["code"]) == (401, code)
    assert answer.json["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("path", ["/nowhere", "/events/", "/events//", "/events/x/y", "/Events", "/events/%2e%2e"])
def test_an_unknown_path_is_404(gather: Client, path: str) -> None:
    assert gather.call("GET", path).status == 404


def test_an_unknown_method_is_405_and_says_which_are_allowed(gather: Client) -> None:
    answer = gather.call("PUT", "/events")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_head_is_get_without_a_body(gather: Client) -> None:
    answer = gather.call("HEAD", "/account")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_metadata_names_types_and_fields(gather: Client) -> None:
    names = [row["name"] for row in gather.get("/object-types")["data"]]
    assert names == ["event", "session", "attendee_category", "attendee", "registration", "check_in"]
    for row in gather.get("/object-types")["data"]:
        record = first(gather, row["path"].removeprefix("/v1"))
        shown = {field["name"].partition(".")[0] for field in gather.get(f"/object-types/{row['name']}/fields")["data"]}
        assert shown == set(record)
    fields = {row["name"]: row for row in gather.get("/object-types/registration/fields")["data"]}
    assert fields["attendee.email"]["format"] == "email"
    assert fields["status"]["choices"] == ["pending", "confirmed", "waitlisted", "cancelled"]
    assert fields["updated_at"]["read_only"] is True
    assert gather.call("GET", "/object-types/spaceship/fields").status == 404


def test_deleting_a_registration_takes_its_check_ins(sandbox: Running, gather: Client) -> None:
    check_in = first(gather, "/check-ins")
    gather.call("DELETE", f"/registrations/{check_in['registration_id']}")
    assert gather.call("GET", f"/check-ins/{check_in['id']}").status == 404
