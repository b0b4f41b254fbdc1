"""Operations that subscribe us to events, and what they belong to."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain, singular_name, split
from tieline.connectors.manifest.model import BlockKind, Fact

_HOOK = re.compile(
    r"^(?:\w*web_?hooks?(?:_(?:endpoint|subscription|config|configuration|registration|target)s?)?|hooks?|(?:rest"
    r"|event|service|repo|app|push|notification|http)_?hooks?|event_?subscriptions?|notification_?(?:subscription"
    r"|channel|configuration|hook|endpoint)s?|subscription_?hooks?|push_?subscriptions?|event_?(?:destination"
    r"|listener|hook)s?|alert_?webhooks?)$"
)
_MAYBE = re.compile(
    r"^(?:callbacks?|subscriptions?|endpoints?|listeners?|notifications?|triggers?|observers?|channels?|subscribe"
    r"|watch|event_?types?|destinations?|push_?notifications?|notification_?configurations?)$"
)
_CALLBACK = re.compile(
    r"(?:web_?)?hook(?:s)?(?:_?(?:url|uri|endpoint|address|target))?|(?:callback|notification|notify|target|delivery"
    r"|destination|listener|push|event|subscriber|receiver|post(?:back)?|ping|payload|endpoint|hook|webhook|web_hook|http"
    r"|rest)_?(?:url|uri|address|endpoint|target)s?|callback|url_?to_?call|send_?to"
)
_PLAIN_URL = frozenset(("url", "uri", "address", "endpoint", "target", "targeturl", "href", "link", "destination"))
_EVENTS = frozenset(
    "event events eventtype eventtypes eventname topic topics trigger triggers eventlist subscribedevents "
    "filtertypes enabledevents eventnames subscriptions eventfilters eventcodes resource resourcetype "
    "actions notificationtypes types type".split()
)
_OF_SUBSCRIPTION = frozenset("secret name description active enabled ispaused filters filter headers method id".split())
_HOOK_WORDS = frozenset(("hook", "hooks", "webhook", "webhooks", "resthook", "resthooks"))
# A subscription is made with such a sentence, whatever its path is called.
_SAYS_EVENT = re.compile(
    r"^\W*(?:when|whenever|on new|new .{1,40} trigger)\b|\btriggers? (?:when|whenever|each|every|on|a |an |the |this)"
    r"|\bis triggered\b"
    r"|\btriggered (?:when|whenever|by|each)|\bsubscri(?:be|bes|ption|bing)\b|\bweb ?hooks?\b|\bnotif(?:y|ied"
    r"|ication)s?\b",
    re.IGNORECASE,
)
_NOT_SUBSCRIBING = frozenset(
    "test ping redeliver retry replay verify rotate validate resend enable disable recover delete remove "
    "unsubscribe stop update".split()
)
_SUBSCRIBING = frozenset(("subscribe", "watch", "register"))
_STOPPING = frozenset("stop unsubscribe unwatch unregister deregister cancel".split())
_SAYS_STOP = re.compile(
    r"\bstops? (?:watching|receiving|sending|listening)"
    r"|\bunsubscri\w+\b.{0,60}\b(?:web ?hook|event|notification|callback|trigger|channel)"
    r"|\b(?:de|un)-?register\w*\b.{0,60}\b(?:web ?hook|event|notification|callback|trigger|subscri)"
    r"|\bstops? (?:the |all )?(?:web ?hooks?|notifications?|push notifications?|event delivery)\b",
    re.IGNORECASE,
)
_NOTE = "subscriptions with an address to call back"


def mark(cases: list[Case], shapes: Shapes) -> None:
    """Give operations on webhook collections their own kinds; all methods of a collection are judged together."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.route.collection, []).append(case)
    for group in groups.values():
        adding = [case for case in group if _adds(case, shapes)]
        if not adding:
            _loose(group)
            continue
        added = {id(case) for case in adding}
        if all(case.route.said is not None for case in adding) and not any(_hooked(case) for case in adding):
            # "/events/watch" subscribes; the events themselves are still events.
            group = adding
        deletes = sum(1 for case in group if case.kind == "delete")
        for case in group:
            if id(case) in added:
                _set(case, "webhook_add")
            elif case.kind == "delete" and (case.route.ends_in_value or deletes == 1):
                _set(case, "webhook_remove")
            elif case.kind in ("list", "search") and not case.route.ends_in_value:
                _set(case, "webhook_list")

    if any(case.kind == "webhook_add" for case in cases):
        for case in cases:
            if case.kind in ("action", "update", "delete", "get") and _stops(case):
                _set(case, "webhook_remove")


def _stops(case: Case) -> bool:
    """``POST /channels/stop``, "Stop watching resources": an API that subscribes can also be told to stop."""
    tail = case.route.said
    if not _STOPPING & {*case.words[:1], *case.words[-1:], tail.word if tail is not None else ""}:
        return False
    if _hooked(case) and case.route.said is not None:
        return True
    return bool(_SAYS_STOP.search(f"{case.op.summary[:200]}. {case.op.description[:300]}"))


def _set(case: Case, kind: BlockKind) -> None:
    sure = 0.97 if case.op.callback_url or _HOOK.match(_noun(case)) else 0.8
    case.kind = kind
    case.facts["kind"] = Fact(evidence=[case.op.pointer], confidence=sure, note=_NOTE)


def _loose(group: list[Case]) -> None:
    """Hooks that can be read or removed where nothing, as far as documented, adds them."""
    for case in group:
        nouns = case.route.nouns
        hooked = bool(_HOOK.match(_noun(case)))
        # "/webhooks/delete_contact", "/WhenPaid/{hookId}"
        below = len(nouns) > 1 and case.route.said is not None and bool(_HOOK.match(nouns[-2][0]))
        tail = case.route.tail
        by_hook = tail is not None and any(set(split(name)) & _HOOK_WORDS for name in tail.params)
        if case.kind == "delete" and (below or by_hook or (hooked and case.route.ends_in_value)):
            _set(case, "webhook_remove")
        elif case.kind == "list" and hooked:
            _set(case, "webhook_list")


def _noun(case: Case) -> str:
    nouns = case.route.nouns
    return nouns[-1][0] if nouns else ""


def _hooked(case: Case) -> bool:
    """True where the path or the name speaks of hooks."""
    words = {word for segment in case.route.significant if segment.fixed for word in split(segment.text)}
    return bool(_HOOK.match(_noun(case)) or (words | set(case.words)) & _HOOK_WORDS)


def _adds(case: Case, shapes: Shapes) -> bool:
    op = case.op
    if op.method not in ("POST", "PUT"):
        return False
    if op.callback_url:
        return True
    writes = case.kind in ("create", "action") or (case.kind == "update" and op.method == "POST" and not _changes(case))
    if not writes or set(case.words) & _NOT_SUBSCRIBING:
        return False
    names = callback_fields(case, shapes)
    told = [name for name in names if plain(name) not in _PLAIN_URL]
    noun, hooked = _noun(case), _hooked(case)
    if _HOOK.match(noun) and case.kind == "create":
        return True
    if hooked and names:
        return True
    if _says_subscribe(case) and names:
        return True
    said = f"{op.summary[:200]}. {op.id}. {op.description[:300]}"
    if told and (_SAYS_EVENT.search(said) or op.callbacks) and not _is_something_else(case, shapes):
        return True
    if _only_hooks(case, shapes, told):
        return True
    if not names or not _MAYBE.match(noun):
        return False
    if noun.startswith("callback"):
        return any("url" in plain(name) or "uri" in plain(name) for name in names)
    return bool(told) or bool(_event_fields(case, shapes))


def _only_hooks(case: Case, shapes: Shapes, told: list[str]) -> bool:
    """True where all that is sent is a hook's address and what belongs to a subscription."""
    if case.op.body is None or not any("hook" in plain(name) for name in told):
        return False
    rest = {plain(name) for name in shapes.members(case.op.body.schema)} - {plain(name) for name in told}
    return not rest - _EVENTS - _OF_SUBSCRIPTION


def _changes(case: Case) -> bool:
    """``POST /webhook_endpoints/{id}`` changes a subscription, ``POST /webhooks/created/{type}`` makes one."""
    parts = case.route.significant
    return len(parts) > 1 and bool(_HOOK.match(singular_name(parts[-2].text)))


def _says_subscribe(case: Case) -> bool:
    tail = case.route.said
    return bool(_SUBSCRIBING & {*case.words[:1], *case.words[-1:], tail.word if tail is not None else ""})


def _is_something_else(case: Case, shapes: Shapes) -> bool:
    """A payment or an upload that also takes an address for its result: the address is one of many fields."""
    if case.op.body is None:
        return False
    fields = len(shapes.members(case.op.body.schema))
    return fields > 8 and not _event_fields(case, shapes)


def callback_fields(case: Case, shapes: Shapes) -> list[str]:
    """Fields or parameters that take the address to call back."""
    found = [param.name for param in case.op.params if param.location in ("query", "form") and _calls_back(param.name)]
    if case.op.body is not None:
        for name, one in shapes.members(case.op.body.schema).items():
            if _calls_back(name):
                found.append(name)
            elif shapes.is_object(one) and len(found) < 5:
                found += [inner for inner in shapes.members(one) if _calls_back(inner)]
    return found


def _calls_back(name: str) -> bool:
    return plain(name) in _PLAIN_URL or bool(_CALLBACK.fullmatch("_".join(split(name))))


def _event_fields(case: Case, shapes: Shapes) -> list[str]:
    names = [param.name for param in case.op.params if param.location in ("query", "form")]
    if case.op.body is not None:
        names += list(shapes.members(case.op.body.schema))
    return [name for name in names if plain(name) in _EVENTS]
