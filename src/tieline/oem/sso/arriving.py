"""Just-in-time accounts and users: what a sign-on names is made, or brought up to date.

An account is the partner's own and a user its account's own: nobody is found in, or moved to, another one. Any number
of first sign-ons at once make one account and one user.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.oem.accounts import NOBODY
from tieline.oem.sso.claims import Person, SignOn
from tieline.oem.sso.errors import SignOnBarred
from tieline.storage.tables import tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import audit, standing
from tieline.tenancy import users as people
from tieline.tenancy.events.partners import EXTERNAL_ID
from tieline.tenancy.partner_keys import PartnerCaller
from tieline.tenancy.principal import PARTNER_ADMIN

# Who comes without a name stands for the account, as those do who own what the partner installs.
_ACCOUNT_ITSELF = Person(external_id=NOBODY, name="Integrations")


async def account_of(unit: Unit, partner: PartnerCaller, sign_on: SignOn) -> dict[str, Any]:
    """The account of a sign-on; ``unit`` is one of `Database.system`. Raises `SignOnBarred`."""
    if sign_on.account == EXTERNAL_ID:
        raise SignOnBarred("The account of this sign-on has an external id that Tieline keeps for itself.")
    name = sign_on.account_name or sign_on.account
    statement = insert(tenants).values(id=new_id(), partner_id=partner.id, external_id=sign_on.account, name=name)
    made = await unit.one(statement.on_conflict_do_nothing().returning(tenants))
    if made is not None:
        await _told(unit, partner, made["id"], "account.created", made["id"], name)
        return made
    mine = (tenants.c.partner_id == partner.id, tenants.c.external_id == sign_on.account)
    row = await unit.one(select(tenants).where(*mine))
    if row is None or row["status"] != standing.ACTIVE:
        raise SignOnBarred("The account of this sign-on is deactivated.")
    if sign_on.account_name and sign_on.account_name != row["name"]:
        await unit.connection.execute(
            update(tenants).where(tenants.c.id == row["id"]).values(name=sign_on.account_name, updated_at=now())
        )
        await _told(unit, partner, row["id"], "account.updated", row["id"], sign_on.account_name)
        return {**row, "name": sign_on.account_name}
    return row


async def user_of(unit: Unit, partner: PartnerCaller, person: Person | None) -> dict[str, Any]:
    """The user of a sign-on in the account's unit. Raises `SignOnBarred` for one who was disabled or removed."""
    person = person or _ACCOUNT_ITSELF
    row = await _find(unit, person.external_id)
    if row is None:
        if await people.was_removed(unit, person.external_id):
            raise SignOnBarred("The user of this sign-on was removed from the account.")
        user_id = await _made(unit, person)
        if user_id is not None:
            given = {"roles": list(person.roles)} if person.roles else {}
            await _told(unit, partner, unit.tenant_id, "user.created", user_id, person.name, **given)
        row = await _find(unit, person.external_id)
    if row is None or row["status"] in standing.BARRED:
        raise SignOnBarred("The user of this sign-on is disabled or removed.")
    return await _brought_up_to_date(unit, partner, row, person)


async def _find(unit: Unit, external_id: str) -> dict[str, Any] | None:
    return await unit.one(unit.select(users).where(users.c.external_id == external_id))


async def _made(unit: Unit, person: Person) -> UUID | None:
    """None where somebody else made the same user meanwhile."""
    statement = insert(users).values(
        tenant_id=unit.tenant_id,
        id=new_id(),
        external_id=person.external_id,
        name=person.name,
        email=person.email or None,
        roles=list(person.roles or ()),
        settings={"preferredLocale": person.locale} if person.locale else {},
    )
    made: UUID | None = await unit.scalar(statement.on_conflict_do_nothing().returning(users.c.id))
    return made


async def _brought_up_to_date(
    unit: Unit, partner: PartnerCaller, row: dict[str, Any], person: Person
) -> dict[str, Any]:
    wanted: dict[str, Any] = {"status": standing.ACTIVE}
    if person is not _ACCOUNT_ITSELF:
        wanted |= {name: value for name, value in (("name", person.name), ("email", person.email)) if value}
        if person.locale:
            wanted["settings"] = {**row["settings"], "preferredLocale": person.locale}
        # Who administers the partner's tenants is so by other ways than a sign-on, and stays so.
        if person.roles is not None and PARTNER_ADMIN not in row["roles"]:
            wanted["roles"] = list(person.roles)
    changed = {name: value for name, value in wanted.items() if row[name] != value}
    if changed:
        await people.change(unit, row["id"], **changed)
        told = audit.changes(row, changed, only=[name for name in ("status", "roles") if name in changed])
        await _told(unit, partner, unit.tenant_id, "user.updated", row["id"], wanted.get("name", row["name"]), **told)
    return {**row, **changed}


async def _told(
    unit: Unit, partner: PartnerCaller, tenant_id: UUID | None, action: str, subject: UUID, name: str, **more: Any
) -> None:
    kind = action.partition(".")[0]
    mine = Unit(unit.connection, tenant_id)
    detail = {"by": "sign-on", **more}
    await audit.record(mine, partner, action=action, subject=f"{kind}:{subject}", name=name, detail=detail)
