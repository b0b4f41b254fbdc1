"""From the request to the consumer: what is stored, what counts as one, what is fetched, what is tried again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.connectors.webhooks.making import HOOKS, Upstream, World, hooks_manifest
from tieline.connectors.manifest.model import WebhookEvent
from tieline.connectors.webhooks import Delivery, handing, receiving
from tieline.core.clock import now
from tieline.core.errors import BadInput, Unavailable
from tieline.core.ids import new_id
from tieline.security import tokens

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def calm(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fault = None
    monkeypatch.setattr(handing, "PAUSES", (0, 0))


async def address(world: World, **settings: Any) -> tuple[Any, dict[str, Any], str]:
    """An address that somebody pastes somewhere; tenant, row and URL."""
    tenant, _ = await world.connection(hooks_manifest("http://127.0.0.1:9"))
    row = await world.webhooks.subscribe(tenant, None, "", "test:x", settings=settings)
    return tenant, row, await world.url(tenant, row)


async def event(world: World, vendor: Upstream, **values: Any) -> tuple[Any, dict[str, Any], str]:
    """A subscription to an unsigned event at the upstream; tenant, row and URL."""
    made = WebhookEvent(
        id="changed",
        event=f"e.{new_id().hex}",
        inputs={"dialect": "unsigned"},
        verification={"dialect": "unsigned"},
        **HOOKS,
        **values,
    )
    tenant, row = await world.subscribed(hooks_manifest(vendor.base, made))
    return tenant, row, made.event


@pytest.mark.parametrize(
    "sent, got",
    [
        ({"json": {"a": [1, None, "ü"]}}, {"a": [1, None, "ü"]}),
        ({"content": b"\xef\xbb\xbf[1]", "headers": JSON}, [1]),
        ({"content": b'{"a": 1}', "headers": {"content-type": "text/plain"}}, {"a": 1}),
        ({"data": {"a": ["1", "2"], "b": "ü", "c": ""}}, {"a": ["1", "2"], "b": "ü", "c": ""}),
        ({"content": b"plain", "headers": {"content-type": "text/plain"}}, "plain"),
        ({"content": b"<a/>", "headers": {"content-type": "application/xml"}}, "<a/>"),
        ({"content": b'{"a": ', "headers": JSON}, '{"a": '),
        ({"content": b"\xff\xfe", "headers": JSON}, "\ufffd\ufffd"),
        ({"content": b'{"a":"\\ud800"}', "headers": JSON}, '{"a":"\\ud800"}'),
        ({"content": b"[" * 100_000, "headers": JSON}, "[" * 100_000),
        ({"content": b'"\\u0000"', "headers": JSON}, "\0"),
        ({"content": b"", "headers": JSON}, None),
        ({"content": b"x=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, "x=%ff"),
    ],
    ids=str,
)
async def test_whatever_comes_is_kept_and_handed_on(world: World, sent: dict[str, Any], got: Any) -> None:
    tenant, row, url = await address(world)
    answer = await world.http.post(url, **sent)
    assert (answer.status_code, answer.content) == (200, b"")
    (stored,) = await world.settled(tenant, row)
    (told,) = world.told_of(row["id"])
    assert (told.body, told.payload) == (got, got)
    assert str(told.id) == str(stored["id"]) == answer.headers["x-delivery-id"]
    assert stored["status"] == "handled"


async def test_what_has_a_credential_in_a_header_is_not_stored_with_it(world: World) -> None:
    verification = {"dialect": "token", "header": "X-Token"}
    tenant, row, url = await address(world, verification=verification)
    _, secret = await world.webhooks.reveal(tenant, row["id"])
    answer = await world.http.post(url, headers={"X-Token": secret, "Authorization": "Bearer abcdefghijkl"})
    assert answer.status_code == 200
    (stored,) = await world.settled(tenant, row)
    assert secret not in str(stored)
    assert "abcdefghijkl" not in str(stored)


async def test_only_post_delivers(world: World) -> None:
    tenant, row, url = await address(world)
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        answer = await world.http.request(method, url)
        assert answer.status_code == 405
        assert answer.headers["allow"]
    assert await world.rows(tenant, row) == []


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "tl_hook_",
        tokens.new_token("tl_hook_"),
        tokens.new_token("tl_key_"),
        "%00",
        "%F0%9F%92%A9",
        "a" * 5000,
        "' OR 1=1 --",
        "%2e%2e%2fadmin",
    ],
    ids=["short", "empty", "hook", "key", "nul", "unicode", "long", "sql", "path"],
)
async def test_an_address_that_nobody_has_is_not_found(world: World, token: str) -> None:
    answer = await world.http.post(f"/hooks/{token}", content=b"{}")
    assert answer.status_code == 404
    assert token not in answer.text


async def test_a_large_body_is_refused_and_leaves_nothing(world: World) -> None:
    tenant, row, url = await address(world)
    assert (await world.http.post(url, content=b"x" * (2**20 + 1))).status_code == 413
    assert (await world.http.post(url, content=b"x" * 2**20)).status_code == 200
    assert len(await world.rows(tenant, row)) == 1


async def test_the_same_content_counts_once_for_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant, row, url = await address(world)
    ids = {(await world.http.post(url, json={"n": 1})).headers["x-delivery-id"] for _ in range(3)}
    assert len(ids) == 1
    assert (await world.http.post(f"{url}?n=1", json={"n": 1})).headers["x-delivery-id"] not in ids
    later = now() + timedelta(seconds=receiving.SAME_BODY_SECONDS + 1)
    monkeypatch.setattr(world.webhooks.receiver, "_clock", lambda: later)
    assert (await world.http.post(url, json={"n": 1})).headers["x-delivery-id"] not in ids
    assert len(await world.settled(tenant, row)) == 3


async def test_a_name_counts_once_whatever_comes_with_it(world: World) -> None:
    verification = {"dialect": "unsigned", "id_path": "$.id"}
    tenant, row, url = await address(world, verification=verification)
    for name in (1, "1", 1):
        await world.http.post(url, json={"id": name, "at": str(new_id())})
    for odd in ("é", "x" * 5000, "\0", "a\nb"):
        assert (await world.http.post(url, json={"id": odd})).status_code == 200
        assert (await world.http.post(url, json={"id": odd, "again": True})).status_code == 200
    assert len(await world.settled(tenant, row)) == 5


async def test_twenty_copies_at_once_are_one(world: World) -> None:
    tenant, row, url = await address(world)
    answers = await asyncio.gather(*(world.http.post(url, json={"n": 1}) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["x-delivery-id"] for answer in answers}) == 1
    await world.settled(tenant, row)
    assert len(world.told_of(row["id"])) == 1


async def test_events_of_another_name_are_ignored(world: World, vendor: Upstream) -> None:
    tenant, row, name = await event(world, vendor, type_path="$.type")
    url = await world.url(tenant, row)
    for told in ("other", name, None):
        await world.http.post(url, json={"type": told})
    assert [one["status"] for one in await world.settled(tenant, row)] == ["ignored", "handled", "handled"]


async def test_a_name_of_the_event_may_stand_in_a_header(world: World) -> None:
    tenant, row, url = await address(world, type_path="header:X-Event", event="made")
    for told in ("made", "gone"):
        await world.http.post(url, headers={"x-event": told}, json={"told": told})
    assert [one["status"] for one in await world.settled(tenant, row)] == ["handled", "ignored"]


async def test_twelve_deliveries_about_one_object_are_one(world: World) -> None:
    tenant, row, url = await address(world, object_path="$.id", coalesce=3)
    for number in range(12):
        await world.http.post(url, json={"id": 7, "number": number})
    await world.http.post(url, json={"id": 8})
    await world.http.post(url, json={"none": 1})
    scheduled = await world.database.autocommit(
        "SELECT count(*) FROM procrastinate.procrastinate_jobs"
        " WHERE scheduled_at IS NOT NULL AND args->>'subscription_id' = %s",
        str(row["id"]),
    )
    assert scheduled == [(2,)]
    statuses = [one["status"] for one in await world.settled(tenant, row)]
    assert sorted(statuses) == ["handled"] * 3 + ["merged"] * 11
    seven = next(one for one in world.told_of(row["id"]) if one.body.get("id") == 7)
    assert (seven.body["number"], seven.merged) == (11, 11)
    await world.http.post(url, json={"id": 7, "number": 12})
    await world.settled(tenant, row)
    assert world.told_of(row["id"])[-1].body["number"] == 12


async def test_only_ids_come_and_the_object_is_fetched(world: World, vendor: Upstream) -> None:
    made = await vendor.http.post(
        "/crm/contacts", json={"email": "ada@example.com"}, headers={"X-Api-Key": "key-hooks"}
    )
    contact = made.json()
    tenant, row, name = await event(world, vendor, payload="$.data", fetch="get_contact", fetch_inputs={"id": "$.id"})
    for data in ({"id": contact["id"]}, {"id": "nobody"}):
        assert [one["status"] for one in await vendor.emit(name, data)] == [200]
    assert [one["status"] for one in await world.settled(tenant, row)] == ["handled", "handled"]
    found, gone = sorted(world.told_of(row["id"]), key=lambda one: one.missing)
    assert found.payload["email"] == "ada@example.com"
    assert found.body["data"] == {"id": contact["id"]}
    assert (gone.payload, gone.missing) == (None, 1)


async def test_the_same_ids_again_are_another_change_once_the_object_was_fetched(
    world: World, vendor: Upstream
) -> None:
    tenant, row, _ = await event(world, vendor, fetch="get_contact", fetch_inputs={"id": "$.id"})
    url = await world.url(tenant, row)
    for _ in range(2):
        await world.http.post(url, json={"id": "x"})
        await world.settled(tenant, row)
    assert len(world.told_of(row["id"])) == 2


async def test_a_list_of_ids_is_fetched_one_by_one_and_each_once(world: World, vendor: Upstream) -> None:
    ids = [(await vendor.contact(f"{new_id().hex}@example.com"))["id"] for _ in range(2)]
    tenant, row, _ = await event(world, vendor, fetch="get_contact", fetch_inputs={"id": "$.id"})
    notes = [{"id": identity} for identity in (*ids, "nobody", ids[0])]
    await world.http.post(await world.url(tenant, row), json=notes)
    await world.settled(tenant, row)
    (told,) = world.told_of(row["id"])
    assert [one["id"] for one in told.payload] == ids
    assert told.missing == 1


async def test_a_consumer_that_fails_is_told_again(world: World) -> None:
    tenant, row, url = await address(world)
    attempts: list[Delivery] = []

    def fault(delivery: Delivery) -> None:
        attempts.append(delivery)
        if len(attempts) < 3:
            raise Unavailable("not now") if len(attempts) == 1 else RuntimeError("never mind")

    world.fault = fault
    await world.http.post(url, json={})
    (stored,) = await world.settled(tenant, row)
    assert (stored["status"], stored["attempts"], stored["error"]) == ("handled", 3, None)
    assert [one.attempt for one in attempts] == [1, 2, 3]
    assert len({one.id for one in attempts}) == 1


@pytest.mark.parametrize("error, attempts", [(BadInput("wrong for good"), 1), (Unavailable("not now"), 3)])
async def test_a_delivery_that_cannot_be_handled_is_failed_and_noticed(
    world: World, error: Exception, attempts: int
) -> None:
    tenant, row, url = await address(world)

    def fault(delivery: Delivery) -> None:
        raise error

    world.fault = fault
    await world.http.post(url, json={})
    (stored,) = await world.settled(tenant, row)
    assert (stored["status"], stored["attempts"], stored["error"]) == ("failed", attempts, str(error))
    (notice,) = await world.notices(tenant, "webhook-delivery")
    assert notice["detail"] == str(error)
    assert (await world.http.post(url, json={"n": 2})).status_code == 200


async def test_what_nobody_takes_is_tried_again_and_then_failed(world: World) -> None:
    tenant, _ = await world.connection(hooks_manifest("http://127.0.0.1:9"))
    row = await world.webhooks.subscribe(tenant, None, "", "unknown:x")
    await world.http.post(await world.url(tenant, row), json={})
    (stored,) = await world.settled(tenant, row)
    assert (stored["status"], stored["attempts"]) == ("failed", 3)


async def test_a_secret_can_be_changed_without_a_pause(world: World) -> None:
    tenant, row, url = await address(world, verification={"dialect": "token"})
    _, old = await world.webhooks.reveal(tenant, row["id"])
    async with world.database.tenant(tenant) as unit:
        await world.webhooks.rotate(unit, row["id"], "another secret")
    for secret, status in ((old, 200), ("another secret", 200), ("a third", 401), ("", 401)):
        answer = await world.http.post(url, headers={"X-Webhook-Token": secret}, json={"s": secret[:3]})
        assert answer.status_code == status
        assert not secret or secret not in answer.text


async def test_a_delivery_before_the_secret_is_known_may_come_again(world: World, vendor: Upstream) -> None:
    made = WebhookEvent(id="late", event="late", secret_path="$.secret", verification={"dialect": "github"}, **HOOKS)
    tenant, connection = await world.connection(hooks_manifest(vendor.base, made))
    async with world.database.tenant(tenant) as unit:
        row = await world.webhooks._wish(unit, connection, "late", "test:x", {}, {}, "")
    assert (await world.http.post(await world.url(tenant, row), json={})).status_code == 503


async def test_a_secret_that_the_vendor_makes_is_kept(world: World, vendor: Upstream) -> None:
    made = WebhookEvent(
        id="his", event=f"e.{new_id().hex}", secret_path="$.secret", verification={"dialect": "standard"}, **HOOKS
    )
    tenant, row = await world.subscribed(hooks_manifest(vendor.base, made))
    (there,) = await vendor.subscriptions(await world.url(tenant, row))
    assert (await world.webhooks.reveal(tenant, row["id"]))[1] == there["secret"]
    assert [one["status"] for one in await vendor.emit(made.event)] == [200]
