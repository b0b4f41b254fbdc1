from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.importers.support import THING, imported, many, obj, only, op, paging, param, spec
from tieline.connectors.manifest.model import Paging

PAGES = [param("page", "integer"), param("per_page", "integer")]
OFFSETS = [param("offset", "integer"), param("limit", "integer", maximum=100)]


def found(operation: dict[str, Any], method: str = "GET", path: str = "/things") -> Paging:
    return paging(only(method, path, operation))


@pytest.mark.parametrize(
    "operation, expected",
    [
        (
            op(many(), query=PAGES),
            {"style": "page", "param": "page", "size_param": "per_page", "start": 1, "stop": ["empty"]},
        ),
        (
            op(obj(data=many(), total="integer"), query=PAGES),
            {"style": "page", "total": "$.total", "stop": ["total", "empty"]},
        ),
        (
            op(obj(items=many(), meta=obj(total_pages="integer", has_more="boolean")), query=PAGES),
            {
                "style": "page",
                "total_pages": "$.meta.total_pages",
                "has_more": "$.meta.has_more",
                "stop": ["has_more", "total", "empty"],
            },
        ),
        (
            op(many(), query=PAGES, headers={"X-Total-Count": "", "X-Total-Pages": ""}),
            {"style": "page", "total": "X-Total-Count", "total_pages": "X-Total-Pages", "total_in": "header"},
        ),
        (op(many(), query=[param("page", "integer", default=0)]), {"style": "page", "start": 0}),
        (op(many(), query=[param("page", "integer", description="Zero-based page index")]), {"start": 0}),
        (op(many(), query=[param("page", "integer", minimum=1)]), {"start": 1}),
        (
            op(many(), query=[param("page[number]", "integer"), param("page[size]", "integer")]),
            {"style": "page", "param": "page[number]", "size_param": "page[size]"},
        ),
        (
            op(many(), query=[param("$skip", "integer"), param("$top", "integer")]),
            {"style": "offset", "param": "$skip", "size_param": "$top", "start": 0, "step": "records"},
        ),
        (op(many(), query=OFFSETS), {"style": "offset", "param": "offset", "size_max": 100, "size": 100}),
        (
            op(many(), query=[param("startAt", "integer"), param("maxResults", "integer")]),
            {"style": "offset", "param": "startAt"},
        ),
        (
            op(obj(data=many(), next_cursor="string"), query=["cursor", param("limit", "integer", maximum=500)]),
            {
                "style": "cursor",
                "param": "cursor",
                "next": "$.next_cursor",
                "size_max": 500,
                "size": 250,
                "stop": ["no_next"],
            },
        ),
        (
            op(obj(channels=many(), response_metadata=obj(next_cursor="string")), query=["cursor", "limit"]),
            {"style": "cursor", "next": "$.response_metadata.next_cursor"},
        ),
        (
            op(obj(data=many(), paging=obj(cursors=obj(after="string"))), query=["after", param("limit", "integer")]),
            {"style": "cursor", "param": "after", "next": "$.paging.cursors.after"},
        ),
        (
            op(obj(items=many(), nextPageToken="string"), query=["pageToken", param("maxResults", "integer")]),
            {"style": "cursor", "param": "pageToken", "next": "$.nextPageToken"},
        ),
        (
            op(obj(data=many(), iterator="string"), query=["iterator", param("limit", "integer")]),
            {"style": "cursor", "param": "iterator", "next": "$.iterator"},
        ),
        (
            op(
                obj(data=many(), has_more="boolean"),
                query=["starting_after", "ending_before", param("limit", "integer")],
            ),
            {
                "style": "keyset",
                "param": "starting_after",
                "key": "id",
                "has_more": "$.has_more",
                "stop": ["has_more", "empty"],
            },
        ),
        (
            op(obj(value=many(), **{"@odata.nextLink": {"type": "string"}})),
            {"style": "next_url", "next": "$['@odata.nextLink']", "stop": ["no_next"]},
        ),
        (
            op(obj(data=many(), _links=obj(next=obj(href="string")))),
            {"style": "next_url", "next": "$._links.next.href"},
        ),
        (
            op(
                obj(
                    count="integer",
                    next={"type": ["string", "null"], "format": "uri"},
                    previous="string",
                    results=many(),
                ),
                query=PAGES,
            ),
            {"style": "next_url", "next": "$.next", "param": "page", "total": ""},
        ),
        (
            op(many(), query=PAGES, headers={"Link": "the next page"}),
            {"style": "link_header", "next": "Link", "param": "page"},
        ),
        (
            op(many(), query=PAGES, description='Paginated. Follow rel="next" of the Link header.'),
            {"style": "link_header"},
        ),
        (op(obj(data=many(), cursor="string"), query=[]), {"style": "none"}),
        (
            op(obj(data=many(), next_page_token="string")),
            {"style": "cursor", "param": "page_token", "next": "$.next_page_token"},
        ),
        (op(many(), query=["q", "sort"]), {"style": "none"}),
        (op(many(), query=[param("limit", "integer")]), {"style": "none"}),
    ],
)
def test_the_style_and_its_configuration(operation: dict[str, Any], expected: dict[str, Any]) -> None:
    result = found(operation)
    assert {name: getattr(result, name) for name in expected} == expected


def test_a_post_is_paged_in_its_body() -> None:
    body = obj(query="string", pagination=obj(starting_after="string", per_page="integer"))
    answer = obj(data=many(), pages=obj(next=obj(starting_after="string")))
    result = found(op(answer, body=body), "POST", "/contacts/search")
    assert (result.style, result.param, result.location) == ("cursor", "/pagination/starting_after", "body")
    assert (result.size_param, result.size_location) == ("/pagination/per_page", "body")


def test_a_post_with_page_and_size_in_its_body() -> None:
    result = found(op(many(), body=obj(pageNumber="integer", pageSize="integer")), "POST", "/families/search")
    assert (result.style, result.param, result.size_param) == ("page", "/pageNumber", "/pageSize")


def test_a_form_is_paged_by_plain_names() -> None:
    form = {"application/x-www-form-urlencoded": {"schema": obj(page="integer", limit="integer", q="string")}}
    block = only("POST", "/things/search", {**op(many()), "requestBody": {"content": form}})
    assert (paging(block).style, paging(block).param, paging(block).location) == ("page", "page", "body")
    assert [one.name for one in block.inputs] == ["q"]


@pytest.mark.parametrize("name", ["last", "isLast", "done", "is_last_page"])
def test_a_flag_that_says_no_more_is_read_the_other_way_round(name: str) -> None:
    result = found(op(obj(content=many(), **{name: "boolean"}), query=PAGES))
    assert (result.has_more, result.stop) == (f"!$.{name}", ["has_more", "empty"])


def test_a_page_in_the_path() -> None:
    operation = {
        **op(many()),
        "parameters": [{"name": "Page", "in": "path", "required": True, "schema": {"type": "integer"}}],
    }
    result = found(operation, path="/lists/{Page}.json")
    assert (result.style, result.param, result.location) == ("page", "Page", "path")


def test_parameters_that_the_runtime_fills_in_are_not_asked_for() -> None:
    block = only(
        "GET", "/things", op(obj(data=many(), next_cursor="string"), query=["cursor", param("limit", "integer"), "q"])
    )
    assert [one.id for one in block.inputs] == ["q"]


def test_a_count_of_this_page_is_not_taken_for_the_total() -> None:
    counted = obj(items=many(), count={"type": "integer", "description": "Number of items in this page"})
    assert found(op(counted, query=PAGES)).total == ""
    total = obj(items=many(), count={"type": "integer", "description": "Total number of items"})
    assert found(op(total, query=PAGES)).total == "$.count"


@pytest.mark.parametrize(
    "name, schema, said",
    [
        ("from", {"type": "string", "format": "date-time"}, "Only later ones"),
        ("start", {"type": "integer"}, "Start time as a unix timestamp"),
        ("after", {"type": "string", "format": "date-time"}, "Created after"),
        ("before", {"type": "string"}, "A cursor"),
    ],
)
def test_moments_and_ways_back_do_not_move(name: str, schema: dict[str, Any], said: str) -> None:
    query = [{"name": name, "in": "query", "description": said, "schema": schema}, param("limit", "integer")]
    assert found(op(many(), query=query)).style == "none"


@pytest.mark.parametrize(
    "said, most",
    [
        ("Maximum 200 per page", 200),
        ("between 1 and 1,000", 1000),
        ("Number of items, up to 50.", 50),
        ("1-100", 100),
        ("", 0),
    ],
)
def test_the_largest_page_in_words(said: str, most: int) -> None:
    result = found(op(many(), query=[param("page", "integer"), param("per_page", "integer", description=said)]))
    assert result.size_max == most and result.size == min(most, 250)


def test_the_next_cursor_of_an_undocumented_list_lies_where_the_others_have_it() -> None:
    paths = {
        "/a.list": {"get": op(obj(a=many(), meta=obj(next_cursor="string")), query=["cursor", "limit"])},
        "/b.list": {"get": op({"type": "object"}, query=["cursor", "limit"])},
    }
    first, second = imported(spec(paths)).blocks
    assert paging(second).next == paging(first).next == "$.meta.next_cursor"
    assert paging(second).facts["next"].confidence < 0.7


@pytest.mark.parametrize(
    "hint, expected",
    [
        ({"x-ms-pageable": {"nextLinkName": "@odata.nextLink"}}, {"style": "next_url", "next": "$['@odata.nextLink']"}),
        ({"x-ms-pageable": {"nextLinkName": None}}, {"style": "none"}),
        (
            {
                "x-speakeasy-pagination": {
                    "type": "offsetLimit",
                    "inputs": [
                        {"name": "page", "in": "parameters", "type": "page"},
                        {"name": "n", "in": "parameters", "type": "limit"},
                    ],
                    "outputs": {"results": "$.data", "numPages": "$.pages"},
                }
            },
            {"style": "page", "param": "page", "size_param": "n", "total_pages": "$.pages"},
        ),
        (
            {
                "x-speakeasy-pagination": {
                    "type": "cursor",
                    "inputs": [{"name": "since", "in": "requestBody", "type": "cursor"}],
                    "outputs": {"nextCursor": "$.data.items[-1].created_at"},
                }
            },
            {"style": "keyset", "param": "/since", "location": "body", "key": "created_at"},
        ),
        ({"x-speakeasy-pagination": "nonsense"}, {"style": "none"}),
        ({"x-ms-pageable": []}, {"style": "none"}),
    ],
)
def test_vendors_that_say_it_outright(hint: dict[str, Any], expected: dict[str, Any]) -> None:
    result = found({**op(obj(value=many())), **hint})
    assert {name: getattr(result, name) for name in expected} == expected


def test_each_value_has_its_evidence() -> None:
    result = found(
        op(obj(data=many(THING), next_cursor="string"), query=["cursor", param("limit", "integer", maximum=10)])
    )
    assert set(result.facts) == {"style", "param", "next", "size_param", "size_max"}
    assert result.facts["param"].evidence == ["/paths/~1things/get/parameters/0"]
    assert result.facts["next"].evidence == ["/paths/~1things/get/responses/200/content/application~1json/schema"]


def test_a_size_is_a_size_although_it_is_declared_as_text() -> None:
    paged = found(op(obj(files=many(), paging=obj(page="integer", pages="integer")), query=["count", "page"]))
    assert (paged.style, paged.param, paged.size_param) == ("page", "page", "count")
    assert found(op(many(), query=["count", "colour"])).style == "none"


def test_an_offset_that_only_its_text_tells() -> None:
    start = param("start", description="Get the next [limit] results starting with this number.")
    paged = found(op(obj(data=many(), total="string"), query=[start, param("limit", "integer")]))
    assert (paged.style, paged.param) == ("offset", "start")
    moment = param("start", description="Only what happened at or after this time.")
    assert found(op(many(), query=[moment, param("limit", "integer")])).style == "none"
