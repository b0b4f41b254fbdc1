"""Webhooks that are told of events: kept, listed, patched, and really sent."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiohttp import web
from standardwebhooks import Webhook as StandardWebhook

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.tables import event_deliveries, event_webhooks, events
from tieline.tenancy import notices, spaces
from tieline.tenancy.events import emit, sending, sweeping
from tieline.tenancy.events.emitting import FAN_OUT
from tieline.tenancy.events.fanning import SEND
from tieline.tenancy.events.sending import Sender

pytestmark = pytest.mark.anyio

BASE = "/api/v1/webhooks"
CREATED = "com.qlik.v1.automation.created"
SECRET = "whsec_" + "dGllbGluZS10aWVsaW5lLXRpZWxpbmU="
WORKSPACE: dict[str, Any] = {"blocks": [], "variables": []}


@dataclass
class Receiver:
    """Answers as it is told, and keeps what came."""

    url: str = ""
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    pause: float = 0.0

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        await asyncio.sleep(self.pause)
        return self.answers.pop(0) if self.answers else web.Response(text="thanks")


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", found.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


class Worker:
    """Does the jobs of one tenant, now or as if some time had passed."""

    def __init__(self, parts: Parts, tenant: Tenant) -> None:
        self.parts, self.tenant = parts, tenant
        self.ahead = timedelta()
        self.sender = Sender(parts.database, parts.vault, parts.egress, clock=lambda: now() + self.ahead)

    async def waiting(self) -> list[tuple[int, str, dict[str, Any], float]]:
        rows = await self.parts.database.autocommit(
            "SELECT id, task_name, args - 'trace', coalesce(extract(epoch FROM scheduled_at - now()), 0)::float "
            "FROM procrastinate.procrastinate_jobs WHERE task_name = ANY (%s) AND args ->> 'tenant_id' = %s "
            "ORDER BY id",
            [FAN_OUT, SEND],
            str(self.tenant.id),
        )
        return [tuple(row) for row in rows]

    async def work(self) -> None:
        """Everything that is due, and what comes of it."""
        while True:
            due = [job for job in await self.waiting() if job[3] <= self.ahead.total_seconds()]
            if not due:
                return
            for number, name, args, _ in due:
                await self.parts.database.autocommit(
                    "DELETE FROM procrastinate.procrastinate_jobs WHERE id = %s", number
                )
                await (self.sender.fan_out if name == FAN_OUT else self.sender.deliver)(**args)


@pytest.fixture
def worker(parts: Parts, tenant: Tenant) -> Worker:
    return Worker(parts, tenant)


async def make(api: httpx.AsyncClient, url: str = "http://127.0.0.1:9/x", **more: Any) -> dict[str, Any]:
    body = {"name": "Ops", "url": url, "eventTypes": [CREATED], "enabled": True, **more}
    answer = await api.post(BASE, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def automation(api: httpx.AsyncClient, name: str = "Sync") -> str:
    answer = await api.post("/api/v1/automations", json={"name": name, "workspace": WORKSPACE})
    assert answer.status_code == 201
    found: str = answer.json()["id"]
    return found


async def log(api: httpx.AsyncClient, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"{BASE}/{webhook['id']}/deliveries", params=query)).json()["data"]
    return found


async def count(parts: Parts, tenant: Tenant, table: Any) -> int:
    async with parts.database.tenant(tenant.id) as unit:
        return len(await unit.all(unit.select(table, table.c.id)))


async def test_secrets_go_in_and_only_names_come_out(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await make(api, secret=SECRET, encryptedHeaders={"X-Key": "hush-hush"}, headers={"X-Plain": "yes"})
    assert (made["secretKeyAdded"], made["encryptedHeaders"], made["headers"]) == (True, ["X-Key"], {"X-Plain": "yes"})
    assert "secret" not in made
    where = f"{BASE}/{made['id']}"
    assert (await api.get(where)).json() == made
    async with parts.database.tenant(tenant.id) as unit:
        row = await unit.one(unit.select(event_webhooks).where(event_webhooks.c.id == UUID(made["id"])))
    assert row is not None
    assert "hush" not in str(row)
    assert SECRET not in str(row)
    replaced = (await api.put(where, json={"name": "Bare", "url": made["url"]})).json()
    assert (replaced["secretKeyAdded"], replaced["encryptedHeaders"], replaced["enabled"]) == (False, [], False)
    assert (replaced["eventTypes"], replaced["headers"]) == ([], {})
    assert (await api.delete(where)).status_code == 204
    assert (await api.get(where)).status_code == 404


async def test_a_patch_changes_what_it_names(api: httpx.AsyncClient) -> None:
    made = await make(api, secret=SECRET, encryptedHeaders={"X-Key": "hush-hush"})
    where = f"{BASE}/{made['id']}"
    patch = [
        {"op": "replace", "path": "/name", "value": "Second"},
        {"op": "replace", "path": "/eventTypes", "value": [CREATED, "com.qlik.v1.automation.deleted"]},
        {"op": "remove", "path": "/enabled"},
        {"op": "add", "path": "/headers", "value": {"X-A": "b"}},
    ]
    answer = await api.patch(where, json=patch)
    assert (answer.status_code, answer.content) == (204, b"")
    shown = (await api.get(where)).json()
    assert (shown["name"], len(shown["eventTypes"]), shown["enabled"]) == ("Second", 2, False)
    assert (shown["headers"], shown["encryptedHeaders"], shown["secretKeyAdded"]) == ({"X-A": "b"}, ["X-Key"], True)
    await api.patch(where, json=[{"op": "replace", "path": "/eventTypes", "value": CREATED}])
    assert (await api.get(where)).json()["eventTypes"] == [CREATED]
    # What was entered for one address does not go to another.
    await api.patch(where, json=[{"op": "replace", "path": "/url", "value": "http://127.0.0.1:9/other"}])
    shown = (await api.get(where)).json()
    assert (shown["encryptedHeaders"], shown["secretKeyAdded"]) == ([], True)


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "move", "path": "/name", "value": "x"}, id="move"),
        pytest.param({"op": "replace", "path": "/origin", "value": "api"}, id="path"),
        pytest.param({"op": "replace", "path": "/name"}, id="no-value"),
        pytest.param({"op": "replace", "path": "/name", "value": 7}, id="number"),
        pytest.param({"op": "replace", "path": "/name", "value": " "}, id="blank"),
        pytest.param({"op": "remove", "path": "/url"}, id="remove-url"),
        pytest.param({"op": "replace", "path": "/enabled", "value": "true"}, id="text-for-boolean"),
        pytest.param({"op": "replace", "path": "/headers", "value": {"a": 1}}, id="header-number"),
        pytest.param({"op": "replace", "path": "/eventTypes", "value": []}, id="no-types"),
        pytest.param({"op": "replace", "path": "/enableCloudEventDelivery", "value": False}, id="back"),
        pytest.param("name", id="text"),
    ],
)
async def test_a_patch_that_cannot_be_changes_nothing(api: httpx.AsyncClient, operation: Any) -> None:
    made = await make(api)
    patch = [{"op": "replace", "path": "/description", "value": "changed"}, operation]
    answer = await api.patch(f"{BASE}/{made['id']}", json=patch)
    assert answer.status_code == 400
    assert (await api.get(f"{BASE}/{made['id']}")).json() == made


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({"name": ""}, "/name", id="no-name"),
        pytest.param({"name": "x" * 513}, "/name", id="long-name"),
        pytest.param({"url": "http://192.168.0.1/"}, "/url", id="internal"),
        pytest.param({"url": "http://169.254.169.254/latest"}, "/url", id="metadata"),
        pytest.param({"url": "http://0x7f.1/"}, "/url", id="disguised"),
        pytest.param({"url": "ftp://example.com"}, "/url", id="scheme"),
        pytest.param({"url": "https://user:pass@example.com"}, "/url", id="user-info"),
        pytest.param({"secret": "short"}, "/secret", id="short-secret"),
        pytest.param({"eventTypes": ["automation.created"]}, "/eventTypes/0", id="type"),
        pytest.param({"eventTypes": ["com.tieline.notice.opened"], "level": "user"}, "/eventTypes/0", id="level"),
        pytest.param({"level": "space"}, "/level", id="no-level"),
        pytest.param({"filter": "id gt 5"}, "/filter", id="operator"),
        pytest.param({"filter": 'not (id eq "a")'}, "/filter", id="not"),
        pytest.param({"filter": 'name eq "a"'}, "/filter", id="attribute"),
        pytest.param({"headers": {"X-A": "1", "x-a": "2"}}, "/headers", id="twice"),
        pytest.param({"encryptedHeaders": {"X-A": "hush", "x-A": "2"}}, "/encryptedHeaders", id="twice-encrypted"),
        pytest.param({"headers": {"Host": "other"}}, "/headers", id="host"),
        pytest.param({"headers": {"webhook-signature": "v1,x"}}, "/headers", id="ours"),
        pytest.param({"headers": {"X-A": "1\r\nX-B: 2"}}, "/headers", id="split"),
        pytest.param({"headers": {"X A": "1"}}, "/headers", id="no-token"),
        pytest.param({"encryptedHeaders": {"X-A": "a" * 2048}}, "/encryptedHeaders", id="large"),
        pytest.param({"ownerId": str(new_id())}, "/ownerId", id="stranger"),
        pytest.param({"checkCertificateRevocation": True}, "/checkCertificateRevocation", id="revocation"),
        pytest.param({"origin": "elsewhere"}, "/origin", id="origin"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field(
    api: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await api.post(BASE, json={"name": "Ops", "url": "http://127.0.0.1:9/x", **body})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer
    assert "hush" not in answer.text


async def test_lists_are_filtered_sorted_and_paged(api: httpx.AsyncClient) -> None:
    names = ["beta", "Alpha", "gamma", "delta"]
    for number, name in enumerate(names):
        more: dict[str, Any] = {"origin": "automations"} if number == 1 else {}
        await make(api, f"http://127.0.0.1:9/{name}", name=name, enabled=number > 1, **more)
    found = [one["name"] for one in (await api.get(BASE)).json()["data"]]
    assert found == names[::-1]
    pages, link = [], f"{BASE}?sort=name&limit=3"
    first = (await api.get(link)).json()
    assert "prev" not in first["links"]
    pages += [one["name"] for one in first["data"]]
    second = (await api.get(first["links"]["next"]["href"])).json()
    assert pages + [one["name"] for one in second["data"]] == ["Alpha", "beta", "delta", "gamma"]
    assert (await api.get(second["links"]["prev"]["href"])).json()["data"] == first["data"]

    async def filtered(**query: str) -> set[str]:
        return {one["name"] for one in (await api.get(BASE, params=query)).json()["data"]}

    assert await filtered(name="ALPHA") == {"Alpha"}
    assert await filtered(name="*a", url="*/G*") == {"gamma"}
    assert await filtered(enabled="false") == {"beta", "Alpha"}
    assert await filtered(origins="automations") == {"Alpha"}
    assert await filtered(origins="automations,api") == set(names)
    assert await filtered(eventTypes=f"com.tieline.notice.opened,{CREATED}") == set(names)
    assert await filtered(eventTypes="com.tieline.notice.opened") == set()
    assert await filtered(level="user") == set()
    assert await filtered(ownerId="nobody") == set()
    assert await filtered(unknown="x") == set(names)
    for query in ("limit=0", "limit=101", "limit=x", "sort=level", "enabled=maybe", "origins=x", "next=abc"):
        assert (await api.get(f"{BASE}?{query}")).status_code == 400, query


async def test_people_have_their_own_and_the_tenants_are_for_administrators(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    of_tenant = await make(api)
    user_id, key = await world.user(tenant.id)
    reading = await world.key(tenant.id, user_id, ["webhooks:read"])
    async with client(address, key) as person, client(address, reading) as reader:
        assert (await person.post(BASE, json={"name": "n", "url": of_tenant["url"]})).status_code == 403
        own = await make(person, level="user")
        assert own["ownerId"] == str(user_id)
        assert [one["id"] for one in (await person.get(BASE)).json()["data"]] == [own["id"]]
        assert (await person.get(f"{BASE}/{of_tenant['id']}")).status_code == 404
        assert (await person.delete(f"{BASE}/{of_tenant['id']}")).status_code == 404
        body = {"name": "n", "url": own["url"], "level": "user", "ownerId": str(tenant.admin_id)}
        assert (await person.put(f"{BASE}/{own['id']}", json=body)).status_code == 403
        assert (await reader.get(f"{BASE}/{own['id']}")).status_code == 200
        assert (await reader.patch(f"{BASE}/{own['id']}", json=[])).status_code == 403
        assert len((await api.get(BASE)).json()["data"]) == 2
    for path in (of_tenant["id"], f"{of_tenant['id']}/deliveries", f"{of_tenant['id']}/deliveries/{new_id()}"):
        assert (await other.get(f"{BASE}/{path}")).status_code == 404
    assert (await other.put(f"{BASE}/{of_tenant['id']}", json={"name": "n", "url": own["url"]})).status_code == 404


async def test_event_types_are_listed_and_those_of_the_vendor_taken(api: httpx.AsyncClient) -> None:
    listed = {one["name"]: one for one in (await api.get(f"{BASE}/event-types")).json()["data"]}
    assert listed["com.qlik.v1.automation.run.ended"]["levels"] == ["tenant", "user"]
    await make(api, eventTypes=["com.qlik.v1.app.created"])


async def test_an_event_is_signed_and_sent_as_a_cloud_event(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker
) -> None:
    hook = await make(
        api,
        receiver.url,
        secret=SECRET,
        headers={"X-Plain": "yes", "x-key": "shown"},
        encryptedHeaders={"X-Key": "hush-hush"},
    )
    receiver.answers = [web.Response(text="got hush-hush", headers={"X-Echo": "hush-hush"})]
    automation_id = await automation(api)
    await worker.work()
    ((headers, body),) = receiver.seen
    said = StandardWebhook(SECRET).verify(body, headers)
    assert headers["qlik-signature"] == hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
    assert (headers["x-plain"], headers["x-key"], headers["content-type"]) == ("yes", "hush-hush", "application/json")
    assert (said["specversion"], said["type"], said["id"]) == ("1.0", CREATED, headers["webhook-id"])
    assert (said["source"], said["subject"]) == ("com.qlik/automations", automation_id)
    assert said["data"]["name"] == "Sync"
    assert said["toplevelresourceid"] == automation_id
    assert all(name == name.lower() and name.isalnum() for name in said)
    (delivery,) = await log(api, hook)
    assert (delivery["status"], delivery["attempts"], delivery["statusMessage"]) == ("success", 1, "200 OK")
    assert delivery["request"]["headers"]["X-Key"] == "**OMITTED**"
    assert delivery["request"]["body"] == said
    assert delivery["response"]["body"] == "got **OMITTED**"
    assert delivery["response"]["headers"]["X-Echo"] == "**OMITTED**"
    assert "hush" not in json.dumps(delivery)
    assert (await api.get(f"{BASE}/{hook['id']}/deliveries/{delivery['id']}")).json() == delivery


async def test_the_older_form_is_sent_where_it_is_asked_for(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker, tenant: Tenant
) -> None:
    await make(api, receiver.url, enableCloudEventDelivery=False)
    await automation(api)
    await worker.work()
    ((headers, body),) = receiver.seen
    said = json.loads(body)
    assert (said["cloudEventsVersion"], said["eventType"]) == ("0.1", CREATED)
    assert said["extensions"]["tenantId"] == str(tenant.id)
    assert "webhook-signature" not in headers  # nothing to sign with


async def test_nothing_is_written_where_nobody_listens(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    await make(api, enabled=False)
    await make(api, eventTypes=["com.tieline.notice.opened"])
    await automation(api)
    assert await count(parts, tenant, events) == 0


async def test_an_event_of_a_change_that_does_not_happen_is_not_sent(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: Worker
) -> None:
    await make(api)
    with pytest.raises(RuntimeError):
        async with parts.database.tenant(tenant.id) as unit:
            assert await emit(unit, CREATED, "automation:x", {})
            raise RuntimeError
    assert await worker.waiting() == []


async def test_a_name_with_anything_in_it_is_sent_and_logged(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker, parts: Parts, tenant: Tenant
) -> None:
    hook = await make(api, receiver.url)
    name = 'a\x00b \\u0000 "quoted" \u2028 \U0001f600'
    receiver.answers = [web.Response(body=b"\xff\xfe\x00", headers={"X-Odd": "caf\u00e9"})]
    async with parts.database.tenant(tenant.id) as unit:
        assert await emit(unit, CREATED, "automation:x", {"name": name})
    await worker.work()
    (delivery,) = await log(api, hook)
    assert delivery["status"] == "success"
    assert "\x00" not in delivery["request"]["body"]["data"]["name"]
    assert "\x00" not in delivery["response"]["body"]


async def test_filters_and_levels_decide_who_hears(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant, receiver: Receiver, worker: Worker
) -> None:
    _, key = await world.user(tenant.id)
    space = await world.space(tenant.id)
    async with world.database.tenant(tenant.id) as unit:
        closed = await spaces.create(unit, name="Closed", owner_id=tenant.admin_id)
    async with client(address, key) as person:
        mine = await make(person, receiver.url, level="user")
        there = await make(api, receiver.url, filter=f'spaceId eq "{space}" and id ne "x"')
        elsewhere = await make(api, receiver.url, filter=f'spaceId ne "{space}"')
        await automation(api, "personal")
        await automation(person, "theirs")
        body = {"name": "shared", "workspace": WORKSPACE, "spaceId": str(space)}
        assert (await api.post("/api/v1/automations", json=body)).status_code in (200, 201)
        body = {"name": "closed", "workspace": WORKSPACE, "spaceId": str(closed)}
        assert (await api.post("/api/v1/automations", json=body)).status_code in (200, 201)
        await worker.work()

        async def heard(hook: dict[str, Any]) -> set[str]:
            return {one["request"]["body"]["data"]["name"] for one in await log(api, hook)}

        assert await heard(there) == {"shared"}
        assert await heard(elsewhere) == {"personal", "theirs", "closed"}
        assert await heard(mine) == {"theirs", "shared"}


async def test_what_is_not_taken_is_tried_twelve_times_over_three_days_under_one_id(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker
) -> None:
    hook = await make(api, receiver.url)
    receiver.answers = [web.Response(status=500 + number % 4) for number in range(20)]
    await automation(api)
    await worker.work()
    delivery: dict[str, Any] = {}
    for _ in range(15):
        (delivery,) = await log(api, hook, status="fail")
        waiting = await worker.waiting()
        if not waiting:
            break
        assert "next one at" in delivery["statusMessage"]
        worker.ahead = timedelta(seconds=waiting[0][3] + 1)
        await worker.work()
    assert len(receiver.seen) == 12 == delivery["attempts"]
    assert len({headers["webhook-id"] for headers, _ in receiver.seen}) == 1
    assert len({body for _, body in receiver.seen}) == 1
    assert timedelta(days=2.5) < worker.ahead < timedelta(days=3)
    assert "given up" in delivery["statusMessage"]
    assert delivery["response"]["statusCode"] == 503
    pauses = sending.PAUSES
    assert list(pauses) == sorted(pauses)


@pytest.mark.parametrize(
    ("answer", "attempts", "wait"),
    [
        pytest.param(web.Response(status=302, headers={"Location": "http://169.254.169.254/"}), 1, 5, id="redirect"),
        pytest.param(web.Response(status=429, headers={"Retry-After": "7200"}), 1, 7200, id="retry-after"),
        pytest.param(web.Response(status=400), 1, 5, id="refused"),
        pytest.param(web.Response(status=503, headers={"Retry-After": "nonsense"}), 1, 5, id="nonsense"),
    ],
)
async def test_answers_that_are_no_yes(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker, answer: web.Response, attempts: int, wait: float
) -> None:
    hook = await make(api, receiver.url)
    receiver.answers = [answer]
    await automation(api)
    await worker.work()
    (delivery,) = await log(api, hook)
    assert (delivery["status"], delivery["attempts"], len(receiver.seen)) == ("fail", attempts, 1)
    assert delivery["response"]["statusCode"] == answer.status
    ((*_, seconds),) = await worker.waiting()
    assert wait * 0.9 - 2 < seconds <= wait


async def test_gone_disables_at_once_and_tells(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker, parts: Parts, tenant: Tenant
) -> None:
    hook = await make(api, receiver.url)
    receiver.answers = [web.Response(status=410)]
    await automation(api)
    await worker.work()
    shown = (await api.get(f"{BASE}/{hook['id']}")).json()
    assert (shown["enabled"], shown["disabledReasonCode"]) == (False, "gone")
    assert "410" in shown["disabledReason"]
    async with parts.database.tenant(tenant.id) as unit:
        assert [one["kind"] for one in await notices.still_open(unit)] == ["webhook-disabled"]
    assert await worker.waiting() == []
    await api.patch(f"{BASE}/{hook['id']}", json=[{"op": "replace", "path": "/enabled", "value": True}])
    shown = (await api.get(f"{BASE}/{hook['id']}")).json()
    assert shown["enabled"]
    assert "disabledReason" not in shown
    async with parts.database.tenant(tenant.id) as unit:
        assert await notices.still_open(unit) == []


async def test_days_of_failing_disable(api: httpx.AsyncClient, receiver: Receiver, worker: Worker) -> None:
    hook = await make(api, receiver.url)
    receiver.answers = [web.Response(status=500) for _ in range(40)]
    await automation(api)
    await worker.work()
    worker.ahead = timedelta(days=sending.FAILING_DAYS, seconds=-60)
    await worker.work()
    assert (await api.get(f"{BASE}/{hook['id']}")).json()["enabled"]
    await automation(api)
    worker.ahead = timedelta(days=sending.FAILING_DAYS, seconds=60)
    await worker.work()
    shown = (await api.get(f"{BASE}/{hook['id']}")).json()
    assert (shown["enabled"], shown["disabledReasonCode"]) == (False, "failing")
    sent = len(receiver.seen)
    worker.ahead += timedelta(days=5)
    await worker.work()
    assert len(receiver.seen) == sent
    assert {one["status"] for one in await log(api, hook)} == {"fail"}


async def test_slow_huge_and_broken_receivers(
    api: httpx.AsyncClient, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieline.tenancy.events.calling.SECONDS", 0.3)
    async with receiving() as slow, receiving() as huge:
        slow.pause = 5
        huge.answers = [web.Response(body=b"x" * 3_000_000)]
        hooks = [await make(api, one) for one in (slow.url, huge.url, huge.url.replace("http", "https"))]
        await automation(api)
        await worker.work()
        told = [(await log(api, hook))[0] for hook in hooks]
    assert [one["status"] for one in told] == ["fail", "success", "fail"]
    assert "did not answer" in told[0]["statusMessage"]
    assert len(told[1]["response"]["body"]) == 8192
    assert "TLS" in told[2]["statusMessage"]
    assert "response" not in told[2]


async def test_an_address_that_has_become_internal_is_not_called(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: Worker
) -> None:
    hook = await make(api)
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(event_webhooks, event_webhooks.c.id == UUID(hook["id"]), url="http://10.0.0.1/")
    await automation(api)
    await worker.work()
    (delivery,) = await log(api, hook)
    assert (delivery["status"], "10.0.0.1" in delivery["statusMessage"]) == ("fail", True)
    assert await worker.waiting() == []


async def test_resend_is_a_new_delivery_and_replay_takes_what_failed(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker
) -> None:
    hook = await make(api, receiver.url)
    began = now()
    for status in (410, 200):
        receiver.answers = [web.Response(status=status)]
        await automation(api, f"was {status}")
        await worker.work()
        await api.patch(f"{BASE}/{hook['id']}", json=[{"op": "replace", "path": "/enabled", "value": True}])
    taken, failed = await log(api, hook)
    answer = await api.post(f"{BASE}/{hook['id']}/deliveries/{taken['id']}/actions/resend")
    again = answer.json()
    assert (answer.status_code, again["status"], again["eventId"]) == (201, "success", taken["eventId"])
    assert again["id"] != taken["id"]
    assert receiver.seen[1] == receiver.seen[2] or receiver.seen[1][1] == receiver.seen[2][1]
    assert receiver.seen[1][0]["webhook-id"] == receiver.seen[2][0]["webhook-id"]
    span = {"from": began.isoformat(), "to": now().isoformat()}
    replayed = await api.post(f"{BASE}/{hook['id']}/actions/replay", json=span)
    assert replayed.json() == {"count": 1, "more": False}
    assert (await api.post(f"{BASE}/{hook['id']}/actions/replay", json=span)).json()["count"] == 0  # on its way
    await worker.work()
    assert receiver.seen[3][0]["webhook-id"] == failed["eventId"]
    assert (await api.post(f"{BASE}/{hook['id']}/actions/replay", json=span)).json()["count"] == 0  # taken
    assert len(await log(api, hook, status="success")) == 3
    assert len(await log(api, hook, eventType="com.qlik.none")) == 0
    assert [one["status"] for one in await log(api, hook, sort="+status", limit=1)] == ["fail"]
    missing = f"{BASE}/{hook['id']}/deliveries/{new_id()}"
    assert (await api.get(missing)).status_code == 404
    assert (await api.post(f"{missing}/actions/resend")).status_code == 404


async def test_a_job_that_comes_twice_makes_and_sends_nothing_twice(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker, parts: Parts, tenant: Tenant
) -> None:
    await make(api, receiver.url)
    await automation(api)
    ((_, _, event, _),) = await worker.waiting()
    await asyncio.gather(*(worker.sender.fan_out(**event) for _ in range(5)))
    assert await count(parts, tenant, event_deliveries) == 1
    await worker.work()
    async with parts.database.tenant(tenant.id) as unit:
        (row,) = await unit.all(unit.select(event_deliveries))
    await worker.sender.deliver(tenant_id=str(tenant.id), delivery_id=str(row["id"]), attempt=1)
    assert len(receiver.seen) == 1


async def test_the_sweep_finds_what_lost_its_job_and_purges_what_is_old(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker, parts: Parts, tenant: Tenant
) -> None:
    hook = await make(api, receiver.url)
    await automation(api)
    ((_, _, event, _),) = await worker.waiting()
    await worker.sender.fan_out(**event)
    await parts.database.autocommit(
        "DELETE FROM procrastinate.procrastinate_jobs WHERE args ->> 'tenant_id' = %s", str(tenant.id)
    )
    before = await sweeping.Sweeper(parts.database).find()
    assert await sweeping.Sweeper(parts.database, clock=lambda: now() + timedelta(minutes=11)).find() > before
    await worker.work()
    assert (await log(api, hook))[0]["status"] == "success"
    assert len(receiver.seen) == 1
    await sweeping.Sweeper(parts.database, clock=lambda: now() + timedelta(days=29)).purge()
    assert await count(parts, tenant, events) == 1
    await sweeping.Sweeper(parts.database, clock=lambda: now() + timedelta(days=31)).purge()
    assert (await count(parts, tenant, events), await log(api, hook)) == (0, [])


async def test_a_hundred_and_fifty_of_a_user_and_no_more(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        for _ in range(147):
            await unit.insert(
                event_webhooks, id=new_id(), name="x", url="x", owner_id=tenant.admin_id, created_by=tenant.admin_id
            )
    body = {"name": "n", "url": "http://127.0.0.1:9/x"}
    answers = await asyncio.gather(*(api.post(BASE, json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [400] * 3


async def test_other_changes_are_events_too(
    api: httpx.AsyncClient, receiver: Receiver, worker: Worker, parts: Parts, tenant: Tenant
) -> None:
    wanted = [one["name"] for one in (await api.get(f"{BASE}/event-types")).json()["data"]]
    await make(api, receiver.url, eventTypes=wanted)
    automation_id = await automation(api)
    where = f"/api/v1/automations/{automation_id}"
    await api.post(f"{where}/actions/disable")
    await api.post(f"{where}/actions/enable")
    await api.put(where, json={"name": "Renamed", "workspace": WORKSPACE})
    run = (await api.post(f"{where}/runs", json={"context": "api"})).json()
    await api.post(f"{where}/runs/{run['id']}/actions/stop")
    await api.delete(where)
    origin = {"name": "Shop", "validOrigins": ["https://shop.example"]}
    await api.post("/api/v1/web-integrations", json=origin)
    async with parts.database.tenant(tenant.id) as unit:
        for _ in range(2):
            await notices.open(unit, kind="reconnect", subject="connection:x", title="Again")
    await worker.work()
    said = [json.loads(body) for _, body in receiver.seen]
    types = [one["type"].removeprefix("com.qlik.v1.").removeprefix("com.") for one in said]
    assert sorted(types) == sorted(
        [
            *(f"automation.{done}" for done in ("created", "disabled", "enabled", "updated", "deleted", "run.ended")),
            "tieline.automation.run.stopped",
            "qlik.web-integration.created",
            "tieline.notice.opened",
        ]
    )
    (ended,) = [one for one in said if one["type"].endswith("run.ended")]
    assert (ended["data"]["status"], ended["toplevelresourceid"]) == ("stopped", automation_id)
    assert ended["userid"] == str(tenant.admin_id)
