"""A probe changes nothing without leave, spends no more than it needs, and believes no poisoned answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client
from tieline.connectors.manifest.model import Block, Incremental, Input, Manifest, ObjectType, Paging, Server
from tieline.connectors.probe import Outcome, probe
from tieline.connectors.runtime.harmless import harmless
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio


def made(api: Api, *blocks: Block, **more: Any) -> Manifest:
    return Manifest(name="x", servers=[Server(url=api.base)], blocks=list(blocks), **more)


async def probed(manifest: Manifest, egress: Egress, *, writes: bool = False) -> Outcome:
    return await probe(client(manifest, egress), writes=writes)


ID = Input(id="id", location="path", required=True)
NAME = Input(id="name", location="body", name="/name", required=True, example="Probe")
CREATE = Block(id="create_thing", kind="create", method="POST", path="/things", object="thing", inputs=[NAME])
LIST = Block(id="list_things", kind="list", path="/things", object="thing", records="$.data")


@pytest.mark.parametrize(
    ("block", "safe"),
    [
        (Block(id="get_logout", kind="get", path="/session/logout"), False),
        (Block(id="x", kind="get", path="/session/sign-out"), False),
        (Block(id="x", kind="get", path="/users/{id}/deleteAccount"), False),
        (Block(id="x", kind="get", path="/api/chat.delete"), False),
        (Block(id="sendMessage", kind="list", path="/bot"), False),
        (Block(id="x", kind="list", method="DELETE", path="/things"), False),
        (Block(id="x", kind="get", method="POST", path="/thing"), False),
        (Block(id="x", kind="create", method="GET", path="/thing"), False),
        (Block(id="list_deleted", kind="list", path="/things/deleted"), True),
        (Block(id="list_sends", kind="list", path="/sends"), True),
        (Block(id="x", kind="get", path="/campaigns/{id}/send_time"), False),  # who cannot tell leaves it alone
        (Block(id="search_things", kind="search", method="POST", path="/things/search"), True),
        (Block(id="get_call", kind="get", path="/calls/{id}"), True),
        (Block(id="x", kind="list", path="/orders/{id}/cancellations"), True),
    ],
)
def test_names_that_say_that_something_changes(block: Block, safe: bool) -> None:
    assert harmless(block) is safe


async def test_what_may_change_something_is_neither_probed_nor_used_to_check(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"data": []})
    manifest = made(
        api,
        Block(id="account_logout", kind="get", path="/account/logout"),
        Block(id="wipe", kind="list", method="DELETE", path="/things"),
        LIST,
    )
    outcome = await probed(manifest, egress)
    assert {one.block for one in outcome.findings if "may change" in one.said} == {"account_logout", "wipe"}
    assert (await client(manifest, egress).check()).block == "list_things"
    assert {(one.method, one.target) for one in api.asked} == {("GET", "/things")}


async def test_without_an_exact_way_back_nothing_is_made(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"id": 7})
    everything = Block(id="delete_things", kind="delete", method="DELETE", path="/things", object="thing")
    elsewhere = Block(
        id="delete_thing",
        kind="delete",
        method="DELETE",
        path="/boxes/{box}/things/{id}",
        object="thing",
        inputs=[Input(id="box", location="path", required=True), ID],
    )
    outcome = await probed(made(api, CREATE, everything, elsewhere), egress, writes=True)
    assert api.asked == []
    assert [one.said for one in outcome.findings] == ["not made, because no block deletes it by its id alone"]


async def test_a_record_that_stays_is_named(egress: Egress, api: Api) -> None:
    remove = Block(id="delete_thing", kind="delete", method="DELETE", path="/things/{id}", object="thing", inputs=[ID])
    get = Block(id="get_thing", kind="get", path="/things/{id}", object="thing", inputs=[ID])
    api.handler = lambda request: answer({"id": 7}) if request.method != "DELETE" else answer({"message": "no"}, 403)
    outcome = await probed(made(api, CREATE, get, remove), egress, writes=True)
    assert [(one.method, one.target) for one in api.asked][-3:] == [
        ("POST", "/things"),
        ("GET", "/things/7"),
        ("DELETE", "/things/7"),
    ]
    assert "'7' was made and could not be deleted" in outcome.findings[-1].said


async def test_an_api_that_wants_to_be_left_alone_is_left_alone(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"error": "slow down"}, 429, Retry_After="3600")
    blocks = [msgspec.structs.replace(LIST, id=f"list_{n}", path=f"/list{n}") for n in range(30)]
    outcome = await probed(made(api, *blocks), egress)
    assert len(api.asked) == 1
    assert len(outcome.findings) == 30
    assert outcome.findings[-1].said.startswith("not asked, because")


async def test_of_a_thousand_blocks_two_hundred_are_asked(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"data": []})
    blocks = [msgspec.structs.replace(LIST, id=f"list_{n}", path=f"/list{n}") for n in range(1000)]
    outcome = await probed(made(api, *blocks), egress)
    assert len(api.asked) == 200
    assert sum("a probe asks 200 blocks" in one.said for one in outcome.findings) == 800


async def test_lists_without_end_are_left(egress: Egress, api: Api) -> None:
    def pages(request: Any) -> Any:
        rows = (
            [] if "since" in request.query else [{"id": int(request.query.get("page", 0)) * 10 + n} for n in range(5)]
        )
        return answer({"data": rows, "next": f"p{len(api.asked)}"})

    api.handler = pages
    paging = Paging(style="cursor", param="page_token", next="$.next", stop=["no_next"])
    listed = msgspec.structs.replace(LIST, paging=paging)
    changed = msgspec.structs.replace(
        listed,
        id="changed",
        kind="incremental",
        incremental=Incremental(param="since", field="updated_at"),
        inputs=[Input(id="since", location="query")],
    )
    await probed(made(api, listed, changed), egress)
    assert len(api.asked) < 12


POISON = {
    "i\x00d": 1,
    "id" + "!" * 5000: 2,
    "<script>id</script>": 3,
    "created_at\n": "2026-01-01T00:00:00Z",
    "updated" + "_" * 900 + "at": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    "body",
    [
        {"\x00": [POISON, POISON]},
        {"a" * 100_000: [POISON]},
        {"data": [POISON, {**POISON, "i\x00d": 2}]},
        {"data": [None, 1, "x", [], {}]},
        {"data": {"data": {"data": {"data": {"data": [{"id": 1}]}}}}},
        [[[[]]]],
        7,
        {"next": "javascript:alert(1)", "x\u202ey": [{"id": 1}]},
    ],
    ids=["nul", "long", "rows", "mixed", "deep", "nested", "number", "odd"],
)
async def test_poisoned_answers_do_not_get_into_the_manifest(egress: Egress, api: Api, body: Any) -> None:
    api.handler = lambda request: answer(body)
    outcome = await probed(made(api, LIST, objects=[ObjectType(name="thing", primary_key=["nr"])]), egress)
    text = msgspec.json.encode(outcome.manifest).decode()
    assert "\\u0000" not in text
    assert len(text) < 10_000
    assert "!!!" not in text
