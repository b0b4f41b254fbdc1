"""The library itself: what the HTTP tests (tests/api/test_automations.py) cannot see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.automations.library import Automations, state_tag
from tieline.automations.library.errors import InvalidSchedule, VersionConflict
from tieline.automations.library.schedules import check
from tieline.automations.library.workspaces import mentioned, same
from tieline.core import json
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.security.vault import Vault, parse_keys
from tieline.storage.database import Database
from tieline.storage.tables import automations
from tieline.tenancy import partners, tenants, users

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def library(database: Database) -> Automations:
    return Automations(database, Vault(parse_keys(Vault.generate_key())))


@pytest.fixture
async def owner(database: Database) -> tuple[UUID, UUID]:
    async with database.system() as unit:
        partner = await partners.create(unit, name="P", app_id=str(new_id()))
        tenant = await tenants.create(unit, partner_id=partner, external_id="t", name="T")
    async with database.tenant(tenant) as unit:
        return tenant, await users.create(unit, external_id="u")


async def test_bytes_in_bytes_out(database: Database, library: Automations, owner: tuple[UUID, UUID]) -> None:
    document = b' {"blocks":[ ],"x" :1.0e0}\n'
    async with database.tenant(owner[0]) as unit:
        row = await library.create(unit, owner_id=owner[1], name="A", workspace=document)
        assert (await library.get(unit, row["id"]))["workspace"] == document
        assert "workspace" not in await library.row(unit, row["id"])


async def test_a_token_is_sealed_to_its_row(database: Database, library: Automations, owner: tuple[UUID, UUID]) -> None:
    tenant, user = owner
    async with database.tenant(tenant) as unit:
        one = await library.create(unit, owner_id=user, name="A")
        two = await library.create(unit, owner_id=user, name="B")
    token = library.execution_token(one, tenant)
    assert token is not None
    assert token.encode() not in one["execution_token"]
    found = await library.find_by_token(one["id"], token)
    assert found is not None
    assert found["tenant_id"] == tenant
    assert await library.find_by_token(two["id"], token) is None
    from tieline.security.vault import VaultError

    with pytest.raises(VaultError):
        library.execution_token({**two, "execution_token": one["execution_token"]}, tenant)
    async with database.tenant(tenant) as unit:
        await unit.update(automations, automations.c.id == one["id"], execution_token=None)
        assert library.execution_token(await library.row(unit, one["id"]), tenant) is None


async def test_a_stale_change_leaves_no_trace(
    database: Database, library: Automations, owner: tuple[UUID, UUID]
) -> None:
    tenant, user = owner
    async with database.tenant(tenant) as unit:
        row = await library.create(unit, owner_id=user, name="A")
    tag = state_tag(row)
    async with database.tenant(tenant) as unit:
        changed = await library.update(unit, row["id"], saved_by=user, expected=tag, name="B")
    assert state_tag(changed) != tag
    with pytest.raises(VersionConflict):
        async with database.tenant(tenant) as unit:
            await library.update(unit, row["id"], saved_by=user, expected=tag, workspace=b'{"x":1}')
    async with database.tenant(tenant) as unit:
        assert (await library.get(unit, row["id"]))["version"] == 1


async def test_another_tenants_unit_finds_nothing(
    database: Database, library: Automations, owner: tuple[UUID, UUID]
) -> None:
    tenant, user = owner
    async with database.tenant(tenant) as unit:
        row = await library.create(unit, owner_id=user, name="A")
    async with database.tenant(new_id()) as unit:
        for work in (
            library.get(unit, row["id"]),
            library.row(unit, row["id"]),
            library.update(unit, row["id"], saved_by=user, name="B"),
            library.delete(unit, row["id"]),
            library.copy(unit, row["id"], name="B", owner_id=user),
            library.set_enabled(unit, row["id"], False),
            library.change_space(unit, row["id"], None),
        ):
            with pytest.raises(NotFound):
                await work
        assert await library.pointers(unit, row["id"]) == []
        assert await library.reset_pointers(unit, row["id"]) == 0


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_reading_a_document_never_fails(content: Any) -> None:
    document = json.dumps({"blocks": content})
    mentioned(document)
    mentioned(json.dumps(content))
    assert same(document, b" " + document)


def test_mentioned_guids_come_once_and_in_order() -> None:
    blocks = [
        {"datasourcetype_guid": "b", "endpoint_guid": "e"},
        {"datasourcetype_guid": "a", "snippet_guid": "s"},
        {"datasourcetype_guid": "b", "endpoint_guid": 5},
        "junk",
    ]
    found = mentioned(json.dumps({"blocks": blocks}))
    assert (found.connectors, found.endpoints, found.snippets) == (["b", "a"], ["e"], ["s"])


@given(st.integers())
def test_any_interval_is_kept_or_refused(seconds: int) -> None:
    try:
        [schedule] = check([{"interval": seconds}])
    except InvalidSchedule:
        return
    kept = schedule.get("interval", 0)
    assert kept == 30 or kept % 60 == 0
    assert abs(kept - seconds) <= 30


@given(st.dictionaries(st.sampled_from(["startAt", "stopAt", "timezone", "recurrence"]), st.text()))
def test_any_text_is_kept_or_refused(entry: dict[str, str]) -> None:
    try:
        check([entry])
    except InvalidSchedule as error:
        error.detail.encode()
