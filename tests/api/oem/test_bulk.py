"""Many accounts at once: what a call was cut off in is done once when it comes again; health and usage of all."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select

from tests.api.conftest import Parts
from tests.api.oem.conftest import Partner, document, plain, says, start, with_settings
from tieline.automations.library import Automations
from tieline.core.ids import new_id
from tieline.oem import bulk, insight
from tieline.oem.pages import page_of
from tieline.oem.sso import embedding
from tieline.storage.tables import automations, integrations, runs, tenants
from tieline.storage.unit import Unit

pytestmark = pytest.mark.anyio


async def fleet(partner: Partner, number: int = 3, **body: Any) -> tuple[str, list[dict[str, str]]]:
    """A template, and its integrations in so many accounts."""
    template = await partner.template(with_settings())
    items = [{"account": await partner.account(f"a{n}"), "inputs": {"Project": f"{n}"}} for n in range(number)]
    done = (await partner.api.post("/bulk/install", json={"template": template, "items": items, **body})).json()
    assert done["ok"] == number, done
    return template, [
        {"account": one["account"], "blend": made["guid"]} for one, made in zip(items, done["results"], strict=True)
    ]


def where(target: dict[str, str]) -> str:
    return f"/accounts/{target['account']}/blends/{target['blend']}"


async def test_many_are_switched_changed_and_removed(partner: Partner) -> None:
    _, targets = await fleet(partner)
    strange = [*targets, {"account": "a0", "blend": str(new_id())}]

    async def states() -> list[Any]:
        shown = [await partner.api.get(f"/accounts/{one['account']}/blends/{one['blend']}") for one in targets]
        return [one.json().get("state", one.status_code) for one in shown]

    done = (await partner.api.post("/bulk/disable", json={"items": strange})).json()
    assert ([one["status"] for one in done["results"]], done["failed"]) == ([200, 200, 200, 404], 1)
    assert await states() == ["disabled"] * 3
    assert (await partner.api.post("/bulk/enable", json={"items": targets})).json()["ok"] == 3
    assert await states() == ["available"] * 3
    items = [{**targets[0], "inputs": {"Project": "own"}}, *targets[1:]]
    assert (await partner.api.post("/bulk/update", json={"items": items, "inputs": {"Project": "all"}})).json()[
        "ok"
    ] == 3
    found = [
        (await partner.api.get(f"/accounts/{one['account']}/blends/{one['blend']}")).json()["inputs"][0]
        for one in targets
    ]
    assert [one["persisted_value"] for one in found] == ["own", "all", "all"]
    assert (await partner.api.post("/bulk/remove", json={"items": targets})).json()["ok"] == 3
    assert await states() == [404] * 3
    assert (await partner.api.post("/bulk/remove", json={"items": targets})).json()["failed"] == 3


async def test_a_bulk_spreads_evenly_over_a_canary(partner: Partner, parts: Parts) -> None:
    """Integrations that one call installs have places of their own, and each part of them is spread as the whole."""
    template, made = await fleet(partner, 32)
    async with parts.database.system() as unit:
        mine = select(integrations).where(integrations.c.template_id == UUID(template))
        rows = await unit.all(mine.order_by(integrations.c.id))
    shares = sorted(row["share"] for row in rows)
    assert len(shares) == len(made) == 32
    assert len(set(shares)) == 32, "two have the same place"
    gaps = [later - earlier for earlier, later in pairwise(shares)]
    assert max(gaps) < 4 / 32, gaps
    for wanted in (0.1, 0.25, 0.5, 0.75):
        assert abs(sum(share < wanted for share in shares) - wanted * 32) <= 2, (wanted, shares)


async def test_what_lacks_something_is_not_switched_on(partner: Partner) -> None:
    await partner.account()
    blend = await partner.install(await partner.template(with_settings(required=True)))
    done = (await partner.api.post("/bulk/enable", json={"items": [{"account": "acme", "blend": blend}]})).json()
    assert [(one["status"], one["code"]) for one in done["results"]] == [(409, "setup-incomplete")]


async def test_with_a_key_it_happens_once(partner: Partner, rival: Partner) -> None:
    template = await partner.template(plain())
    body: dict[str, Any] = {
        "template": template,
        "template_prevent_duplicates": False,
        "items": [{"account": await partner.account(f"a{n}")} for n in range(4)],
    }
    headers = {"idempotency-key": "k-1"}
    done = await asyncio.gather(*(partner.api.post("/bulk/install", json=body, headers=headers) for _ in range(4)))
    assert len({str(one.json()) for one in done}) == 1, done[0].text
    for n in range(4):
        assert (await partner.api.get(f"/accounts/a{n}/blends")).json()["meta"]["total"] == 1
    other = await partner.api.post("/bulk/install", json={**body, "items": body["items"][:1]}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    await rival.account("a0")
    theirs = {"template": await rival.template(plain()), "items": [{"account": "a0"}]}
    assert (await rival.api.post("/bulk/install", json=theirs, headers=headers)).json()["ok"] == 1
    targets = [
        {"account": one["account"], "blend": made["guid"]}
        for one, made in zip(body["items"], done[0].json()["results"], strict=True)
    ]
    gone = [
        await partner.api.post("/bulk/remove", json={"items": targets}, headers={"idempotency-key": "k-2"})
        for _ in range(2)
    ]
    assert gone[0].json() == gone[1].json()
    assert gone[0].json()["ok"] == 4


@pytest.mark.parametrize(
    "path, body, headers",
    [
        ("install", {"template": "t", "items": []}, {}), ("install", {"template": "t", "items": [{}] * 501}, {}),
        ("remove", {"items": [{"account": "a"}]}, {}), ("enable", {"items": "all"}, {}),
        ("enable", {"items": [{"account": "a", "blend": "b"}]}, {"idempotency-key": "x" * 256}),
        ("enable", {"items": [{"account": "a", "blend": "b"}]}, {"idempotency-key": ""}),
    ],
    ids=["empty", "too-many", "no-blend", "no-list", "long-key", "blank-key"],
)  # fmt: skip
async def test_calls_that_cannot_be(partner: Partner, path: str, body: Any, headers: dict[str, str]) -> None:
    assert (await partner.api.post(f"/bulk/{path}", json=body, headers=headers)).status_code == 400


async def test_roll_outs_at_the_same_time_end_in_one_state(partner: Partner) -> None:
    template, targets = await fleet(partner, 4)
    await partner.version(template, with_settings("two"))
    path = f"/templates/{template}/roll-out"
    calls = [
        partner.api.put(path, json={"version": 2, "share": 0.5}),
        partner.api.post(f"{path}/promote", json={"version": 2}),
        partner.api.post(f"{path}/roll-back", json={"version": 1}),
        *(partner.api.post(f"{where(one)}/pin", json={"version": None}) for one in targets),
        *(partner.api.put(f"/accounts/{one['account']}/blends/{template}/{one['blend']}") for one in targets),
    ]
    assert {one.status_code for one in await asyncio.gather(*calls)} == {200}
    stands = (await partner.api.get(path)).json()
    live, canary, share = stands["live_version"], stands["canary_version"], stands["canary_share"]
    part = round(4 * share) if canary is not None and canary != live else 0
    expected = {str(version): count for version, count in ((live, 4 - part), (canary, part)) if count}
    assert stands["integrations"] == expected, stands


async def test_a_run_keeps_the_version_that_it_began_with(partner: Partner, parts: Parts) -> None:
    template, (target,) = await fleet(partner, 1)
    began = (await partner.api.post(f"{where(target)}/run?async=true")).json()["guid"]
    await partner.version(template, with_settings("two"), share=1)
    after = (await partner.api.post(f"{where(target)}/run?async=true")).json()["guid"]
    await partner.api.post(f"/templates/{template}/roll-out/roll-back")
    back = (await partner.api.post(f"{where(target)}/run?async=true")).json()["guid"]
    async with parts.database.system() as unit:
        rows = await unit.all(unit.select(runs, runs.c.id, runs.c.version))
    known = {str(row["id"]): row["version"] for row in rows}
    assert [known[one] for one in (began, after, back)] == [1, 2, 1]


async def test_health_of_all_is_one_query_a_page(partner: Partner, parts: Parts) -> None:
    _, targets = await fleet(partner, 3)
    async with parts.database.system() as unit:
        tenant = await unit.one(
            unit.select(tenants).where(tenants.c.external_id == targets[0]["account"]).order_by(tenants.c.id.desc())
        )
        assert tenant is not None
        asked: list[str] = []
        connection = unit.connection.sync_connection
        assert connection is not None
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        found = await page_of(unit, insight.health(tenant["partner_id"]), 1, 100)
    assert (found.total, len(found.rows), len(asked)) == (3, 3, 2), "one counts, one reads"


async def test_usage_by_day_is_that_of_the_runs(partner: Partner, parts: Parts) -> None:
    _, targets = await fleet(partner, 2)
    account = UUID((await partner.api.get("/accounts/a0")).json()["guid"])
    async with parts.database.tenant(account) as unit:
        row = await unit.one(unit.select(automations))
        assert row is not None
        for calls in (3, 4):
            started = await parts.runs.start(unit, automation=row, context="api_async")
            network = {"network": {"apiCalls": calls, "rxBytes": 10 * calls, "txBytes": calls}}
            await unit.update(runs, runs.c.id == started["id"], metrics=network)
    days = (await partner.api.get("/accounts/a0/usage")).json()
    assert days["meta"]["total"] == 1
    (day,) = days["data"]
    assert (day["runs"], day["api_calls"], day["received"], day["sent"]) == (2, 7, 70, 7)
    both = {one["account"]["externalid"]: one for one in (await partner.api.get("/usage")).json()["data"]}
    assert (both["a0"]["api_calls"], both["a1"]["api_calls"]) == (7, 0)
    assert (await partner.api.delete(f"/accounts/a0/blends/{targets[0]['blend']}")).status_code == 204
    again = (await partner.api.get("/accounts/a0/usage")).json()["data"]
    assert [one["api_calls"] for one in again] == [7], "what was used stays, also of what is removed"


async def test_the_system_side_of_a_tenants_unit_is_left_again(parts: Parts, partner: Partner) -> None:
    await fleet(partner, 2)
    account = UUID((await partner.api.get("/accounts/a0")).json()["guid"])
    count = integrations.select().with_only_columns(integrations.c.id)
    async with parts.database.tenant(account) as unit:
        async with unit.beyond() as system:
            assert len(await system.all(count)) >= 2
            async with system.beyond() as further:
                assert further is system
        assert len(await unit.all(count)) == 1, "as before"
    async with parts.database.system() as system:
        async with Unit(system.connection, account).beyond():
            pass
        assert len(await system.all(count)) >= 2, "a unit on a system's connection leaves it what it was"


async def test_an_item_that_breaks_or_hangs_ends_no_other_one(
    partner: Partner, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = (await partner_row(parts, partner))["id"]
    monkeypatch.setattr(bulk, "ITEM_SECONDS", 0.05)

    async def work(item: str, once: UUID | None, again: bool) -> str:
        if item == "breaks":
            raise RuntimeError("secret-of-mine")
        if item == "hangs":
            await asyncio.Event().wait()
        return f"{item}{' again' if again else ''}"

    items = ["hangs", "breaks", "a", "hangs", "hangs", "hangs", "b"]
    doer = bulk.Bulk(parts.database)
    done = await doer.do(home, "poison", b"1", items, work)
    assert [one.status for one in done] == [503, 500, 200, 503, 503, 503, 200]
    assert "secret-of-mine" not in str(done)
    once_more = await doer.do(home, "poison", b"1", ["x", "x", "no", "x", "x", "x", "no"], work)
    assert [one.guid for one in once_more] == ["x again", "x again", "a", *["x again"] * 3, "b"]
    monkeypatch.setattr(bulk, "LONGEST_SECONDS", -1.0)
    late = await doer.do(home, "late", b"1", ["a", "b"], work)
    assert [(one.status, one.code) for one in late] == [(503, "not-reached")] * 2
    monkeypatch.undo()
    assert [one.guid for one in await doer.do(home, "late", b"1", ["a", "b"], work)] == ["a", "b"]


async def test_an_integration_that_cannot_follow_keeps_no_other_from_it(
    partner: Partner, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    template, _ = await fleet(partner, 3)
    await partner.version(template, document([start("scheduled"), says("two")]))
    follow, asked = Automations.follow, []

    async def failing(self: Automations, unit: Any, automation_id: UUID, *args: Any, **more: Any) -> None:
        asked.append(automation_id)
        if len(asked) == 1:
            raise RuntimeError("stuck")
        await follow(self, unit, automation_id, *args, **more)

    monkeypatch.setattr(Automations, "follow", failing)
    promoted = await partner.api.post(f"/templates/{template}/roll-out/promote", json={})
    assert promoted.status_code == 200, promoted.text
    assert len(asked) == 3
    async with parts.database.system() as unit:
        modes = await unit.all(select(automations.c.run_mode).where(automations.c.id.in_(asked)))
    assert sorted(row["run_mode"] for row in modes) == ["manual", "scheduled", "scheduled"]


async def partner_row(parts: Parts, partner: Partner) -> dict[str, Any]:
    async with parts.database.system() as unit:
        return await embedding.find(unit, partner.app_id)
