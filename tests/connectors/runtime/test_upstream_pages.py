"""Every paging style of the upstream under every fault, and from any page on."""

from __future__ import annotations

import asyncio

import pytest

from tests.connectors.runtime.support import FAULTS, STYLES, client, listing, manifest
from tests.connectors.runtime.walking import drain, ids
from tieline.connectors.runtime.errors import CursorExpired, PagingForeign, PagingIncomplete, PagingLoop
from tieline.core import json
from tieline.security.egress import Egress

pytestmark = [pytest.mark.anyio, pytest.mark.battery]
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
