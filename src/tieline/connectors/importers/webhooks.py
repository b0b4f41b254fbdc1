"""Webhook events of a manifest: what the API calls us with, the blocks that subscribe and unsubscribe, how deliveries
prove where they come from, and where in them the record lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tieline.connectors.importers.classify import webhook_facts as facts
from tieline.connectors.importers.classify import webhook_facts_relations as relations
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.webhook_facts import Conclusion, Said
from tieline.connectors.importers.classify.webhook_facts_family import Family
from tieline.connectors.importers.classify.webhook_facts_payload import (
    Body,
    header_type,
    names_in,
    same_words,
    sample_in,
)
from tieline.connectors.importers.classify.webhook_facts_subscription import choices_of, event_input, open_up
from tieline.connectors.importers.classify.words import snake, title
from tieline.connectors.importers.description import Description, Event, Operation
from tieline.connectors.importers.ids import block_guid
from tieline.connectors.importers.sampling import schema_of
from tieline.connectors.importers.schemas import Collector
from tieline.connectors.importers.values import Notices, Unique
from tieline.connectors.manifest.model import Block, Fact, Manifest, WebhookEvent

_MOST_EVENTS = 1_000
_NAMED = (
    "standard",
    "svix",
    "stripe",
    "slack",
    "shopify",
    "github",
    "zendesk",
    "paddle",
    "linear",
    "twilio",
    "intercom",
    "jwt",
)
"""Dialects that know themselves what a message is called."""


def build_webhooks(
    description: Description,
    manifest: Manifest,
    by_pointer: Mapping[str, Block],
    collector: Collector,
    connector: str,
    notices: Notices,
) -> list[WebhookEvent]:
    """One entry an event, tied to its subscribing block where the source says which, or where there is only one."""
    return _Builder(description, manifest, by_pointer, collector, connector, notices).build()


class _Builder:
    def __init__(
        self,
        description: Description,
        manifest: Manifest,
        by_pointer: Mapping[str, Block],
        collector: Collector,
        connector: str,
        notices: Notices,
    ) -> None:
        self.description = description
        self.manifest = manifest
        self.by_pointer = by_pointer
        self.collector = collector
        self.connector = connector
        self.notices = notices
        self.shapes = Shapes(description.references)
        self.adders = [block for block in manifest.blocks if block.kind == "webhook_add"]
        operations = {op.pointer: op for op in description.operations}
        self.operations = {block.id: operations[at] for at, block in by_pointer.items() if at in operations}
        self.general: list[Said] = []
        self.families: dict[str, Family] = {}
        self.asked: dict[str, list[str]] = {}
        self.unsigned: list[str] = []

    def build(self) -> list[WebhookEvent]:
        if not self.description.events and not self.adders:
            return []
        self.general = facts.of_document(self.description)
        for block in self.adders:
            open_up(block, self.operations.get(block.id), self.shapes)
        choices = {block.id: self._choices(block) for block in self.adders}
        found: list[WebhookEvent] = []
        unique = Unique()
        for event, adder, sure in self._events(choices)[:_MOST_EVENTS]:
            id_ = unique.take(snake(event.name)[:80] or "event")
            hook = WebhookEvent(
                id=id_,
                name=event.summary or title(event.name),
                guid=block_guid(self.connector, "webhook/" + id_),
                event=event.name,
                schema=self.collector.copy(event.schema) if event.schema is not None else {},
                facts={"event": Fact(evidence=[event.pointer], confidence=0.95)},
            )
            self._wire(hook, event, choices.get(adder.id, []) if adder is not None else [])
            self._complete(hook, event, adder, sure)
            found.append(hook)
        self._tell()
        return found

    def _choices(self, adder: Block) -> list[str]:
        topic = event_input(adder)
        if topic is None:
            return []
        op = self.operations.get(adder.id)
        found = choices_of(topic, op, self.shapes)
        if not found and op is not None:
            described = topic.description or ""
            found = names_in(f"{described}\n{op.description}")
        return [one for one in found if one not in ("*", "all", "ALL", "any")]

    def _events(self, choices: dict[str, list[str]]) -> list[tuple[Event, Block | None, float]]:
        """What the document describes as calls to us, and what may be subscribed to besides."""
        found: list[tuple[Event, Block | None, float]] = []
        told: set[tuple[str, str]] = set()
        for event in self.description.events:
            adder = self.by_pointer.get(event.operation.pointer) if event.operation is not None else None
            sure = 0.95
            if adder is None or adder.kind != "webhook_add":
                adder, sure = relations.adder_of(event, self.adders, choices, snake(event.name))
                if adder is None and len(self.adders) > 1:
                    self._ask("which block subscribes to {}? There are several", event.name)
            known = choices.get(adder.id, []) if adder is not None else []
            for one in self._apart(event, known):
                told.add((adder.id if adder is not None else "", "_".join(snake(one.name).split("_"))))
                found.append((one, adder, sure))
        for adder in self.adders:
            op = self.operations.get(adder.id)
            said = f"{op.description}" if op is not None else adder.description
            sample = sample_in(said)
            base = Event(
                name=adder.id,
                summary=adder.name,
                schema=schema_of([sample]) if sample is not None else None,
                tags=adder.tags,
                pointer=op.pointer if op is not None else adder.path,
                headers=next((event.headers for event, one, _ in found if one is adder and event.headers), {}),
            )
            for choice in choices[adder.id]:
                if (adder.id, snake(choice)) not in told:
                    found.append((replace(base, name=choice, summary=""), adder, 0.9))
            # Events that belong to one of several calls, nobody knows which, are events of none of them.
            loose = any(one is None for _, one, _ in found)
            if not choices[adder.id] and not loose and not any(one is adder for _, one, _ in found):
                found.append((base, adder, 0.7))
        return found

    def _apart(self, event: Event, known: list[str]) -> list[Event]:
        """A call that stands for several events ("call_event": one of three) is one event each."""
        if event.name in known or any(same_words(event.name, one) for one in known):
            return [event]
        listed = Body(event.schema, self.shapes, event.pointer).choices()
        names = [one for one in listed if not known or one in known]
        alone = sum(1 for one in self.description.events if one.operation is event.operation) == 1
        if not names and known and alone and event.operation is not None:
            names = known
        if event.name in names or len(names) < 2:
            return [event]
        others = {one.name for one in self.description.events}
        return [replace(event, name=one, summary="") for one in names if one not in others] or [event]

    def _wire(self, hook: WebhookEvent, event: Event, known: list[str]) -> None:
        """The name that subscribes, spelled as the subscribing call wants it."""
        if event.name in known or not known:
            return
        spelled = next((one for one in known if same_words(event.name, one)), "")
        if spelled:
            hook.event = spelled
            hook.facts["event"] = Fact(evidence=[event.pointer], confidence=0.85, note="spelled as the choices have it")
        elif event.operation is None or event.name != event.operation.id:
            hook.facts["event"] = Fact(evidence=[event.pointer], confidence=0.5, note="it is none of the choices")
            self._ask("under which name is {} subscribed to? It is none of the documented choices", event.name)

    def _family(self, adder: Block | None) -> Family:
        key = adder.id if adder is not None else ""
        if key not in self.families:
            self.families[key] = Family(adder, self.manifest, self.operations, self.shapes, self.general)
        return self.families[key]

    def _complete(self, hook: WebhookEvent, event: Event, adder: Block | None, sure: float) -> None:
        family = self._family(adder)
        if adder is not None:
            hook.subscribe = adder.id
            hook.facts["subscribe"] = Fact(evidence=[event.pointer], confidence=sure)
            callback = event.callback or (event.operation.callback_url if event.operation is not None else "")
            self._settle(hook, family.belongings(callback))
            if _is_call(event, adder, self.operations):
                # It is called after the call that subscribes: no name that could be sent, or that a delivery holds.
                hook.event = ""
        message_id = self._about(hook, event, adder)
        self._settle(hook, family.proofs(event))
        named = {"id_header", "id_path"} & set(hook.verification) or hook.verification.get("dialect") in _NAMED
        if message_id and hook.verification and not named:
            hook.verification = {**hook.verification, "id_path": message_id}
        if hook.verification.get("dialect", "unsigned") == "unsigned":
            self.unsigned.append(hook.event or hook.id)

    def _about(self, hook: WebhookEvent, event: Event, adder: Block | None) -> str:
        """The object, and where the delivery has it; the $-path of the message's own name."""
        body = Body(event.schema, self.shapes, event.pointer, (one.name for one in self.manifest.objects))
        name = self.description.references.name
        told = _wording(event, adder, self.operations)
        refs = [name(one) for one in (event.schema, *body.holders(told)) if isinstance(one, dict) and "$ref" in one]
        objects = self.manifest.objects
        path = adder.path if adder is not None else ""
        about = relations.object_of(told, event.tags, refs, path, objects, event.pointer)
        record: Conclusion | None = None
        if about is not None:
            self._settle(hook, [about])
        guessed = hook.object or next(iter(snake(event.name).split("_")), "")
        record, node = body.record(guessed)
        needed = adder is not None and not self._family(adder).names_events
        kind = body.type_of(hook.event, needed=needed) if hook.event else None
        if kind is None and hook.event and (kind := header_type(event.headers, hook.event)) is not None:
            kind.evidence = event.pointer
        one = next((one for one in objects if one.name == hook.object), None)
        payload = str(record.values["payload"]) if record is not None else "$"
        # Where the body is the record, its members are the record's.
        identity = body.identity(payload, node, one)
        gets = [block for block in self.manifest.blocks if block.kind == "get" and block.object == hook.object != ""]
        fetch = body.fetching(event.name, node, payload, gets, one)
        self._settle(hook, [part for part in (record, kind, identity, fetch) if part is not None])
        return body.message_id() if record is not None or kind is not None else ""

    def _settle(self, hook: WebhookEvent, conclusions: list[Conclusion]) -> None:
        for one in conclusions:
            one.settle(hook)
            if one.ask:
                self._ask(one.ask.replace("{", "{{").replace("}", "}}"), hook.event or hook.id)

    def _ask(self, question: str, about: str) -> None:
        self.asked.setdefault(question, []).append(about)

    def _tell(self) -> None:
        """One notice a question, however many events it is about."""
        for question, events in self.asked.items():
            said = (
                question.format(_some(events)) if "{}" in question else question.replace("{{", "{").replace("}}", "}")
            )
            told = said if "{}" in question else f"Webhooks ({_some(events)}): {said}."
            self.notices.add("ask", (told[:1].upper() + told[1:])[:600])
        if self.unsigned:
            names = _some(self.unsigned)
            self.notices.add(
                "webhook-unsigned",
                f"The document says no way to verify the deliveries of {names}: they are taken unsigned, by the secret"
                " address alone. Set `verification` where the API signs them.",
            )


def _is_call(event: Event, adder: Block, operations: Mapping[str, Operation]) -> bool:
    op = operations.get(adder.id)
    return event.name == adder.id or (op is not None and event.name in (op.id, op.summary, op.path))


def _wording(event: Event, adder: Block | None, operations: Mapping[str, Operation]) -> str:
    """What to read the object from: "When a task is created" tells more than ``tasks_post_trigger``."""
    called = adder is not None and _is_call(event, adder, operations)
    return event.summary or event.name if called else event.name


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{one[:60]}`" for one in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
