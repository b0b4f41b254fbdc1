"""Gather's lists: cursors, `updated_since`, order and filters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tieline.sandbox import Running


def walk(gather: Client, path: str, **query: Any) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = gather.get(path, **query, **cursor)
        pages.append(page["data"])
        if not page["paging"]["has_more"]:
            assert page["paging"]["next_cursor"] is None
            return pages
        cursor = {"cursor": page["paging"]["next_cursor"]}


@pytest.mark.parametrize("sort", ["updated_at", "-updated_at"])
@pytest.mark.parametrize("limit", [7, 40, 60, 119, 120, 200])
def test_every_record_comes_once(gather: Client, limit: int, sort: str) -> None:
    pages = walk(gather, "/registrations", limit=limit, sort=sort)
    ids = [row["id"] for page in pages for row in page]
    assert len(ids) == len(set(ids)) == 120
    assert all(len(page) == limit for page in pages[:-1])
    assert len(pages) == -(-120 // limit)


def test_default_page_is_50(gather: Client) -> None:
    page = gather.get("/registrations")
    assert len(page["data"]) == page["paging"]["limit"] == 50


def test_a_cursor_gives_the_same_page_again(gather: Client) -> None:
    cursor = gather.get("/registrations", limit=10)["paging"]["next_cursor"]
    assert gather.get("/registrations", limit=10, cursor=cursor) == gather.get(
        "/registrations", limit=10, cursor=cursor
    )


@pytest.mark.parametrize("order", ["created_at", "-created_at", "updated_at", "-updated_at", "reference", "-reference"])
def test_order(gather: Client, order: str) -> None:
    rows = [row for page in walk(gather, "/registrations", sort=order, limit=33) for row in page]
    field = order.removeprefix("-")
    values = [row[field] for row in rows]
    assert values == sorted(values, reverse=order.startswith("-"))
    assert len(rows) == 120


def test_updated_since_is_inclusive(gather: Client) -> None:
    rows = gather.get("/registrations", limit=200)["data"]
    since = rows[70]["updated_at"]
    assert [row["id"] for row in gather.get("/registrations", limit=200, updated_since=since)["data"]] == [
        row["id"] for row in rows[70:]
    ]


@pytest.mark.parametrize(
    "since", ["2026-10-01T00:00:00Z", "2026-10-01", "2026-10-01T02:00:00+02:00", "2026-10-01T00:00:00.000000Z"]
)
def test_updated_since_takes_the_usual_spellings(gather: Client, since: str) -> None:
    found = {row["id"] for row in gather.get("/registrations", limit=200, updated_since=since)["data"]}
    expected = gather.get("/registrations", limit=200)["data"]
    assert found == {row["id"] for row in expected if row["updated_at"] >= "2026-10-01T00:00:00.000000Z"}
    assert 0 < len(found) < 120


def test_updated_since_gives_what_changed(sandbox: Running, gather: Client) -> None:
    last = gather.get("/registrations", sort="-updated_at", limit=1)["data"][0]["updated_at"]
    touched = sandbox.touch(7)
    rows = [row for page in walk(gather, "/registrations", updated_since=last, limit=3) for row in page]
    assert [row["id"] for row in rows if row["updated_at"] > last] == [*touched["created"], *touched["updated"]]
    assert len(rows) == 8


def test_a_record_that_changes_while_one_reads_is_seen_again_and_none_is_missed(
    sandbox: Running, gather: Client
) -> None:
    first = gather.get("/registrations", limit=60)
    touched = set(sandbox.touch(9, new=3)["ids"])
    second = gather.get("/registrations", limit=200, cursor=first["paging"]["next_cursor"])
    ids = [row["id"] for row in [*first["data"], *second["data"]]]
    assert len(set(ids)) == 123
    assert {row_id for row_id in ids if ids.count(row_id) > 1} <= touched


def test_filters(gather: Client) -> None:
    rows = gather.get("/registrations", limit=200)["data"]
    one = rows[0]
    for name, value in {
        "event_id": one["event_id"],
        "category_id": one["category_id"],
        "status": one["status"],
        "attendee_id": one["attendee"]["id"],
    }.items():
        found = {row["id"] for row in gather.get("/registrations", limit=200, **{name: value})["data"]}
        same = {row["id"] for row in rows if (row["attendee"]["id"] if name == "attendee_id" else row[name]) == value}
        assert found == same
    assert gather.get("/registrations", event_id="evt_nobody")["data"] == []


def test_attendee_by_email_whatever_the_case(gather: Client) -> None:
    one = gather.get("/attendees", limit=1)["data"][0]
    found = gather.get("/attendees", email=one["email"].upper())["data"]
    assert [row["id"] for row in found] == [one["id"]]


@pytest.mark.parametrize(
    "query, param",
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "1e2"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": "9" * 400}, "limit"),
        ({"limit": ""}, "limit"),
        ({"sort": "colour"}, "sort"),
        ({"sort": "--created_at"}, "sort"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": ""}, "updated_since"),
        ({"updated_since": "2026-13-01"}, "updated_since"),
        ({"updated_since": "0001-01-01T00:00:00+14:00"}, "updated_since"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WzEsMiwzXQ"}, "cursor"),
        ({"cursor": "é" * 10}, "cursor"),
        ({"status": "unheard-of"}, "status"),
        ({"page": "2"}, "page"),
        ({"event": "x"}, "event"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_400_and_named(gather: Client, query: dict[str, Any], param: str) -> None:
    answer = gather.call("GET", "/registrations", **query)
    assert answer.status == 400
    assert answer.json["error"]["param"] == param


def test_a_cursor_belongs_to_its_filters_and_order(gather: Client) -> None:
    cursor = gather.get("/registrations", limit=5)["paging"]["next_cursor"]
    assert gather.call("GET", "/registrations", cursor=cursor, limit=9).status == 200
    queries: list[dict[str, Any]] = [{"sort": "-updated_at"}, {"status": "pending"}, {"updated_since": "2026-09-01"}]
    for query in queries:
        assert gather.call("GET", "/registrations", cursor=cursor, **query).json["error"]["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "path, expected",
    [("/events", 5), ("/sessions", 25), ("/attendee-categories", 20), ("/attendees", 114), ("/check-ins", None)],
)
def test_the_other_lists(gather: Client, path: str, expected: int | None) -> None:
    rows = [row for page in walk(gather, path, limit=9) for row in page]
    assert rows
    assert len({row["id"] for row in rows}) == len(rows)
    if expected is not None:
        assert len(rows) == expected
