"""The event that a subscription is about: the manifest's, with what the subscription says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tieline.connectors.manifest.model import Manifest, WebhookEvent
from tieline.core.errors import BadInput, NotFound

FIELDS = frozenset(
    ("payload", "type_path", "object_path", "coalesce", "fetch", "fetch_inputs", "verification", "handshake", "event")
)
"""What a subscription's ``settings`` may say otherwise."""


def find(manifest: Manifest, wanted: str) -> WebhookEvent:
    """The event of that id, GUID or name at the vendor; raises NotFound."""
    for name in ("id", "guid", "event"):
        for event in manifest.webhooks:
            if wanted and getattr(event, name) == wanted:
                return event
    raise NotFound(f"the connector {manifest.name!r} has no webhook event {wanted[:100]!r}")


def of(row: Mapping[str, Any], manifest: Manifest | None) -> WebhookEvent:
    """The event of a subscription's row. One without connection has what its settings say, and may be unsigned."""
    event = WebhookEvent(id=row["event"])
    if manifest is not None:
        try:
            event = find(manifest, row["event"])
        except NotFound:
            # Gone with a newer document: what came before may still be received.
            event = WebhookEvent(id=row["event"], event=row["event"])
    return changed(event, row["settings"])


def changed(event: WebhookEvent, settings: Mapping[str, Any]) -> WebhookEvent:
    """The event with a subscription's own settings. Raises `BadInput` for values of a wrong type."""
    own = {name: value for name, value in settings.items() if name in FIELDS}
    if not own:
        return event
    try:
        return msgspec.convert({**msgspec.to_builtins(event), **own}, WebhookEvent)
    except msgspec.ValidationError as error:
        raise BadInput(f"the settings of the webhook subscription are wrong: {error}", pointer="/settings") from None
