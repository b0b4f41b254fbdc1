"""Accounts: the tenants of a partner, known by the partner's own id for them or by ours.

Rows are those of table ``tenants``. What a partner names is looked for among its own accounts only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tieline.automations.library import Automations
from tieline.core.clock import now
from tieline.core.errors import BadInput, Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.tables import TENANT_TABLES, automations, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import audit, standing
from tieline.tenancy import users as people
from tieline.tenancy.events import partners
from tieline.tenancy.partner_keys import PartnerCaller
from tieline.tenancy.principal import TENANT_ADMIN

LONGEST: Final = 255
ANY: Final = "all"  # in place of a status
NOBODY: Final = "integrations"  # external id of the user who owns integrations where the partner named none
_AT_ONCE: Final = 100


def of_partner(partner_id: UUID) -> Select[Any]:
    """SELECT of a partner's accounts, oldest first."""
    mine = (tenants.c.partner_id == partner_id, tenants.c.status == standing.ACTIVE)
    return select(tenants).where(*mine).order_by(tenants.c.id)


def listed(partner_id: UUID, *, search: str = "", status: str = standing.ACTIVE) -> Select[Any]:
    """SELECT of a partner's accounts, oldest first: of a status, or of any for ``all``, with ``search`` in their name
    or external id, whatever its case.
    """
    # Not the row that the partner's own events hang on.
    statement = select(tenants).where(tenants.c.partner_id == partner_id, tenants.c.status != standing.PARTNER)
    if status != ANY:
        statement = statement.where(tenants.c.status == status)
    if search:
        named = (tenants.c.name, tenants.c.external_id)
        statement = statement.where(or_(*(column.icontains(search, autoescape=True) for column in named)))
    return statement.order_by(tenants.c.id)


def persons(unit: Unit) -> Select[Any]:
    """SELECT of the users of the unit's tenant, oldest first."""
    shown = ("id", "external_id", "name", "email", "roles", "status", "settings", "created_at")
    gone = users.c.status == standing.DELETED
    return unit.select(users, *(users.c[name] for name in shown)).where(~gone).order_by(users.c.id)


async def find(unit: Unit, partner_id: UUID, name: str) -> dict[str, Any]:
    """The account of this external id or GUID; the external id goes first. Raises `NotFound`."""
    row = None
    if name and "\0" not in name and len(name) <= LONGEST:
        row = await unit.one(of_partner(partner_id).where(tenants.c.external_id == name))
        identity = as_uuid(name)
        if row is None and identity is not None:
            row = await unit.one(of_partner(partner_id).where(tenants.c.id == identity))
    if row is None:
        raise NotFound("There is no such account.")
    return row


async def put(
    unit: Unit,
    partner_id: UUID,
    *,
    external_id: str,
    name: str,
) -> dict[str, Any]:
    """The account of this external id, made where it is missing; sent again it is the same account, with this name.

    Raises `Conflict` for one that is being removed.
    """
    values = {"external_id": checked_external_id(external_id), "name": _text(name, "name")}
    made = insert(tenants).values(id=new_id(), partner_id=partner_id, **values)
    fresh = await unit.scalar(made.on_conflict_do_nothing().returning(tenants.c.id))
    mine = (tenants.c.partner_id == partner_id, tenants.c.external_id == external_id)
    row = await unit.one(select(tenants).where(*mine).with_for_update())
    if row is None or row["status"] != standing.ACTIVE:
        raise Conflict("The account with this externalid is deactivated; choose another one, or wait until it is gone.")
    if fresh is not None:
        await tell(unit, row, "created")
    return await change(unit, row, name=name)


async def change(
    unit: Unit,
    row: Mapping[str, Any],
    *,
    name: str | UnsetType = UNSET,
    external_id: str | UnsetType = UNSET,
) -> dict[str, Any]:
    """Changes what is given. Raises `Conflict` where another account has the external id."""
    values: dict[str, Any] = {}
    if not isinstance(name, UnsetType) and name != row["name"]:
        values["name"] = _text(name, "name")
    if not isinstance(external_id, UnsetType) and external_id != row["external_id"]:
        values["external_id"] = checked_external_id(external_id)
        mine = (tenants.c.partner_id == row["partner_id"], tenants.c.external_id == external_id)
        if await unit.scalar(select(tenants.c.id).where(*mine)) is not None:
            raise Conflict("Another account has this externalid already.", pointer="/externalid")
    if not values:
        return dict(row)
    statement = update(tenants).where(tenants.c.id == row["id"]).values(updated_at=now(), **values)
    found = await unit.one(statement.returning(tenants))
    assert found is not None
    await tell(unit, found, "updated")
    return found


async def tell(unit: Unit, row: Mapping[str, Any], what: str) -> None:
    """The partner's webhooks are told of its account."""
    about = {"guid": row["id"], "externalid": row["external_id"], "name": row["name"]}
    await partners.tell(unit, f"com.tieline.account.{what}", f"account:{row['id']}", about, tenant_id=row["id"])


async def put_user(unit: Unit, given: Mapping[str, Any]) -> UUID:
    """The user of the unit's tenant with this external id (or e-mail), made or brought up to date."""
    external = given.get("externalid") or given.get("external_id") or given.get("email") or given.get("name")
    if not external:
        raise BadInput("user needs an externalid, an email or a name.", pointer="/user")
    known = await people.find(unit, external)
    named = {name: given[name] for name in ("name", "email") if given.get(name)}
    if known is None:
        more = {"preferredLocale": given["locale"]} if given.get("locale") else {}
        return await people.create(unit, external_id=external, roles=[TENANT_ADMIN], **named, **more)
    changed = {name: value for name, value in named.items() if known[name] != value}
    if changed:
        await unit.update(users, users.c.id == known["id"], updated_at=now(), **changed)
    found: UUID = known["id"]
    return found


async def owner(unit: Unit) -> UUID:
    """Whose the integrations and connections of the unit's tenant are: its first user's; one is made where there is
    nobody yet.
    """
    first = unit.select(users, users.c.id).where(users.c.status.not_in(standing.BARRED)).order_by(users.c.id).limit(1)
    known: UUID | None = await unit.scalar(first)
    if known is not None:
        return known
    row = await people.find(unit, NOBODY)
    if row is not None:
        found: UUID = row["id"]
        return found
    return await people.create(unit, external_id=NOBODY, name="Integrations", roles=[TENANT_ADMIN])


async def remove(
    database: Database,
    library: Automations,
    account: Mapping[str, Any],
    *,
    by: PartnerCaller | None = None,
    due: datetime | None = None,
) -> bool:
    """Removes an account with all that is its own. Runs under way lose their claim and end.

    It is shut first, and marked to be purged: what a crash leaves of it, `purging` removes. Whoever is to be purged
    cannot be opened again. With ``due`` only one whose time was over then; False: it was not, or was gone already.
    """
    mine = tenants.c.id == account["id"]
    async with database.system() as unit:
        moment = now()
        if due is not None:
            over = (tenants.c.status == standing.DISABLED, tenants.c.purge_at <= due)
            if await unit.one(select(tenants.c.id).where(mine, *over).with_for_update()) is None:
                return False
        shut = {"status": standing.DISABLED, "status_at": moment, "purge_at": moment, "updated_at": moment}
        await unit.connection.execute(update(tenants).where(mine, tenants.c.status == standing.ACTIVE).values(**shut))
    while True:
        async with database.tenant(account["id"]) as unit:
            listed = await unit.all(unit.select(automations, automations.c.id).limit(_AT_ONCE))
            for row in listed:
                await library.delete(unit, row["id"])
        if len(listed) < _AT_ONCE:
            break
    async with database.system() as unit:
        found = await unit.one(select(tenants).where(mine).with_for_update())
        if found is None:
            return False
        await tell(unit, found, "deleted")
        if by is not None:
            # The account's own log goes with it.
            about = {"subject": f"account:{found['id']}", "name": found["name"]}
            await audit.record_of_partner(unit, by.id, by, action="account.deleted", **about)
        # Not every table has a foreign key that leads to the account: journals, budgets and figures have none.
        for table in reversed(TENANT_TABLES):
            await unit.connection.execute(delete(table).where(table.c.tenant_id == account["id"]))
        await unit.connection.execute(delete(tenants).where(mine))
    return True


def as_uuid(text: str) -> UUID | None:
    """The id that a text is, in its one spelling."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def checked_external_id(value: str) -> str:
    """The partner's id for an account. Raises `BadInput`, also for the one that its own row has."""
    if value == partners.EXTERNAL_ID:
        raise BadInput(f"{value} is taken by Tieline itself; choose another externalid.", pointer="/externalid")
    return _text(value, "externalid")


def _text(value: str, name: str) -> str:
    if not value.strip() or len(value) > LONGEST or "\0" in value:
        raise BadInput(f"{name} must have 1 to {LONGEST} characters.", pointer=f"/{name}")
    return value
