"""Webhooks of a partner: told of what happens in any of its accounts, signed, and of nobody else's."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook as StandardWebhook

from tests.api.conftest import Parts, World, client
from tests.api.oem.conftest import Partner, document, start, with_settings
from tests.api.test_webhooks import Receiver, receiving
from tests.automations.engine.documents import block
from tieline.storage.tables import tenants
from tieline.tenancy.events.emitting import FAN_OUT
from tieline.tenancy.events.fanning import SEND
from tieline.tenancy.events.sending import Sender
from tieline.tenancy.events.types import PARTNER_TYPES

pytestmark = pytest.mark.anyio

ALL = sorted(PARTNER_TYPES)


async def partner_id(parts: Parts, partner: Partner) -> UUID:
    await partner.account("who-am-i")
    guid = UUID((await partner.api.get("/accounts/who-am-i")).json()["guid"])
    async with parts.database.system() as unit:
        found: UUID = await unit.scalar(unit.select(tenants, tenants.c.partner_id).where(tenants.c.id == guid))
    return found


async def deliver(parts: Parts, home: UUID) -> None:
    """Does the jobs of events that wait, as a worker would."""
    sender = Sender(parts.database, parts.vault, parts.egress)
    mine = (FAN_OUT, SEND, str(home))
    while await parts.database.autocommit(
        "SELECT id FROM procrastinate.procrastinate_jobs WHERE task_name IN (%s, %s) AND args ->> 'tenant_id' = %s "
        "AND status IN ('todo', 'doing') LIMIT 1",
        *mine,
    ):
        # The worker of these tests does not know events, and lays their jobs back.
        rows = await parts.database.autocommit(
            "DELETE FROM procrastinate.procrastinate_jobs WHERE task_name IN (%s, %s) AND args ->> 'tenant_id' = %s "
            "AND status = 'todo' RETURNING task_name, args",
            *mine,
        )
        for task, args in rows:
            args.pop("trace", None)  # what the worker takes out of a job
            await (sender.fan_out if task == FAN_OUT else sender.deliver)(**args)
        await asyncio.sleep(0.01)


def told(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    """Type and body of what came."""
    return [(body["type"], body) for body in (json.loads(raw) for _, raw in receiver.seen)]


async def test_a_partner_is_told_of_its_accounts(
    partner: Partner, rival: Partner, parts: Parts, world: World, address: str
) -> None:
    home = await partner_id(parts, partner)
    async with receiving() as receiver, receiving() as theirs:
        wanted = {"name": "Ops", "url": receiver.url, "event_types": ALL}
        made = (await partner.api.post("/webhooks", json=wanted)).json()
        secret = made["secret"]
        assert (secret[:6], made["enabled"], made["has_secret"]) == ("whsec_", True, True)
        again = (await partner.api.post("/webhooks", json=wanted)).json()
        assert (again["guid"], again["secret"]) == (made["guid"], None), "it is shown once"
        await rival.api.post("/webhooks", json={**wanted, "url": theirs.url})

        await partner.account()
        template = await partner.template(with_settings())
        blend = await partner.install(template, inputs={"Project": "s3cret"})
        where = f"/accounts/acme/blends/{blend}"
        await partner.api.post(f"{where}/set-persisted-inputs", json={"Project": "s3cret"})
        assert (await partner.api.post(f"{where}/disable")).json()["state"] == "disabled"
        assert (await partner.api.post(f"{where}/enable")).json()["state"] == "available"
        await partner.version(template, with_settings("two"), share=1)
        await partner.api.post(f"{where}/pin", json={"version": 1})
        await partner.api.post(f"{where}/detach")
        await partner.api.delete(where)
        await partner.api.delete("/accounts/acme")
        await deliver(parts, home)
        kinds = [kind.removeprefix("com.tieline.") for kind, _ in told(receiver)]
        assert sorted(kinds) == sorted(
            [
                "account.created", "integration.installed", "integration.settings-changed", "integration.disabled",
                "integration.enabled", "integration.updated", "integration.detached", "integration.removed",
                "account.deleted",
            ]
        )  # fmt: skip
        for headers, body in receiver.seen:
            StandardWebhook(secret).verify(body, headers)
            assert json.loads(body)["data"]["account"]["externalid"] == "acme"
            assert b"s3cret" not in body
        assert theirs.seen == []
        one = next(body for kind, body in told(receiver) if kind.endswith("installed"))
        assert one["tenantid"] == one["data"]["account"]["guid"]
        assert (one["data"]["guid"], one["data"]["template_guid"], one["data"]["version"]) == (blend, template, 1)
        listed = (await partner.api.get(f"/webhooks/{made['guid']}/deliveries")).json()
        assert (listed["meta"]["total"], {row["status"] for row in listed["data"]}) == (9, {"success"})
        path = f"/webhooks/{made['guid']}/deliveries/{listed['data'][0]['guid']}"
        resent = (await partner.api.post(f"{path}/resend")).json()
        assert (resent["status"], resent["event_guid"]) == ("success", listed["data"][0]["event_guid"])
        assert resent["guid"] != listed["data"][0]["guid"]
        for method, name in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/deliveries")):
            answer = await rival.api.request(method, f"/webhooks/{made['guid']}{name}", json={})
            assert answer.status_code == 404, (method, name)
        assert (await rival.api.post(f"{path}/resend")).status_code == 404
    assert [one["externalid"] for one in (await partner.api.get("/accounts")).json()["data"]] == ["who-am-i"]
    assert (await partner.api.get(f"/accounts/{home}")).status_code == 404, "the partner is no account of its own"
    replay = f"/webhooks/{made['guid']}/replay"
    assert (await partner.api.post(replay, json={"since": "2000-01-01T00:00:00Z"})).json()["count"] == 0
    assert (await partner.api.delete(f"/webhooks/{made['guid']}")).status_code == 204


async def test_a_run_that_fails_is_told_of(partner: Partner, parts: Parts, worker: None) -> None:
    home = await partner_id(parts, partner)
    await partner.account()
    fails = block("ErrorBlock", inputs={"message": "it broke with s3cret", "action": "stop"})
    blend = await partner.install(await partner.template(document([start(), fails])))
    async with receiving() as receiver:
        await partner.api.post("/webhooks", json={"name": "Ops", "url": receiver.url, "event_types": ALL})
        for _ in range(2):
            assert (await partner.api.post(f"/accounts/acme/blends/{blend}/run")).status_code == 400
        await deliver(parts, home)
        kinds = [kind.removeprefix("com.tieline.integration.") for kind, _ in told(receiver)]
        assert sorted(kinds) == ["failed", "run.failed", "run.failed"], "failed comes once, until it goes well"
        assert b"s3cret" not in b"".join(body for _, body in receiver.seen)
        data = told(receiver)[0][1]["data"]
        assert (data["guid"], data["run"]["status"], data["account"]["externalid"]) == (blend, "failed", "acme")


async def test_nobody_listens_and_nothing_is_written(partner: Partner, parts: Parts) -> None:
    home = await partner_id(parts, partner)
    await partner.account()
    async with receiving() as receiver:
        wanted = {"name": "Ops", "url": receiver.url, "event_types": ["com.tieline.account.deleted"]}
        made = (await partner.api.post("/webhooks", json=wanted)).json()
        await partner.account("other")
        await partner.api.put(f"/webhooks/{made['guid']}", json={"enabled": False})
        await partner.api.delete("/accounts/other")
        await deliver(parts, home)
        assert receiver.seen == []
        shown = (await partner.api.get("/webhooks")).json()["data"]
        assert [(one["enabled"], one["event_types"]) for one in shown] == [(False, ["com.tieline.account.deleted"])]
        assert "secret" not in shown[0]


@pytest.mark.parametrize(
    "change",
    [
        {"event_types": ["com.qlik.v1.automation.created"]}, {"event_types": ["no"]}, {"event_types": None},
        {"url": "http://169.254.169.254/"}, {"url": "file:///etc/passwd"}, {"url": "x"}, {"name": " "},
        {"secret": "short"}, {"headers": {"webhook-id": "1"}}, {"headers": {"a": 1}},
    ],
)  # fmt: skip
async def test_webhooks_that_cannot_be(partner: Partner, change: dict[str, Any]) -> None:
    wanted = {"name": "Ops", "url": "http://127.0.0.1:9/x", "event_types": ALL[:1], **change}
    assert (await partner.api.post("/webhooks", json=wanted)).status_code == 400


async def test_event_types_are_listed(partner: Partner) -> None:
    listed = (await partner.api.get("/webhooks/event-types")).json()
    assert sorted(one["name"] for one in listed) == ALL


async def test_webhooks_at_the_same_time_are_one(partner: Partner) -> None:
    wanted = {"name": "Ops", "url": "http://127.0.0.1:9/", "event_types": ALL[:1]}
    made = await asyncio.gather(*(partner.api.post("/webhooks", json=wanted) for _ in range(5)))
    assert len({one.json()["guid"] for one in made}) == 1


async def test_a_tenant_cannot_listen_to_its_partners_events(world: World, address: str) -> None:
    tenant = await world.tenant()
    async with client(address, tenant.key) as api:
        wanted = {"name": "x", "url": "https://hooks.example.org", "eventTypes": ["com.tieline.account.created"]}
        assert (await api.post("/api/v1/webhooks", json=wanted)).status_code == 400
