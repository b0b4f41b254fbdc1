"""What the HTTP tests (tests/api/test_versions.py) cannot see of versions."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.automations.library.test_library import library, owner
from tieline.automations.library import Automations, state_tag
from tieline.automations.library.uses import users_of
from tieline.automations.library.versions import count_blocks
from tieline.core import json
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.storage.database import Database

__all__ = ["library", "owner"]

pytestmark = pytest.mark.anyio


def using(*blocks: str) -> bytes:
    listed = [
        {"id": name, "type": "EndpointBlock", "datasourcetype_guid": "crm", "endpoint_guid": name} for name in blocks
    ]
    return json.dumps({"blocks": listed})


async def test_a_live_version_uses_what_it_names_although_the_draft_does_not(
    database: Database, library: Automations, owner: tuple[UUID, UUID]
) -> None:
    tenant, user = owner
    known = {"people": "people", "deals": "deals", "notes": "notes"}
    async with database.tenant(tenant) as unit:
        row = await library.create(unit, owner_id=user, name="A", workspace=using("people", "deals"))
        await library.versions.publish(unit, row["id"], 1)
        await library.update(unit, row["id"], saved_by=user, workspace=using("deals", "notes"))
        [use] = await users_of(unit, ["crm"], known)
        assert (use.id, use.blocks) == (str(row["id"]), ["deals", "notes", "people"])
        await library.update(unit, row["id"], saved_by=user, workspace=using())
        [use] = await users_of(unit, ["crm"], known)
        assert use.blocks == ["deals", "people"]
        await library.versions.unpin(unit, row["id"])
        assert await users_of(unit, ["crm"], known) == []


async def test_another_tenants_unit_reaches_no_version(
    database: Database, library: Automations, owner: tuple[UUID, UUID]
) -> None:
    tenant, user = owner
    async with database.tenant(tenant) as unit:
        row = await library.create(unit, owner_id=user, name="A")
    async with database.tenant(new_id()) as unit:
        for work in (
            library.versions.get(unit, row["id"], 1),
            library.versions.annotate(unit, row["id"], 1, "x"),
            library.versions.restore(unit, row["id"], 1, saved_by=user),
            library.versions.publish(unit, row["id"], 1),
            library.versions.unpin(unit, row["id"]),
        ):
            with pytest.raises(NotFound):
                await work
        assert await unit.all(library.versions.all(unit, row["id"])) == []
    async with database.tenant(tenant) as unit:
        assert state_tag(await library.row(unit, row["id"])) == state_tag(row)


@pytest.mark.parametrize(
    "document, count", [(b"{}", 0), (b'{"blocks":[{},{}],"x":1}', 2), (b'{"blocks":{}}', 0), (b"[]", 0), (b"no", 0)]
)
def test_blocks_are_counted_in_whatever_there_is(document: bytes, count: int) -> None:
    assert count_blocks(document) == count
