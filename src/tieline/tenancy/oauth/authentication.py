"""Which client asks, and whether it is the one (RFC 6749 section 2.3).

An unknown client, a wrong secret and a secret where none is expected get the same answer after the same work.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.security.signatures.base import SignatureRefused
from tieline.storage.database import Database
from tieline.storage.tables import oauth_client_secrets, oauth_clients, tenants, used_tokens
from tieline.storage.unit import Unit
from tieline.tenancy import standing
from tieline.tenancy.oauth import assertions, rules
from tieline.tenancy.oauth.clients import DISCONNECTED, SECRET_PREFIX
from tieline.tenancy.oauth.errors import InvalidClient, OAuthError

_NOBODY = bytes(32)
_REFUSED = "The client is not known, or did not prove that it is the one; check client_id and client_secret."


class Presented(Struct, frozen=True):
    """What a request shows to prove its client. ``basic`` = it came in the header Authorization."""

    client_id: str = ""
    secret: str = ""
    assertion: str = ""
    assertion_type: str = ""
    basic: bool = False


class Client(Struct, frozen=True, kw_only=True):
    """A client of an active tenant; ``proved`` = it showed a secret or a key."""

    id: UUID
    tenant_id: UUID
    client_id: str
    name: str
    app_type: str
    redirect_uris: tuple[str, ...]
    allowed_scopes: tuple[str, ...]
    grant_types: tuple[str, ...]
    auth_methods: tuple[str, ...]
    consent_method: str
    created_by: UUID
    public_keys: tuple[dict[str, Any], ...]
    partner_id: UUID
    tenant_name: str
    tenant_settings: Mapping[str, Any]
    connected: bool
    proved: bool = False


_CLIENT = (
    select(
        oauth_clients,
        tenants.c.partner_id,
        tenants.c.name.label("tenant_name"),
        tenants.c.settings.label("tenant_settings"),
    )
    .join(tenants, tenants.c.id == oauth_clients.c.tenant_id)
    .where(tenants.c.status == standing.ACTIVE)
)


async def find(unit: Unit, client_id: str) -> Client | None:
    """A client of whatever tenant; ``unit`` is one of the system."""
    row = await unit.one(_CLIENT.where(oauth_clients.c.client_id == client_id)) if "\0" not in client_id else None
    if row is None:
        return None
    return Client(
        id=row["id"],
        tenant_id=row["tenant_id"],
        client_id=row["client_id"],
        name=row["name"],
        app_type=row["app_type"],
        redirect_uris=tuple(row["redirect_uris"]),
        allowed_scopes=tuple(row["allowed_scopes"]),
        grant_types=tuple(row["allowed_grant_types"]),
        auth_methods=tuple(row["allowed_auth_methods"]),
        consent_method=row["consent_method"],
        created_by=row["created_by"],
        public_keys=tuple(row["settings"].get("publicKeys", ())),
        partner_id=row["partner_id"],
        tenant_name=row["tenant_name"],
        tenant_settings=row["tenant_settings"],
        connected=not row["settings"].get(DISCONNECTED),
    )


async def authenticate(database: Database, shown: Presented, audience: Collection[str]) -> Client:
    """The client behind a request; clients that cannot keep a secret only name themselves. Raises `InvalidClient`."""
    if shown.assertion and shown.secret:
        raise OAuthError("Send either a client_secret or a client_assertion, not both.")
    if shown.assertion and shown.assertion_type != assertions.TYPE:
        raise OAuthError(f"The client_assertion_type has to be {assertions.TYPE}.")
    client_id = shown.client_id or (assertions.subject(shown.assertion) if shown.assertion else "")
    if not client_id:
        raise InvalidClient("Name the client: send client_id, or the header Authorization: Basic.")
    async with database.system() as unit:
        client = await find(unit, client_id[:512])
        of = client.id if client else new_id()
        kept = await unit.all(select(oauth_client_secrets.c.hash).where(oauth_client_secrets.c.oauth_client_id == of))
        proved = _knows(shown.secret, [row["hash"] for row in kept])
        if client is None:
            raise InvalidClient(_REFUSED)
        if shown.assertion:
            await _asserted(unit, client, shown.assertion, audience)
            return _proved(client)
    if client.app_type == rules.WEB or shown.secret:
        if not proved or rules.SECRET not in client.auth_methods:
            raise InvalidClient(_REFUSED)
        return _proved(client)
    return client


def _knows(secret: str, hashes: list[bytes]) -> bool:
    shown = tokens.hash_token(secret)
    # All are compared, and one more that nothing equals, whatever comes out.
    found = [hmac.compare_digest(shown, known) for known in (*hashes, _NOBODY)]
    return any(found) and tokens.is_well_formed(secret, SECRET_PREFIX)


async def _asserted(unit: Unit, client: Client, token: str, audience: Collection[str]) -> None:
    if rules.KEY not in client.auth_methods:
        raise InvalidClient(_REFUSED)
    try:
        assertion = assertions.verify(token, client.public_keys, client_id=client.client_id, audience=audience)
    except SignatureRefused:
        raise InvalidClient(_REFUSED) from None
    await unit.connection.execute(delete(used_tokens).where(used_tokens.c.expires_at < now()))
    statement = insert(used_tokens).values(
        partner_id=client.partner_id, hash=assertion.digest, expires_at=assertion.expires_at
    )
    if await unit.one(statement.on_conflict_do_nothing().returning(used_tokens.c.hash)) is None:
        raise InvalidClient(_REFUSED)


def _proved(client: Client) -> Client:
    from msgspec.structs import replace

    return replace(client, proved=True)
