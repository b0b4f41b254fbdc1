"""The way in: a proved sign-on becomes an embed session, once.

    desk = SignOns(database, vault, limits, lifetime=timedelta(hours=1))
    partner = await desk.partner(app_id)
    sign_on = await desk.proved(partner, token, audience=...)
    entered = await desk.enter(partner, sign_on, view="templates")

Token, account, user and session are one transaction: of a refused sign-on nothing is left but a line in the account's
audit log.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.core.json import dumps, loads
from tieline.oem.sso import arriving, embedding, keys, links, tokens
from tieline.oem.sso.claims import SignOn
from tieline.oem.sso.errors import SignOnBarred, SignOnRefused
from tieline.oem.sso.tickets import Ticket
from tieline.security import resealing
from tieline.security.resealing import Place
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.limits import Limiter
from tieline.storage.tables import automations, partners, tenants, used_tokens, users
from tieline.storage.tables import embed_sessions as embed_rows
from tieline.storage.unit import Unit
from tieline.tenancy import audit, embed_sessions, standing
from tieline.tenancy.embed_sessions import ForeignPage
from tieline.tenancy.limits import RateLimits
from tieline.tenancy.partner_keys import PartnerCaller

log = structlog.get_logger(__name__)

REFUSALS_TOLD_PER_MINUTE: Final = 10
_CLEANED_AT_ONCE: Final = 100
_CARRIED: Final = "carried"


class Entered(Struct, frozen=True, kw_only=True):
    """An embed session with whom it stands for; ``token`` is shown this once (a code, where one was asked for)."""

    token: str
    session: dict[str, Any]
    user: dict[str, Any]
    account: dict[str, Any]
    carried: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Entered(session={self.session['id']})"


class SignOns:
    """Lets people in. ``lifetime`` is that of a session."""

    def __init__(self, database: Database, vault: Vault, limits: RateLimits, *, lifetime: timedelta) -> None:
        self._limits = limits
        self._database = database
        self._vault = vault
        self._lifetime = lifetime
        self._limiter = Limiter(database)

    async def partner(self, app_id: str | None) -> PartnerCaller:
        """The partner of this app id; None = the only one that there is. Raises `NotFound`, `SignOnRefused`."""
        async with self._database.system() as unit:
            row = await embedding.only(unit) if app_id is None else await embedding.find(unit, app_id)
        if row is None:
            raise SignOnRefused(
                "The sign-on does not say whose it is: name the partner's app id, as iss in the token or appid in the "
                "address."
            )
        return PartnerCaller(id=row["id"], name=row["name"], app_id=row["app_id"], settings=row["settings"])

    async def proved(self, partner: PartnerCaller, token: str, *, audience: Collection[str]) -> SignOn:
        """The sign-on of a token of this partner. Raises `SignOnRefused`."""
        async with self._database.system() as unit:
            secrets = tokens.PartnerSecrets(
                app_id=partner.app_id,
                api_key=await keys.api_key(unit, self._vault, partner.id),
                public=await keys.usable(unit, partner.id),
            )
        return tokens.verify(token, secrets, audience={*audience, partner.app_id})

    async def linked(self, partner: PartnerCaller, address: str, query: str) -> SignOn:
        """The sign-on of a signed link. Raises `SignOnRefused`."""
        async with self._database.system() as unit:
            api_key = await keys.api_key(unit, self._vault, partner.id)
        return links.verify(address, query, api_key, app_id=partner.app_id)

    async def enter(
        self,
        partner: PartnerCaller,
        sign_on: SignOn,
        *,
        view: Mapping[str, str],
        origin: str = "",
        as_code: bool = False,
        renewing: str = "",
    ) -> Entered:
        """Makes account, user and session. ``view`` is what the person came for, ``origin`` the page that embeds us,
        ``renewing`` the token of a session that is to go on.

        Raises `SignOnRefused` for one that was used, `SignOnBarred`, `ForeignPage`, `OverLimit`.
        """
        if as_code:
            # Who may frame the page that the code goes to, the browser sees to.
            origin = sign_on.origin
        self._check_origin(partner, sign_on, origin)
        await self._limits.count_sign_on(partner.id, sign_on.account)
        try:
            async with self._database.system() as unit:
                await _use(unit, partner.id, sign_on.digest, sign_on.until)
                account = await arriving.account_of(unit, partner, sign_on)
                mine = Unit(unit.connection, account["id"])
                user = await arriving.user_of(mine, partner, sign_on.person)
                return await self._begin(mine, partner, sign_on, account, user, view, origin, as_code, renewing)
        except (SignOnRefused, SignOnBarred) as error:
            await self._told_refused(partner, sign_on, error)
            raise

    async def enter_by_ticket(self, ticket: Ticket) -> tuple[PartnerCaller, Entered]:
        """The code of a session of an integration's owner. Raises `SignOnRefused`, `SignOnBarred`."""
        async with self._database.system() as unit:
            account = await unit.one(select(tenants).where(tenants.c.id == ticket.tenant_id))
            if account is None or account["status"] != standing.ACTIVE:
                raise SignOnBarred("The account of this link is deactivated or gone.")
            row = await unit.one(select(partners).where(partners.c.id == account["partner_id"]))
            assert row is not None
            partner = PartnerCaller(id=row["id"], name=row["name"], app_id=row["app_id"], settings=row["settings"])
            await _use(unit, partner.id, ticket.digest, ticket.until + links.LEEWAY)
            mine = Unit(unit.connection, account["id"])
            owner = mine.select(automations, automations.c.owner_id).where(automations.c.id == ticket.automation_id)
            user = await mine.one(mine.select(users).where(users.c.id.in_(owner)))
            if user is None:
                raise NotFound("There is no such integration.")
            if user["status"] in standing.BARRED:
                raise SignOnBarred("The integration's owner is disabled or removed.")
            sign_on = SignOn(account=account["external_id"], digest=ticket.digest, until=ticket.until, how="ticket")
            view = {"view": "settings", "integration": str(ticket.automation_id)}
            return partner, await self._begin(mine, partner, sign_on, account, user, view, "", True, "")

    async def redeem(self, partner: PartnerCaller, code: str, *, origin: str = "") -> Entered:
        """The session of a code, once, within a minute. Raises `SignOnRefused`, `ForeignPage`."""
        async with self._database.system() as unit:
            found = await embed_sessions.redeem(unit, partner.id, code, self._lifetime)
            if found is None:
                raise SignOnRefused("The code is not known, or was used, or is older than a minute; sign in again.")
            session, token = found
            if origin and origin != session["settings"].get("origin"):
                raise ForeignPage("The code was not made for a page of this origin.")
            mine = Unit(unit.connection, session["tenant_id"])
            account = await unit.one(select(tenants).where(tenants.c.id == session["tenant_id"]))
            user = await mine.one(mine.select(users).where(users.c.id == session["user_id"]))
        assert account is not None
        assert user is not None
        return Entered(token=token, session=session, user=user, account=account, carried=_opened(self._vault, session))

    async def _begin(
        self,
        unit: Unit,
        partner: PartnerCaller,
        sign_on: SignOn,
        account: dict[str, Any],
        user: dict[str, Any],
        view: Mapping[str, str],
        origin: str,
        as_code: bool,
        renewing: str,
    ) -> Entered:
        known = await embed_sessions.alive(unit, renewing, user_id=user["id"], origin=origin) if renewing else None
        session_id = known or new_id()
        settings: dict[str, Any] = {**view, "how": sign_on.how}
        if origin:
            settings["origin"] = origin
        if sign_on.embed:
            settings["embed"] = dict(sign_on.embed)
        if sign_on.carried:
            # What is to be connected holds secrets of the customer.
            sealed = self._vault.seal(dumps(sign_on.carried), context=_context(session_id))
            settings[_CARRIED] = b64encode(sealed).decode()
        scopes = embed_sessions.scopes_of(sign_on.scopes)
        if known is None:
            session, token = await embed_sessions.begin(
                unit,
                user_id=user["id"],
                scopes=scopes,
                settings=settings,
                lifetime=self._lifetime,
                session_id=session_id,
                as_code=as_code,
            )
        else:
            session, token = await embed_sessions.renew(
                unit, known, scopes=scopes, settings=settings, lifetime=self._lifetime
            )
        await audit.record(
            unit,
            partner,
            action="embed-session.renewed" if known else "embed-session.created",
            subject=f"embed-session:{session_id}",
            name=user["name"],
            detail={"userId": str(user["id"]), "how": sign_on.how, "origin": origin, **view},
        )
        return Entered(token=token, session=session, user=user, account=account, carried=sign_on.carried)

    @staticmethod
    def _check_origin(partner: PartnerCaller, sign_on: SignOn, origin: str) -> None:
        if origin and origin not in embedding.origins_of(partner.settings):
            raise ForeignPage(
                "The page that embeds Tieline has an origin that the partner has not allowed; "
                "`tieline partners origins` and PUT /oem/v1/embed do that."
            )
        if sign_on.origin and sign_on.origin != origin:
            raise ForeignPage("The sign-on token was made for a page of another origin.")

    async def _told_refused(self, partner: PartnerCaller, sign_on: SignOn, error: SignOnRefused | SignOnBarred) -> None:
        """In the log of the account, where there is one; a few a minute, whatever comes."""
        log.info("sign-on refused", partner=partner.app_id, code=error.code, reason=error.detail)
        mine = (tenants.c.partner_id == partner.id, tenants.c.external_id == sign_on.account)
        async with self._database.system() as unit:
            tenant_id = await unit.scalar(select(tenants.c.id).where(*mine))
        if tenant_id is None:
            return
        usage = await self._limiter.take(f"sign-on-refused:{tenant_id}", REFUSALS_TOLD_PER_MINUTE)
        if not usage.allowed:
            return
        async with self._database.tenant(tenant_id) as unit:
            await audit.record(
                unit,
                partner,
                action="embed-session.refused",
                subject=f"account:{tenant_id}",
                detail={"reason": error.detail, "how": sign_on.how},
            )


async def carried(unit: Unit, vault: Vault, session_id: UUID) -> Mapping[str, Any]:
    """What the sign-on of a session had for the setup wizard: ``datasource`` and ``inputs``, with their secrets."""
    return _opened(vault, await embed_sessions.get(unit, session_id))


def _opened(vault: Vault, session: Mapping[str, Any]) -> Mapping[str, Any]:
    sealed = session["settings"].get(_CARRIED)
    if not isinstance(sealed, str):
        return {}
    opened: Mapping[str, Any] = loads(vault.open(b64decode(sealed), context=_context(session["id"])))
    return opened


async def _use(unit: Unit, partner_id: UUID, digest: bytes, until: datetime) -> None:
    """Raises `SignOnRefused` for what was used; who comes second waits for the first one's transaction."""
    table = used_tokens
    over = (
        select(table.c.partner_id, table.c.hash)
        .where(table.c.expires_at < now())
        .limit(_CLEANED_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).subquery()
    await unit.connection.execute(
        delete(table).where(table.c.partner_id == over.c.partner_id, table.c.hash == over.c.hash)
    )
    statement = insert(table).values(partner_id=partner_id, hash=digest, expires_at=until)
    if await unit.one(statement.on_conflict_do_nothing().returning(table.c.hash)) is None:
        raise SignOnRefused("The sign-on was used already; each token and link counts once.")


def _context(session_id: UUID) -> bytes:
    return f"embed_sessions/{session_id}/carried".encode()


resealing.register(Place(embed_rows, embed_rows.c.settings, lambda row: _context(row["id"]), path=(_CARRIED,)))
