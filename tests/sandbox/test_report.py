"""The report compares both products; the sync here is what an automation is meant to do, in a few lines of Python."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.client import Client
from tieline.sandbox import Running


def sync(gather: Client, dialbook: Client, since: str | None = None) -> str:
    """New and updated registrations -> contacts, grouped per event; returns where to go on the next time."""
    directories: dict[str, int] = {}
    query: dict[str, Any] = {"limit": 50} | ({"updated_since": since} if since else {})
    newest = since or ""
    while True:
        page = gather.get("/registrations", **query)
        for row in page["data"]:
            newest = row["updated_at"]
            if newest == since:
                continue
            event = row["event_id"]
            if event not in directories:
                path = f"/directories/by-external-id/{event}"
                directories[event] = dialbook.call("PUT", path, {"name": row["event_name"]}).json["id"]
            dialbook.call("PUT", f"/contacts/by-external-id/{quote(row['id'])}", contact(row, directories[event]))
        if not page["paging"]["has_more"]:
            return newest
        query["cursor"] = page["paging"]["next_cursor"]


def contact(row: dict[str, Any], directory: int) -> dict[str, Any]:
    who = row["attendee"]
    return {
        "name": who["name"],
        "company": who["company"],
        "email": who["email"],
        "phone_number": who["phone"],
        "directory_id": directory,
        "extra_data": {"reference": row["reference"]},
    }


def numbers(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(
        report[name] for name in ("records", "created", "updated", "lost", "duplicated", "mismatched", "orphans")
    )


def test_nothing_was_done_yet(sandbox: Running) -> None:
    report = sandbox.report()
    assert numbers(report) == (120, 0, 0, 120, 0, 0, 0)
    assert len(report["lost_ids"]) == 20


def test_a_perfect_sync_and_then_only_what_changed(sandbox: Running, gather: Client, dialbook: Client) -> None:
    last = sync(gather, dialbook)
    report = sandbox.report()
    assert numbers(report) == (120, 120, 0, 0, 0, 0, 0)
    assert len(report["groups"]) == 5
    assert all(group["registrations"] == group["contacts"] for group in report["groups"].values())
    assert {group["directories"] for group in report["groups"].values()} == {1}

    sandbox.reset_ledger()
    touched = sandbox.touch(7)
    assert numbers(sandbox.report())[:6] == (122, 0, 0, 2, 0, 5)
    sync(gather, dialbook, last)
    assert numbers(sandbox.report()) == (122, 2, 5, 0, 0, 0, 0)
    assert numbers(sandbox.report(ids=",".join(touched["ids"]))) == (7, 2, 5, 0, 0, 0, 0)
    assert sandbox.ledger("events")["records"] == {"registration": 8}  # `updated_since` includes the last one


@pytest.mark.parametrize("field, value", [("name", "Wrong"), ("phone_number", None), ("email", "w@x.example")])
def test_a_wrong_field_is_a_mismatch(
    sandbox: Running, gather: Client, dialbook: Client, field: str, value: str | None
) -> None:
    sync(gather, dialbook)
    row = gather.get("/registrations", limit=1)["data"][0]
    found = dialbook.get("/contacts", external_id=row["id"])["items"][0]
    dialbook.call("PATCH", f"/contacts/{found['id']}", {field: value})
    report = sandbox.report()
    assert report["mismatched"] == 1
    assert report["mismatches"] == [
        {"registration": row["id"], "contact": found["id"], "fields": {field: [found[field], value]}}
    ]


def test_the_wrong_group_is_a_mismatch(sandbox: Running, gather: Client, dialbook: Client) -> None:
    sync(gather, dialbook)
    row = gather.get("/registrations", limit=1)["data"][0]
    found = dialbook.get("/contacts", external_id=row["id"])["items"][0]
    dialbook.call("PATCH", f"/contacts/{found['id']}", {"directory_id": None})
    report = sandbox.report()
    assert report["mismatched"] == 1
    assert report["mismatches"][0]["fields"] == {"directory": [row["event_name"], None]}
    group = report["groups"][row["event_name"]]
    assert group["contacts"] == group["registrations"] - 1


def test_a_second_contact_is_a_double(sandbox: Running, gather: Client, dialbook: Client) -> None:
    sync(gather, dialbook)
    row = gather.get("/registrations", limit=1)["data"][0]
    dialbook.post("/contacts", {"name": row["attendee"]["name"], "external_id": row["id"]})
    assert sandbox.report()["duplicated"] == 1


def test_a_directory_may_stand_for_an_event_by_its_name(sandbox: Running, gather: Client, dialbook: Client) -> None:
    row = gather.get("/registrations", limit=1)["data"][0]
    directory = dialbook.post("/directories", {"name": row["event_name"]})["id"]
    dialbook.call("PUT", f"/contacts/by-external-id/{row['id']}", contact(row, directory))
    assert numbers(sandbox.report(ids=row["id"]))[3:6] == (0, 0, 0)


def test_a_contact_whose_registration_went_is_an_orphan(sandbox: Running, gather: Client, dialbook: Client) -> None:
    sync(gather, dialbook)
    row = gather.get("/registrations", limit=1)["data"][0]
    gather.call("DELETE", f"/registrations/{row['id']}")
    assert numbers(sandbox.report()) == (119, 119, 0, 0, 0, 0, 1)


def test_the_registrations_can_be_chosen(sandbox: Running, gather: Client) -> None:
    rows = gather.get("/registrations", limit=200)["data"]
    event, status, since = rows[0]["event_id"], "pending", rows[100]["updated_at"]
    assert sandbox.report(event_id=event)["records"] == sum(row["event_id"] == event for row in rows)
    assert sandbox.report(status=status)["records"] == sum(row["status"] == status for row in rows)
    assert sandbox.report(updated_since=since)["records"] == 20


def test_both_servers_give_the_same_report(sandbox: Running, gather: Client, dialbook: Client) -> None:
    sync(gather, dialbook)
    assert sandbox.call("telephony", "GET", "/report") == sandbox.report()


@pytest.mark.parametrize("registrations, new", [(1, None), (7, None), (7, 0), (7, 7), (50, 3)])
def test_touch_changes_exactly_that_many(sandbox: Running, gather: Client, registrations: int, new: int | None) -> None:
    before = {row["id"]: row for row in gather.get("/registrations", limit=200)["data"]}
    touched = sandbox.touch(registrations, new)
    after = {row["id"]: row for row in gather.get("/registrations", limit=200)["data"]}
    changed = {key for key, row in after.items() if row != before.get(key)}
    assert changed == set(touched["ids"])
    assert len(touched["ids"]) == registrations
    assert set(touched["created"]) == set(after) - set(before)
    assert len(touched["created"]) == (registrations // 3 if new is None else new)
    for key in touched["updated"]:
        mapped = {
            name for name in ("name", "email", "phone") if after[key]["attendee"][name] != before[key]["attendee"][name]
        }
        assert mapped


def test_touch_makes_new_ones_where_there_are_too_few(sandbox: Running) -> None:
    sandbox.reset(registrations=2)
    touched = sandbox.touch(9, new=0)
    assert (len(touched["created"]), len(touched["updated"])) == (7, 2)
