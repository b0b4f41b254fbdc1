"""Templates: automations that a partner offers its tenants, in versions that never change.

    row = await templates.create(unit, partner_id, name="Sync contacts", workspace=document)     # version 1, live
    row = await templates.add_version(unit, row, newer, note="fixes dates")                     # version 2, nobody's

Every function needs a unit of `Database.system`: a tenant sees templates by way of its integrations only. ``texts`` has
``description``, ``shortDescription``, ``icon``, ``icon2``, ``icon3``; ``source`` what a template was made of, its
schedules, the partner's own id for it (``externalId``), which versions were live before, and how many integrations were
numbered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy import BigInteger, ColumnElement, Select, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import array

from tieline.automations.library import schedules as schedule_rules
from tieline.automations.library.workspaces import inspect
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound
from tieline.core.ids import new_id
from tieline.oem.accounts import as_uuid
from tieline.oem.errors import TemplateInUse, TemplateNotLive
from tieline.oem.shapes import Shape, known_shape, portable, shape_of
from tieline.storage.tables import integrations, template_versions
from tieline.storage.tables import templates as table
from tieline.storage.unit import Unit

LIVE, HIDDEN, COMING = "live", "hidden", "coming soon"
STATUSES: Final = (LIVE, HIDDEN, COMING)
TEXTS: Final = ("description", "shortDescription", "icon", "icon2", "icon3")
MOST: Final = 1000
MOST_MEMBERS: Final = 50
EMPTY_BUNDLE: Final = (
    b'{"blocks":[{"id":"00000000-0000-4000-8000-000000000001","type":"StartBlock","name":"start",'
    b'"inputs":[{"id":"run_mode","value":"manual"}]}],"variables":[]}'
)


def of_partner(partner_id: UUID) -> Select[Any]:
    """SELECT of a partner's templates in their order."""
    return select(table).where(table.c.partner_id == partner_id).order_by(table.c.position, table.c.id)


def _external() -> ColumnElement[str]:
    found: ColumnElement[str] = table.c.source["externalId"].as_string()
    return found


async def find(unit: Unit, partner_id: UUID, name: str, *, lock: bool = False) -> dict[str, Any]:
    """The template of this GUID or external id. Raises `NotFound`."""
    row = None
    if name and "\0" not in name and len(name) <= 255:
        identity = as_uuid(name)
        mine = of_partner(partner_id).where(_external() == name if identity is None else table.c.id == identity)
        row = await unit.one(mine.with_for_update() if lock else mine)
    if row is None:
        raise NotFound("There is no such template.")
    return row


def offered(partner_id: UUID) -> Select[Any]:
    """SELECT of what the partner's customers see: what is live, and what is still to come."""
    return of_partner(partner_id).where(table.c.status != HIDDEN)


def check_offered(row: Mapping[str, Any], *, hidden: bool = True) -> None:
    """Raises `TemplateNotLive` for one that is still to come, and `NotFound` for a hidden one unless ``hidden``."""
    if row["status"] == HIDDEN and not hidden:
        raise NotFound("There is no such template.")
    if row["status"] == COMING:
        raise TemplateNotLive(f"“{row['name']}” is still to come; it can be installed once its status is live.")


async def create(
    unit: Unit,
    partner_id: UUID,
    *,
    name: str,
    workspace: bytes | None,
    connectors: Mapping[str, str] | None = None,
    external_id: str = "",
    source: Mapping[str, Any] | None = None,
    schedules: Sequence[dict[str, Any]] = (),
    note: str = "",
    by: str = "",
    **values: Any,
) -> dict[str, Any]:
    """A new template whose first version is live. With an ``external_id`` that is known, the template of that id.

    ``values`` are columns as `change` takes them. Raises `BadInput` for what cannot be.
    """
    members = await _checked(unit, partner_id, values)
    if workspace is None and not members:
        raise BadInput("Say what the template does: send automation, or workspace, or members for a bundle.")
    document = _checked_document(workspace, connectors)
    if external_id:
        key = f"templates/{partner_id}/{external_id}"
        await unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 6))"), {"key": key})
        known = await unit.one(of_partner(partner_id).where(_external() == external_id))
        if known is not None:
            return known
    if await unit.scalar(select(func.count()).where(table.c.partner_id == partner_id)) >= MOST:
        raise BadInput(f"A partner may have {MOST} templates; delete some.")
    template_id = new_id()
    kept = {**(source or {}), "schedules": schedule_rules.check(schedules)}
    if external_id:
        kept["externalId"] = external_id
    await unit.insert(
        table, id=template_id, partner_id=partner_id, name=name, version=1, live_version=1, source=kept, **values
    )
    await _save(unit, template_id, 1, document, note, by)
    return await find(unit, partner_id, str(template_id))


async def change(unit: Unit, row: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """Other texts, status, groups, position, members: columns of the table. Raises `BadInput`."""
    schedules = values.pop("schedules", UNSET)
    given = {name: value for name, value in values.items() if not isinstance(value, UnsetType)}
    await _checked(unit, row["partner_id"], given, of=row["id"])
    if "texts" in given:
        given["texts"] = {**row["texts"], **given["texts"]}
    if not isinstance(schedules, UnsetType):
        given["source"] = {**row["source"], "schedules": schedule_rules.check(schedules)}
    if given:
        await unit.update(table, table.c.id == row["id"], updated_at=now(), **given)
    return await find(unit, row["partner_id"], str(row["id"]))


async def add_version(
    unit: Unit,
    row: Mapping[str, Any],
    workspace: bytes,
    *,
    connectors: Mapping[str, str] | None = None,
    note: str = "",
    by: str = "",
) -> dict[str, Any]:
    """The next version, which nobody runs before it is rolled out; the same document as the newest makes none.

    ``row`` must be locked.
    """
    document = _checked_document(workspace, connectors)
    if document == await document_of(unit, row["id"], row["version"]):
        return dict(row)
    await _save(unit, row["id"], row["version"] + 1, document, note, by)
    await unit.update(table, table.c.id == row["id"], version=row["version"] + 1, updated_at=now())
    return await find(unit, row["partner_id"], str(row["id"]))


async def versions(unit: Unit, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All versions without their documents, newest first."""
    columns = [column for column in template_versions.c if column.name != "workspace"]
    mine = select(*columns).where(template_versions.c.template_id == row["id"])
    return await unit.all(mine.order_by(template_versions.c.version.desc()))


async def remove(unit: Unit, row: Mapping[str, Any]) -> None:
    """Removes a template with its versions. Raises `TemplateInUse` while integrations or bundles have it.

    Integrations that were detached go on; they only forget where they came from.
    """
    mine = integrations.c.template_id == row["id"]
    following = await unit.scalar(select(func.count()).where(mine, integrations.c.detached_at.is_(None)))
    if following:
        raise TemplateInUse(f"{following} integrations follow this template; delete or detach them first.")
    bundle = await unit.scalar(
        select(table.c.name).where(table.c.partner_id == row["partner_id"], table.c.members.contains([str(row["id"])]))
    )
    if bundle is not None:
        raise TemplateInUse(f"The bundle “{bundle}” has this template; take it out there first.")
    await unit.connection.execute(delete(integrations).where(mine))
    await unit.connection.execute(delete(table).where(table.c.id == row["id"]))


async def document(unit: Unit, row: Mapping[str, Any], version: int | None = None) -> bytes:
    """The document of a version (default: the live one). Raises `NotFound`."""
    found = await document_of(unit, row["id"], row["live_version"] if version is None else version)
    if found is None:
        raise NotFound("The template has no such version.")
    return found


async def document_of(unit: Unit, template_id: UUID, version: int) -> bytes | None:
    mine = (template_versions.c.template_id == template_id, template_versions.c.version == version)
    found = await unit.scalar(select(template_versions.c.workspace).where(*mine))
    return None if found is None else bytes(found)


async def shape(unit: Unit, template_id: UUID, version: int) -> Shape:
    """What a version says of itself."""
    known = known_shape(template_id, version)
    if known is not None:
        return known
    found = await document_of(unit, template_id, version)
    return Shape() if found is None else shape_of(template_id, version, found)


def _numbered(template_id: UUID) -> ColumnElement[int]:
    """How many numbers the template has given: what it has kept of that, else the integrations that it has."""
    counted = select(func.count()).where(integrations.c.template_id == template_id).scalar_subquery()
    return func.coalesce(cast(table.c.source["integrations"].as_string(), BigInteger), counted)


async def expected_number(unit: Unit, template_id: UUID) -> int:
    """The number that `next_number` would give now, unless somebody is making an integration."""
    return int(await unit.scalar(select(_numbered(template_id)).where(table.c.id == template_id)) or 0)


async def next_number(unit: Unit, template_id: UUID) -> int:
    """A number from 0 on that no other integration of the template gets.

    Who makes one at the same time waits until this transaction has ended; one that is rolled back takes no number.
    """
    given = _numbered(template_id)
    kept = func.jsonb_set(table.c.source, array(["integrations"]), func.to_jsonb(given + 1))
    statement = update(table).where(table.c.id == template_id).values(source=kept).returning(given - 1)
    number: int = (await unit.connection.execute(statement)).scalar_one()
    return number


async def of_ids(unit: Unit, partner_id: UUID, wanted: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Those of the partner's templates that have these ids."""
    return {one["id"]: one for one in await unit.all(of_partner(partner_id).where(table.c.id.in_(wanted)))}


async def members(unit: Unit, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The templates of a bundle, in its order."""
    if not row["members"]:
        return []
    wanted = [UUID(one) for one in row["members"]]
    found = await of_ids(unit, row["partner_id"], wanted)
    return [found[one] for one in wanted if one in found]


async def _save(unit: Unit, template_id: UUID, version: int, document: bytes, note: str, by: str) -> None:
    await unit.insert(
        template_versions, template_id=template_id, version=version, workspace=document, note=note, published_by=by
    )


def _checked_document(workspace: bytes | None, connectors: Mapping[str, str] | None) -> bytes:
    if workspace is None:
        return EMPTY_BUNDLE
    inspect(workspace)
    return portable(workspace, connectors or {})


async def _checked(unit: Unit, partner_id: UUID, values: dict[str, Any], *, of: UUID | None = None) -> list[str]:
    """Members as ids of templates of the partner. Raises `BadInput`."""
    status = values.get("status", STATUSES[0])
    if status not in STATUSES:
        raise BadInput(f"status must be one of {', '.join(STATUSES)}.", pointer="/status")
    if "members" not in values:
        return []
    found: list[str] = []
    for index, name in enumerate(values["members"]):
        try:
            row = await find(unit, partner_id, name)
        except NotFound:
            raise BadInput("This member is no template of yours.", pointer=f"/members/{index}") from None
        if row["members"] or row["id"] == of:
            raise BadInput("A bundle cannot be part of a bundle.", pointer=f"/members/{index}")
        found.append(str(row["id"]))
    if len(found) > MOST_MEMBERS:
        raise BadInput(f"A bundle may have {MOST_MEMBERS} members.", pointer="/members")
    values["members"] = list(dict.fromkeys(found))
    return found
