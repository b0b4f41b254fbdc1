"""What a partner reads of its own audit log, and of those of its accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.oem.conftest import Partner, plain
from tieline.core.clock import iso, now

pytestmark = pytest.mark.anyio


async def told(partner: Partner, **query: Any) -> list[str]:
    answer = await partner.api.get("/audits", params=query)
    assert answer.status_code == 200, answer.text
    return [one["action"] for one in answer.json()["data"]]


async def test_a_partner_reads_its_own_log_and_those_of_its_accounts(partner: Partner, rival: Partner) -> None:
    before = iso(now())
    assert await told(partner) == []
    await partner.account()
    template = await partner.template(plain())
    blend = await partner.install(template)
    await partner.api.put("/embed", json={"origins": ["https://app.example"]})
    await rival.account()

    assert await told(partner) == ["embed-settings.updated", "template.created"]
    assert await told(partner, account="acme") == ["integration.installed", "account.created"]
    guid = (await partner.api.get("/accounts/acme")).json()["guid"]
    assert await told(partner, account=guid) == await told(partner, account="acme")
    assert await told(rival, account="acme") == ["account.created"]
    assert (await rival.api.get("/audits", params={"account": guid})).status_code == 404

    assert await told(partner, action="template.") == ["template.created"]
    assert await told(partner, action="template") == []
    assert await told(partner, subject="template:") == await told(partner, subject=f"template:{template}")
    assert await told(partner, account="acme", subject=f"automation:{blend}") == ["integration.installed"]
    assert await told(partner, actor=partner.app_id, account="acme") == await told(partner, account="acme")
    assert await told(partner, actor=rival.app_id) == []
    assert await told(partner, to=before) == []
    assert len(await told(partner, **{"from": before})) == 2

    page = (await partner.api.get("/audits", params={"per_page": 1, "subject": "template:"})).json()
    (record,) = page["data"]
    assert record["actor"] == {"kind": "partner", "id": partner.app_id, "user_guid": None}
    assert record["trace_id"]
    assert page["meta"]["total"] == 1
    assert "subject=template%3A" in page["links"]["first"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": "yesterday"}, 400),
        ({"to": ""}, 400),
        ({"action": ""}, 400),
        ({"subject": "a\0b"}, 400),
        ({"actor": "x" * 257}, 400),
        ({"account": "nobody"}, 404),
        ({"account": "\0"}, 400),
        ({"action": "%"}, 200),
        ({"action": "%."}, 200),
        ({"from": "0001-01-01T00:00:00+14:00"}, 200),
    ],
)
async def test_filters_that_cannot_be(partner: Partner, query: dict[str, str], status: int) -> None:
    answer = await partner.api.get("/audits", params=query)
    assert answer.status_code == status, answer.text
    assert status != 200 or answer.json()["data"] == []
