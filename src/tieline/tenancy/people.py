"""Changes to users as administrators and the users themselves make them: what may be changed, by whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from tieline.core.errors import BadInput, Conflict, Forbidden
from tieline.core.ids import new_id
from tieline.storage.unit import Unit
from tieline.tenancy import audit, roles, standing, users
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN, Principal

INVITED_SECONDS: Final = 7 * 86_400
MOST_GROUPS: Final = 1_000
CHANGEABLE_STATUS: Final = (standing.ACTIVE, standing.DISABLED)
# What people may change of themselves; the rest their administrators do.
OWN: Final = frozenset({"preferredLocale", "preferredZoneinfo"})

Wrong = Callable[[str], BadInput]


class OwnAccount(Forbidden):
    """Administrators cannot shut themselves out."""

    code = "own-account"
    title = "Not with the own account"


def require_administrator(by: Principal) -> None:
    """Raises `Forbidden` for who may not administer users."""
    if not by.administers("users"):
        raise Forbidden(f"Only a tenant administrator may change users: role {TENANT_ADMIN} and scope admin or users.")


def invite_expiry() -> int:
    """When an invitation of this moment ends, in seconds since 1970."""
    return int(time.time()) + INVITED_SECONDS


async def invite(
    unit: Unit,
    by: Principal,
    *,
    subject: str,
    name: str = "",
    email: str | None = None,
    role_names: Sequence[str] = (),
    **settings: Any,
) -> dict[str, Any]:
    """A new person, who has not come yet; gives the row. Raises `Conflict`, `Forbidden` for a role out of reach."""
    require_administrator(by)
    check_given(by, before=(), after=role_names)
    settings = {key: value for key, value in settings.items() if value} | {"inviteExpiry": invite_expiry()}
    try:
        user_id = await users.create(
            unit, external_id=subject, name=name, email=email, roles=role_names, status=standing.INVITED, **settings
        )
    except Conflict:
        raise Conflict("There is a user with this subject already.", pointer="/subject") from None
    await audit.record(
        unit,
        by,
        action="user.created",
        subject=f"user:{user_id}",
        name=name,
        detail={"subject": subject, "roles": list(role_names)},
    )
    return await users.get(unit, user_id)


async def invite_by_email(
    unit: Unit, by: Principal, *, email: str, name: str, renew: bool
) -> tuple[dict[str, Any], bool]:
    """The person with this address, new where there is none; whether it is new. ``renew``: the invitation too."""
    require_administrator(by)
    known = await users.find_by_email(unit, email)
    if known is None:
        return await invite(unit, by, subject=str(new_id()), name=name or email, email=email), True
    if renew and known["status"] == standing.INVITED:
        settings = {**known["settings"], "inviteExpiry": invite_expiry()}
        await users.change(unit, known["id"], settings=settings)
    return known, False


def check_given(by: Principal, *, before: Sequence[str], after: Sequence[str]) -> None:
    """Raises `Forbidden` where ``by`` would give or take a role that is not its own to give."""
    changed = set(before) ^ set(after)
    if PARTNER_ADMIN in changed and not by.is_partner_admin:
        raise Forbidden(f"The role {PARTNER_ADMIN} is only given and taken by those who have it.")
    if not by.is_admin and any(roles.KNOWN.get(name) == "admin" for name in changed):
        raise Forbidden("Roles of administrators are only given and taken by administrators with the scope admin.")


async def change(unit: Unit, by: Principal, row: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Writes ``after``, the columns and settings of a user as they are to be. ``row`` is the user's, locked.

    Raises `Forbidden`, `OwnAccount`.
    """
    changed = {name for name in after if after[name] != row[name]}
    if not changed:
        return
    own = {name for name in after["settings"] if after["settings"].get(name) != row["settings"].get(name)} <= OWN
    if not (by.user_id == row["id"] and changed == {"settings"} and own):
        require_administrator(by)
    if PARTNER_ADMIN in row["roles"] and by.user_id != row["id"] and not by.is_partner_admin:
        raise Forbidden(f"Who has the role {PARTNER_ADMIN} is only changed by those who have it too.")
    if by.user_id == row["id"] and (
        after["status"] != row["status"] or (TENANT_ADMIN in row["roles"] and TENANT_ADMIN not in after["roles"])
    ):
        raise OwnAccount("You cannot shut yourself out; another administrator can.")
    check_given(by, before=row["roles"], after=after["roles"])
    await users.change(unit, row["id"], **{name: after[name] for name in changed})
    await audit.record(
        unit,
        by,
        action="user.changed",
        subject=f"user:{row['id']}",
        name=after["name"],
        detail=audit.changes(row, {name: after[name] for name in changed}),
    )


async def remove(unit: Unit, by: Principal, user_id: UUID) -> None:
    """Removes a person. Raises `NotFound`, `Forbidden`, `OwnAccount`."""
    require_administrator(by)
    row = await users.get(unit, user_id, locked=True)
    if user_id == by.user_id:
        raise OwnAccount("You cannot remove yourself; another administrator can.")
    if PARTNER_ADMIN in row["roles"] and not by.is_partner_admin:
        raise Forbidden(f"Who has the role {PARTNER_ADMIN} is only removed by those who have it too.")
    if not by.is_admin and any(roles.KNOWN.get(name) == "admin" for name in row["roles"]):
        raise Forbidden("Administrators are only removed by administrators with the scope admin.")
    await users.remove(unit, user_id)
    await audit.record(unit, by, action="user.deleted", subject=f"user:{user_id}", name=row["name"])


async def named_roles(unit: Unit, value: object, wrong: Wrong) -> list[str]:
    """Role names from references: ``{id}``, ``{name}``, a name, or a list of these. Raises what ``wrong`` makes."""
    found = []
    in_use: list[str] | None = None
    for item in value if isinstance(value, list) else [value]:
        identifier = item.get("id") if isinstance(item, dict) else None
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(name, str) and name:
            found.append(name)
            continue
        if not isinstance(identifier, str):
            raise wrong("Roles are named as an array of {id} or {name}.")
        in_use = await users.roles_in_use(unit) if in_use is None else in_use
        known = roles.named(identifier, in_use)
        if known is None:
            raise wrong("There is no role with this id.")
        found.append(known)
    try:
        return roles.check(found)
    except BadInput as error:
        raise wrong(error.detail) from None


def named_groups(value: object, held: Sequence[Mapping[str, Any]], wrong: Wrong) -> list[dict[str, Any]]:
    """Groups from references: ``{name, providerType}``, or ``{id}`` of one in ``held``."""
    found = []
    for item in value if isinstance(value, list) else [value]:
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(item, dict) and isinstance(item.get("id"), str) and not name:
            name = next((group["name"] for group in held if group["id"] == item["id"].lower()), None)
        kind = item.get("providerType", "custom") if isinstance(item, dict) else "custom"
        if not isinstance(name, str) or not name.strip() or len(name) > roles.MAX_NAME or kind not in {"idp", "custom"}:
            raise wrong("Groups are named as an array of {name, providerType}, or {id} of one that the user has.")
        found.append({"id": str(uuid5(NAMESPACE_URL, f"tieline:group:{name}")), "name": name, "providerType": kind})
    if len(found) > MOST_GROUPS:
        raise wrong(f"A user has at most {MOST_GROUPS} groups.")
    return list({group["id"]: group for group in found}.values())
