"""What a vertical finds in APIs that call things otherwise, and what it does not find where it only sounds alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tieline.connectors.importers import import_document
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import Block, Input, Manifest, ObjectType
from tieline.connectors.verticals import check, mapping_of, verticals
from tieline.core.errors import BadInput
from tieline.server.cli import app, commands

EVENTS, PHONE = verticals()["eventtech"], verticals()["telephony"]
SANDBOX = Path(__file__).parents[3] / "src" / "tieline" / "sandbox"


def thing(name: str, *fields: str) -> ObjectType:
    return ObjectType(name=name, schema={"properties": {field: {"type": "string"} for field in fields}})


def block(kind: Any, of: str, path: str = "/x", method: str = "GET", *inputs: str) -> Block:
    taken = [Input(id=name, name=name, location="body") for name in inputs]
    return Block(id=f"{kind}_{of}_{path.strip('/')}", kind=kind, object=of, path=path, method=method, inputs=taken)


def able(manifest: Manifest, vertical: Any = EVENTS) -> dict[str, bool]:
    return {finding.id: finding.ok for finding in check(manifest, vertical).findings}


FOREIGN = Manifest(
    name="foreign",
    objects=[
        thing("delegates", "emailAddress", "givenName", "familyName", "ticketTypeId"),
        thing("TicketType", "label"),
        thing("conference", "title", "startDate", "endDate"),
        thing("booking", "conference_id", "delegate_id", "state"),
    ],
    blocks=[
        block("list", "delegates"),
        block("create", "delegates", "/delegates", "POST", "/emailAddress", "/givenName", "/foreignKey"),
        block("action", "delegates", "/delegates/{id}/checkIn", "POST"),
        block("action", "booking", "/bookings/{id}/cancel", "POST"),
        block("list", "conference"),
    ],
)


def test_other_names_for_the_same_things_are_found() -> None:
    report = check(FOREIGN, EVENTS)
    assert {name: found.object for name, found in report.objects.items()} == {
        "event": "conference",
        "attendee": "delegates",
        "attendee_category": "TicketType",
        "registration": "booking",
    }
    can = able(FOREIGN)
    assert can["attendee.check_in"]
    assert can["attendee.external_id"]
    assert can["registration.cancel"]
    assert not can["attendee.undo_check_in"]
    assert not can["session.list"]
    lacking = next(one for one in report.findings if one.id == "session.list")
    assert lacking.lacks == "the API has nothing like a session"


@pytest.mark.parametrize(
    "name",
    ["webhook_event", "event_log", "login_session", "user_session", "call_recording", "contact_center", "contact_list"],
)
def test_what_only_sounds_alike_is_not_taken(name: str) -> None:
    manifest = Manifest(name="x", objects=[thing(name, "id", "name")], blocks=[block("list", name)])
    taken = {found.object for vertical in (EVENTS, PHONE) for found in check(manifest, vertical).objects.values()}
    assert taken <= ({name} if name == "contact_list" else set())


@pytest.mark.parametrize(
    ("vertical", "names"),
    [
        (EVENTS, ["order", "customer"]),
        (EVENTS, ["ticket", "contact"]),
        (EVENTS, ["audit", "event"]),
        (EVENTS, ["member", "list"]),
        (PHONE, ["folder", "file"]),
        (PHONE, ["customer", "address"]),
        (PHONE, ["group", "user"]),
        (PHONE, ["conversation", "ticket"]),
    ],
)
def test_another_trade_that_uses_the_same_words_is_not_taken(vertical: Any, names: list[str]) -> None:
    manifest = Manifest(
        name="x",
        objects=[thing(name, "id", "name", "email", "created_at", "status") for name in names],
        blocks=[block(kind, name) for name in names for kind in ("list", "get", "create", "delete")],
    )
    assert check(manifest, vertical).objects == {}
    assert not any(able(manifest, vertical).values())


def test_shared_words_count_beside_an_event() -> None:
    manifest = Manifest(
        name="x",
        objects=[thing("event", "name", "starts_at"), thing("order", "event_id"), thing("member", "email")],
    )
    assert set(check(manifest, EVENTS).objects) == {"event", "registration", "attendee"}


def test_schemas_that_fan_out_are_read_once() -> None:
    wide = {"allOf": [{"$ref": "#/schemas/wide"}, {"$ref": "#/schemas/other"}] * 200, "properties": {"name": {}}}
    one = ObjectType(name="event", schema={"$ref": "#/schemas/wide"})
    manifest = Manifest(name="x", objects=[one], schemas={"wide": wide, "other": wide})
    assert check(manifest, EVENTS).objects == {}


def test_of_two_contacts_the_one_with_a_telephone_is_telephonys() -> None:
    manifest = Manifest(
        name="x",
        objects=[thing("crm_contact", "email", "score"), thing("telephony_contact", "name", "phone", "external_id")],
        blocks=[block("list", "crm_contact"), block("list", "telephony_contact")],
    )
    assert check(manifest, PHONE).objects["contact"].object == "telephony_contact"


def test_a_live_call_can_be_updated_by_an_action_of_its_own() -> None:
    manifest = Manifest(
        name="x",
        objects=[thing("calls", "from", "to", "status")],
        blocks=[
            block("action", "calls", "/calls/{id}/transfer", "POST"),
            block("action", "calls", "/calls/{id}/hang-up", "POST"),
        ],
    )
    can = able(manifest, PHONE)
    assert (can["call.update_live"], can["call.hang_up"], can["call.start"]) == (True, True, False)


def test_an_empty_manifest_can_nothing() -> None:
    for vertical in (EVENTS, PHONE):
        report = check(Manifest(name="x"), vertical)
        assert not report.fits
        assert not any(finding.ok for finding in report.findings)


@pytest.mark.parametrize(
    ("name", "vertical", "lacking"),
    [
        (
            "gather",
            EVENTS,
            {
                *("event.event", "session.event", "attendee.event", "check_in.event"),
                *("attendee.external_id", "event.external_id", "attendee.register_session"),
            },
        ),
        ("dialbook", PHONE, {"contact.event", "call.incremental"}),
    ],
)
def test_our_own_servers_are_seen_as_what_they_are(name: str, vertical: Any, lacking: set[str]) -> None:
    document = (SANDBOX / name / "openapi.yaml").read_bytes()
    manifest = import_document(document, address=f"http://127.0.0.1:8400/{name}/openapi.yaml")
    assert {one for one, ok in able(manifest, vertical).items() if not ok} == lacking
    assert check(manifest, vertical).fits


def test_records_go_there_and_back() -> None:
    mapping = mapping_of(FOREIGN, EVENTS)
    record = {
        "id": 7,
        "emailAddress": "ada@example.com",
        "givenName": "Ada",
        "familyName": "Lovelace",
        "ticketTypeId": 3,
    }
    told = mapping.to_canonical("attendee", record)
    assert told == {
        "id": "7",
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "name": "Ada Lovelace",
        "category_id": "3",
    }
    sent = mapping.to_native("attendee", {"email": "ada@example.com", "name": "Ada Lovelace"})
    assert sent == {"emailAddress": "ada@example.com", "givenName": "Ada", "familyName": "Lovelace"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2027-05-01 09:00:00", "2027-05-01T09:00:00Z"),
        ("2027-05-01T11:00:00+02:00", "2027-05-01T09:00:00Z"),
        (1809162000, "2027-05-01T09:00:00Z"),
        (1809162000000, "2027-05-01T09:00:00Z"),
        ("soon", "soon"),
        (10**40, 10**40),
        (None, None),
    ],
)
def test_times_are_brought_to_one_form(written: Any, read: Any) -> None:
    mapping = mapping_of(FOREIGN, EVENTS)
    told = mapping.to_canonical("event", {"startDate": written}).get("starts_at")
    assert (told.replace(".000000Z", "Z") if isinstance(told, str) else told) == read


def test_an_external_id_without_a_field_goes_into_the_free_ones() -> None:
    manifest = Manifest(name="x", objects=[thing("contact", "name", "phone_numbers", "custom_fields")])
    mapping = mapping_of(manifest, PHONE)
    sent = mapping.to_native("contact", {"name": "Ada", "phone": "+32", "external_id": "e-1"})
    assert sent == {"name": "Ada", "phone_numbers": "+32", "custom_fields": {"external_id": "e-1"}}
    told = mapping.to_canonical(
        "contact", {"phone_numbers": [{"value": "+32"}], "custom_fields": {"external_id": "e-1"}}
    )
    assert (told["phone"], told["external_id"]) == ("+32", "e-1")


def test_fields_and_things_that_do_not_exist_are_refused_by_name() -> None:
    mapping = mapping_of(FOREIGN, EVENTS)
    with pytest.raises(BadInput, match="'shoe_size'"):
        mapping.to_native("attendee", {"shoe_size": 43})
    with pytest.raises(BadInput, match="'session'"):
        mapping.to_canonical("session", {})


def test_the_command_line_says_it_in_sentences(tmp_path: Path) -> None:
    assert commands
    path = tmp_path / "foreign.yaml"
    path.write_text(io.dump(FOREIGN))
    answer = CliRunner().invoke(app, ["connectors", "vertical", str(path), "--vertical", "eventtech"])
    assert answer.exit_code == 1  # nothing asks for new attendees
    assert "yes  can check an attendee in  *" in answer.output
    assert "no   can ask for new and changed attendees only  *" in answer.output
    assert CliRunner().invoke(app, ["connectors", "vertical", str(path), "--vertical", "cooking"]).exit_code != 0
