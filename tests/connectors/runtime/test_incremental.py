"""New and updated since."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client, manifest
from tests.connectors.runtime.walking import drain, ids
from tieline.connectors.manifest.model import Block, Incremental, Input, Paging
from tieline.core.errors import BadInput
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio


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
        # The pointer is the API's own number, so its size tells the unit that a document left open.
        ({"format": "unix"}, 1795358459641, "since=1795358459641"),
        ({"format": "unix"}, "1795358459641", "since=1795358459641"),
        ({"format": "unix_ms"}, 1795358459, "since=1795358459"),
    ],
    ids=str,
)
async def test_since_is_sent_as_the_api_writes_it(
    egress: Egress, api: Api, rule: dict[str, Any], since: Any, target: str
) -> None:
    block = since_block(**rule)
    api.script = [answer({"items": []})]
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
    block = Block(id="list", kind="list", path="/x", paging=Paging())
    with pytest.raises(BadInput, match="new since"):
        client(manifest(api.base, block), egress).pages(block, {}, since="2024-01-01")
