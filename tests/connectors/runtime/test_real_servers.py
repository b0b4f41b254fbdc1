"""What running products of this field were seen to do; each of it has broken somebody's integration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import QUICK, client, manifest
from tests.connectors.runtime.walking import drain, ids
from tieline.automations.blocks.high_water import HighWater
from tieline.connectors.manifest.model import AuthMethod, Block, ErrorRule, Incremental, Input, Paging
from tieline.connectors.runtime.errors import UpstreamRefused
from tieline.connectors.runtime.times import parse
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio

GET = Block(id="get", kind="get", object="guest", path="/guests/{id}", inputs=[Input(id="id", location="path")])


async def test_a_create_that_answers_200_is_a_create(egress: Egress, api: Api) -> None:
    create = Block(id="make", kind="create", method="POST", path="/guests")
    api.script = [answer({"id": 7}, 200)]
    made = await client(manifest(api.base, create), egress).call(create, {})
    assert (made.status, made.data) == (200, {"id": 7})


@pytest.mark.parametrize(
    "written",
    ["2026-05-06 07:08:09", "2026-05-06T07:08:09Z", 1778051289, 1778051289000, 1778051289000000, "1778051289"],
    ids=str,
)
def test_one_moment_in_the_notations_of_lists_and_webhooks(written: Any) -> None:
    assert parse(written) == datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


async def test_a_row_that_was_never_updated_is_new_all_the_same(egress: Egress, api: Api) -> None:
    """``updated_at`` is null until the first update, so "updated since" alone misses new rows."""
    changed = Block(
        id="changed",
        kind="incremental",
        path="/x",
        records="$.items",
        incremental=Incremental(param="since", field="updated_at", created_field="created_at"),
        paging=Paging(),
    )
    rows = [
        {"id": 1, "updated_at": None, "created_at": "2026-05-06 07:00:00"},
        {"id": 2, "updated_at": "2026-05-06 08:00:00", "created_at": "2026-05-01 00:00:00"},
    ]
    api.handler = lambda request: answer({"items": rows})
    made = client(manifest(api.base, changed), egress)
    first = HighWater("updated_at", "created_at", ["id"], None)
    pages, _ = await drain(made, changed, {})
    assert [first.accept(row) for page in pages for row in page.records] == [True, True]
    rows.append({"id": 3, "updated_at": None, "created_at": "2026-05-06 09:00:00"})
    second = HighWater("updated_at", "created_at", ["id"], first.value())
    pages, _ = await drain(made, changed, {}, since=second.since)
    assert [row["id"] for page in pages for row in page.records if second.accept(row)] == [3]


async def test_an_unknown_id_that_answers_200_with_an_empty_list_is_not_there(egress: Egress, api: Api) -> None:
    made = client(manifest(api.base, GET), egress)
    api.script = [answer([]), answer([{"id": 7}]), answer({"id": 7})]
    assert (await made.call(GET, {"id": "nobody"})).data is None
    assert (await made.call(GET, {"id": "7"})).data == {"id": 7}
    assert (await made.call(GET, {"id": "7"})).data == {"id": 7}


async def test_a_get_that_is_documented_as_a_list_stays_one(egress: Egress, api: Api) -> None:
    block = Block(id="get", kind="get", path="/x", output={"type": "array", "items": {}})
    api.script = [answer([{"id": 7}])]
    assert (await client(manifest(api.base, block), egress).call(block, {})).data == [{"id": 7}]


async def test_an_unknown_id_that_answers_403_does_not_end_the_connection(egress: Egress, api: Api) -> None:
    """It looks like a missing permission, but to connect again would not help."""
    api.script = [answer({"message": "You are not allowed to see this guest."}, 403)]
    with pytest.raises(UpstreamRefused, match="not allowed to see") as caught:
        await client(manifest(api.base, GET), egress).call(GET, {"id": "nobody"})
    assert caught.value.upstream_status == 403


async def test_arguments_of_a_post_that_travel_in_the_query(egress: Egress, api: Api) -> None:
    create = Block(
        id="make",
        kind="create",
        method="POST",
        path="/guests",
        inputs=[Input(id="name", location="query"), Input(id="tags", type="array", location="query", name="tags[]")],
    )
    await client(manifest(api.base, create), egress).call(create, {"name": "Ada & co", "tags": ["a", "b"]})
    [asked] = api.asked
    assert asked.target == "/guests?name=Ada%20%26%20co&tags%5B%5D=a&tags%5B%5D=b"
    assert asked.body == b""


@pytest.mark.parametrize("kind", ["api_key", "bearer"])
async def test_a_token_without_the_word_bearer(egress: Egress, api: Api, kind: str) -> None:
    field = [Input(id="token", secret=True, required=True)]
    place: dict[str, Any] = {"location": "header"} if kind == "api_key" else {"prefix": "Token "}
    method = AuthMethod(id="a", kind=kind, name="Authorization", fields=field, **place)  # type: ignore[arg-type]
    document = manifest(api.base, GET)
    document.auth = [method]
    await client(document, egress, {"token": "s3cr3t-token"}).call(GET, {"id": "1"})
    assert api.asked[0].headers["authorization"] == ("s3cr3t-token" if kind == "api_key" else "Token s3cr3t-token")


async def test_429_without_retry_after_is_waited_for(egress: Egress, api: Api) -> None:
    api.script = [answer({"error": "slow down"}, 429), answer({"id": 1})]
    made = client(manifest(api.base, GET), egress, policy=QUICK)
    assert (await made.call(GET, {"id": "1"})).data == {"id": 1}
    assert len(api.asked) == 2


async def test_links_that_sit_only_in_a_header(egress: Egress, api: Api) -> None:
    listed = Block(id="list", kind="list", path="/x")
    api.script = [answer([{"id": 1}], Link='</x?page=2>; rel="next", </x>; rel="first"'), answer([{"id": 2}])]
    pages, error = await drain(client(manifest(api.base, listed), egress), listed, {})
    assert (ids(pages), error) == ([1, 2], None)


async def test_deletions_come_as_tombstones_among_the_changes(egress: Egress, api: Api) -> None:
    changed = Block(
        id="changed",
        kind="incremental",
        path="/x",
        records="$.data",
        incremental=Incremental(param="_since", field="last_modified", format="unix"),
        paging=Paging(),
    )
    rows = [{"id": "a", "last_modified": 1795358459641}, {"id": "b", "deleted": True, "last_modified": 1795358459700}]
    api.handler = lambda request: answer({"data": rows})
    made = client(manifest(api.base, changed), egress)
    pages, _ = await drain(made, changed, {}, since=1795358459641)
    assert [(row["id"], row.get("deleted", False)) for page in pages for row in page.records] == [
        ("a", False),
        ("b", True),
    ]
    assert api.asked[0].target == "/x?_since=1795358459641"


BULK = Block(
    id="bulk",
    kind="create",
    method="POST",
    path="/guests/bulk",
    records="$.results",
    errors=[ErrorRule(then="partial", path="$.results[*].error", message="$.results[*].error.message")],
)


async def test_a_bulk_call_that_went_well_in_part_is_not_sent_again(egress: Egress, api: Api) -> None:
    rows = [{"id": 1}, {"error": {"message": "email is taken"}}, {"error": {"message": "email is missing"}}]
    api.script = [answer({"results": rows}, 207)]
    made = await client(manifest(api.base, BULK), egress).call(BULK, {})
    assert made.data == rows
    assert made.warning == "email is taken; email is missing"
    assert len(api.asked) == 1


async def test_a_bulk_call_without_errors_has_no_warning(egress: Egress, api: Api) -> None:
    api.script = [answer({"results": [{"id": 1}, {"id": 2}]}, 207)]
    made = await client(manifest(api.base, BULK), egress).call(BULK, {})
    assert (made.warning, len(made.data)) == ("", 2)
