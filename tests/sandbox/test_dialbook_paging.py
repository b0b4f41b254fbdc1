"""Dialbook's two ways to page: a total in the body, and Link headers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sandbox.client import Answer, Client


def links(answer: Answer) -> dict[str, str]:
    return {name: url for url, name in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["link"])}


def follow(dialbook: Client, path: str) -> list[list[dict[str, Any]]]:
    """From ``rel="next"`` to the next, as RFC 8288 means it."""
    answer, pages = dialbook.call("GET", path), []
    while True:
        assert answer.status == 200
        pages.append(answer.json)
        url = links(answer).get("next")
        if url is None:
            return pages
        assert url.startswith(dialbook.url)
        answer = Client(url.partition("/api/")[0], headers=dialbook.headers).call("GET", url.removeprefix(dialbook.url))


@pytest.mark.parametrize("size", [1, 5, 12, 13, 100])
def test_contacts_by_page_and_total(dialbook: Client, size: int) -> None:
    ids, page = [], 1
    while True:
        found = dialbook.get("/contacts", page=page, per_page=size)
        assert (found["page"], found["per_page"], found["total"]) == (page, size, 12)
        ids += [row["id"] for row in found["items"]]
        if page * size >= found["total"]:
            break
        page += 1
    assert len(set(ids)) == len(ids) == 12
    assert dialbook.get("/contacts", page=page + 1, per_page=size)["items"] == []


@pytest.mark.parametrize("size", [1, 7, 60, 100])
def test_calls_by_link(dialbook: Client, size: int) -> None:
    pages = follow(dialbook, f"/calls?per_page={size}")
    ids = [row["id"] for page in pages for row in page]
    assert len(set(ids)) == len(ids) == 60
    assert len(pages) == -(-60 // size)


def test_links_keep_the_filters(dialbook: Client) -> None:
    pages = follow(dialbook, "/calls?direction=inbound&per_page=4&order=desc&sort=started_at")
    rows = [row for page in pages for row in page]
    assert {row["direction"] for row in rows} == {"inbound"}
    assert [row["started_at"] for row in rows] == sorted((row["started_at"] for row in rows), reverse=True)
    assert len(rows) == int(dialbook.call("GET", "/calls?direction=inbound").headers["x-total-count"])


def test_links_of_the_first_a_middle_and_the_last_page(dialbook: Client) -> None:
    assert set(links(dialbook.call("GET", "/calls?per_page=20"))) == {"first", "next", "last"}
    middle = links(dialbook.call("GET", "/calls?per_page=20&page=2"))
    assert {name: re.search(r"[?&]page=(\d+)", url)[1] for name, url in middle.items()} == {  # type: ignore[index]
        "first": "1",
        "prev": "1",
        "next": "3",
        "last": "3",
    }
    assert set(links(dialbook.call("GET", "/calls?per_page=20&page=3"))) == {"first", "prev", "last"}
    assert set(links(dialbook.call("GET", "/calls?per_page=20&page=9"))) == {"first", "last"}


def test_an_empty_list_has_one_page(dialbook: Client) -> None:
    answer = dialbook.call("GET", "/directories?name=nobody")
    assert (answer.json, answer.headers["x-total-count"], set(links(answer))) == ([], "0", {"first", "last"})


@pytest.mark.parametrize("path", ["/contacts", "/directories", "/calls"])
@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=x", "page=99999999", "per_page=0", "per_page=101", "sort=colour", "order=up"],
)
def test_a_wrong_parameter_is_400(dialbook: Client, path: str, query: str) -> None:
    answer = dialbook.call("GET", f"{path}?{query}")
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize(
    "path", ["/calls?status=lost", "/calls?contact_id=x", "/contacts?directory_id=x", "/contacts?updated_after=now"]
)
def test_a_wrong_filter_is_400(dialbook: Client, path: str) -> None:
    assert dialbook.call("GET", path).status == 400


@pytest.mark.parametrize("sort", ["id", "name", "created_at", "updated_at"])
def test_order(dialbook: Client, sort: str) -> None:
    up = [row[sort] for row in dialbook.get("/contacts", sort=sort)["items"]]
    down = [row[sort] for row in dialbook.get("/contacts", sort=sort, order="desc", per_page=5)["items"]]
    assert up == sorted(up)
    assert down == up[::-1][:5]


def test_updated_after_is_exclusive(dialbook: Client) -> None:
    one, two = (dialbook.post("/contacts", {"name": name}) for name in "AB")
    found = dialbook.get("/contacts", updated_after=one["updated_at"])["items"]
    assert [row["id"] for row in found] == [two["id"]]
