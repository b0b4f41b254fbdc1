"""The anatomy of a path: what is fixed, what is a value, which noun it is about, which verb hangs on its end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from tieline.connectors.importers.classify import verbs
from tieline.connectors.importers.classify.words import is_plural, singular_name, split

_VERSION = re.compile(
    r"v?\d+(?:[._]\d+)*(?:-?(?:alpha|beta|preview|rc)\w*)?|\d{4}-\d\d(?:-\d\d)?|v\d+\w*", re.IGNORECASE
)
_PREFIX = frozenset("api apis rest restapi public rpc services service endpoint web ajax odata json wp-json".split())
_EXTENSION = re.compile(r"\.(?:json|xml|php|aspx?|jsp|do|ashx|svc|csv|html?)$", re.IGNORECASE)
_BULK = frozenset(("batch", "bulk"))
_MANNERS = frozenset("quick bulk batch mass multi many async multiple direct force".split())
# In the middle of a path these are never things: "/webhooks/delete/{id}".
_DEEDS = frozenset(
    "create add insert update edit modify change replace rename set save upsert delete remove destroy get "
    "read fetch retrieve show find register deregister unregister subscribe unsubscribe".split()
)
_TELLING = frozenset(("get", "find", "read", "set"))
_ACTIONS = frozenset(("actions", "action", "commands", "command"))
_PARAM = re.compile(r"\{([^{}]*)\}")
# "by-email", "findByEmail"; "byoip_prefixes" is a thing.
_BY = re.compile(r"(?:(?:[Ff]ind|[Gg]et|[Ll]ookup|[Ss]earch)-?)?[Bb][Yy](?:(?:[-_]|(?=[A-Z]))(?P<field>.+))?$")


@dataclass(slots=True)
class Segment:
    """One part of a path between slashes."""

    text: str  # without a verb behind "." or ":" and without a file extension
    params: list[str] = field(default_factory=list)
    verb: str = ""  # what stood behind "." or ":" ("list" of "contacts.list")

    @property
    def fixed(self) -> bool:
        """True where no value goes in."""
        return not self.params


class Route:
    """One path, taken apart."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.segments = _segments(path.partition("?")[0])

    @cached_property
    def significant(self) -> list[Segment]:
        """The segments without leading versions and words like "api"."""
        found = list(self.segments)
        while found and found[0].fixed and not found[0].verb and _is_prefix(found[0].text):
            found.pop(0)
        return found

    @property
    def tail(self) -> Segment | None:
        """The last segment."""
        return self.significant[-1] if self.significant else None

    @property
    def ends_in_value(self) -> bool:
        """True for ``/contacts/{id}``."""
        return bool(self.tail and self.tail.params and not self.tail.verb)

    @cached_property
    def said(self) -> verbs.Said | None:
        """The verb on the end: ``/contacts/search``, ``contacts.list``, ``/{name}:cancel``, ``/addUser``."""
        tail = self.tail
        if tail is None:
            return None
        if tail.verb:
            return verbs.of_id(tail.verb) or verbs.Said("action", 1, tail.verb)
        if tail.params:
            return None
        words = split(tail.text)
        if not words or self.in_bulk:
            return None
        found = verbs.of_word(words[0])
        if len(words) > 1 and words[0] in _MANNERS and (deed := verbs.of_word(words[-1])) is not None:
            # "quickAdd", "bulk-delete": a deed in a certain manner.
            return deed if deed.strength == 2 else found
        if found is not None and words[1:] in (("all",), ("many",)) and found.verb in ("get", "search", "list"):
            return verbs.Said("list", 2, words[0])
        if found is None:
            last = verbs.of_word(words[-1]) if len(words) > 1 else None
            return last if last is None or last.verb == "search" else None
        if len(words) == 1:
            if not verbs.is_noun(words[0]):
                return found
            # "/orders/{id}/refund" is a deed, "/refund" or "/lists" may be a thing.
            after_value = len(self.significant) > 1 and bool(self.significant[-2].params)
            return found._replace(strength=1) if after_value or len(self.significant) > 1 else None
        if found.verb == "action" and (
            verbs.is_noun(words[0]) or (is_plural(words[-1]) and verbs.makes_names(words[0]))
        ):
            # "/order_items", "/deploy_keys": things with a deed in their name.
            return None
        if found.word in _TELLING:
            found = found._replace(strength=2)
        if words[-1] != words[0] and is_plural(words[-1]) and found.word in ("post", "new", "index", "details", "info"):
            return None
        return found

    @property
    def in_bulk(self) -> bool:
        """True for ``/contacts/batch``: the end says how many at once, not what is done."""
        parts = self.significant
        return len(parts) > 1 and parts[-1].text.lower() in _BULK and parts[-2].fixed and not parts[-1].params

    @property
    def under_actions(self) -> bool:
        """True for ``/users/{id}/actions/change-owner``: the path itself calls its end a deed."""
        parts = self.significant
        return len(parts) > 1 and parts[-2].text.lower() in _ACTIONS and parts[-1].fixed

    @property
    def noun_of_tail(self) -> str:
        """What a verb on the end leaves over: "user" of ``/addUser``."""
        tail = self.tail
        if tail is None or tail.verb or tail.params:
            return ""
        words = split(tail.text)
        if len(words) > 1 and self.said is not None:
            rest = words[1:] if self.said.word == words[0] else words[:-1]
            return singular_name(
                "_".join(word for word in rest if word not in _MANNERS and word not in ("all", "list", "the", "a"))
            )
        return ""

    @cached_property
    def by_field(self) -> str:
        """The field of ``/contacts/by-email/{email}`` or ``/contacts/by/{field}/{value}``, else ""."""
        for index, segment in enumerate(self.significant[:-1]):
            if segment.fixed and (match := _BY.match(segment.text)):
                following = self.significant[index + 1]
                return match["field"] or (following.params[0] if following.params else "") or "field"
        tail = self.tail
        if tail is not None and tail.fixed and (match := _BY.match(tail.text)):
            return match["field"] or "field"
        return ""

    @cached_property
    def nouns(self) -> list[tuple[str, bool]]:
        """The things in the path, in order: (singular name, is a value behind it)."""
        found: list[tuple[str, bool]] = []
        parts = self.significant
        for index, segment in enumerate(parts):
            if (
                not segment.fixed
                or not split(segment.text)
                or segment.text[:1] == "$"
                or (index and _VERSION.fullmatch(segment.text))
            ):
                continue
            last = index == len(parts) - 1
            if last and (self.under_actions or self.in_bulk):
                continue
            if last and not segment.verb and self.said is not None and self.said.strength >= 1:
                if noun := self.noun_of_tail:
                    found.append((noun, False))
                continue
            if _BY.match(segment.text) or (index and found and segment.text.lower() in _DEEDS):
                continue
            if index == len(parts) - 2 and self.under_actions:
                continue
            valued = not last and bool(parts[index + 1].params)
            pieces = [piece for piece in segment.text.split(".") if split(piece)]
            found += [(singular_name(piece), False) for piece in pieces[:-1]]
            found.append((singular_name(pieces[-1] if pieces else segment.text), valued))
        return [one for one in found if one[0]]

    @cached_property
    def under_search(self) -> bool:
        """True for ``/search/contacts`` and ``/search/{kind}``."""
        return any(one.fixed and one.text.lower().strip("_") == "search" for one in self.significant)

    @property
    def tail_is_plural(self) -> bool:
        """True for ``/contacts`` and ``/users/{id}/orders``."""
        tail = self.significant[-2] if self.in_bulk else self.tail
        if tail is None or tail.params:
            return False
        words = split(tail.text)
        return bool(words) and is_plural(words[-1])

    @property
    def collection(self) -> str:
        """The path without a value, a verb or a by-field on its end: what operations on one collection share."""
        parts = self.path.partition("?")[0].rstrip("/").split("/")
        if self.by_field:
            while parts and not _BY.match(parts[-1]):
                parts.pop()
            parts = parts[:-1]
        elif self.ends_in_value or (self.said is not None and not (self.tail and self.tail.verb)):
            parts = parts[:-1]
            if noun := self.noun_of_tail:
                parts.append(noun)
            elif parts and self.said is not None and _PARAM.search(parts[-1]):
                parts = parts[:-1]
        elif self.tail and self.tail.verb:
            parts = [*parts[:-1], self.tail.text]
        return "/".join(_PARAM.sub("{}", part) for part in parts)


def _segments(path: str) -> list[Segment]:
    found: list[Segment] = []
    for part in path.split("/")[:60]:
        if not part:
            continue
        params = _PARAM.findall(part)
        rest = _EXTENSION.sub("", part)
        verb = ""
        outside = _PARAM.sub("\0", rest)
        if ":" in outside:
            outside, _, verb = outside.partition(":")
        elif "." in outside and not outside.startswith(".") and not _VERSION.fullmatch(outside):
            head, _, last = outside.rpartition(".")
            if re.fullmatch(r"[A-Za-z]+", last) and "\0" not in last and verbs.of_id(last) is not None:
                outside, verb = head, last
        fixed = outside.replace("\0", "")
        if params and verb and "\0" not in outside:
            params = []
        # "/users('{id}')" of OData is a value behind a noun.
        if params and (match := re.fullmatch(r"([A-Za-z_]\w*)\((?:\w+=)?['\"]?\0.*\)?", outside)):
            deed = verbs.of_word(match[1].lower())
            if "=" in outside and deed is not None and deed.verb == "action":
                # "/jobs('{id}')/Run(mode='{mode}')": a function that is called, not a record.
                found.append(Segment(match[1]))
                continue
            found.append(Segment(match[1]))
            found.append(Segment("", params, verb))
            continue
        found.append(Segment(fixed, params, verb))
    return found


def _is_prefix(text: str) -> bool:
    return bool(_VERSION.fullmatch(text)) or text.lower() in _PREFIX
