"""Documents are looked at again, over a real server and a real database."""

from __future__ import annotations

import asyncio
import hashlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from msgspec import UNSET

from tests.connectors.connections.making import key_manifest, make_tenant
from tests.connectors.importers.support import THING, many, op, spec
from tests.connectors.runtime.api import Api, answer
from tieline.connectors.drift import told
from tieline.connectors.drift.nightly import AT, TASK, Nightly, next_slot
from tieline.connectors.drift.watch import Outcome, Watch
from tieline.connectors.importers import import_document
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Manifest
from tieline.core.errors import Conflict
from tieline.security.egress import Egress
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.tables import connector_watches, notices
from tieline.tenancy import notices as service

pytestmark = pytest.mark.anyio

FIRST = spec({"/things": {"get": op(many(), id="listThings")}})
SECOND = deepcopy(FIRST)
SECOND["paths"] = {"/things/all": FIRST["paths"]["/things"], "/other": {"get": op(THING, id="getOther")}}
THIRD = deepcopy(SECOND)
THIRD["paths"]["/third"] = {"get": op(THING, id="getThird")}


class Documents:
    """A server's documents by path, with an ETag as its hash."""

    def __init__(self, api: Api) -> None:
        self.api, self.kept = api, dict[str, bytes]()
        api.handler = self.give

    def put(self, path: str, document: Any) -> bytes:
        self.kept[path] = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.kept[path]

    def give(self, request: web.Request) -> web.StreamResponse:
        data = self.kept.get(request.path)
        if data is None:
            return answer({"error": "gone"}, 404)
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return answer(data, 200, ETag=tag)

    @property
    def fetched(self) -> int:
        return len(self.api.asked)


async def saved(database: Database, documents: Documents, path: str, document: Any = FIRST) -> tuple[UUID, UUID]:
    """A tenant with a connector that was imported from the server."""
    tenant = await make_tenant(database)
    data = documents.put(path, document)
    manifest = import_document(data, address=documents.api.base + path)
    async with database.tenant(tenant) as unit:
        return tenant, (await Library(database).save(unit, manifest))["id"]


async def told_of(database: Database, tenant: UUID, connector: UUID) -> list[dict[str, Any]]:
    async with database.tenant(tenant) as unit:
        return await service.still_open(unit, subject=told.subject(connector))


async def watch_of(database: Database, tenant: UUID, connector: UUID) -> dict[str, Any]:
    async with database.tenant(tenant) as unit:
        found = await unit.one(unit.select(connector_watches).where(connector_watches.c.connector_id == connector))
    assert found is not None
    return found


def night(number: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=number)


@pytest.fixture
async def documents(api: Api) -> Documents:
    return Documents(api)


@pytest.fixture
async def watch(database: Database, egress: Egress) -> Watch:
    return Watch(database, Library(database), egress)


async def test_a_changed_document_is_told_of_once(database: Database, documents: Documents, watch: Watch) -> None:
    tenant, connector = await saved(database, documents, "/once.json")
    await watch.run_due(night(1))
    assert await told_of(database, tenant, connector) == []
    data = documents.put("/once.json", SECOND)
    for number in range(2, 5):
        await watch.run_due(night(number))
    (notice,) = await told_of(database, tenant, connector)
    assert notice["data"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert (notice["data"]["bump"], notice["data"]["blocks"]) == ("major", ["list_things"])
    assert notice["count"] == 1
    assert "list_things" in notice["detail"]
    # After the second night the server only said that nothing is new.
    conditions = [one.headers.get("if-none-match") for one in documents.api.asked if one.target == "/once.json"]
    assert conditions[0] is None
    assert all(conditions[1:])
    assert (await watch_of(database, tenant, connector))["error"] is None


async def test_a_third_document_takes_the_place_of_the_second_and_the_first_settles_it(
    database: Database, documents: Documents, watch: Watch
) -> None:
    tenant, connector = await saved(database, documents, "/third.json")
    documents.put("/third.json", SECOND)
    await watch.run_due(night(1))
    documents.put("/third.json", THIRD)
    await watch.run_due(night(2))
    (notice,) = await told_of(database, tenant, connector)
    assert "get_third" in " ".join(notice["data"]["changes"])
    documents.put("/third.json", FIRST)
    await watch.run_due(night(3))
    assert await told_of(database, tenant, connector) == []
    documents.put("/third.json", THIRD)
    await watch.run_due(night(4))
    assert len(await told_of(database, tenant, connector)) == 1


async def test_an_import_of_the_document_closes_the_notice(
    database: Database, documents: Documents, watch: Watch
) -> None:
    tenant, connector = await saved(database, documents, "/import.json")
    data = documents.put("/import.json", SECOND)
    await watch.run_due(night(1))
    manifest = import_document(data, address=documents.api.base + "/import.json")
    assert manifest.source is not UNSET
    async with database.tenant(tenant) as unit:
        await Library(database).save(unit, manifest)
        await told.imported(unit, connector, manifest.source.sha256)
    assert await told_of(database, tenant, connector) == []
    await watch.run_due(night(2))
    assert await told_of(database, tenant, connector) == []


async def test_what_a_person_has_dismissed_is_not_told_again(
    database: Database, documents: Documents, watch: Watch
) -> None:
    tenant, connector = await saved(database, documents, "/dismiss.json")
    documents.put("/dismiss.json", SECOND)
    await watch.run_due(night(1))
    (notice,) = await told_of(database, tenant, connector)
    async with database.tenant(tenant) as unit:
        await service.dismiss(unit, notice["id"])
    await watch.run_due(night(2))
    assert await told_of(database, tenant, connector) == []


async def test_a_change_that_means_nothing_is_not_told(database: Database, documents: Documents, watch: Watch) -> None:
    tenant, connector = await saved(database, documents, "/blank.json")
    documents.put("/blank.json", json.dumps(FIRST, indent=4).encode())
    await watch.run_due(night(1))
    assert await told_of(database, tenant, connector) == []


async def test_many_at_once_fetch_each_document_once(database: Database, documents: Documents, egress: Egress) -> None:
    made = [await saved(database, documents, f"/many/{number}.json") for number in range(6)]
    for number in range(6):
        documents.put(f"/many/{number}.json", SECOND)
    watches = [Watch(database, Library(database), egress) for _ in range(5)]
    # Known to be watched, and not yet due: now all of them claim at the same moment.
    assert (await watches[0].run_due(night(-1))).checked == 0
    await asyncio.gather(*(one.run_due(night(1)) for one in watches))
    asked = [one.target for one in documents.api.asked if one.target.startswith("/many/")]
    assert sorted(asked) == [f"/many/{number}.json" for number in range(6)]
    for tenant, connector in made:
        assert len(await told_of(database, tenant, connector)) == 1


@pytest.mark.parametrize(
    "document, said",
    [
        (None, "status 404"),
        (b"<html>not found</html>", "no endpoint"),
        (b"<html><h1>API</h1><p>GET /things/{id}</p><p>POST /things</p></html>", "no newer document"),
        (b"[]", "This is"),
        (b"", "empty"),
    ],
)
async def test_what_gives_no_document_is_noted_and_asked_again(
    document: bytes | None, said: str, database: Database, documents: Documents, watch: Watch
) -> None:
    path = f"/bad/{said.replace(' ', '-')}.json"
    tenant, connector = await saved(database, documents, path)
    if document is None:
        del documents.kept[path]
    else:
        documents.put(path, document)
    outcome = await watch.run_due(night(1))
    assert outcome.failed >= 1
    row = await watch_of(database, tenant, connector)
    assert said in row["error"]
    assert row["next_at"] > night(1)
    assert await told_of(database, tenant, connector) == []
    documents.put(path, SECOND)
    await watch.run_due(night(3))
    assert (await watch_of(database, tenant, connector))["error"] is None
    assert len(await told_of(database, tenant, connector)) == 1


async def test_an_address_that_may_not_be_called_is_refused(database: Database) -> None:
    tenant = await make_tenant(database)
    manifest = import_document(json.dumps(FIRST).encode(), address="http://169.254.169.254/latest/api.json")
    async with Egress() as strict:
        async with database.tenant(tenant) as unit:
            connector = (await Library(database).save(unit, manifest))["id"]
        await Watch(database, Library(database), strict).run_due(night(1))
    assert (await watch_of(database, tenant, connector))["error"]


async def test_a_connector_without_an_address_is_never_asked_for(
    database: Database, documents: Documents, watch: Watch
) -> None:
    tenant = await make_tenant(database)
    async with database.tenant(tenant) as unit:
        manifest = key_manifest("https://a.example")
        connector = (await Library(database).save(unit, manifest))["id"]
    await watch.run_due(night(1))
    assert (await watch_of(database, tenant, connector))["address"] == ""
    with pytest.raises(Conflict, match="name one to compare with"):
        await watch.look(manifest)


async def test_a_connector_that_moved_is_watched_at_its_new_address(
    database: Database, documents: Documents, watch: Watch
) -> None:
    tenant, connector = await saved(database, documents, "/here.json")
    await watch.run_due(night(1))
    data = documents.put("/there.json", SECOND)
    async with database.tenant(tenant) as unit:
        await Library(database).save(unit, import_document(data, address=documents.api.base + "/there.json"))
    documents.put("/there.json", THIRD)
    await watch.run_due(night(2))
    assert (await watch_of(database, tenant, connector))["address"].endswith("/there.json")
    assert len(await told_of(database, tenant, connector)) == 1


async def test_a_notice_belongs_to_its_tenant(database: Database, documents: Documents, watch: Watch) -> None:
    tenant, connector = await saved(database, documents, "/tenant.json")
    other = await make_tenant(database)
    documents.put("/tenant.json", SECOND)
    await watch.run_due(night(1))
    assert len(await told_of(database, tenant, connector)) == 1
    async with database.tenant(other) as unit:
        assert await unit.all(unit.select(notices)) == []


async def test_looking_now_keeps_nothing(database: Database, documents: Documents, watch: Watch) -> None:
    tenant, connector = await saved(database, documents, "/now.json")
    documents.put("/now.json", SECOND)
    async with database.tenant(tenant) as unit:
        manifest = await Library(database).manifest(unit, connector)
    diff = await watch.look(manifest)
    assert diff.bump == "major"
    assert await told_of(database, tenant, connector) == []


class Counting(Watch):
    """Counts the rounds, in place of doing them."""

    def __init__(self, database: Database) -> None:
        self.rounds = 0
        self._database = database

    async def run_due(self, now: datetime | None = None, *, limit: int = 10_000) -> Outcome:
        self.rounds += 1
        await asyncio.sleep(0)
        return Outcome()


async def waiting(database: Database) -> list[datetime]:
    rows = await database.autocommit(
        "SELECT scheduled_at FROM procrastinate.procrastinate_jobs WHERE task_name = %s AND status = 'todo'", TASK
    )
    return [row[0] for row in rows]


async def test_each_night_is_one_job_whoever_asks_for_it(database: Database) -> None:
    watch = Counting(database)
    nightly = [Nightly(database, watch) for _ in range(4)]
    await asyncio.gather(*(one.ensure() for one in nightly))
    (slot,) = await waiting(database)
    assert (slot.astimezone(UTC).hour, slot.astimezone(UTC).minute) == (AT.hour, AT.minute)
    assert slot > datetime.now(UTC)
    # The night has come: any of four workers takes the job, and the next night's job waits.
    await database.autocommit(
        "UPDATE procrastinate.procrastinate_jobs SET scheduled_at = now() WHERE task_name = %s RETURNING id", TASK
    )
    stop = asyncio.Event()
    queues = [Queue(database) for _ in nightly]
    for queue, one in zip(queues, nightly, strict=True):
        one.register(queue)
    workers = [asyncio.create_task(queue.run_worker(2, stop)) for queue in queues]
    async with asyncio.timeout(30):
        while not watch.rounds or not await waiting(database):
            await asyncio.sleep(0.05)
        await asyncio.gather(*(one.ensure() for one in nightly))
    stop.set()
    await asyncio.gather(*workers)
    assert watch.rounds == 1
    (following,) = await waiting(database)
    assert following == slot + timedelta(days=1)


@pytest.mark.parametrize(
    "moment, slot",
    [
        ("2026-01-31T00:00:00+00:00", "2026-01-31T02:37:00+00:00"),
        ("2026-01-31T02:37:00+00:00", "2026-02-01T02:37:00+00:00"),
        ("2026-01-31T23:59:59+00:00", "2026-02-01T02:37:00+00:00"),
    ],
)
def test_the_next_slot_lies_behind_the_moment(moment: str, slot: str) -> None:
    assert next_slot(datetime.fromisoformat(moment)).isoformat() == slot


def test_the_manifest_of_the_tests_has_a_hash() -> None:
    found: Manifest = import_document(json.dumps(FIRST).encode(), address="https://a.example/x.json")
    assert found.source is not UNSET
    assert found.source.sha256 == hashlib.sha256(json.dumps(FIRST).encode()).hexdigest()
