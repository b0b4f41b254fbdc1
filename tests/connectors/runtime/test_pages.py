"""Lists page by page: to the end, from anywhere, and never in a circle."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client, manifest
from tests.connectors.runtime.walking import drain, ids
from tieline.connectors.manifest.model import Block, Input, Paging
from tieline.connectors.runtime.errors import (
    BadAnswer,
    PagingError,
    PagingForeign,
    PagingIncomplete,
    PagingLoop,
    UpstreamRefused,
)
from tieline.connectors.runtime.paging.link_header import links
from tieline.core.errors import BadInput, Misconfigured
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "cursor",
    [
        {"page": "x"},
        {"page": 0},
        {"page": -1},
        {"at": 3, "page": 1.5},
        {"page": 2, "at": "https://evil.example/x"},
        {"page": 2, "at": "//evil.example/x"},
        {"page": 2, "at": 5},
    ],
    ids=str,
)
async def test_a_cursor_that_is_none_is_refused(egress: Egress, api: Api, cursor: dict[str, Any]) -> None:
    block = Block(id="list", kind="list", path="/x", paging=Paging(style="next_url", next="$.next"))
    _, error = await drain(client(manifest(api.base, block), egress), block, {}, cursor=cursor)
    assert isinstance(error, BadInput | PagingError)
    assert api.asked == []


def items(*numbers: int, **more: Any) -> Any:
    return answer({"items": [{"id": number} for number in numbers], **more})


def block_of(paging: Paging, **more: Any) -> Block:
    values: dict[str, Any] = {"id": "list", "kind": "list", "path": "/x", "records": "$.items", **more}
    return Block(paging=paging, **values)


async def walk(api: Api, egress: Egress, paging: Paging, *script: Any, **more: Any) -> tuple[list[Any], Any]:
    api.script = list(script)
    block = block_of(paging, **more)
    pages, error = await drain(client(manifest(api.base, block), egress), block, {})
    return ids(pages), error


async def test_page_numbers_start_where_the_manifest_or_the_caller_says(egress: Egress, api: Api) -> None:
    zero = Paging(style="page", param="p", start=0, size_param="n", size=2, stop=["short"])
    found, _ = await walk(api, egress, zero, items(1, 2), items(3))
    assert found == [1, 2, 3]
    assert [asked.target for asked in api.asked] == ["/x?n=2&p=0", "/x?n=2&p=1"]
    api.asked.clear()
    spec = [Input(id="p", location="query", name="p"), Input(id="n", location="query", name="n")]
    api.script = [items(1, 2, 3), items(4)]
    block = block_of(zero, inputs=spec)
    pages, _ = await drain(client(manifest(api.base, block), egress), block, {"p": 5, "n": 3})
    assert ids(pages) == [1, 2, 3, 4]
    assert [asked.target for asked in api.asked] == ["/x?n=3&p=5", "/x?n=3&p=6"]


async def test_required_paging_parameters_are_not_asked_of_the_caller(egress: Egress, api: Api) -> None:
    paging = Paging(style="page", param="page", size_param="size", size=2, stop=["short"], location="query")
    spec = [Input(id=name, location="query", name=name, required=True) for name in ("page", "size")]
    block = block_of(paging, inputs=spec)
    api.script = [items(1)]
    pages, error = await drain(client(manifest(api.base, block), egress), block, {})
    assert (ids(pages), error) == ([1], None)


async def test_a_page_number_in_the_path(egress: Egress, api: Api) -> None:
    paging = Paging(style="page", param="page", location="path", stop=["empty"])
    spec = [Input(id="page", location="path", name="page", required=True)]
    block = block_of(paging, path="/x/{page}", inputs=spec)
    api.script = [items(1), items(2), items()]
    pages, error = await drain(client(manifest(api.base, block), egress), block, {})
    assert (ids(pages), error) == ([1, 2], None)
    assert [asked.target for asked in api.asked] == ["/x/1", "/x/2", "/x/3"]


@pytest.mark.parametrize("status", [404, 416])
async def test_no_such_page_after_the_last_is_the_end(egress: Egress, api: Api, status: int) -> None:
    found, error = await walk(api, egress, Paging(style="page", param="p"), items(1), answer({}, status))
    assert (found, error) == ([1], None)


async def test_404_for_the_first_page_is_an_error(egress: Egress, api: Api) -> None:
    _, error = await walk(api, egress, Paging(style="page", param="p"), answer({}, 404))
    assert isinstance(error, UpstreamRefused)


async def test_an_api_that_ignores_the_page_parameter_gives_its_list_once(egress: Egress, api: Api) -> None:
    paging = Paging(style="page", param="p", size_param="n", size=100)
    found, error = await walk(api, egress, paging, items(1, 2, 3), items(1, 2, 3))
    assert (found, error) == ([1, 2, 3], None)


async def test_the_same_full_page_again_is_a_circle_and_not_the_end(egress: Egress, api: Api) -> None:
    paging = Paging(style="page", param="p", size_param="n", size=2)
    found, error = await walk(api, egress, paging, items(1, 2), items(1, 2))
    assert found == [1, 2]
    assert isinstance(error, PagingLoop)


async def test_equal_records_without_a_key_are_records(egress: Egress, api: Api) -> None:
    paging = Paging(style="cursor", param="c", next="$.next")
    api.script = [answer({"items": [{"v": 0}], "next": "b"}), answer({"items": [{"v": 0}]})]
    block = block_of(paging)
    pages, error = await drain(client(manifest(api.base, block), egress), block, {})
    assert error is None
    assert [page.records for page in pages] == [[{"v": 0}], [{"v": 0}]]


async def test_overlapping_pages_give_each_record_once_and_a_changed_one_twice(egress: Egress, api: Api) -> None:
    paging = Paging(style="cursor", param="c", next="$.next")
    api.script = [
        answer({"items": [{"id": 1}, {"id": 2}], "next": "b"}),
        answer({"items": [{"id": 2}, {"id": 1, "new": True}, {"id": 3}]}),
    ]
    block = block_of(paging, object="record")
    pages, error = await drain(client(manifest(api.base, block), egress), block, {})
    assert error is None
    assert [page.records for page in pages] == [[{"id": 1}, {"id": 2}], [{"id": 1, "new": True}, {"id": 3}]]


async def test_a_cycle_of_cursors_is_noticed(egress: Egress, api: Api) -> None:
    paging = Paging(style="cursor", param="c", next="$.next")
    found, error = await walk(
        api, egress, paging, items(1, next="a"), items(2, next="b"), items(3, next="c"), items(4, next="a")
    )
    assert found == [1, 2, 3, 4]
    assert isinstance(error, PagingLoop)


async def test_an_empty_page_that_points_at_itself_is_the_end(egress: Egress, api: Api) -> None:
    paging = Paging(style="cursor", param="c", next="$.next")
    found, error = await walk(api, egress, paging, items(1, next="a"), items(next="a"))
    assert (found, error) == ([1], None)


async def test_a_list_without_end_stops_at_the_page_budget(egress: Egress, api: Api) -> None:
    served = 0

    def handle(_: Any) -> Any:
        nonlocal served
        served += 1
        return items(served, next=f"c{served}")

    api.handler = handle
    block = block_of(Paging(style="cursor", param="c", next="$.next"))
    made = client(manifest(api.base, block), egress, page_budget=20)
    pages, error = await drain(made, block, {})
    assert len(pages) == 20
    assert isinstance(error, PagingLoop)
    pages, error = await drain(made, block, {}, cursor=pages[15].cursor)
    assert len(pages) == 5, "the budget spans resumptions"


async def test_empty_pages_without_end_stop(egress: Egress, api: Api) -> None:
    served = 0

    def handle(_: Any) -> Any:
        nonlocal served
        served += 1
        return items(next=f"c{served}")

    api.handler = handle
    block = block_of(Paging(style="cursor", param="c", next="$.next"))
    _, error = await drain(client(manifest(api.base, block), egress), block, {})
    assert isinstance(error, PagingLoop)
    assert served == 100


@pytest.mark.parametrize("flag", [True, "true", 1, "yes"])
async def test_more_without_a_cursor_is_not_the_end(egress: Egress, api: Api, flag: Any) -> None:
    paging = Paging(style="cursor", param="c", next="$.next", has_more="$.more")
    _, error = await walk(api, egress, paging, items(1, more=flag))
    assert isinstance(error, PagingIncomplete)


@pytest.mark.parametrize("flag", [False, "false", 0, "0", ""])
async def test_no_more_is_the_end_also_with_a_cursor(egress: Egress, api: Api, flag: Any) -> None:
    paging = Paging(style="cursor", param="c", next="$.next", has_more="$.more")
    found, error = await walk(api, egress, paging, items(1, more=flag, next="x"))
    assert (found, error) == ([1], None)


async def test_a_flag_may_say_last_page(egress: Egress, api: Api) -> None:
    paging = Paging(style="page", param="p", has_more="!$.last")
    found, error = await walk(api, egress, paging, items(1, last=False), items(last=False), items(2, last=True))
    assert (found, error) == ([1, 2], None)


@pytest.mark.parametrize("place", ["next_cursor", "nextPageToken", "cursor"])
async def test_a_cursor_whose_place_nobody_told_is_looked_for(egress: Egress, api: Api, place: str) -> None:
    found, error = await walk(api, egress, Paging(style="cursor", param="c"), items(1, **{place: "a"}), items(2))
    assert (found, error) == ([1, 2], None)


@pytest.mark.parametrize("relation", ["", "Link", "next", "NEXT"])
async def test_a_link_header_leads_on(egress: Egress, api: Api, relation: str) -> None:
    first = answer({"items": [{"id": 1}]}, Link='</x?p=9>; rel="last", </x?p=2>; rel="next"')
    found, error = await walk(api, egress, Paging(style="link_header", next=relation), first, items(2))
    assert (found, error) == ([1, 2], None)
    assert api.asked[1].target == "/x?p=2"


async def test_a_cursor_in_a_header(egress: Egress, api: Api) -> None:
    paging = Paging(style="cursor", param="X-Cursor", location="header", next="X-Next", next_in="header")
    first = answer({"items": [{"id": 1}]}, X_Next="abc")
    found, _ = await walk(api, egress, paging, first, items(2))
    assert found == [1, 2]
    assert api.asked[1].headers["x-cursor"] == "abc"


async def test_a_cursor_in_a_form(egress: Egress, api: Api) -> None:
    paging = Paging(style="cursor", param="after", location="body", next="$.next")
    api.script = [items(1, next=7), items(2)]
    spec = [Input(id="q", location="form", name="q")]
    block = block_of(paging, method="POST", body_type="form", inputs=spec)
    pages, _ = await drain(client(manifest(api.base, block), egress), block, {"q": "a b"})
    assert ids(pages) == [1, 2]
    assert [asked.body for asked in api.asked] == [b"q=a%20b", b"q=a%20b&after=7"]


async def test_a_cursor_keeps_its_type_in_a_body(egress: Egress, api: Api) -> None:
    paging = Paging(style="cursor", param="/page/after", location="body", next="$.next", size_param="/page/n")
    paging.size_location, paging.size = "body", 2
    found, _ = await walk(api, egress, paging, items(1, next=7), items(2), method="POST")
    assert found == [1, 2]
    assert [asked.json for asked in api.asked] == [{"page": {"n": 2}}, {"page": {"n": 2, "after": 7}}]


async def test_a_total_that_is_too_small_is_not_believed(egress: Egress, api: Api) -> None:
    paging = Paging(style="page", param="p", size_param="n", size=2, total="$.total", stop=["total", "empty"])
    found, error = await walk(
        api, egress, paging, items(1, 2, total=3), items(3, 4, total=3), items(5, 6, total=3), items(total=3)
    )
    assert (found, error) == ([1, 2, 3, 4, 5, 6], None)


async def test_a_total_that_is_reached_saves_a_call(egress: Egress, api: Api) -> None:
    for paging in (
        Paging(style="page", param="p", total="$.total", stop=["total"]),
        Paging(style="total", param="p", total="$.total"),
        Paging(style="total", param="p", total="$.total", step="records", start=0),
        Paging(style="total", param="p", total_pages="$.pages"),
    ):
        api.asked.clear()
        found, error = await walk(api, egress, paging, items(1, 2, total=4, pages=2), items(3, 4, total=4, pages=2))
        assert (found, error) == ([1, 2, 3, 4], None)
        assert len(api.asked) == 2


async def test_a_list_that_ends_far_before_its_total_says_so(egress: Egress, api: Api) -> None:
    paging = Paging(style="page", param="p", size_param="n", size=2, total="$.total", stop=["total"])
    script = [items(1, 2, total=100), *(items(total=100) for _ in range(10))]
    found, error = await walk(api, egress, paging, *script)
    assert found == [1, 2]
    assert isinstance(error, PagingIncomplete)
    assert "states 100 records" in error.detail


async def test_an_offset_moves_by_what_came(egress: Egress, api: Api) -> None:
    paging = Paging(style="offset", param="o", start=0, size_param="n", size=100)
    found, error = await walk(api, egress, paging, items(1, 2, 3), items(4), items())
    assert (found, error) == ([1, 2, 3, 4], None)
    assert [asked.target for asked in api.asked] == ["/x?n=100&o=0", "/x?n=100&o=3", "/x?n=100&o=4"]


async def test_a_keyset_whose_ties_fill_a_page_stops_with_the_reason(egress: Egress, api: Api) -> None:
    paging = Paging(style="keyset", param="since", key="at", size_param="n", size=2)
    page = {"items": [{"id": 1, "at": 5}, {"id": 2, "at": 5}]}
    found, error = await walk(api, egress, paging, answer(page), answer(page))
    assert found == [1, 2]
    assert isinstance(error, PagingLoop)
    assert "'at'" in error.detail


async def test_a_keyset_without_its_key_stops_with_the_reason(egress: Egress, api: Api) -> None:
    paging = Paging(style="keyset", param="after", key="id")
    api.script = [answer({"items": [{"name": "x"}]})]
    block = block_of(paging)
    _, error = await drain(client(manifest(api.base, block), egress), block, {})
    assert isinstance(error, PagingIncomplete)
    assert "'id'" in error.detail


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("?p=2", "/x?p=2"),
        ("/y?p=2", "/y?p=2"),
        ("https://evil.example/x", None),
        ("//evil.example/x", None),
        ("http://[broken", None),
        ("javascript:alert(1)", None),
        ("ftp://127.0.0.1/x", None),
        ({"href": "/y"}, "/y"),
    ],
    ids=str,
)
async def test_links_lead_within_the_origin_or_nowhere(egress: Egress, api: Api, link: Any, target: str | None) -> None:
    paging = Paging(style="next_url", next="$.next")
    found, error = await walk(api, egress, paging, items(1, next=link), items(2))
    if target is None:
        assert isinstance(error, PagingForeign)
        assert len(api.asked) == 1
    else:
        assert (found, error) == ([1, 2], None)
        assert api.asked[1].target == target


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            '<https://a/?b=1,2>; rel="next"; title="a, b; c", </p>; rel=prev',
            [("https://a/?b=1,2", ["next"]), ("/p", ["prev"])],
        ),
        ("</a>; rel='next'", [("/a", ["'next'"])]),
        ('</a>; title="x \\" y"; REL="Next Last"', [("/a", ["next", "last"])]),
        ('</a>;rel=next,</b>;rel="last"', [("/a", ["next"]), ("/b", ["last"])]),
        ("<unfinished", []),
        ("", []),
        ("</a>", [("/a", [])]),
    ],
)
def test_link_headers(value: str, found: list[Any]) -> None:
    assert list(links(value)) == found


@pytest.mark.parametrize(
    "paging",
    [
        Paging(style="page"),
        Paging(style="offset"),
        Paging(style="cursor", next="$.next"),
        Paging(style="next_url"),
        Paging(style="keyset", param="a"),
        Paging(style="total", param="p"),
    ],
    ids=str,
)
async def test_what_a_style_cannot_do_without_is_named(egress: Egress, api: Api, paging: Paging) -> None:
    block = block_of(paging)
    api.handler = lambda _: items(1)
    with pytest.raises(PagingError, match=r"needs .(param|next|key|total)."):
        async for _ in client(manifest(api.base, block), egress).pages(block, {}):
            pass


async def test_an_unknown_style_is_a_mistake_of_the_manifest(egress: Egress, api: Api) -> None:
    block = block_of(Paging(style="magic"))  # type: ignore[arg-type]
    with pytest.raises(Misconfigured, match="magic"):
        client(manifest(api.base, block), egress).pages(block, {})


async def test_no_list_where_the_block_says_it_is(egress: Egress, api: Api) -> None:
    api.script = [answer({"data": [{"id": 1}]})]
    block = block_of(Paging())
    _, error = await drain(client(manifest(api.base, block), egress), block, {})
    assert isinstance(error, BadAnswer)
    assert "$.data" in error.detail


@pytest.mark.parametrize(
    "header",
    [{"Next-Page": "{base}/x?at=2"}, {"Link": '</x?at=2>; rel="next"'}, {"X-Next-Url": "/x?at=2"}],
    ids=["next-page", "link", "x-next-url"],
)
async def test_a_list_that_nobody_called_paged_goes_on_where_a_header_says_so(
    egress: Egress, api: Api, header: dict[str, str]
) -> None:
    first = answer({"items": [{"id": 1}, {"id": 2}]})
    for name, value in header.items():
        first.headers[name] = value.replace("{base}", api.base)
    found, error = await walk(api, egress, Paging(), first, items(3))
    assert error is None
    assert found == [1, 2, 3]


@pytest.mark.parametrize("value", ["2", "https://elsewhere.example/x?at=2", "none", "//elsewhere.example/x"])
async def test_a_header_that_leads_nowhere_ends_a_list_that_nobody_called_paged(
    egress: Egress, api: Api, value: str
) -> None:
    found, error = await walk(api, egress, Paging(), answer({"items": [{"id": 1}, {"id": 2}]}, Next_Page=value))
    assert error is None
    assert found == [1, 2]
