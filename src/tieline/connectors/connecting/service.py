"""From the wish to connect an account to a connection.

    opened = await sessions.create(unit, connector_id=..., owner_id=...)      # by who builds the integration
    form = await sessions.form(opened.token)                                  # what the person is asked for
    step = await sessions.proceed(opened.token, {"api_key": "..."}, base=...)  # connected, or where he signs in
    await sessions.callback(state, {"code": "..."})                           # the authorization server sends him back

The window that the person signs in with needs nobody who waits for it: the session is finished here, and whoever made
it asks for its state (RFC 8252 section 8.1; an opener is lost to Cross-Origin-Opener-Policy).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import UNSET, Struct
from sqlalchemy import ColumnElement

from tieline.connectors.connecting.draft import Draft, Private, open_private, seal
from tieline.connectors.connecting.errors import NoSuchSession, SessionOver
from tieline.connectors.connections import Connections
from tieline.connectors.connections.answers import checked, lacking_fields, sort_answers
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Input
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.auth import interactive
from tieline.connectors.runtime.budget import MemoryBudget
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.origins import origin_of
from tieline.connectors.runtime.tokens import MemoryTokens
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound, TielineError
from tieline.core.ids import new_id
from tieline.security.egress import Egress
from tieline.security.tokens import hash_token, is_well_formed, new_token
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.tables import connect_sessions
from tieline.storage.unit import Unit
from tieline.tenancy import spaces, tenants

Row = dict[str, Any]

LIFETIME: Final = timedelta(minutes=30)
CALLBACK: Final = "/connect/callback"
_LINK: Final = "tlc_"
_STATE: Final = "tls_"
_LONGEST_ERROR: Final = 500
_CODE: Final = "shown_code"
_URL: Final = "shown_url"
_INTERVAL: Final = "shown_interval"
_SHOWN: Final = tuple(column for column in connect_sessions.c if column.name not in ("sealed", "state_hash"))


class Opened(Struct, frozen=True):
    """A new session; ``token`` opens its page and is shown only now."""

    row: Row
    token: str

    def __repr__(self) -> str:
        return f"Opened({self.row['id']})"


class Form(Struct, frozen=True, kw_only=True):
    """What the page of a session shows: whom it is for, what is asked, whether he leaves for a sign-in page."""

    title: str
    tenant: str
    status: str
    error: str
    fields: list[Input]
    answers: dict[str, Any]
    leaves: bool  # he signs in on a page of the other side
    signs_in: str  # the host of that page, where it is known before
    device: Device | None = None  # he signs in there with a code, and waits here
    back: str = ""  # where he is sent to once he is connected; whoever made the session has checked it
    connection: str = ""  # once there is one


class Device(Struct, frozen=True):
    """A code to enter at ``url``; ask again after ``interval`` seconds (RFC 8628)."""

    code: str
    url: str
    interval: float


class Pending(Struct, frozen=True):
    """A sign-in that has not come back yet: whose, of what, and (``window``) which session's page led to it."""

    title: str
    tenant: str
    window: str


class Step(Struct, frozen=True):
    """What comes next: ``connected``, ``elsewhere`` (go to ``url``) or ``device`` (show the form again)."""

    kind: Literal["connected", "elsewhere", "device"]
    url: str = ""


class ConnectSessions:
    """Methods that take a ``unit`` are part of the caller's transaction; the others open their own, and none of those
    is open while somebody else's server is asked.
    """

    def __init__(
        self, database: Database, vault: Vault, library: Library, connections: Connections, egress: Egress
    ) -> None:
        self._database = database
        self._vault = vault
        self._library = library
        self._connections = connections
        self._egress = egress

    async def create(
        self,
        unit: Unit,
        *,
        connector_id: UUID,
        owner_id: UUID,
        connection_id: UUID | None = None,
        name: str = "",
        space_id: UUID | None = None,
        auth_method: str = "",
        server: str | None = None,
        params: dict[str, Any] | None = None,
        back: str = "",
    ) -> Opened:
        """A session for a new connection, or for one that has to be renewed (``connection_id``).

        ``params`` are answers that are known already, such as the client id and secret of the app: the person is not
        asked for them. ``back`` is where he is sent once he is connected. Raises BadInput for a method, server or field
        that the connector does not have.
        """
        manifest = await self._library.manifest(unit, connector_id)
        answers = sort_answers(manifest, auth_method, params or {}, {})
        await self.purge(unit)
        session_id, token = new_id(), new_token(_LINK)
        settings = {
            "name": name[:200],
            "space_id": None if space_id is None else str(space_id),
            "auth_method": answers.method,
            "server": checked(server),
            "params": answers.params,
            "back": back,
        }
        await unit.insert(
            connect_sessions,
            id=session_id,
            token_hash=hash_token(token),
            connector_id=connector_id,
            connection_id=connection_id,
            owner_id=owner_id,
            status="open",
            settings=settings,
            sealed=seal(self._vault, unit, session_id, Private(given=answers.secrets)),
            expires_at=now() + LIFETIME,
        )
        return Opened(await self.get(unit, session_id), token)

    async def get(self, unit: Unit, session_id: UUID) -> Row:
        """One session; its ``status`` says ``expired`` when its time is over. Raises NotFound."""
        row = await unit.one(unit.select(connect_sessions, *_SHOWN).where(connect_sessions.c.id == session_id))
        if row is None:
            raise NoSuchSession("There is no such connect session.")
        return _aged(row)

    async def cancel(self, unit: Unit, session_id: UUID) -> None:
        """End a session; its link leads nowhere any more. Raises NotFound."""
        if not await unit.delete(connect_sessions, connect_sessions.c.id == session_id):
            raise NoSuchSession("There is no such connect session.")

    async def form(self, token: str) -> Form:
        """What is to be asked; raises NoSuchSession."""
        tenant_id, session_id = await self._find(connect_sessions.c.token_hash, token, _LINK)
        async with self._database.tenant(tenant_id) as unit:
            tenant = await tenants.get(unit, tenant_id)
        draft = await self._draft(tenant_id, session_id)
        over = draft.row["status"] in ("connected", "expired")
        return Form(
            title=draft.manifest.title or draft.manifest.name,
            tenant=tenant["name"],
            status=draft.row["status"],
            error=draft.row["error"] or "",
            fields=[] if over else draft.questions(),
            answers={key: value for key, value in draft.account.params.items() if isinstance(value, str | int)},
            leaves=draft.interactive,
            signs_in=draft.signs_in(),
            device=_device(draft),
            back=draft.row["settings"].get("back", ""),
            connection=str(draft.row["connection_id"] or ""),
        )

    async def proceed(self, token: str, answers: Mapping[str, str], *, base: str) -> Step:
        """Take the person's answers.

        ``base`` is our public address. Raises BadInput that names a missing field, SessionOver, and ReconnectNeeded or
        what else the API says about the credentials; the session stays open for another try.
        """
        tenant_id, session_id = await self._find(connect_sessions.c.token_hash, token, _LINK)
        draft = await self._draft(tenant_id, session_id)
        if draft.row["status"] in ("connected", "expired"):
            raise SessionOver(f"this connect session is {draft.row['status']}; ask for a new link")
        draft.answer(answers)
        if lacking := lacking_fields(draft.account):
            raise BadInput(f"enter {', '.join(map(repr, lacking))} to connect", parameter=lacking[0])
        if not draft.interactive:
            await self._try_out(draft.account)
            await self._finish(tenant_id, draft, None)
            return Step("connected")
        if draft.by_device:
            await self._begin_device(tenant_id, draft)
            return Step("device")
        state = new_token(_STATE)
        redirect_uri = draft.redirect_uri(base.rstrip("/") + CALLBACK, state)
        begun = await interactive.begin(draft.account, egress=self._egress, redirect_uri=redirect_uri, state=state)
        origin_of(begun.url)  # no "javascript:" that a manifest or a discovery document names
        draft.private.kept = {**begun.kept, "redirect_uri": redirect_uri}
        await self._waits(tenant_id, draft, state_hash=hash_token(state))
        return Step("elsewhere", begun.url)

    async def poll(self, token: str) -> None:
        """Ask whether the person has entered his code meanwhile; connects the account when he has.

        Raises ReconnectNeeded where he said no or was too slow; the session can be tried again.
        """
        tenant_id, session_id = await self._find(connect_sessions.c.token_hash, token, _LINK)
        draft = await self._draft(tenant_id, session_id)
        if draft.row["status"] != "waiting" or not draft.by_device:
            return
        try:
            told = await interactive.device_poll(draft.account, egress=self._egress, kept=draft.private.kept)
        except TielineError as error:
            await self._failed(tenant_id, draft, error)
            raise
        if isinstance(told, interactive.Finished):
            draft.account.params |= told.params
            draft.account.secrets |= told.secrets
            await self._finish(tenant_id, draft, told.token)
            return
        draft.private.kept |= {**told.kept, _INTERVAL: str(told.interval)}
        async with self._database.tenant(tenant_id) as unit:
            await self._keep(unit, draft, _as_read(draft))

    async def pending(self, state: str) -> Pending:
        """What a sign-in that comes back is about; raises NoSuchSession."""
        tenant_id, session_id = await self._find(connect_sessions.c.state_hash, state, _STATE)
        async with self._database.tenant(tenant_id) as unit:
            row = await unit.one(unit.select(connect_sessions).where(connect_sessions.c.id == session_id))
            if row is None:
                raise NoSuchSession("this connect session was cancelled; ask for a new link")
            manifest = await self._library.manifest(unit, row["connector_id"])
            tenant = await tenants.get(unit, tenant_id)
        return Pending(manifest.title or manifest.name, tenant["name"], row["token_hash"].hex())

    async def callback(self, state: str, answer: Mapping[str, str]) -> Row:
        """What the authorization server sent the person back with. Gives the session, connected.

        A ``state`` counts once. Raises NoSuchSession, and what the server's refusal is; the session keeps that as its
        error and can be tried again from its page.
        """
        tenant_id, session_id = await self._find(connect_sessions.c.state_hash, state, _STATE)
        async with self._database.tenant(tenant_id) as unit:
            # Taken before anything is asked of others, in one step with what belongs to it: a second callback with the
            # same state finds nothing.
            mine = connect_sessions.c.id == session_id
            row = await unit.one(unit.select(connect_sessions).where(mine).with_for_update())
            if row is None or row["state_hash"] != hash_token(state):
                raise NoSuchSession("this sign-in was finished already")
            await unit.update(connect_sessions, mine, state_hash=None)
        try:
            draft = await self._draft(tenant_id, session_id, row)
        except NotFound as error:  # what was to be renewed is gone
            async with self._database.tenant(tenant_id) as unit:
                await unit.update(connect_sessions, mine, status="failed", error=error.detail[:_LONGEST_ERROR])
            raise
        if draft.row["status"] != "waiting":
            raise SessionOver(f"this connect session is {draft.row['status']}; ask for a new link")
        kept = dict(draft.private.kept)
        redirect_uri = kept.pop("redirect_uri", "")
        try:
            finished = await interactive.finish(
                draft.account, egress=self._egress, redirect_uri=redirect_uri, kept=kept, answer=answer
            )
            draft.account.params |= finished.params
            draft.account.secrets |= finished.secrets
            return await self._finish(tenant_id, draft, finished.token)
        except SessionOver:
            raise
        except TielineError as error:
            await self._failed(tenant_id, draft, error)
            raise

    async def purge(self, unit: Unit) -> int:
        """Remove sessions that ended a day ago, of the unit's tenant or, with a system unit, of all; how many."""
        return await unit.delete(connect_sessions, connect_sessions.c.expires_at < now() - timedelta(days=1))

    async def _find(self, column: ColumnElement[Any], token: str, prefix: str) -> tuple[UUID, UUID]:
        if not is_well_formed(token, prefix):
            raise NoSuchSession("this link is not complete; open it as it was given")
        async with self._database.system() as unit:
            statement = unit.select(connect_sessions, connect_sessions.c.tenant_id, connect_sessions.c.id)
            row = await unit.one(statement.where(column == hash_token(token)))
        if row is None:
            raise NoSuchSession("this link leads to no connect session; ask for a new one")
        return row["tenant_id"], row["id"]

    async def _draft(self, tenant_id: UUID, session_id: UUID, row: Row | None = None) -> Draft:
        async with self._database.tenant(tenant_id) as unit:
            if row is None:
                row = await unit.one(unit.select(connect_sessions).where(connect_sessions.c.id == session_id))
            if row is None:
                raise NoSuchSession("this connect session was cancelled; ask for a new link")
            manifest = await self._library.manifest(unit, row["connector_id"])
            private = open_private(self._vault, unit, row)
        before: Account | None = None
        if row["connection_id"] is not None and row["status"] != "connected":
            try:
                before = await self._connections.account(tenant_id, row["connection_id"])
            except ReconnectNeeded:
                before = None  # its secrets belong to other addresses: they are asked for anew
        return Draft.of(_aged(row), manifest, private, before)

    async def _begin_device(self, tenant_id: UUID, draft: Draft) -> None:
        begun = await interactive.device_begin(draft.account, egress=self._egress)
        shown = {_CODE: begun.user_code, _URL: begun.url_complete or begun.url, _INTERVAL: str(begun.interval)}
        draft.private.kept = {**begun.kept, **shown}
        await self._waits(tenant_id, draft)

    async def _waits(self, tenant_id: UUID, draft: Draft, **values: Any) -> None:
        async with self._database.tenant(tenant_id) as unit:
            if not await self._keep(unit, draft, status="waiting", error=None, **values):
                raise SessionOver("this connect session is over; ask for a new link")

    async def _failed(self, tenant_id: UUID, draft: Draft, error: TielineError) -> None:
        """What the person entered may be what was wrong: he is asked again."""
        draft.private = Private(given=draft.private.given)
        text = error.detail.replace("\x00", "")[:_LONGEST_ERROR]
        async with self._database.tenant(tenant_id) as unit:
            await self._keep(unit, draft, _as_read(draft), status="failed", error=text)

    async def _keep(self, unit: Unit, draft: Draft, *conditions: ColumnElement[bool], **values: Any) -> bool:
        """False where the session is over, was cancelled or does not meet the ``conditions``."""
        session_id = draft.row["id"]
        kept = await unit.update(
            connect_sessions,
            connect_sessions.c.id == session_id,
            connect_sessions.c.status != "connected",
            *conditions,
            sealed=seal(self._vault, unit, session_id, draft.private),
            **values,
        )
        return kept > 0

    async def _try_out(self, account: Account) -> None:
        """Credentials that were typed in are tried before they are kept; raises BadInput with what the API says."""
        if account.manifest.storage is not UNSET:
            from tieline.connectors.files import tried

            try:
                account.params |= (await tried(account, self._egress, self._connections.sandbox)).learned
            except TielineError as error:
                raise BadInput(error.detail) from None
            return
        client = Client(account, egress=self._egress, tokens=MemoryTokens(), budget=MemoryBudget())
        result = await client.check()
        if not result.ok:
            raise BadInput(result.detail)

    async def _finish(self, tenant_id: UUID, draft: Draft, token: StoredToken | None) -> Row:
        account, row, settings = draft.account, draft.row, draft.row["settings"]
        async with self._database.tenant(tenant_id) as unit:
            mine = connect_sessions.c.id == row["id"]
            locked = await unit.one(unit.select(connect_sessions).where(mine).with_for_update())
            if locked is None or locked["status"] == "connected":
                raise SessionOver("this connect session is over; ask for a new link")
            if (connection_id := row["connection_id"]) is not None:
                await self._connections.update(
                    unit,
                    connection_id,
                    auth_method=account.auth_method,
                    server=account.server,
                    params=account.params,
                    secrets=account.secrets,
                )
            else:
                space_id = UUID(settings["space_id"]) if settings["space_id"] else None
                await spaces.check(unit, space_id)
                made = await self._connections.create(
                    unit,
                    connector_id=row["connector_id"],
                    name=(settings["name"].strip() or draft.manifest.title or draft.manifest.name)[:200],
                    owner_id=row["owner_id"],
                    space_id=space_id,
                    auth_method=account.auth_method,
                    server=account.server,
                    params=account.params,
                    secrets=account.secrets,
                )
                connection_id = made["id"]
            await self._connections.connected(unit, connection_id, token)
            await unit.update(
                connect_sessions,
                mine,
                status="connected",
                connection_id=connection_id,
                sealed=None,
                state_hash=None,
                error=None,
                finished_at=now(),
            )
            return await self.get(unit, row["id"])


def window_of(token: str) -> str:
    """What `Pending.window` says of the session with this link; tells nobody the link."""
    return hash_token(token).hex()


def _as_read(draft: Draft) -> ColumnElement[bool]:
    """Nobody has begun anew since: each sealing gives other bytes."""
    unchanged: ColumnElement[bool] = connect_sessions.c.sealed == draft.row["sealed"]
    return unchanged


def _device(draft: Draft) -> Device | None:
    kept = draft.private.kept
    if draft.row["status"] != "waiting" or _CODE not in kept:
        return None
    return Device(kept[_CODE], kept[_URL], float(kept[_INTERVAL]))


def _aged(row: Row) -> Row:
    over = row["status"] != "connected" and row["expires_at"] <= now()
    return {**row, "status": "expired"} if over else row
