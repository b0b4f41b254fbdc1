"""Where people sign in to the studio, choose passwords, and sign out.

    desk = Desk(database, secret_keys)
    entered = await desk.sign_in("ada@example.com", "correct horse battery staple")
    entered.token, entered.cookie, entered.user, entered.account

Passwords are hashed outside of any transaction: it takes longer than everything else. What was found before is looked
at again in the transaction that lets the person in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from tieline.core.clock import now
from tieline.core.errors import BadInput, Conflict, Forbidden, NotFound
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import passwords, studio_invitations, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import audit, standing
from tieline.tenancy import users as user_rules
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN, Principal
from tieline.tenancy.studio import identities, sessions, setup
from tieline.tenancy.studio.attempts import Attempts
from tieline.tenancy.studio.errors import AlreadySetUp, CodeRefused, NotInvited, SignedOut, SignInRefused
from tieline.tenancy.studio.hashing import Hasher, check
from tieline.tenancy.studio.oidc import Identity

INVITATION_PREFIX: Final = "tli_"
INVITED_FOR: Final = timedelta(days=7)
LONGEST_EMAIL: Final = 254
_MOST_TENANTS: Final = 20  # that one address is tried in

_OF_USER: Final = ["tenant_id", "user_id"]
_REFUSED: Final = "The e-mail address and the password do not belong together; check both."
_BAD_LINK: Final = "The invitation is unknown, used or older than a week; ask your administrator for a new one."


class Entered(Struct, frozen=True, kw_only=True):
    """A person who is signed in. ``cookie`` None = the one that the browser has stays good."""

    token: str
    expires_at: datetime
    user: Mapping[str, Any]
    account: Mapping[str, Any]
    cookie: str | None = None

    @property
    def partner_admin(self) -> bool:
        """Whether the person administers all tenants of the partner."""
        return {TENANT_ADMIN, PARTNER_ADMIN} <= set(self.user["roles"])

    def __repr__(self) -> str:
        return f"<Entered {self.user['id']}>"


def checked_email(text: str, *, pointer: str = "/email") -> str:
    """An e-mail address as it is kept. Raises `BadInput`."""
    address = text.strip()
    name, at, host = address.rpartition("@")
    if (
        not (name and at and host)
        or len(address) > LONGEST_EMAIL
        or any(character.isspace() or not character.isprintable() for character in address)
    ):
        raise BadInput("The e-mail address is none; write it like ada@example.com.", pointer=pointer)
    return address


class Desk:
    """Signs people in and out. ``secret_keys``: what the setup code is derived from; ``oidc``: whether there is another
    way in, which makes setting up needless.
    """

    def __init__(self, database: Database, secret_keys: Sequence[bytes], *, oidc: bool = False) -> None:
        self._database = database
        self._secret_keys = secret_keys
        self._oidc = oidc
        self._hasher = Hasher()
        self._attempts = Attempts(database)

    async def to_set_up(self) -> bool:
        """Whether nobody can sign in yet."""
        if self._oidc:
            return False
        async with self._database.system() as unit:
            return await setup.awaited(unit) is not None

    async def set_up(self, code: str, *, email: str, name: str, password: str) -> Entered:
        """The first administrator chooses who he is. Raises `AlreadySetUp`, `CodeRefused`, `WeakPassword`, `BadInput`,
        `TooManySignIns`.
        """
        # No account is counted: the code cannot be guessed, and strangers could keep the owner out.
        await self._attempts.count()
        if self._oidc:
            raise AlreadySetUp("People sign in by the identity provider here; there is nothing to set up.")
        address = checked_email(email)
        async with self._database.system() as unit:
            await setup.check_code(unit, self._secret_keys, code)
        kept = await self._hasher.hash(check(password, email=address))
        async with self._database.system() as unit:
            await setup.one_at_a_time(unit)
            user = await setup.check_code(unit, self._secret_keys, code)
            own = Unit(unit.connection, user["tenant_id"])
            await _put(own, user["id"], kept)
            await user_rules.change(own, user["id"], email=address, name=name.strip())
            await audit.record(
                own,
                Principal(tenant_id=user["tenant_id"], user_id=user["id"]),
                action=setup.ACTION,
                subject=f"user:{user['id']}",
                name=name,
            )
            return await self.enter(own, user["id"], method="setup")

    async def sign_in(self, email: str, password: str) -> Entered:
        """Raises `SignInRefused`, the same for every reason, and `TooManySignIns`."""
        await self._attempts.count(f"email:{email.strip()}")
        async with self._database.system() as unit:
            candidates = await _candidates(unit, email.strip())
        found = None
        for row in candidates:
            if await self._hasher.matches(row["hash"], password):
                found = row
                break
        if not candidates:
            await self._hasher.matches(None, password)
        if found is None:
            await self._note_failure(candidates[0] if candidates else None)
            raise SignInRefused(_REFUSED)
        if self._hasher.outdated(found["hash"]):
            renewed = await self._hasher.hash(check(password, email=""))
        else:
            renewed = found["hash"]
        async with self._database.tenant(found["tenant_id"]) as unit:
            mine = (passwords.c.user_id == found["user_id"], passwords.c.hash == found["hash"])
            # Locked, so that a password that changes now ends this session as well.
            if not await unit.update(passwords, *mine, hash=renewed):
                raise SignInRefused(_REFUSED)
            return await self.enter(unit, found["user_id"], method="password")

    async def sign_in_by(self, identity: Identity) -> Entered:
        """Signs in whom the identity provider has named. Raises `NotInvited`."""
        async with self._database.system() as unit:
            try:
                user = await identities.person(unit, identity)
            except NotInvited:
                found = None
            else:
                found = await self.enter(Unit(unit.connection, user["tenant_id"]), user["id"], method="oidc")
        if found is None:
            await self._note_failure(None)
            raise NotInvited("There is no account for you here; ask an administrator to invite you.")
        return found

    async def count_attempt(self) -> None:
        """Counts an attempt of the present request's address. Raises `TooManySignIns`."""
        await self._attempts.count()

    async def enter(self, unit: Unit, user_id: UUID, *, method: str) -> Entered:
        """Lets a person in of whom something was proved, in his tenant's unit. Raises `SignInRefused`."""
        user, account = await _person(unit, user_id)
        session, cookie = await sessions.begin(unit, user_id, method=method)
        token, until = await sessions.mint(unit, session)
        await audit.record(
            unit,
            Principal(tenant_id=user["tenant_id"], user_id=user_id),
            action="user.signed-in",
            subject=f"user:{user_id}",
            name=user["name"],
            detail={"method": method},
        )
        return Entered(token=token, expires_at=until, user=user, account=account, cookie=cookie)

    async def renew(self, cookie: str) -> Entered:
        """A fresh token for a browser that is signed in. Raises `SignedOut`."""
        async with self._database.system() as unit:
            session = await sessions.of_cookie(unit, cookie)
        async with self._database.tenant(session["tenant_id"]) as unit:
            token, until = await sessions.mint(unit, session)
            user, account = await _person(unit, session["user_id"])
        return Entered(token=token, expires_at=until, user=user, account=account)

    async def sign_out(self, cookie: str) -> None:
        """Ends the browser's session; nothing where there is none."""
        async with self._database.system() as unit:
            try:
                session = await sessions.of_cookie(unit, cookie)
            except SignedOut:
                return
            own = Unit(unit.connection, session["tenant_id"])
            await sessions.end(own, session["id"])
            await audit.record(
                own,
                Principal(tenant_id=session["tenant_id"], user_id=session["user_id"]),
                action="user.signed-out",
                subject=f"user:{session['user_id']}",
            )

    async def change_password(self, by: Principal, *, current: str, password: str) -> Entered:
        """Another password, which ends all sessions of the person but for the new one that is given.

        Raises `SignInRefused` where ``current`` is not the present one, `NotFound` where there is none, `WeakPassword`.
        """
        await self._attempts.count(f"user:{by.user_id}")
        async with self._database.tenant(by.tenant_id) as unit:
            user = await user_rules.get(unit, by.user_id)
            kept = await unit.scalar(unit.select(passwords, passwords.c.hash).where(passwords.c.user_id == by.user_id))
        if kept is None:
            raise NotFound("You sign in without a password; an administrator can send you a link to choose one.")
        if not await self._hasher.matches(kept, current):
            await self._note_failure({"tenant_id": by.tenant_id, "user_id": by.user_id})
            raise BadInput("The present password is another one; check it.", pointer="/current")
        hashed = await self._hasher.hash(check(password, email=user["email"] or ""))
        async with self._database.tenant(by.tenant_id) as unit:
            if not await unit.update(
                passwords, passwords.c.user_id == by.user_id, passwords.c.hash == kept, hash=hashed, changed_at=now()
            ):
                raise Conflict("The password was changed by somebody else at this moment; try again.")
            ended = await sessions.end_all(unit, by.user_id)
            await audit.record(
                unit,
                by,
                action="user.password-changed",
                subject=f"user:{by.user_id}",
                name=user["name"],
                detail={"sessionsEnded": ended},
            )
            return await self.enter(unit, by.user_id, method="password")

    async def invite(self, by: Principal, user_id: UUID) -> tuple[str, datetime]:
        """The code of a link by which a user of the tenant chooses a password, and until when it is good; one that was
        made before is good no more.

        Raises `NotFound`, `Forbidden`, `BadInput` for a user without an e-mail address.
        """
        by.require_admin()
        async with self._database.tenant(by.tenant_id) as unit:
            user = await user_rules.get(unit, user_id)
            if PARTNER_ADMIN in user["roles"] and not by.is_partner_admin:
                raise Forbidden(f"Who has the role {PARTNER_ADMIN} is only invited by those who have it too.")
            if user["status"] == standing.DISABLED:
                raise Conflict("The user is disabled; enable the user first.", pointer="/userId")
            checked_email(user["email"] or "", pointer="/userId")
            code, until = tokens.new_token(INVITATION_PREFIX), now() + INVITED_FOR
            values = {"hash": tokens.hash_token(code), "created_by": by.user_id, "expires_at": until}
            made = insert(studio_invitations).values(tenant_id=by.tenant_id, user_id=user_id, **values)
            await unit.connection.execute(made.on_conflict_do_update(index_elements=_OF_USER, set_=values))
            await audit.record(unit, by, action="user.invited", subject=f"user:{user_id}", name=user["name"])
        return code, until

    async def accept(self, code: str, password: str) -> Entered:
        """Chooses a password by the code of an invitation, which is used up, and signs in.

        Raises `CodeRefused`, `WeakPassword`, `TooManySignIns`.
        """
        await self._attempts.count()
        if not tokens.is_well_formed(code, INVITATION_PREFIX):
            raise CodeRefused(_BAD_LINK)
        digest = tokens.hash_token(code)
        mine = (studio_invitations.c.hash == digest, studio_invitations.c.expires_at > now())
        invited = (studio_invitations.c.tenant_id == users.c.tenant_id) & (studio_invitations.c.user_id == users.c.id)
        async with self._database.system() as unit:
            statement = (
                select(users.c.email, users.c.tenant_id)
                .join(studio_invitations, invited)
                .join(tenants, tenants.c.id == users.c.tenant_id)
                .where(*mine, standing.in_good_standing())
            )
            found = await unit.one(statement)
        if found is None:
            raise CodeRefused(_BAD_LINK)
        hashed = await self._hasher.hash(check(password, email=found["email"] or ""))
        async with self._database.tenant(found["tenant_id"]) as unit:
            # One statement decides, so that of several that come at once one gets it.
            used = delete(studio_invitations).where(studio_invitations.c.tenant_id == found["tenant_id"], *mine)
            row = await unit.one(used.returning(studio_invitations.c.user_id, studio_invitations.c.created_by))
            if row is None:
                raise CodeRefused(_BAD_LINK)
            user_id: UUID = row["user_id"]
            user = await user_rules.get(unit, user_id, locked=True)
            if user["status"] == standing.DISABLED or not await _may_still_invite(unit, row["created_by"], user):
                raise CodeRefused(_BAD_LINK)
            if user["status"] == standing.INVITED:
                await user_rules.change(unit, user_id, status=standing.ACTIVE)
            await _put(unit, user_id, hashed)
            await sessions.end_all(unit, user_id)
            await audit.record(
                unit,
                Principal(tenant_id=found["tenant_id"], user_id=user_id),
                action="user.password-changed",
                subject=f"user:{user_id}",
                name=user["name"],
                detail={"by": "invitation"},
            )
            return await self.enter(unit, user_id, method="invitation")

    async def _note_failure(self, candidate: Mapping[str, Any] | None) -> None:
        """Records it with the tenant whose user it was, or with the installation's: either takes as long."""
        async with self._database.system() as unit:
            tenant_id, name = await setup.default_tenant(unit), "unknown"
        if candidate is not None:
            tenant_id, name = candidate["tenant_id"], str(candidate["user_id"])
        if tenant_id is None:
            return
        async with self._database.tenant(tenant_id) as unit:
            await audit.record(unit, None, action="user.sign-in-failed", subject=f"user:{name}")


async def _may_still_invite(unit: Unit, inviter: UUID | None, user: Mapping[str, Any]) -> bool:
    """Whether who has made a link could make it now: links do not outlive the right to make them."""
    statement = (
        unit.select(users, users.c.roles)
        .join(tenants, tenants.c.id == users.c.tenant_id)
        .where(users.c.id == inviter, standing.in_good_standing())
    )
    row = await unit.one(statement)
    needed = {TENANT_ADMIN, PARTNER_ADMIN} if PARTNER_ADMIN in user["roles"] else {TENANT_ADMIN}
    return row is not None and needed <= set(row["roles"])


async def _candidates(unit: Unit, email: str) -> list[dict[str, Any]]:
    """Who may be meant, in all tenants: in each the oldest user with this address who has a password."""
    if not email or len(email) > LONGEST_EMAIL or "\0" in email:
        return []
    statement = (
        select(passwords.c.tenant_id, passwords.c.user_id, passwords.c.hash)
        .ext(distinct_on(passwords.c.tenant_id))
        .join(users, (users.c.tenant_id == passwords.c.tenant_id) & (users.c.id == passwords.c.user_id))
        .join(tenants, tenants.c.id == passwords.c.tenant_id)
        .where(func.lower(users.c.email) == func.lower(email), standing.in_good_standing())
        .order_by(passwords.c.tenant_id, passwords.c.user_id)
        .limit(_MOST_TENANTS)
    )
    return await unit.all(statement)


async def _person(unit: Unit, user_id: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """The user and the account. Raises `SignInRefused` for who may not come in."""
    statement = (
        select(users, tenants.c.name.label("account_name"))
        .join(tenants, tenants.c.id == users.c.tenant_id)
        .where(users.c.tenant_id == unit.tenant_id, users.c.id == user_id, standing.in_good_standing())
    )
    row = await unit.one(statement)
    if row is None:
        raise SignInRefused(_REFUSED)
    return row, {"id": row["tenant_id"], "name": row["account_name"]}


async def _put(unit: Unit, user_id: UUID, hashed: str) -> None:
    statement = insert(passwords).values(tenant_id=unit.tenant_id, user_id=user_id, hash=hashed)
    values = {"hash": hashed, "changed_at": now()}
    await unit.connection.execute(statement.on_conflict_do_update(index_elements=_OF_USER, set_=values))
