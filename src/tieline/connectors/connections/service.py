"""Connections of a tenant: made, changed, checked, and opened for the runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy.exc import IntegrityError

from tieline.connectors.connections.answers import Answers, Binding, bound, checked, missing, sort_answers
from tieline.connectors.connections.budget import DatabaseBudget
from tieline.connectors.connections.telling import tell
from tieline.connectors.connections.tokens import DatabaseTokens
from tieline.connectors.library.service import Library
from tieline.connectors.manifest.model import Manifest
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.auth.interactive import interactive
from tieline.connectors.runtime.client import CheckResult, Client
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.observer import Observer
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound, TielineError, Transient
from tieline.core.ids import new_id
from tieline.security import resealing
from tieline.security.egress import Egress
from tieline.security.resealing import Place
from tieline.security.vault import Vault, VaultError
from tieline.storage.database import Database
from tieline.storage.tables import connections
from tieline.storage.unit import Unit
from tieline.tenancy import notices

Row = dict[str, Any]
T = TypeVar("T")

RECONNECT: Final = "reconnect"
_LONGEST_NAME: Final = 200
_LONGEST_ERROR: Final = 1000
_COLUMNS: Final = tuple(column for column in connections.c if column.name != "secrets")


class Connections:
    """Methods that take a ``unit`` are part of the caller's transaction; those that take a ``tenant_id`` open their
    own.

    Rows are dicts with the columns of `tables.connections` except ``secrets``, which never leave this service but
    inside an `Account`. ``tokens`` and ``budget`` are what a `Client` needs besides.
    """

    def __init__(
        self, database: Database, vault: Vault, library: Library | None = None, *, sandbox: Path | None = None
    ) -> None:
        """``sandbox``: the folder below which each tenant's local files are; None where this process has none."""
        self.sandbox = sandbox
        self._database = database
        self._vault = vault
        self._library = library or Library(database)
        self.tokens = DatabaseTokens(database, vault)
        self.budget = DatabaseBudget(database)

    async def create(
        self,
        unit: Unit,
        *,
        connector_id: UUID,
        name: str,
        owner_id: UUID,
        space_id: UUID | None = None,
        auth_method: str = "",
        server: str | None = None,
        params: dict[str, Any] | None = None,
        secrets: dict[str, Any] | None = None,
    ) -> Row:
        """A new connection. ``auth_method`` is needed where the connector has several.

        Answers may come in ``params`` or ``secrets``: what the auth method's fields declare decides which they are.
        Raises NotFound for the connector, BadInput for a method, server or field that it does not have.
        """
        manifest = await self._library.manifest(unit, connector_id)
        answers = sort_answers(manifest, auth_method, params or {}, secrets or {})
        connection_id = new_id()
        account = _account(manifest, unit, connection_id, answers, server)
        binding = bound(account)
        lacking = missing(account) or _sign_in(account)
        await unit.insert(
            connections,
            id=connection_id,
            connector_id=connector_id,
            name=_name(name),
            owner_id=owner_id,
            space_id=space_id,
            auth_method=account.auth_method,
            server=account.server,
            params=answers.params,
            secrets=self._seal(unit, account, binding),
            is_connected=not lacking,
            error=lacking or None,
        )
        row = await self.get(unit, connection_id)
        await tell(unit, row, "created")
        return row

    async def get(self, unit: Unit, connection_id: UUID) -> Row:
        """One connection; raises NotFound."""
        return _found(await unit.one(unit.select(connections, *_COLUMNS).where(connections.c.id == connection_id)))

    async def kept(self, unit: Unit, connection_id: UUID) -> frozenset[str]:
        """The names of the secrets that a connection has; of those that no key opens any more, none."""
        row = await unit.one(
            unit.select(connections, connections.c.id, connections.c.secrets).where(connections.c.id == connection_id)
        )
        try:
            return frozenset(self._open(unit, _found(row))[0])
        except VaultError:
            return frozenset()

    async def list(
        self, unit: Unit, *, connector_id: UUID | None = None, after: UUID | None = None, limit: int = 100
    ) -> list[Row]:
        """Connections in the order of their ids, from the one after ``after`` on."""
        statement = unit.select(connections, *_COLUMNS).order_by(connections.c.id).limit(limit)
        if connector_id is not None:
            statement = statement.where(connections.c.connector_id == connector_id)
        return await unit.all(statement if after is None else statement.where(connections.c.id > after))

    async def update(
        self,
        unit: Unit,
        connection_id: UUID,
        *,
        name: str | UnsetType = UNSET,
        owner_id: UUID | UnsetType = UNSET,
        space_id: UUID | UnsetType | None = UNSET,
        auth_method: str | UnsetType = UNSET,
        server: str | UnsetType | None = UNSET,
        params: dict[str, Any] | UnsetType = UNSET,
        secrets: dict[str, Any] | UnsetType = UNSET,
    ) -> Row:
        """Change what is given. ``params`` replace all params; of ``secrets`` each replaces its own, and None removes
        it.

        Another base URL (another origin) erases all secrets that are not given anew, and so does another auth method:
        the old ones belong to where they were entered.
        """
        row = await unit.one(unit.select(connections).where(connections.c.id == connection_id).with_for_update())
        row = _found(row)
        values: Row = {
            key: value
            for key, value in (("owner_id", owner_id), ("space_id", space_id))
            if not isinstance(value, UnsetType)
        }
        if name is not UNSET:
            values["name"] = _name(name)
        if any(given is not UNSET for given in (auth_method, server, params, secrets)):
            values |= await self._answers(unit, row, auth_method, server, params, secrets)
        await unit.update(connections, connections.c.id == connection_id, updated_at=now(), **values)
        row = await self.get(unit, connection_id)
        await tell(unit, row, "updated")
        return row

    async def _answers(
        self,
        unit: Unit,
        row: Row,
        auth_method: str | UnsetType,
        server: str | UnsetType | None,
        params: dict[str, Any] | UnsetType,
        secrets: dict[str, Any] | UnsetType,
    ) -> Row:
        manifest = await self._library.manifest(unit, row["connector_id"])
        method = row["auth_method"] if isinstance(auth_method, UnsetType) else auth_method
        given = sort_answers(
            manifest,
            method,
            row["params"] if isinstance(params, UnsetType) else params,
            {} if isinstance(secrets, UnsetType) else secrets,
        )
        account = _account(manifest, unit, row["id"], given, row["server"] if isinstance(server, UnsetType) else server)
        binding = bound(account)
        kept, old_binding = self._open(unit, row)
        if old_binding != binding or account.auth_method != row["auth_method"]:
            kept = {}
        merged = {name: value for name, value in {**kept, **given.secrets}.items() if value not in (None, "")}
        account.secrets = merged
        lacking = missing(account)
        if merged != self._open(unit, row)[0] or old_binding != binding or _asked(account, given.params, row["params"]):
            await self.tokens.forget(unit, row["id"])
            await self.budget.forget(unit, row["id"])
            lacking = lacking or _sign_in(account)
        elif not lacking and not row["is_connected"]:
            lacking = row["error"] or ""  # nothing has changed that could have helped
        return {
            "auth_method": account.auth_method,
            "server": account.server,
            "params": given.params,
            "secrets": self._seal(unit, account, binding),
            "is_connected": not lacking,
            "error": lacking or None,
        }

    async def connected(self, unit: Unit, connection_id: UUID, token: StoredToken | None = None) -> None:
        """A person has just signed in, or the credentials were tried out: keep the token and settle the notice."""
        if token is not None:
            await self.tokens.put(unit, connection_id, token)
        await unit.update(
            connections, connections.c.id == connection_id, is_connected=True, error=None, updated_at=now()
        )
        await notices.close(unit, _notice_key(connection_id))

    async def delete(self, unit: Unit, connection_id: UUID) -> None:
        """Remove a connection with its secrets and tokens; raises NotFound."""
        row = await self.get(unit, connection_id)
        await self.budget.forget(unit, connection_id)
        await notices.close(unit, _notice_key(connection_id))
        try:
            removed = await unit.delete(connections, connections.c.id == connection_id)
        except IntegrityError as error:
            raise BadInput("the connection is still used and cannot be deleted") from error
        if not removed:
            _found(None)
        await tell(unit, row, "deleted")

    async def account(self, tenant_id: UUID, connection_id: UUID) -> Account:
        """The connection, opened.

        Raises NotFound, or ReconnectNeeded where an address of the connector has moved to another origin since the
        secrets were entered.
        """
        async with self._database.tenant(tenant_id) as unit:
            row = _found(await unit.one(unit.select(connections).where(connections.c.id == connection_id)))
            manifest = await self._library.manifest(unit, row["connector_id"])
            secrets, binding = self._open(unit, row)
            answers = Answers(method=row["auth_method"], params=row["params"], secrets=secrets)
            account = _account(manifest, unit, connection_id, answers, row["server"])
        if row["secrets"] is not None and binding != bound(account):
            raise ReconnectNeeded(
                f"the addresses of the connector {manifest.name!r} have changed since {row['name']!r} was connected;"
                " the credentials are not sent to the new ones until they are entered again"
            )
        return account

    async def client(
        self,
        tenant_id: UUID,
        connection_id: UUID,
        egress: Egress,
        *,
        observer: Observer | None = None,
        policy: RetryPolicy | None = None,
    ) -> Client:
        """A client of the connection, over the tokens and budgets of all processes. Raises what `account` raises."""
        account = await self.account(tenant_id, connection_id)
        return self._client(account, egress, observer, policy)

    async def check(self, tenant_id: UUID, connection_id: UUID, egress: Egress) -> CheckResult:
        """Try the connection out and keep the outcome in ``is_connected`` and ``error``."""
        try:
            account = await self.account(tenant_id, connection_id)
            lacking = missing(account)
            if lacking:
                result = CheckResult(ok=False, detail=lacking)
            elif account.manifest.storage is not UNSET:
                result = await self._check_storage(tenant_id, account, egress)
            else:
                result = await self._client(account, egress).check()
        except (ReconnectNeeded, BadInput) as error:
            result = CheckResult(ok=False, detail=error.detail)
        told = None if result.ok else result.detail
        await self.report(tenant_id, connection_id, told, renew=result.verified)
        return result

    async def _check_storage(self, tenant_id: UUID, account: Account, egress: Egress) -> CheckResult:
        """Lists the folder that the connection is for, and keeps what was found out about the server."""
        from tieline.connectors.files import tried

        known = dict(account.params)
        try:
            storage = await tried(account, egress, self.sandbox)
        except TielineError as error:
            return CheckResult(ok=False, detail=error.detail, verified=not isinstance(error, Transient))
        if storage.learned:
            async with self._database.tenant(tenant_id) as unit:
                # Only where nobody has changed the connection meanwhile: what was learned is about these answers.
                await unit.update(
                    connections,
                    connections.c.id == UUID(account.connection_id),
                    connections.c.params == known,
                    params={**known, **storage.learned},
                    updated_at=now(),
                )
        return CheckResult(ok=True, note="; ".join(storage.notes))

    async def report(self, tenant_id: UUID, connection_id: UUID, error: str | None, *, renew: bool = True) -> None:
        """Note that the connection works (None), or why not.

        That it has to be renewed (``renew``) opens a notice; an API that is only down needs nobody.
        """
        text = error.replace("\x00", "")[:_LONGEST_ERROR] if error else None
        async with self._database.tenant(tenant_id) as unit:
            if text is None:
                # Also where nothing else changes: new answers have made it look connected already.
                await notices.close(unit, _notice_key(connection_id))
            mine = connections.c.id == connection_id
            changed = (connections.c.is_connected != (text is None)) | connections.c.error.is_distinct_from(text)
            moved = await unit.update(
                connections, mine, changed, is_connected=text is None, error=text, updated_at=now()
            )
            if not moved:
                return
            row = await self.get(unit, connection_id)
            await tell(unit, row, "mended" if text is None else "broken")
            if text is None or not renew:
                return
            await notices.open(
                unit,
                kind=RECONNECT,
                subject=f"connection:{connection_id}",
                title=f"The connection {row['name']!r} has to be renewed",
                detail=text,
            )

    def _client(
        self, account: Account, egress: Egress, observer: Observer | None = None, policy: RetryPolicy | None = None
    ) -> Client:
        return Client(account, egress=egress, tokens=self.tokens, budget=self.budget, observer=observer, policy=policy)

    def _seal(self, unit: Unit, account: Account, binding: Binding) -> bytes | None:
        """Also without secrets where there will be tokens, which are bound in the same way."""
        if not account.secrets and not interactive(account.method()):
            return None
        return binding.seal(self._vault, _context(unit.tenant_id, UUID(account.connection_id)), account.secrets)

    def _open(self, unit: Unit, row: Row) -> tuple[dict[str, str], Binding]:
        if row["secrets"] is None:
            return {}, Binding()
        return Binding.open(self._vault, _context(unit.tenant_id, row["id"]), row["secrets"])


def _account(manifest: Manifest, unit: Unit, connection_id: UUID, answers: Answers, server: str | None) -> Account:
    return Account(
        manifest=manifest,
        connection_id=str(connection_id),
        tenant_id=str(unit.tenant_id),
        auth_method=answers.method,
        server=checked(server),
        params=dict(answers.params),
        secrets=answers.secrets,
    )


def _sign_in(account: Account) -> str:
    method = account.method()
    return "sign in to connect" if method is not None and interactive(method) else ""


def _asked(account: Account, given: Row, before: Row) -> bool:
    """Whether an answer has changed that a token may have been fetched with."""
    method = account.method()
    asked = {"scope", "scopes", *(spec.id for spec in (method.fields if method is not None else []))}
    return any(given.get(name) != before.get(name) for name in asked)


def _notice_key(connection_id: UUID) -> str:
    return f"{RECONNECT}/connection:{connection_id}"


def _context(tenant_id: UUID | None, connection_id: UUID) -> bytes:
    return f"connections:{tenant_id}:{connection_id}".encode()


def _name(name: str) -> str:
    text = str(name).strip()
    if not text or len(text) > _LONGEST_NAME or "\x00" in text:
        raise BadInput(f"a connection's name must have 1 to {_LONGEST_NAME} characters", pointer="/name")
    return text


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFound("There is no such connection.")
    return row


resealing.register(Place(connections, connections.c.secrets, lambda row: _context(row["tenant_id"], row["id"])))
