"""The webhooks of a tenant that are told of events.

    webhooks = EventWebhooks(vault, policy)
    row = await webhooks.create(unit, call.principal, Wanted(name="Ops", url="https://...", event_types=[...]))

A row is the one of table ``event_webhooks`` without ``sealed``, with ``has_secret`` and ``secret_headers`` (names).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Select, func, text, true

from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import BadInput, Forbidden, NotFound
from tieline.core.ids import new_id
from tieline.security import resealing
from tieline.security.egress import Policy
from tieline.security.resealing import Place
from tieline.security.vault import Vault
from tieline.storage.tables import event_webhooks
from tieline.storage.unit import Unit
from tieline.tenancy import notices, users
from tieline.tenancy.events import filtering, rules
from tieline.tenancy.events.errors import TooManyWebhooks
from tieline.tenancy.principal import Principal

MOST_OF_A_USER: Final = 150
DISABLED: Final = "webhook-disabled"
"""The kind of the notice of a webhook that was disabled because nobody took what it sent."""

Row = dict[str, Any]


class Wanted(Struct, kw_only=True):
    """A webhook as somebody wants it; `EventWebhooks` checks it."""

    name: str
    url: str
    description: str = ""
    event_types: list[str] = field(default_factory=list)
    level: str = "tenant"
    origin: str = "api"
    enabled: bool = False
    filter: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    encrypted_headers: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    owner_id: UUID | None = None
    cloud_events: bool = True


class Secrets(Struct):
    """What is sealed of a webhook."""

    secret: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<Secrets>"


class EventWebhooks:
    """Makes, changes and removes webhooks; every method is part of the caller's transaction."""

    def __init__(self, vault: Vault, policy: Policy) -> None:
        self._vault = vault
        self._policy = policy

    async def create(self, unit: Unit, by: Principal, wanted: Wanted) -> Row:
        """A new webhook. Raises `BadInput` with the field, `Forbidden` for a level or owner that ``by`` may not set."""
        owner = await _owner(unit, by, wanted, by.user_id)
        values, secrets = await self._checked(wanted)
        await _count(unit, owner)
        webhook_id = new_id()
        await unit.insert(
            event_webhooks,
            id=webhook_id,
            origin=wanted.origin,
            owner_id=owner,
            created_by=by.user_id,
            sealed=self._seal(unit, webhook_id, secrets),
            **values,
        )
        return await self.get(unit, by, webhook_id)

    async def get(self, unit: Unit, by: Principal, webhook_id: UUID, *, lock: bool = False) -> Row:
        """One webhook. Raises `NotFound` also for one that ``by`` may not see."""
        statement = visible(unit, by).where(event_webhooks.c.id == webhook_id)
        row = await unit.one(statement.with_for_update() if lock else statement)
        if row is None:
            raise NotFound("There is no such webhook.")
        return self.shown(unit, row)

    def shown(self, unit: Unit, row: Mapping[str, Any]) -> Row:
        """A row without what is sealed in it."""
        secrets = self.secrets(unit, row)
        kept = {name: value for name, value in row.items() if name != "sealed"}
        return {**kept, "has_secret": bool(secrets.secret), "secret_headers": sorted(secrets.headers)}

    async def replace(self, unit: Unit, by: Principal, webhook_id: UUID, wanted: Wanted) -> Row:
        """All that can be set; what ``wanted`` does not say is cleared."""
        before = await self.get(unit, by, webhook_id, lock=True)
        owner = await _owner(unit, by, wanted, before["owner_id"])
        return await self._change(unit, by, before, wanted, owner)

    async def patch(self, unit: Unit, by: Principal, webhook_id: UUID, changes: Mapping[str, Any]) -> Row:
        """Changes the fields of `Wanted` that are given. Another address takes the encrypted headers away."""
        statement = visible(unit, by).where(event_webhooks.c.id == webhook_id).with_for_update()
        raw = await unit.one(statement)
        if raw is None:
            raise NotFound("There is no such webhook.")
        secrets, before = self.secrets(unit, raw), self.shown(unit, raw)
        settings = before["settings"]
        moved = "url" in changes and changes["url"] != before["url"]
        known: dict[str, Any] = {
            "name": before["name"],
            "url": before["url"],
            "description": settings.get("description", ""),
            "event_types": before["event_types"],
            "level": before["level"],
            "origin": before["origin"],
            "enabled": before["enabled"],
            "filter": settings.get("filter", ""),
            "headers": settings.get("headers", {}),
            "encrypted_headers": {} if moved else secrets.headers,
            "secret": secrets.secret,
            "cloud_events": settings.get("cloudEvents", True),
        }
        return await self._change(unit, by, before, Wanted(**{**known, **changes}), before["owner_id"])

    async def delete(self, unit: Unit, by: Principal, webhook_id: UUID) -> Row:
        """Removes it with its deliveries; what was not delivered is not sent any more. Gives what it was."""
        row = await self.get(unit, by, webhook_id, lock=True)
        await unit.delete(event_webhooks, event_webhooks.c.id == webhook_id)
        await notices.close(unit, notice_key(webhook_id))
        return row

    def secrets(self, unit: Unit, row: Mapping[str, Any]) -> Secrets:
        """What is sealed in a row."""
        return opened(self._vault, unit.tenant_id, row)

    async def _change(self, unit: Unit, by: Principal, before: Row, wanted: Wanted, owner: UUID) -> Row:
        if before["settings"].get("cloudEvents", True) and not wanted.cloud_events:
            raise BadInput(
                "enableCloudEventDelivery stays true once it is; leave it out.", pointer="/enableCloudEventDelivery"
            )
        values, secrets = await self._checked(wanted)
        if wanted.enabled and not before["enabled"]:
            values |= {"failing_since": None, "disabled_code": None}
            values["settings"].pop("disabledReason", None)
            await notices.close(unit, notice_key(before["id"]))
        elif not wanted.enabled and (reason := before["settings"].get("disabledReason")):
            values["settings"]["disabledReason"] = reason
        if wanted.url != before["url"]:
            values["failing_since"] = None
        if owner != before["owner_id"]:
            await _count(unit, owner)
        await unit.update(
            event_webhooks,
            event_webhooks.c.id == before["id"],
            owner_id=owner,
            updated_by=by.user_id,
            updated_at=now(),
            sealed=self._seal(unit, before["id"], secrets),
            **values,
        )
        # Whoever gave it away may not see it any more.
        row = await unit.one(unit.select(event_webhooks).where(event_webhooks.c.id == before["id"]))
        assert row is not None
        return self.shown(unit, row)

    async def _checked(self, wanted: Wanted) -> tuple[Row, Secrets]:
        """The columns of a webhook, and what is sealed of it."""
        if len(wanted.description) > rules.LONGEST_DESCRIPTION:
            raise BadInput(
                f"The description has at most {rules.LONGEST_DESCRIPTION} characters.", pointer="/description"
            )
        headers = rules.check_headers(wanted.headers, "/headers")
        hidden = rules.check_headers(wanted.encrypted_headers, "/encryptedHeaders")
        settings = {
            "description": wanted.description,
            "filter": filtering.checked(wanted.filter),
            "headers": headers,
            "cloudEvents": wanted.cloud_events,
        }
        values: Row = {
            "name": rules.check_name(wanted.name),
            "event_types": rules.check_types(wanted.event_types, wanted.level),
            "level": wanted.level,
            "enabled": wanted.enabled,
            "settings": settings,
            "url": await rules.check_url(wanted.url, self._policy),
        }
        return values, Secrets(rules.check_secret(wanted.secret), hidden)

    def _seal(self, unit: Unit, webhook_id: UUID, secrets: Secrets) -> bytes | None:
        if not secrets.secret and not secrets.headers:
            return None
        plain = json.dumps({"secret": secrets.secret, "headers": secrets.headers})
        return self._vault.seal(plain, context=_place(unit.tenant_id, webhook_id))


def opened(vault: Vault, tenant_id: UUID | None, row: Mapping[str, Any]) -> Secrets:
    """What is sealed in a row of ``event_webhooks``."""
    if row["sealed"] is None:
        return Secrets()
    return Secrets(**json.loads(vault.open(row["sealed"], context=_place(tenant_id, row["id"]))))


def sees(by: Principal) -> ColumnElement[bool]:
    """Administrators see all; others those of their own level that they own."""
    if by.is_admin:
        return true()
    return (event_webhooks.c.level == "user") & (event_webhooks.c.owner_id == by.user_id)


def visible(unit: Unit, by: Principal) -> Select[Any]:
    """The webhooks that ``by`` may see."""
    return unit.select(event_webhooks).where(sees(by))


def notice_key(webhook_id: UUID) -> str:
    """The key of the notice that it was disabled."""
    return f"{DISABLED}/event-webhook:{webhook_id}"


async def _owner(unit: Unit, by: Principal, wanted: Wanted, default: UUID) -> UUID:
    if wanted.level == "tenant" and not by.is_admin:
        raise Forbidden("Only a tenant administrator may have webhooks at the level tenant; set level to user.")
    if wanted.owner_id is None or wanted.owner_id == default:
        return default
    if not by.is_admin:
        raise Forbidden("Only a tenant administrator may make webhooks for others; leave ownerId out.")
    try:
        await users.get(unit, wanted.owner_id)
    except NotFound:
        raise BadInput("There is no such user.", pointer="/ownerId") from None
    return wanted.owner_id


async def _count(unit: Unit, owner: UUID) -> None:
    """Raises `TooManyWebhooks`. Those who add to one user's wait for each other, so that the limit is exact."""
    name = {"name": f"event-webhooks/{unit.tenant_id}/{owner}"}
    await unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 11))"), name)
    count = await unit.scalar(unit.select(event_webhooks, func.count()).where(event_webhooks.c.owner_id == owner))
    if count >= MOST_OF_A_USER:
        raise TooManyWebhooks(f"A user can have {MOST_OF_A_USER} webhooks; remove one that is not used.")


def _place(tenant_id: UUID | None, webhook_id: UUID) -> bytes:
    return f"event_webhooks/{tenant_id}/{webhook_id}/sealed".encode()


resealing.register(Place(event_webhooks, event_webhooks.c.sealed, lambda row: _place(row["tenant_id"], row["id"])))
