"""What a subscription is made and known by: the fields of the calls that add, list, renew and remove it."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.webhook_facts import Conclusion
from tieline.connectors.importers.classify.words import plain, snake, title
from tieline.connectors.importers.description import Operation
from tieline.connectors.importers.values import escape, sequence, text
from tieline.connectors.manifest.model import Block, Input

URLS = (
    "callbackurl callbackuri webhookurl webhookuri webhookendpoint targeturl targeturi hookurl hookuri"
    " notificationurl"
    " notifyurl deliveryurl endpointurl destinationurl listenerurl subscriberurl receiverurl posturl"
    " eventurl payloadurl"
    " url uri endpoint callback address target destination webhook hook href"
).split()
EVENTS = (
    "eventtypes eventtype events event topics topic enabledevents eventnames eventname subscribedevents triggers"
    " trigger filtertypes eventfilters eventcodes eventslist subscriptions changetype resource action types type"
).split()
SECRETS = (
    "signingsecret webhooksecret secret sharedsecret secretkey signingkey signaturesecret signaturekey secrettoken"
    " hmacsecret hmackey webhooksigningsecret webhookkey verificationtoken verificationsecret sharedkey clientstate"
).split()
TOKENS = ("token", "authtoken", "authorizationtoken", "password", "key", "webhooktoken", "accesstoken")
KEYS = ("key",)
_IDS = "id uuid guid uid gid webhookid subscriptionid hookid channelid endpointid identifier sid key".split()
_ENDS = (
    "expiresat expirationdatetime expiresdate expirationdate expiration expires expiry expireson expirationtime"
    " validuntil expiredate expiryat"
).split()
_SWITCHES = "active enabled isactive isenabled activated status state webhookstatus subscriptionstatus".split()
_STEP = re.compile(r"\.([^.\[\]*]+)|\[(-?\d+)\]|\['([^']+)'\]")
_LIVES = re.compile(
    r"(?:expire\w*|valid|renew\w*|lives?|lifetime|lasts?|lease\w*)\b[^.\n]{0,60}?\b(?P<count>\d{1,6}|an?"
    r"|one|two|three|seven|thirty)"
    r"[ -](?P<unit>second|minute|hour|day|week|month)s?",
    re.IGNORECASE,
)
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "seven": 7, "thirty": 30}
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}
_DAY = 86_400


def named(block: Block, words: list[str] | tuple[str, ...]) -> Input | None:
    """The input whose name is the first of ``words``; nested ones count by their last part."""
    for word in words:
        for one in block.inputs:
            if not one.read_only and word in (plain(one.id), plain(one.name.rsplit("/", 1)[-1])):
                return one
    return None


def by_plain(block: Block) -> dict[str, str]:
    """Ids of the inputs by plain name."""
    return {plain(one.name.rsplit("/", 1)[-1] or one.id): one.id for one in block.inputs}


def inputs_of(block: Block, op: Operation | None, callback: str) -> Conclusion:
    """Where our address and the event's name go. ``callback``: the field that the source itself names."""
    found = Conclusion({}, 0.85, op.pointer if op is not None else "", "by its name")
    wanted = [plain(callback.rsplit("/", 1)[-1].rsplit(".", 1)[-1])] if callback else []
    where = named(block, wanted) if wanted else None
    if where is not None:
        found.confidence, found.note = 0.95, "the document says so"
    else:
        where = named(block, URLS)
    if where is not None:
        found.values["url_input"] = where.id
    elif (
        stem := [one for one in block.inputs if re.search(r"(?:url|uri)$", plain(one.name)) and one.required]
    ) and len(stem) == 1:
        found.values["url_input"], found.confidence = stem[0].id, 0.6
    topic = event_input(block)
    if topic is not None:
        found.values["event_input"] = topic.id
    shape = named(block, ("contenttype", "payloadformat", "format"))
    json = next((one for one in shape.choices if one in ("json", "JSON", "application/json")), "") if shape else ""
    if shape is not None and json and shape.default != json:
        # Of a form or XML we would hand on a text.
        found.values["inputs"] = {shape.id: json}
    return found


def open_up(block: Block, op: Operation | None, shapes: Shapes) -> None:
    """Where the address lies inside an object (``config.url``), its members become inputs of their own, so that the
    address can be filled in beside what a person gives.
    """
    if op is None or op.body is None or named(block, URLS[: URLS.index("webhook")]) is not None:
        return
    outer = shapes.members(op.body.schema)
    for at, one in enumerate(block.inputs):
        name = one.name.lstrip("/")
        if one.location != "body" or one.type != "object" or "/" in name or name not in outer:
            continue
        inner = shapes.members(outer[name])
        if not any(plain(member) in URLS and shapes.is_scalar(schema) for member, schema in inner.items()):
            continue
        taken, needed = {other.id for other in block.inputs}, shapes.required(outer[name])
        block.inputs[at : at + 1] = [
            Input(
                id=id_,
                label=title(member),
                type=next((kind for kind in sorted(shapes.types(schema)) if kind != "null"), "string"),
                location="body",
                name=f"{one.name}/{escape(member)}",
                required=one.required and member in needed,
                choices=[value for value in sequence(shapes.resolve(schema).get("enum")) if isinstance(value, str)],
                description=text(shapes.resolve(schema).get("description"), 2_000),
            )
            for member, schema in list(inner.items())[:100]
            if (id_ := f"{one.id}_{snake(member)}") not in taken
        ]
        return


def event_input(block: Block) -> Input | None:
    """The input that takes the names of events: strings, or a list of them."""
    for word in EVENTS:
        one = named(block, (word,))
        if one is not None and one.type in ("string", "array", "select"):
            return one
    return None


def choices_of(one: Input, op: Operation | None, shapes: Shapes) -> list[str]:
    """The events that may be named, from the input's choices or the schema of its entries."""
    found = [choice for choice in one.choices if isinstance(choice, str)]
    if not found and op is not None and op.body is not None:
        members = shapes.members(op.body.schema)
        node = next((inner for name, inner in members.items() if name == one.name.lstrip("/")), None)
        items = shapes.items(node) if node is not None else None
        for schema in (shapes.resolve(node), shapes.resolve(items)):
            for part in (
                schema,
                *(shapes.resolve(any_) for key in ("anyOf", "oneOf") for any_ in sequence(schema.get(key))),
            ):
                found += [value for value in sequence(part.get("enum")) if isinstance(value, str)]
                found += [value for value in (part.get("const"),) if isinstance(value, str)]
    if not found and op is not None:
        for param in op.params:
            if param.name == one.name:
                schema = shapes.resolve(shapes.items(param.schema) or param.schema)
                found = [value for value in sequence(schema.get("enum")) if isinstance(value, str)]
    return [choice for choice in dict.fromkeys(found) if 0 < len(choice) <= 200]


def record_of(op: Operation | None, block: Block, shapes: Shapes) -> tuple[Any, str]:
    """The schema of the record in an operation's answer, and where it stands."""
    answer = op.answer() if op is not None else None
    node: Any = answer.schema if answer is not None else None
    for match in _STEP.finditer(block.records or ""):
        inner = match[1] or match[3]
        node = shapes.members(node).get(inner) if inner else shapes.items(node)
    if block.kind == "webhook_list" and node is not None:
        node = shapes.items(node) or node
    return node, (answer.schema_pointer or answer.pointer) if answer is not None else ""


def secret_in_answer(node: Any, shapes: Shapes, *, token: bool) -> tuple[str, float] | None:
    """The $-path of a signing secret among the members of the answer and how sure it is."""
    words = [*SECRETS, *TOKENS] if token else [*SECRETS, *KEYS, "token"]
    layers = [("$", shapes.members(node))]
    layers += [(f"$.{name}", shapes.members(one)) for name, one in layers[0][1].items() if shapes.is_object(one)]
    for path, members in layers[:20]:
        plains = {plain(name): name for name, one in members.items() if not shapes.is_object(one)}
        for word in words:
            if word in plains and re.fullmatch(r"\w+", plains[word]):
                return f"{path}.{plains[word]}", 0.95 if word in SECRETS else 0.6
    return None


def id_and_state(
    add: Any, listed: Any, remover: Block | None, adder: Block, shapes: Shapes, at: str
) -> list[Conclusion]:
    """``remote_input``, ``id_path``, ``expires_path`` and ``active_path``."""
    found: list[Conclusion] = []
    target = remote_input(remover, adder) if remover is not None else None
    if target is not None:
        where = target.name if target.location == "path" else target.id
        found.append(Conclusion({"remote_input": where}, 0.9, at, "the last input of its path"))
    members, entries = shapes.members(add), shapes.members(listed)
    own = plain(target.name.rsplit("/", 1)[-1]) if target is not None else ""
    plains = {
        plain(name): name for name, one in members.items() if shapes.is_scalar(one) and re.fullmatch(r"\w+", name)
    }
    tail = next((word for word in ("uuid", "guid", "sid", "key", "id") if own.endswith(word)), "")
    word = next((one for one in (own, tail, *_IDS) if one and one in plains), "")
    if word and (not entries or plains[word] in entries):
        sure = 0.95 if word in (own, tail) or word == "id" else 0.8
        found.append(Conclusion({"id_path": f"$.{plains[word]}"}, sure, at, "the id in the answer"))
    for name, words in (("expires_path", _ENDS), ("active_path", _SWITCHES)):
        place = entries or members if name == "active_path" else members
        told = {
            plain(one): one
            for one, schema in place.items()
            if re.fullmatch(r"\w+", one) and not shapes.is_object(schema)
        }
        if word := next((one for one in words if one in told), ""):
            found.append(Conclusion({name: f"$.{told[word]}"}, 0.8, at, "by its name"))
    return found


def remote_input(block: Block, adder: Block) -> Input | None:
    """The input of a removing or renewing block that names the subscription."""
    shared = {one.name for one in adder.inputs if one.location == "path"}
    placed = [one for one in block.inputs if one.location == "path" and one.name not in shared]
    if placed:
        return placed[-1]
    free = [one for one in block.inputs if one.location != "path"]
    required = [one for one in free if one.required]
    return required[0] if len(required) == 1 else named(block, _IDS)


def ending(text: str, adder: Block, renewers: list[Block], expires: bool, at: str) -> Conclusion | None:
    """How long a subscription lives, and how it is prolonged."""
    takes = named(adder, _ENDS)
    if takes is not None and (
        takes.type != "string" or (takes.format and takes.format not in ("date-time", "datetime"))
    ):
        takes = None
    told = _LIVES.search(text)
    seconds = 0
    if told is not None:
        word = told["count"].lower()
        count = _COUNTS[word] if word in _COUNTS else int(word)
        seconds = min(count * _UNITS[told["unit"].lower()], 10 * 365 * _DAY)
    if takes is None and not seconds and not expires:
        return None
    found = Conclusion({}, 0.75, at, "the text says how long a subscription lives" if seconds else "by its name")
    if seconds:
        found.values["lifetime"] = seconds
    if takes is not None and (seconds or takes.required):
        found.values |= {"expires_input": takes.id, "lifetime": seconds or _DAY}
        if not seconds:
            found.confidence = 0.5
            found.ask = "how long may a subscription live? The document does not say; one day is asked for each time"
    for block in renewers:
        wants = found.values.get("expires_input")
        if not wants or any(one.id == wants for one in block.inputs):
            found.values["renew"] = block.id
            break
    return found if found.values else None
