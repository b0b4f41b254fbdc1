"""Webhook events of a manifest: what the API calls us with, and the blocks that subscribe and unsubscribe."""

from __future__ import annotations

from collections.abc import Mapping

from tieline.connectors.importers.classify.words import snake, title
from tieline.connectors.importers.description import Description, Event
from tieline.connectors.importers.ids import block_guid
from tieline.connectors.importers.schemas import Collector
from tieline.connectors.importers.values import Unique
from tieline.connectors.manifest.model import Block, Fact, Manifest, WebhookEvent


def build_webhooks(
    description: Description, manifest: Manifest, by_pointer: Mapping[str, Block], collector: Collector, connector: str
) -> list[WebhookEvent]:
    """One entry an event, tied to its subscribing block where the source says which, or where there is only one."""
    adders = [block for block in manifest.blocks if block.kind == "webhook_add"]
    removers, listers = _Partners(manifest.blocks, "webhook_remove"), _Partners(manifest.blocks, "webhook_list")
    objects = {one.name for one in manifest.objects}
    found: list[WebhookEvent] = []
    unique = Unique()
    for event in description.events:
        id_ = unique.take(snake(event.name)[:80] or "event")
        adder = by_pointer.get(event.operation.pointer) if event.operation is not None else None
        if adder is None and len(adders) == 1:
            adder = adders[0]
        hook = WebhookEvent(
            id=id_,
            name=event.summary or title(event.name),
            guid=block_guid(connector, "webhook/" + id_),
            object=_object(event, objects),
            event=event.name,
            schema=collector.copy(event.schema) if event.schema is not None else {},
            facts={"event": Fact(evidence=[event.pointer], confidence=0.95)},
        )
        if adder is not None:
            hook.subscribe = adder.id
            hook.unsubscribe = removers.of(adder)
            hook.list = listers.of(adder)
            sure = 0.95 if event.operation is not None else 0.6
            hook.facts["subscribe"] = Fact(evidence=[event.pointer], confidence=sure)
        found.append(hook)
    return found


class _Partners:
    """The blocks that undo (or list) what others add."""

    def __init__(self, blocks: list[Block], kind: str) -> None:
        found = [block for block in blocks if block.kind == kind]
        self._only = found[0].id if len(found) == 1 else ""
        self._of: dict[str, str] = {block.object: block.id for block in reversed(found)}

    def of(self, adder: Block) -> str:
        """The one for the same thing, or the only one there is."""
        return self._of.get(adder.object, self._only)


def _object(event: Event, names: set[str]) -> str:
    """``contact.created`` is about contacts."""
    words = snake(event.name).split("_")
    for size in range(len(words), 0, -1):
        name = "_".join(words[:size])
        if name in names:
            return name
    return ""
