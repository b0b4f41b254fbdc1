"""OAuth clients of a tenant, and their secrets.

    client, secret = await clients.create(unit, principal, {"clientName": "Sync", "appType": "web"})

Changes come in the names of the wire (``allowedScopes``), because JSON Patch names them so.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.tables import oauth_client_secrets, oauth_clients, oauth_tokens
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.oauth import rules, scopes
from tieline.tenancy.oauth.errors import TooManySecrets
from tieline.tenancy.principal import Principal
from tieline.tenancy.scopes import USER_DEFAULT

SECRET_PREFIX = "tlns_"  # noqa: S105 - how secrets begin
MAX_SECRETS = 5
HINT_LENGTH = 5
REQUIRED, TRUSTED = "required", "trusted"
CODE_GRANT = "authorization_code"
DISCONNECTED = "disconnected"

_TEXTS = {"clientName": 512, "clientUri": 2048, "logoUri": 2048, "description": 4096}
_LISTS = ("redirectUris", "allowedOrigins", "allowedScopes", "allowedGrantTypes", "allowedAuthMethods", "publicKeys")
_COLUMNS = {
    "redirectUris": "redirect_uris",
    "allowedOrigins": "allowed_origins",
    "allowedScopes": "allowed_scopes",
    "allowedGrantTypes": "allowed_grant_types",
    "allowedAuthMethods": "allowed_auth_methods",
}


async def create(unit: Unit, principal: Principal, fields: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A new client and its first secret ("" where it has none). Raises `BadInput`."""
    app_type = fields["appType"]
    wanted = dict(fields)
    if app_type == rules.WEB and not wanted.get("allowedAuthMethods"):
        wanted["allowedAuthMethods"] = [rules.SECRET]
    if wanted.get("allowedScopes") is None:
        wanted["allowedScopes"] = [USER_DEFAULT]
    values: dict[str, Any] = {"settings": {}}
    for name in (*_TEXTS, *_LISTS):
        if wanted.get(name) is not None:
            _put(values, app_type, name, wanted[name])
    _check_whole(values)
    identity, client_id = new_id(), randomness.token_hex(16)
    method = (fields.get("connectionConfig") or {}).get("consentMethod") or REQUIRED
    await unit.insert(
        oauth_clients,
        id=identity,
        client_id=client_id,
        app_type=app_type,
        consent_method=method,
        created_by=principal.user_id,
        **values,
    )
    client = await get(unit, client_id)
    await audit.record(
        unit,
        principal,
        action="oauth-client.created",
        subject=f"oauth-client:{client_id}",
        name=client["name"],
        detail={"appType": app_type, "allowedScopes": client["allowed_scopes"]},
    )
    if rules.SECRET not in client["allowed_auth_methods"]:
        return client, ""
    made, secret = await add_secret(unit, principal, client)
    return {**client, "secrets": [made]}, secret


async def get(unit: Unit, client_id: str, *, lock: bool = False) -> dict[str, Any]:
    """A client of the unit's tenant with its ``secrets`` (hints only). Raises `NotFound`."""
    statement = unit.select(oauth_clients).where(oauth_clients.c.client_id == client_id)
    row = await unit.one(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("There is no such OAuth client.")
    return (await with_secrets(unit, [row]))[0]


async def with_secrets(unit: Unit, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with what may be shown of their secrets, oldest first."""
    table = oauth_client_secrets
    statement = unit.select(table, table.c.oauth_client_id, table.c.hint, table.c.created_at, table.c.created_by)
    ids = [row["id"] for row in rows]
    found = await unit.all(statement.where(table.c.oauth_client_id.in_(ids)).order_by(table.c.created_at))
    return [{**row, "secrets": [one for one in found if one["oauth_client_id"] == row["id"]]} for row in rows]


async def patch(unit: Unit, principal: Principal, client_id: str, operations: Sequence[Mapping[str, Any]]) -> str:
    """Applies ``{op, path, value}`` in order. The secret that came about, else "". Raises `BadInput`, `NotFound`."""
    client = await get(unit, client_id, lock=True)
    values = {name: client[name] for name in (*_COLUMNS.values(), "name", "settings")}
    values["settings"] = dict(client["settings"])
    for position, operation in enumerate(operations):
        name = operation["path"].removeprefix("/")
        value = operation.get("value")
        if operation["op"] == "remove":
            if name == "clientName":
                raise BadInput("A client cannot be without a name; replace it.", pointer=f"/{position}/path")
            value = [] if name in _LISTS else ""
        elif value is None:
            raise BadInput(f"The operation {operation['op']} needs a value.", pointer=f"/{position}/value")
        _put(values, client["app_type"], name, _listed(name, value))
    _check_whole(values)
    await unit.update(oauth_clients, oauth_clients.c.id == client["id"], updated_at=now(), **values)
    changed = audit.changes(client, values, only=["name", *_COLUMNS.values()])
    await audit.record(
        unit,
        principal,
        action="oauth-client.changed",
        subject=f"oauth-client:{client_id}",
        name=client["name"],
        detail=changed,
    )
    if rules.SECRET in values["allowed_auth_methods"] and not client["secrets"]:
        return (await add_secret(unit, principal, client))[1]
    return ""


async def publish(unit: Unit, principal: Principal, client_id: str) -> dict[str, Any]:
    """Marks the client as published; the moment of the first time stays. Raises `NotFound`."""
    client = await get(unit, client_id, lock=True)
    if client["published_at"] is None:
        client["published_at"] = now()
        await unit.update(
            oauth_clients, oauth_clients.c.id == client["id"], published_at=client["published_at"], updated_at=now()
        )
        await audit.record(
            unit,
            principal,
            action="oauth-client.published",
            subject=f"oauth-client:{client_id}",
            name=client["name"],
        )
    return client


async def delete(unit: Unit, principal: Principal, client_id: str) -> None:
    """Removes the client with its secrets, codes and tokens. Raises `NotFound`."""
    client = await get(unit, client_id, lock=True)
    await unit.delete(oauth_clients, oauth_clients.c.id == client["id"])
    await audit.record(
        unit, principal, action="oauth-client.deleted", subject=f"oauth-client:{client_id}", name=client["name"]
    )


async def add_secret(unit: Unit, principal: Principal, client: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A further secret, which nobody can see again. Raises `TooManySecrets`, `BadInput` where there can be none."""
    if client["app_type"] != rules.WEB:
        raise BadInput("A client of this type cannot keep a secret; only clients of the type web have secrets.")
    if len(client["secrets"]) >= MAX_SECRETS:
        raise TooManySecrets(f"A client has at most {MAX_SECRETS} secrets; delete one first.")
    while True:
        secret = tokens.new_token(SECRET_PREFIX)
        row = {
            "oauth_client_id": client["id"],
            "hint": secret[-HINT_LENGTH:],
            "created_by": principal.user_id,
            "created_at": now(),
        }
        statement = insert(oauth_client_secrets).values(tenant_id=unit.tenant_id, hash=tokens.hash_token(secret), **row)
        # Two secrets of a client with the same end are rare, and must not be told apart by nothing.
        if await unit.one(statement.on_conflict_do_nothing().returning(oauth_client_secrets.c.hint)) is not None:
            break
    await audit.record(
        unit,
        principal,
        action="oauth-client.secret-created",
        subject=f"oauth-client:{client['client_id']}",
        name=client["name"],
        detail={"hint": row["hint"]},
    )
    return row, secret


async def delete_secret(unit: Unit, principal: Principal, client_id: str, hint: str) -> None:
    """Ends a secret at once. Raises `NotFound`."""
    client = await get(unit, client_id, lock=True)
    table = oauth_client_secrets
    if not await unit.delete(table, table.c.oauth_client_id == client["id"], table.c.hint == hint):
        raise NotFound("The OAuth client has no such secret.")
    await audit.record(
        unit,
        principal,
        action="oauth-client.secret-deleted",
        subject=f"oauth-client:{client_id}",
        name=client["name"],
        detail={"hint": hint},
    )


async def connection_of(unit: Unit, client_id: str) -> dict[str, Any]:
    """The client whose connection to the tenant is asked for. Raises `NotFound` also where that was deleted."""
    client = await get(unit, client_id)
    if client["settings"].get(DISCONNECTED):
        raise NotFound("The OAuth client has no connection to this tenant; set its consent method to make one.")
    return client


async def connect(unit: Unit, principal: Principal, client_id: str, method: str) -> None:
    """Sets whether people are asked (``required``) or not (``trusted``); makes the connection where there is none."""
    client = await get(unit, client_id, lock=True)
    settings = {name: value for name, value in client["settings"].items() if name != DISCONNECTED}
    await unit.update(
        oauth_clients,
        oauth_clients.c.id == client["id"],
        consent_method=method,
        settings=settings,
        updated_at=now(),
    )
    await audit.record(
        unit,
        principal,
        action="oauth-client.consent-method-changed",
        subject=f"oauth-client:{client_id}",
        name=client["name"],
        detail={"consentMethod": [client["consent_method"], method]},
    )


async def disconnect(unit: Unit, principal: Principal, client_id: str) -> None:
    """Nobody of the tenant can sign in to the client any more, and what people granted it ends. Raises `NotFound`."""
    client = await connection_of(unit, client_id)
    await unit.update(
        oauth_clients,
        oauth_clients.c.id == client["id"],
        consent_method=REQUIRED,
        settings={**client["settings"], DISCONNECTED: True},
        updated_at=now(),
    )
    table = oauth_tokens
    await unit.update(
        table,
        table.c.oauth_client_id == client["id"],
        table.c.grant_type != rules.CLIENT_CREDENTIALS,
        table.c.revoked_at.is_(None),
        revoked_at=now(),
    )
    await audit.record(
        unit, principal, action="oauth-client.disconnected", subject=f"oauth-client:{client_id}", name=client["name"]
    )


def _put(values: dict[str, Any], app_type: str, name: str, value: Any) -> None:
    """Checks one field and puts it where it is stored."""
    if name in _TEXTS:
        if not isinstance(value, str) or len(value) > _TEXTS[name] or (name == "clientName" and not value.strip()):
            raise BadInput(f"{name} is a text of at most {_TEXTS[name]} characters.", pointer=f"/{name}")
        if name == "clientName":
            values["name"] = value
        else:
            values["settings"][name] = value
        return
    match name:
        case "redirectUris":
            checked: list[Any] = rules.redirect_uris(value, app_type)
        case "allowedOrigins":
            checked = rules.allowed_origins(value, app_type)
        case "allowedScopes":
            checked = scopes.check_allowed(value)
        case "allowedGrantTypes":
            checked = rules.grant_types(value, app_type)
        case "allowedAuthMethods":
            checked = rules.auth_methods(value, app_type)
        case _:
            values["settings"]["publicKeys"] = rules.public_keys(value)
            return
    values[_COLUMNS[name]] = checked


def _check_whole(values: Mapping[str, Any]) -> None:
    if rules.KEY in values.get("allowed_auth_methods", ()) and not values["settings"].get("publicKeys"):
        raise BadInput(
            "The method private_key_jwt needs at least one public key; send publicKeys.", pointer="/publicKeys"
        )


def _listed(name: str, value: Any) -> Any:
    """JSON Patch may carry one text in place of a list, and keys as texts."""
    if name not in _LISTS:
        return value
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise BadInput(f"{name} is a list.", pointer=f"/{name}")
    if name != "publicKeys":
        if not all(isinstance(item, str) for item in items):
            raise BadInput(f"{name} is a list of texts.", pointer=f"/{name}")
        return items
    keys = []
    for item in items:
        try:
            key = msgspec.json.decode(item) if isinstance(item, str) else item
        except (msgspec.MsgspecError, UnicodeError):
            key = None
        if not isinstance(key, dict):
            raise BadInput("publicKeys is a list of JSON Web Keys.", pointer="/publicKeys")
        keys.append(key)
    return keys
