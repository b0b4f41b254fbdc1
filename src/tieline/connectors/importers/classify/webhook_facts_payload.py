"""What a delivery brings: where the record lies in it, where the event's name stands, and what has to be fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.webhook_facts import Conclusion
from tieline.connectors.importers.classify.words import plain, singular_name, split
from tieline.connectors.importers.values import sequence
from tieline.connectors.manifest.model import Block, ObjectType

_HOLDERS = "data payload object resource record entity content item body details attributes model subject".split()
_INNER = ("object", "attributes", "item", "record", "resource", "entity")
_TYPES = (
    "event eventtype eventname topic type trigger triggertype webhookevent webhooktype action"
    " notificationtype eventcode"
    " eventkey name kind hook"
).split()
_SURE_TYPES = frozenset("event eventtype eventname topic webhookevent webhooktype".split())
_META = frozenset(
    "id uuid eventid deliveryid messageid webhookid subscriptionid notificationid timestamp time date"
    " createdat created"
    " occurredat sentat triggeredat eventtime version apiversion accountid account tenantid tenant"
    " organizationid livemode"
    " attempt source signature token user userid href url link links self secret clientstate test".split()
) | frozenset(_TYPES)
_OBJECT_IDS = "objectid resourceid entityid recordid itemid modelid".split()
_MESSAGE_IDS = frozenset("eventid deliveryid messageid notificationid webhookeventid".split())
_GONE = re.compile(r"delet|remov|destroy|gone|purge|erase|trash", re.IGNORECASE)
_ONCE = re.compile(
    r"tried again|retr(?:y|ies|ied)|attempt|dedup|idempot|unique\w* (?:id\w* )?(?:of|for) (?:this|the"
    r"|each) (?:deliver|event|notif|message)|id of the (?:event|deliver|message|notif)",
    re.IGNORECASE,
)
_NAME = re.compile(r"\w+")
_FENCED = re.compile(r"```(?:json)?\s*(\{.{2,8000}?\}|\[.{2,8000}?\])\s*```", re.DOTALL)


class Body:
    """The documented body of a delivery."""

    def __init__(self, schema: Any, shapes: Shapes, at: str, objects: Iterable[str] = ()) -> None:
        self.shapes = shapes
        self.at = at
        # Where events are a kind of record, "event_id" names one of those and not the message.
        self.message_ids = _MESSAGE_IDS - {plain(f"{name}_id") for name in objects}
        listed = shapes.items(schema) if schema is not None and not shapes.is_object(schema) else None
        self.listed = listed is not None
        self.members = (
            {name: one for name, one in shapes.members(listed or schema).items() if _NAME.fullmatch(name)}
            if schema is not None
            else {}
        )
        self.plains = {plain(name): name for name in self.members}

    def type_of(self, wire: str, *, needed: bool) -> Conclusion | None:
        """Where the event's name stands. A wrong place would make us ignore deliveries, so the place must show the name
        itself, unless without one (``needed``) every subscription would get all events.
        """
        if self.listed:
            return None
        for word in _TYPES:
            if word in self.plains:
                told = list(self.names_at(self.members[self.plains[word]]))
                if wire in told:
                    return Conclusion(
                        {"type_path": f"$.{self.plains[word]}"}, 0.95, self.at, "it lists the event's name"
                    )
        if not needed:
            return None
        for word in _TYPES:
            name = self.plains.get(word, "")
            if (
                word in _SURE_TYPES
                and name
                and not list(self.names_at(self.members[name]))
                and self.shapes.is_scalar(self.members[name])
            ):
                ask = f"does `{name}` of a delivery hold the event's name {wire!r}, letter for letter?"
                return Conclusion({"type_path": f"$.{name}"}, 0.5, self.at, "by its name", ask)
        return None

    def names_at(self, node: Any) -> Iterator[str]:
        """The names of events that a member's schema lists."""
        schema = self.shapes.resolve(node)
        for value in (
            *sequence(schema.get("enum")),
            schema.get("const"),
            schema.get("example"),
            *sequence(schema.get("examples")),
        ):
            if isinstance(value, str):
                yield value

    def choices(self) -> list[str]:
        """All event names that one documented body stands for."""
        for word in _TYPES:
            if word in self.plains:
                found = [
                    one
                    for one in sequence(self.shapes.resolve(self.members[self.plains[word]]).get("enum"))
                    if isinstance(one, str)
                ]
                if found:
                    return found[:300]
        return []

    def holders(self, event: str) -> list[Any]:
        """Members that may hold the record of such an event."""
        words = {*_HOLDERS, *map(plain, split(event)), plain(event)}
        return [one for name, one in self.members.items() if {plain(name), plain(singular_name(name))} & words]

    def record(self, about: str) -> tuple[Conclusion | None, Any]:
        """Where the record lies, and its schema; None where the body is the record itself."""
        if self.listed or not self.members:
            return None, None
        inside = {
            name: one
            for name, one in self.members.items()
            if self.shapes.is_object(one)
            or (self.shapes.items(one) is not None and self.shapes.is_object(self.shapes.items(one)))
        }
        typed = any(word in self.plains for word in _TYPES)
        others = {plain(name) for name in self.members if name not in inside}
        plains = {plain(name): name for name in inside}
        own = plain(about)
        # "data" beside little more than the event's name and time is an envelope; in a record it is a field.
        for word in dict.fromkeys((own, plain(about.rpartition("_")[2]), *_HOLDERS)):
            if not word or word not in plains or (not typed and others - _META):
                continue
            name, sure = plains[word], 0.9 if typed else 0.7
            node: Any = inside[name]
            path = f"$.{name}"
            within = {
                plain(one): one for one, schema in self.shapes.members(node).items() if self.shapes.is_object(schema)
            }
            if word in _HOLDERS and "id" not in {plain(one) for one in self.shapes.members(node)}:
                deeper = next((within[one] for one in (own, *_INNER) if one and one in within), "")
                if deeper:
                    node, path = self.shapes.members(node)[deeper], f"{path}.{deeper}"
            return Conclusion({"payload": path}, sure, self.at, "the record lies there beside the event's name"), node
        return None, None

    def message_id(self) -> str:
        """The $-path of the sender's name for a message, "" where only an object's id may stand there."""
        for word, name in self.plains.items():
            said = self.shapes.resolve(self.members[name]).get("description")
            if word in self.message_ids or (word in ("id", "uuid") and isinstance(said, str) and _ONCE.search(said)):
                return "" if self.listed else f"$.{name}"
        return ""

    def identity(self, payload: str, node: Any, about: ObjectType | None) -> Conclusion | None:
        """Where the id of the object that changed stands."""
        keys = [
            *(about.primary_key if about is not None and len(about.primary_key) == 1 else []),
            "id",
            "uuid",
            "Id",
            "ID",
        ]
        if node is not None:
            members = self.shapes.members(node)
            key = next((one for one in keys if one in members and _NAME.fullmatch(one)), "")
            if key and self.shapes.items(node) is None:
                return Conclusion({"object_path": f"{payload}.{key}"}, 0.85, self.at, "the id of the record")
        if self.listed:
            return None
        wanted = [plain(f"{about.name}_id"), plain(f"{about.name.rpartition('_')[2]}_id")] if about is not None else []
        name = next((self.plains[one] for one in (*wanted, *_OBJECT_IDS) if one in self.plains), "")
        if name:
            return Conclusion({"object_path": f"$.{name}"}, 0.85, self.at, "by its name")
        record = node is None and not any(word in self.plains for word in _SURE_TYPES)
        key = next((one for one in keys if one in self.members), "") if record and not self.message_id() else ""
        return Conclusion({"object_path": f"$.{key}"}, 0.7, self.at, "the id of the record") if key else None

    def fetching(
        self, event: str, node: Any, payload: str, gets: list[Block], about: ObjectType | None
    ) -> Conclusion | None:
        """The block that gets the object, where the delivery carries only its id."""
        if not self.members or _GONE.search(event) or about is None:
            return None
        inner = dict(self.shapes.members(node)) if node is not None else self.members
        if any(self.shapes.is_object(one) for name, one in inner.items() if plain(name) not in ("links", "link")):
            return None
        rest = (
            {plain(name) for name in inner}
            - _META
            - {one for one in map(plain, inner) if one.endswith(("id", "ids", "uuid"))}
        )
        if rest - {"changedfields", "changes", "eventaction", "objecttype", "resourcetype", "entitytype", "etag"}:
            return None
        if len(self.shapes.members(about.schema)) <= len(inner):
            return None
        own = [f"{about.name}_id", f"{about.name.rpartition('_')[2]}_id", *_OBJECT_IDS, *about.primary_key]
        known = {plain(name): name for name in inner if _NAME.fullmatch(name)}
        for block in gets:
            needed = [one for one in block.inputs if one.required or one.location == "path"]
            if not needed:
                continue
            # The innermost id of "/accounts/{account}/contacts/{id}" is the object's.
            last = [one for one in needed if one.location == "path"][-1:] or needed[-1:]
            places: dict[str, str] = {}
            for one in needed:
                words = [plain(one.name)] + ([plain(word) for word in own] if one is last[0] else [])
                if (
                    one is last[0]
                    and node is None
                    and "id" in words
                    and any(word in known for word in words if word != "id")
                ):
                    words = [word for word in words if word != "id"]
                place = next((known[word] for word in words if word in known), "")
                if place:
                    places[one.id] = f"$.{place}"
            if len(places) == len(needed):
                note = "a delivery carries only ids"
                return Conclusion({"fetch": block.id, "fetch_inputs": places}, 0.8, self.at, note)
        return None


def sample_in(text: str) -> Any:
    """The first JSON in a description that looks like a delivery, None without one."""
    for match in _FENCED.finditer(text[:40_000]):
        try:
            value = json.loads(match[1])
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and {plain(str(name)) for name in value} & set(_TYPES):
            return value
    return None


def names_in(text: str) -> list[str]:
    """Events that a description names in code: `contact.created`."""
    found = re.findall(r"[`\"'](?P<name>[a-z][a-z0-9_-]{1,40}(?:[.:/][a-z][a-z0-9_-]{1,40}){1,3})[`\"']", text[:40_000])
    return [one for one in dict.fromkeys(found) if _DEED.search(one)][:300]


_DEED = re.compile(
    r"[.:/](?:[a-z]+[_-])?(?:created?|updated?|deleted?|changed?|added|removed?|cancell?ed|completed?"
    r"|started|ended|finished"
    r"|failed|paid|sent|received|opened|closed|moved|merged|assigned|archived|restored|published"
    r"|registered|signed|answered"
    r"|missed|approved|rejected|expired|refunded|shipped|new|modified|submitted|ringing|hangup|won|lost)$"
)


def header_type(headers: dict[str, str], wire: str) -> Conclusion | None:
    """A header that names the event: its example or description shows the name."""
    for name, said in headers.items():
        if re.search(r"(?:event|topic|action|trigger)(?:-?(?:type|name|key))?$", name, re.IGNORECASE) and re.search(
            rf"(?<![\w.]){re.escape(wire)}(?![\w.])", said
        ):
            return Conclusion({"type_path": f"header:{name}"}, 0.9, "", "the header shows the event's name")
    return None


def same_words(one: str, other: str) -> bool:
    """``contactCreated`` and ``contact.created`` are one name."""
    return bool(one) and [singular_name(word) for word in split(one)] == [singular_name(word) for word in split(other)]
