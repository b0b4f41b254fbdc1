"""Which input is the callback URL, which field the id, where a manifest says nothing: by the names that APIs use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Block, Input
from tieline.connectors.manifest.paths import MISSING

URLS: Final = (
    "callbackurl callbackuri webhookurl webhookuri webhookendpoint targeturl hookurl notificationurl notifyurl"
    " deliveryurl endpointurl destinationurl listenerurl subscriberurl receiverurl posturl eventurl url uri endpoint"
    " callback address target destination webhook hook href"
).split()
EVENTS: Final = (
    "eventtypes eventtype events event topics topic enabledevents eventnames eventname subscribedevents triggers"
    " trigger filtertypes eventfilters eventcodes subscriptions changetype resource action types type"
).split()
SECRETS: Final = (
    "signingsecret webhooksecret secret sharedsecret secretkey signingkey secrettoken hmacsecret webhooksigningsecret"
).split()
IDS: Final = (
    "id uuid guid uid gid webhookid subscriptionid hookid channelid endpointid identifier sid _id key"
).split()
_WRAPPERS: Final = ("data", "webhook", "subscription", "hook", "result", "item", "endpoint", "response", "attributes")
_ENDS: Final = (
    "expiresat",
    "expirationdatetime",
    "expiresdate",
    "expirationdate",
    "expiration",
    "expires",
    "expiry",
    "expireson",
    "expirationtime",
    "validuntil",
)
_OFF: Final = frozenset(
    "disabled inactive paused suspended revoked expired failed deactivated blocked deleted removed off false no"
    " stopped cancelled canceled".split()
)
_SWITCHES: Final = frozenset("active enabled isactive isenabled activated".split())
_REVERSED: Final = frozenset("disabled inactive isdisabled paused suspended deleted revoked".split())
_STATES: Final = frozenset("status state webhookstatus subscriptionstatus".split())


def plain(name: str) -> str:
    """``/config/Callback-URL`` -> ``callbackurl``."""
    return re.sub(r"[^a-z0-9_]", "", name.rsplit("/", 1)[-1].lower()).replace("_", "") or name.lower()


def guess(block: Block, words: Iterable[str], taken: Iterable[str] = ()) -> Input | None:
    """The input of a block whose name is the first of ``words``, of those that are not ``taken``."""
    spent = set(taken)
    free = [spec for spec in block.inputs if spec.id not in spent and not spec.read_only]
    for word in words:
        for spec in free:
            if word in (plain(spec.id), plain(spec.name)):
                return spec
    return None


def first_id(record: Any) -> str:
    """The id in what a vendor answered to a subscription, or in an entry of his list; "" where none is seen."""
    for layer in _layers(record):
        named = {plain(name) if name != "_id" else "_id": value for name, value in layer.items()}
        for word in IDS:
            found = text_of(named.get(word))
            if found:
                return found
    return ""


def text_of(value: Any) -> str:
    """An id as text; "" for what is no id."""
    if isinstance(value, str):
        return value.strip()[:1000]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def at(record: Any, path: str, *others: Any) -> Any:
    """The value at a ``$``-path in the first of the bodies that has one; None where none has."""
    for body in (record, *others):
        found = paths.get(body, path)
        if found is not MISSING and found is not None:
            return found
    return None


def is_active(record: Any, path: str) -> bool:
    """Whether the vendor still delivers, as far as the entry of his list tells."""
    if path:
        return not _off(at(record, path))
    for layer in _layers(record):
        for name, value in layer.items():
            word = plain(name)
            if word in _SWITCHES and _off(value):
                return False
            if word in _REVERSED and (value is True or (isinstance(value, str) and value.lower() in ("true", "1"))):
                return False
            if word in _STATES and isinstance(value, str) and _off(value):
                return False
    return True


def ends(record: Any, path: str, *others: Any) -> datetime | None:
    """When the vendor forgets the subscription: RFC 3339, or seconds or milliseconds since 1970."""
    if path:
        return moment(at(record, path, *others))
    for layer in _layers(record):
        for name, value in layer.items():
            if plain(name) in _ENDS and (found := moment(value)) is not None:
                return found
    return None


def moment(value: Any) -> datetime | None:
    """A time in one of the forms that APIs give; None for anything else."""
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()):
            seconds = float(value)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        found = datetime.fromisoformat(str(value).strip())
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _off(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower().replace("_", "") in _OFF
    return value is False or (value == 0 and isinstance(value, int))


def _layers(record: Any) -> Iterator[Mapping[str, Any]]:
    """The record, and what it wraps."""
    if isinstance(record, list) and len(record) == 1:
        record = record[0]
    if not isinstance(record, dict):
        return
    yield record
    for name, inner in record.items():
        if plain(name) in _WRAPPERS:
            if isinstance(inner, list) and len(inner) == 1:
                inner = inner[0]
            if isinstance(inner, dict):
                yield inner
