"""API keys: made once, shown once, kept as a hash.

    keys = ApiKeys(database)
    key, secret = await keys.create(unit, user_id=user, scopes=["automations"])     # secret is never shown again
    principal = await keys.authenticate(secret)                                     # Unauthorized when it is no good

Authentication is one round trip to the database; its answer is remembered for less than a second, so that a revoked key
stops working within a second on every process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func, select

from tieline.core.clock import now
from tieline.core.errors import BadInput, Forbidden, NotFound, Unauthorized
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import api_keys, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import audit, key_limits, standing
from tieline.tenancy import scopes as scope_rules
from tieline.tenancy import tenants as tenant_rules
from tieline.tenancy.listing import Listing, by_letters
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN, Principal
from tieline.tenancy.remembering import Remembered

PREFIX = "tln_"
USER, EXTERNAL_CLIENT = "user", "externalClient"
LONGEST_SUBJECT = 255
LONGEST_DESCRIPTION = 10_000
# A key of an external client stands for a subject that is no user of ours; it lies beside the scopes, and is none.
_SUBJECT: Final = "subject="
# What provisions users may do nothing else.
_EXTERNAL_SCOPES = ("users",)

_COLUMNS = tuple(column for column in api_keys.c if column.name != "hash")


def _status() -> ColumnElement[str]:
    return sa.case(
        (api_keys.c.revoked_at.is_not(None), "revoked"),
        (api_keys.c.expires_at <= func.now(), "expired"),
        else_="active",
    )


STATUS = _status()
CREATOR = func.coalesce(api_keys.c.created_by, api_keys.c.user_id)
SUBJECT = sa.case(
    (api_keys.c.sub_type == EXTERNAL_CLIENT, func.substr(api_keys.c.scopes[1], len(_SUBJECT) + 1)),
    else_=sa.cast(api_keys.c.user_id, sa.Text),
)
LISTING = Listing(
    api_keys.c.id,
    filters={},
    sorts={
        "createdByUser": sa.cast(CREATOR, sa.Text),
        "sub": SUBJECT,
        "status": STATUS,
        "description": by_letters(api_keys.c.description),
        "created": api_keys.c.created_at,
        "id": api_keys.c.id,
    },
)
_WHO = (
    select(
        api_keys.c.id,
        api_keys.c.tenant_id,
        api_keys.c.user_id,
        api_keys.c.scopes,
        api_keys.c.expires_at,
        users.c.roles,
        tenants.c.partner_id,
        tenants.c.settings,
    )
    .join(users, (users.c.tenant_id == api_keys.c.tenant_id) & (users.c.id == api_keys.c.user_id))
    .join(tenants, tenants.c.id == api_keys.c.tenant_id)
    .where(api_keys.c.revoked_at.is_(None), standing.in_good_standing())
)


class TooManyKeys(Forbidden):
    """The user has as many keys that are alive as the tenant allows."""

    code = "too-many-api-keys"
    title = "Too many API keys"


class ApiKeys:
    """Makes, lists, revokes and recognizes the API keys of all tenants."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._remembered = Remembered[tuple[Principal, datetime | None]](clock)

    async def create(
        self,
        unit: Unit,
        *,
        user_id: UUID,
        scopes: Iterable[str],
        description: str = "",
        expires_at: datetime | None = None,
        by: Principal | None = None,
        external: str | None = None,
    ) -> tuple[dict[str, Any], str]:
        """A new key of ``user_id`` and its secret. ``external``: the subject, where it is for a client that is no user.

        Raises `NotFound` for a user of another tenant, `BadInput` for a scope or a time that cannot be, `Forbidden`
        where ``by`` would give away more than it has.
        """
        wanted = scope_rules.check(scopes)
        found = unit.select(users, users.c.roles).where(users.c.id == user_id, users.c.status != standing.DELETED)
        user = await unit.one(found)
        if user is None:
            raise NotFound("There is no such user.", pointer="/userId")
        if scope_rules.ADMIN in wanted and TENANT_ADMIN not in user["roles"]:
            raise Forbidden(f"The scope {scope_rules.ADMIN} needs a user with the role {TENANT_ADMIN}.")
        if by is not None:
            _check_giver(by, user_id, wanted, user["roles"])
        if expires_at is not None and expires_at <= now():
            raise BadInput("The key would have expired already; name a time in the future.", pointer="/expiresAt")
        secret = tokens.new_token(PREFIX)
        key_id = new_id()
        await unit.insert(
            api_keys,
            id=key_id,
            user_id=user_id,
            description=description,
            hash=tokens.hash_token(secret),
            scopes=wanted if external is None else [f"{_SUBJECT}{external}", *wanted],
            expires_at=expires_at,
            sub_type=USER if external is None else EXTERNAL_CLIENT,
            created_by=user_id if by is None else by.user_id,
        )
        await audit.record(
            unit,
            by,
            action="api-key.created",
            subject=f"api-key:{key_id}",
            name=description,
            detail={"userId": str(user_id), "scopes": wanted},
        )
        return await self.get(unit, key_id), secret

    async def issue(
        self,
        unit: Unit,
        by: Principal,
        *,
        description: str,
        lifetime: timedelta | None = None,
        user_id: UUID | None = None,
        scopes: Sequence[str] | None = None,
        external: str | None = None,
    ) -> tuple[dict[str, Any], str]:
        """A new key within the tenant's `key_limits`, as the API makes them.

        ``lifetime`` None = as long as the tenant allows; ``user_id`` None = of ``by``; ``scopes`` None = those of
        ``by`` for itself, ``user_default`` for others. Raises `TooManyKeys`, and what `create` raises.
        """
        whose = user_id or by.user_id
        limits = key_limits.of(await tenant_rules.settings_of(unit))
        longest = limits.longest(external=external is not None)
        if lifetime is not None and lifetime > longest:
            raise BadInput(
                f"Keys of this tenant live for {limits.max_api_key_expiry} at most; ask for less.", pointer="/expiry"
            )
        if external is not None:
            by.require_admin()
            if not external.strip() or len(external) > LONGEST_SUBJECT:
                raise BadInput(f"The subject has 1 to {LONGEST_SUBJECT} characters.", pointer="/sub")
        else:
            await self._check_room(unit, whose, limits.max_keys_per_user)
        given = scopes or (sorted(by.scopes) if whose == by.user_id else [scope_rules.USER_DEFAULT])
        return await self.create(
            unit,
            user_id=whose,
            scopes=_EXTERNAL_SCOPES if external is not None else given,
            description=description,
            expires_at=now() + (longest if lifetime is None else lifetime),
            by=by,
            external=external,
        )

    async def _check_room(self, unit: Unit, user_id: UUID, most: int) -> None:
        """Raises `TooManyKeys`. Keys of one user are made one after the other, so that the limit is exact."""
        name = {"name": f"api-keys/{unit.tenant_id}/{user_id}"}
        await unit.connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 17))"), name)
        mine = (api_keys.c.user_id == user_id, api_keys.c.sub_type == USER, STATUS == "active")
        alive = await unit.scalar(unit.select(api_keys, func.count()).where(*mine))
        if alive >= most:
            raise TooManyKeys(
                f"The user has {alive} keys that are alive; this tenant allows {most}. Delete one, or raise "
                "max_keys_per_user.",
                meta={"maximum": most},
            )

    async def get(self, unit: Unit, key_id: UUID) -> dict[str, Any]:
        """A key without its hash. Raises `NotFound`."""
        key = await unit.one(unit.select(api_keys, *_COLUMNS).where(api_keys.c.id == key_id))
        if key is None:
            raise NotFound("There is no such API key.")
        return _shown(key)

    async def list(self, unit: Unit, *, user_id: UUID | None = None) -> list[dict[str, Any]]:
        """The keys of the tenant, or of one user, oldest first; revoked ones too."""
        statement = unit.select(api_keys, *_COLUMNS).order_by(api_keys.c.id)
        if user_id is not None:
            statement = statement.where(api_keys.c.user_id == user_id)
        return [_shown(row) for row in await unit.all(statement)]

    def seen_by(
        self,
        unit: Unit,
        principal: Principal,
        *,
        status: str | None = None,
        creator: str | None = None,
        subject: str | None = None,
    ) -> sa.Select[Any]:
        """The SELECT of what ``principal`` may see: the own keys; all of the tenant for an administrator."""
        statement = unit.select(api_keys, *_COLUMNS, STATUS.label("status"), SUBJECT.label("subject"))
        if not principal.is_admin:
            statement = statement.where(api_keys.c.user_id == principal.user_id, api_keys.c.sub_type == USER)
        if status is not None:
            statement = statement.where(STATUS.in_({status}))
        if creator is not None:
            statement = statement.where(sa.cast(CREATOR, sa.Text) == creator.lower())
        if subject is not None:
            statement = statement.where(SUBJECT.in_({subject, subject.lower()}))
        return statement

    async def find(self, unit: Unit, principal: Principal, key_id: UUID) -> dict[str, Any]:
        """A key that ``principal`` may see, with ``status`` and ``subject``. Raises `NotFound`."""
        row = await unit.one(self.seen_by(unit, principal).where(api_keys.c.id == key_id))
        if row is None:
            raise NotFound("There is no such API key.")
        return self.shown(row)

    async def made(self, unit: Unit, key_id: UUID) -> dict[str, Any]:
        """A key that was just made, as `find` gives it, whoever may see it from now on."""
        statement = unit.select(api_keys, *_COLUMNS, STATUS.label("status"), SUBJECT.label("subject"))
        row = await unit.one(statement.where(api_keys.c.id == key_id))
        assert row is not None
        return self.shown(row)

    @staticmethod
    def shown(row: dict[str, Any]) -> dict[str, Any]:
        """The same row with its scopes only."""
        return _shown(row)

    async def describe(self, unit: Unit, by: Principal, key_id: UUID, description: str) -> None:
        """Gives a key another description. Raises `NotFound`, `BadInput`."""
        if len(description) > LONGEST_DESCRIPTION:
            raise BadInput(f"A description has at most {LONGEST_DESCRIPTION} characters.", pointer="/description")
        before = await self.find(unit, by, key_id)
        await unit.update(api_keys, api_keys.c.id == key_id, description=description, updated_at=now())
        await audit.record(
            unit,
            by,
            action="api-key.changed",
            subject=f"api-key:{key_id}",
            name=description,
            detail=audit.changes(before, {"description": description}),
        )

    async def end(self, unit: Unit, by: Principal, key_id: UUID) -> None:
        """Ends a key for good: the own one is removed, another's is revoked and stays to be seen.

        What it started stops. Raises `NotFound`, and `Forbidden` for the key that asks: a program that ends its own
        key by mistake could not even say so.
        """
        if key_id == by.key_id:
            raise Forbidden("A key cannot end itself; use another key, or tieline api-keys rm.")
        row = await self.find(unit, by, key_id)
        if row["user_id"] == by.user_id and row["sub_type"] == USER:
            await unit.delete(api_keys, api_keys.c.id == key_id)
            action = "api-key.deleted"
        else:
            await self._revoke(unit, row)
            action = "api-key.revoked"
        await audit.record(unit, by, action=action, subject=f"api-key:{key_id}", name=row["description"])

    async def revoke(self, unit: Unit, key_id: UUID) -> None:
        """Ends a key for good. Raises `NotFound`; revoking twice is fine."""
        row = await self.get(unit, key_id)
        await self._revoke(unit, row)
        await audit.record(unit, None, action="api-key.revoked", subject=f"api-key:{key_id}", name=row["description"])

    async def _revoke(self, unit: Unit, row: dict[str, Any]) -> None:
        if row["revoked_at"] is None:
            moment = now()
            await unit.update(api_keys, api_keys.c.id == row["id"], revoked_at=moment, updated_at=moment)

    async def authenticate(self, secret: str) -> Principal:
        """Who holds this key. Raises `Unauthorized` for one that is unknown, expired or revoked: they look the same."""
        if not tokens.is_well_formed(secret, PREFIX):
            raise Unauthorized("The API key is not valid.")
        hashed = tokens.hash_token(secret)

        async def ask() -> tuple[Principal, datetime | None]:
            async with self._database.system() as unit:
                row = await unit.one(_WHO.where(api_keys.c.hash == hashed))
            if row is None:
                raise Unauthorized("The API key is not valid.")
            return _principal(row), row["expires_at"]

        principal, expires_at = await self._remembered.get(hashed, ask)
        if expires_at is not None and expires_at <= now():
            raise Unauthorized("The API key is not valid.")
        return principal


def _check_giver(by: Principal, user_id: UUID, wanted: list[str], roles: Collection[str]) -> None:
    if user_id != by.user_id and not by.is_admin:
        raise Forbidden("Only a tenant administrator may make API keys for others.")
    if PARTNER_ADMIN in roles and user_id != by.user_id and not by.is_partner_admin:
        raise Forbidden(f"Only who has the role {PARTNER_ADMIN} may make API keys for others who have it.")
    if not scope_rules.covers(by.scopes, wanted):
        raise Forbidden("An API key cannot give away scopes that it does not have itself.")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "scopes": [scope for scope in row["scopes"] if not scope.startswith(_SUBJECT)]}


def _principal(row: dict[str, Any]) -> Principal:
    return Principal(
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        key_id=row["id"],
        partner_id=row["partner_id"],
        roles=frozenset(row["roles"]),
        scopes=frozenset(_shown(row)["scopes"]),
        settings=row["settings"],
    )
