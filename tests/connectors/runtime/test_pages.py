"""Lists page by page: to the end, from anywhere, and never in a circle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import FAULTS, STYLES, client, listing, manifest
from tieline.connectors.manifest.model import Block, Incremental, Input, Paging
from tieline.connectors.runtime import Client, Page
from tieline.connectors.runtime.errors import (
    BadAnswer,
    CursorExpired,
    PagingError,
    PagingForeign,
    PagingIncomplete,
    PagingLoop,
    UpstreamRefused,
)
from tieline.connectors.runtime.paging.link_header import links
from tieline.core import json
from tieline.core.errors import BadInput, Misconfigured
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio
N = 1053

# What a walk over the upstream's fault ends with where it is not all records: (records, error).
LOOP, FOREIGN, SHORT, GONE = PagingLoop, PagingForeign, PagingIncomplete, CursorExpired
ODD: dict[str, dict[str, tuple[int, type[Exception] | None]]] = {
    "loop": {
        **dict.fromkeys(["cursor", "link", "next-url", "body-token", "odata", "hal"], (100, LOOP)),
        **dict.fromkeys(["page", "jsonapi"], (N, LOOP)),
        "keyset": (N, SHORT),
    },
    "forever": dict.fromkeys(STYLES, (100, LOOP)),
    "empty-middle": {**dict.fromkeys(STYLES, (953, None)), "keyset": (200, SHORT), "since": (296, SHORT)},
    "short-page": dict.fromkeys(["page", "jsonapi", "header-count"], (363, SHORT)),
    "cross-origin": dict.fromkeys(["link", "next-url", "odata", "hal"], (100, FOREIGN)),
    "expire": {**dict.fromkeys(STYLES, (200, GONE)), "since": (296, GONE)},
    "mutate": dict.fromkeys(["page", "offset", "range", "jsonapi", "header-count"], (N - 1, None)),
    "type-flip": dict.fromkeys(
        ["page", "cursor", "link", "next-url", "body-token", "odata", "hal", "header-count"], (954, None)
    ),
}


async def drain(made: Client, block: Block, inputs: dict[str, Any], **options: Any) -> tuple[list[Page], Any]:
    """All pages, and the error that ended the walk."""
    pages: list[Page] = []
    try:
        async for page in made.pages(block, inputs, **options):
            pages.append(page)
    except Exception as error:
        return pages, error
    return pages, None


def ids(pages: list[Page]) -> list[Any]:
    return [record["id"] for page in pages for record in page.records]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("style", STYLES)
async def test_every_style_under_every_fault(egress: Egress, upstream: str, style: str, fault: str) -> None:
    """Exact, or stopped with the error that says why; no record twice in either case."""
    await egress.request("POST", f"{upstream}/_ctl/reset")
    block = listing(style)
    pages, error = await drain(client(manifest(upstream, block), egress), block, {"n": N, "fault": fault})
    count, kind = ODD.get(fault, {}).get(style, (N, None))
    found = ids(pages)
    assert (len(found), len(set(found))) == (count, count)
    assert (None if error is None else type(error)) is kind


@pytest.mark.parametrize("style", STYLES)
async def test_a_walk_goes_on_from_any_page_in_another_process(egress: Egress, upstream: str, style: str) -> None:
    block = listing(style)
    document = manifest(upstream, block)
    pages, _ = await drain(client(document, egress), block, {"n": N})
    for position in (0, 1, 5, len(pages) - 1):
        page = pages[position]
        cursor = json.loads(json.dumps(page.cursor))
        assert len(json.dumps(cursor)) < 1000
        again, error = await drain(client(document, egress), block, {"n": N}, cursor=cursor)
        assert error is None
        assert ids(again) == ids(pages[position:])
        assert again[0].cursor == page.cursor
        assert again[0].number == page.number
        if page.next is not None:
            assert page.next == pages[position + 1].cursor


@pytest.mark.parametrize("style", ["page", "cursor", "since"])
async def test_prefetch_gives_the_same_and_stops_when_left(egress: Egress, upstream: str, style: str) -> None:
    block = listing(style)
    made = client(manifest(upstream, block), egress)
    pages, error = await drain(made, block, {"n": N}, prefetch=True)
    assert error is None
    assert ids(pages) == list(range(1, N + 1))
    before = made.counters.calls
    walk = made.pages(block, {"n": N}, prefetch=True)
    await anext(walk)
    await walk.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0.05)
    assert made.counters.calls - before <= 2


async def test_reading_is_lazy(egress: Egress, upstream: str) -> None:
    block = listing("cursor")
    made = client(manifest(upstream, block), egress)
    walk = made.pages(block, {"n": N})
    assert made.counters.calls == 0
    await anext(walk)
    assert made.counters.calls == 1


@pytest.mark.parametrize(("limit", "calls"), [(0, 0), (1, 1), (100, 1), (101, 2), (N + 1, 11)])
async def test_a_limit_is_exact_and_fetches_no_more_than_it_needs(
    egress: Egress, upstream: str, limit: int, calls: int
) -> None:
    block = listing("cursor")
    made = client(manifest(upstream, block), egress)
    pages, error = await drain(made, block, {"n": N}, limit=limit)
    assert error is None
    assert len(ids(pages)) == min(limit, N)
    assert made.counters.calls == calls


@pytest.mark.parametrize("n", [0, 1, 99, 100, 101, 200])
@pytest.mark.parametrize("style", STYLES)
async def test_small_lists_and_exact_multiples(egress: Egress, upstream: str, style: str, n: int) -> None:
    block = listing(style)
    pages, error = await drain(client(manifest(upstream, block), egress), block, {"n": n})
    assert error is None
    assert ids(pages) == list(range(1, n + 1))


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


def since_block(**rule: Any) -> Block:
    return Block(
        id="changed",
        kind="incremental",
        path="/x",
        records="$.items",
        inputs=[Input(id="since", location="query", name="since")],
        incremental=Incremental(param="since", field="updated_at", created_field="created_at", **rule),
    )


@pytest.mark.parametrize(
    ("rule", "since", "target"),
    [
        ({}, "2024-05-06T07:08:09Z", "since=2024-05-06T07%3A08%3A09Z"),
        ({}, "2024-05-06 07:08:09.5", "since=2024-05-06T07%3A08%3A09.500Z"),
        ({}, 1714979289, "since=2024-05-06T07%3A08%3A09Z"),
        ({"format": "unix"}, "2024-05-06T07:08:09Z", "since=1714979289"),
        ({"format": "unix_ms"}, "2024-05-06T07:08:09.123Z", "since=1714979289123"),
        ({"format": "date"}, "2024-05-06T07:08:09Z", "since=2024-05-06"),
        ({"format": "%d.%m.%Y"}, "2024-05-06T07:08:09Z", "since=06.05.2024"),
        ({"format": "updated gt '%Y-%m-%d'", "by": "filter"}, "2024-05-06", "since=updated%20gt%20%272024-05-06%27"),
        ({"inclusive": False}, "2024-05-06T07:08:09Z", "since=2024-05-06T07%3A08%3A08Z"),
        ({"inclusive": False, "format": "unix_ms"}, 1714979289123, "since=1714979289122"),
        ({}, "opaque-sync-token", "since=opaque-sync-token"),
        ({}, None, ""),
        ({}, "", ""),
    ],
    ids=str,
)
async def test_since_is_sent_as_the_api_writes_it(
    egress: Egress, api: Api, rule: dict[str, Any], since: Any, target: str
) -> None:
    block = since_block(**rule)
    api.script = [items()]
    await drain(client(manifest(api.base, block), egress), block, {}, since=since)
    assert api.asked[0].target == (f"/x?{target}" if target else "/x")


async def test_since_that_the_api_insists_on_begins_with_the_epoch(egress: Egress, api: Api) -> None:
    block = since_block(format="date")
    block.inputs[0].required = True
    await drain(client(manifest(api.base, block), egress), block, {})
    assert api.asked[0].target == "/x?since=1970-01-01"


async def test_what_comes_again_only_because_the_notation_is_coarse_is_left_out(egress: Egress, api: Api) -> None:
    block = since_block(format="date")
    rows = [
        {"id": 1, "updated_at": "2024-05-06T01:00:00Z"},
        {"id": 2, "updated_at": "2024-05-06T07:08:09Z"},
        {"id": 3, "updated_at": None, "created_at": "2024-05-06T09:00:00Z"},
        {"id": 4, "updated_at": None, "created_at": "2024-05-06T00:30:00Z"},
        {"id": 5, "updated_at": "2020-01-01T00:00:00Z"},
        {"id": 6},
    ]
    api.script = [answer({"items": rows})]
    pages, _ = await drain(client(manifest(api.base, block), egress), block, {}, since="2024-05-06T07:08:09Z")
    assert ids(pages) == [2, 3, 5, 6], "5 is older than what was asked for: the API has its reasons"


async def test_sort_and_stop(egress: Egress, api: Api) -> None:
    block = since_block(by="sort", sort_param="sort", sort_value="-updated_at")
    block.paging = Paging(style="page", param="p")
    api.script = [
        answer({"items": [{"id": 9, "updated_at": 1714979300}, {"id": 8, "updated_at": 1714979290}]}),
        answer({"items": [{"id": 7, "updated_at": 1714979289}, {"id": 6, "updated_at": 1714979288}]}),
        answer({"items": [{"id": 5, "updated_at": 1714979287}]}),
    ]
    pages, error = await drain(client(manifest(api.base, block), egress), block, {}, since=1714979289)
    assert (ids(pages), error) == ([9, 8, 7], None)
    assert [asked.target for asked in api.asked] == ["/x?sort=-updated_at&p=1", "/x?sort=-updated_at&p=2"]


async def test_since_of_a_block_that_has_none_is_refused(egress: Egress, api: Api) -> None:
    block = block_of(Paging())
    with pytest.raises(BadInput, match="new since"):
        client(manifest(api.base, block), egress).pages(block, {}, since="2024-01-01")
