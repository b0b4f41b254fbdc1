"""The other side: subscriptions at a vendor, made, listed, renewed and removed by the blocks of his connector."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from tieline.connectors.manifest.model import Block, Input, WebhookEvent
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.errors import UpstreamRefused
from tieline.connectors.webhooks import naming
from tieline.connectors.webhooks.addresses import found_in
from tieline.connectors.webhooks.errors import WebhookUnsupported
from tieline.connectors.webhooks.keys import Keys
from tieline.core.clock import iso, now
from tieline.core.errors import NotFound

Clients = Callable[[UUID, UUID], Awaitable[Client]]
"""Opens a connection: tenant id, connection id."""

MOST_LISTED: Final = 10_000


class Made(Struct, kw_only=True):
    """What the vendor said about a subscription."""

    remote_id: str = ""
    secret: str = ""
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Made({self.remote_id!r})"


class Entry(Made, kw_only=True):
    """One subscription in the vendor's list. ``addresses``: base and token of each callback address of our form."""

    addresses: list[tuple[str, str]]
    active: bool = True


class Vendor:
    """The subscriptions of one connection. ``once`` is a client that sends nothing twice."""

    def __init__(self, client: Client, once: Client) -> None:
        self._client = client
        self._once = once

    async def create(self, event: WebhookEvent, given: Mapping[str, Any], keys: Keys, url: str, key: str) -> Made:
        """Subscribe. Raises `UpstreamUnavailable` where the answer was lost, so that nobody knows."""
        block = self._block(event, "subscribe")
        inputs = creating(event, block, given, keys, url)
        answer = await self._once.call(block, inputs, idempotency_key=key)
        record, body = answer.data, answer.body
        remote = naming.text_of(naming.at(record, event.id_path, body)) if event.id_path else naming.first_id(record)
        if not remote and not event.id_path:
            remote = naming.first_id(body) or _last_part(answer.headers.get("location", ""))
        secret = naming.text_of(naming.at(record, event.secret_path, body)) if event.secret_path else ""
        ends = naming.ends(record, event.expires_path, body) or _end_of(event)
        return Made(remote_id=remote, secret=secret, expires_at=ends)

    async def remove(self, event: WebhookEvent, remote_id: str, given: Mapping[str, Any], url: str = "") -> bool:
        """Unsubscribe; False where the vendor did not know of it any more."""
        block = self._block(event, "unsubscribe")
        inputs = removing(event, block, given, remote_id, url)
        try:
            answer = await self._client.call(block, inputs)
        except UpstreamRefused as error:
            if error.upstream_status in (404, 410):
                return False
            raise
        return not answer.done_already

    async def renew(self, event: WebhookEvent, remote_id: str, given: Mapping[str, Any]) -> datetime | None:
        """Prolong; the new end. Raises NotFound where the vendor has forgotten it."""
        block = self._block(event, "renew")
        inputs = removing(event, block, given, remote_id, "")
        if event.expires_input and (ending := _end_of(event)) is not None:
            inputs[event.expires_input] = iso(ending)
        try:
            answer = await self._client.call(block, inputs)
        except UpstreamRefused as error:
            if error.upstream_status in (404, 410):
                raise NotFound("the vendor has forgotten the subscription") from None
            raise
        return naming.ends(answer.data, event.expires_path, answer.body) or _end_of(event)

    async def listed(self, event: WebhookEvent, given: Mapping[str, Any]) -> list[Entry]:
        """All that the vendor has, as far as his list shows it."""
        block = self._block(event, "list")
        entries: list[Entry] = []
        async for record in self._client.records(block, listing(block, given), limit=MOST_LISTED):
            remote = naming.text_of(naming.at(record, event.id_path)) if event.id_path else ""
            secret = naming.text_of(naming.at(record, event.secret_path)) if event.secret_path else ""
            entries.append(
                Entry(
                    remote_id=remote or naming.first_id(record),
                    secret=secret,
                    expires_at=naming.ends(record, event.expires_path),
                    addresses=list(dict.fromkeys(found_in(record))),
                    active=naming.is_active(record, event.active_path),
                )
            )
        return entries

    def _block(self, event: WebhookEvent, what: str) -> Block:
        name: str = getattr(event, what)
        if not name:
            raise WebhookUnsupported(f"the webhook event {event.id!r} of the connector has no {what} block")
        return self._client.block(name)


def creating(event: WebhookEvent, block: Block, given: Mapping[str, Any], keys: Keys, url: str) -> dict[str, Any]:
    """The inputs that subscribe. Raises `WebhookUnsupported` where nothing takes the callback address."""
    inputs = {**event.inputs, **given}
    target = _input(block, event.url_input) or naming.guess(block, naming.URLS, inputs)
    if target is None:
        raise WebhookUnsupported(
            f"no input of block {block.id!r} takes the callback address; name it in url_input of the event {event.id!r}"
        )
    _set(inputs, target, url)
    topic = _input(block, event.event_input) or naming.guess(block, naming.EVENTS, inputs)
    if topic is not None and event.event:
        _set(inputs, topic, event.event)
    secret = _input(block, event.secret_input) or naming.guess(block, naming.SECRETS, inputs)
    if secret is not None and keys.secret:
        _set(inputs, secret, keys.secret)
    if event.handshake.get("token_input") and (word := _input(block, str(event.handshake["token_input"]))) is not None:
        _set(inputs, word, keys.verify)
    ends = _end_of(event)
    if event.expires_input and ends is not None:
        inputs[event.expires_input] = iso(ends)
    return inputs


def takes_secret(event: WebhookEvent, block: Block) -> bool:
    """Whether we may choose the signing secret."""
    if event.secret_path:
        return False
    return (_input(block, event.secret_input) or naming.guess(block, naming.SECRETS, event.inputs)) is not None


def removing(event: WebhookEvent, block: Block, given: Mapping[str, Any], remote_id: str, url: str) -> dict[str, Any]:
    """The inputs that name one subscription."""
    inputs = listing(block, given)
    target = _input(block, event.remote_input)
    if target is None:
        free = [spec for spec in block.inputs if spec.id not in inputs]
        placed = [spec for spec in free if spec.location == "path"]
        required = [spec for spec in free if spec.required]
        # The innermost id of "/accounts/{account}/hooks/{hook}".
        target = placed[-1] if placed else required[0] if len(required) == 1 else naming.guess(block, naming.IDS)
    if target is not None and remote_id:
        _set(inputs, target, remote_id)
    elif url and (by_url := naming.guess(block, naming.URLS, inputs)) is not None:
        _set(inputs, by_url, url)
    else:
        raise WebhookUnsupported(
            f"no input of block {block.id!r} takes the subscription's id; name it in remote_input of the event"
            f" {event.id!r}"
        )
    return inputs


def listing(block: Block, given: Mapping[str, Any]) -> dict[str, Any]:
    """Of a subscription's inputs those that a block has as well, such as the repository it is about."""
    known = {spec.id for spec in block.inputs} | {spec.name for spec in block.inputs}
    return {name: value for name, value in given.items() if name in known}


def _input(block: Block, wanted: str) -> Input | None:
    if not wanted:
        return None
    for spec in block.inputs:
        if wanted in (spec.id, spec.name, spec.name.lstrip("/")):
            return spec
    raise WebhookUnsupported(f"block {block.id!r} has no input {wanted!r}, which the connector's webhook event names")


def _set(inputs: dict[str, Any], spec: Input, value: str) -> None:
    """A value that a person has given stays; what takes a list gets one."""
    inputs.setdefault(spec.id, [value] if spec.type == "array" else value)


def _end_of(event: WebhookEvent) -> datetime | None:
    return now() + timedelta(seconds=event.lifetime) if event.lifetime > 0 else None


def _last_part(location: str) -> str:
    return location.partition("?")[0].rstrip("/").rpartition("/")[2][:200]
