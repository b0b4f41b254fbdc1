"""Webhook events that a document names, and samples of what they bring."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.description import Event
from tieline.connectors.importers.prose.items import Item, Place, plain_text
from tieline.connectors.importers.prose.vocabulary import EVENT_TITLES, column, fold
from tieline.connectors.importers.sampling import schema_of

_ABOUT = re.compile(
    r"\bweb ?hooks?\b|\bevents?\b|\bcallbacks?\b|\bnotifications?\b|\bsubscriptions?\b|\bereignis\w*\b"
    r"|\bgebeurtenis\w*\b|\bevenements?\b|\btriggers?\b|\btopics?\b"
)
_HOOK = re.compile(
    r"\bweb ?hooks?\b|\bcallbacks?\b|\bwe (?:call|post|send|notify)\b|\bsubscri\w+\b|\bnotif\w+\b", re.IGNORECASE
)
_NAME = re.compile(r"[a-z][a-z0-9_-]{1,40}(?:[.:/][a-z][a-z0-9_-]{1,40}){1,3}")
_DEED = re.compile(
    r"(?:created?|updated?|deleted?|changed?|added|removed?|cancell?ed|completed|started|ended|finished|failed|paid"
    r"|sent|received|opened|closed|moved|merged|assigned|"
    r"archived|restored|published|checked[-_]?in|registered|signed|answered|missed|renamed|approved|rejected|expired"
    r"|refunded|shipped|new|modified|submitted|ringing|hangup)$"
)
_PLAIN_NAME = re.compile(r"[A-Za-z][\w-]{2,60}(?:[.:/][\w-]{1,60}){0,3}")
MAX_EVENTS = 500


def find_events(items: list[Item], titles: list[str], samples: list[tuple[str, Any, Place]]) -> list[Event]:
    """The events, in the order of the document."""
    found: dict[str, Event] = {}
    for item, title in zip(items, titles, strict=True):
        if len(found) >= MAX_EVENTS:
            break
        about = bool(_ABOUT.search(fold(title)))
        if item.kind == "table":
            _table(item, about, found)
        elif item.kind in ("entry", "paragraph") and (about or _HOOK.search(item.text[:2_000])):
            _text(item, found)
        elif item.kind == "heading" and about is False and _is_event(item.text.strip("` ")):
            _add(found, item.text.strip("` "), item.place, "")
    _payloads(found, items, samples)
    return list(found.values())


def _is_event(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and bool(_DEED.search(re.split(r"[.:/]", name)[-1]))


def _add(found: dict[str, Event], name: str, place: Place, said: str) -> None:
    if name not in found:
        found[name] = Event(name=name, description=plain_text(said)[:1000], pointer=f"{place}, {name}")


def _table(item: Item, about: bool, found: dict[str, Event]) -> None:
    titled = fold(item.rows[0][0]) in EVENT_TITLES
    names = [row[0].strip("` *") for row in item.rows]
    fitting = sum(1 for name in names[1:] if _PLAIN_NAME.fullmatch(name))
    dotted = sum(1 for name in names if _is_event(name))
    if not (titled and fitting >= 0.8 * (len(names) - 1)) and not (
        dotted >= 0.7 * max(len(names) - 1, 1) and (about or dotted > 1)
    ):
        return
    if titled and column(item.rows[0][0]) == "name" and not dotted:
        return
    for index, row in enumerate(item.rows):
        name = row[0].strip("` *")
        if (index == 0 and titled) or not (_PLAIN_NAME.fullmatch(name) if titled else _is_event(name)):
            continue
        _add(found, name, item.row_place(index), " ".join(row[1:]))


def _text(item: Item, found: dict[str, Event]) -> None:
    text = item.text[:20_000]
    entry = (
        re.match(
            rf"[`*\"]{{0,3}}(?P<name>{_NAME.pattern})[`*\"]{{0,3}}(?:\s*[:–—-]\s*|\s+|$)(?P<rest>.*)", text, re.DOTALL
        )
        if item.kind == "entry"
        else None
    )
    if entry is not None and _is_event(entry["name"]):
        _add(found, entry["name"], item.place, entry["rest"])
        return
    for match in re.finditer(rf"(?<![\w/.@{{-])(?P<name>{_NAME.pattern})(?![\w/@}}-])", text):
        if _is_event(match["name"]):
            _add(found, match["name"], item.place, "")


def _payloads(found: dict[str, Event], items: list[Item], samples: list[tuple[str, Any, Place]]) -> None:
    """A sample that names its event shows what that event, and most likely every event, brings."""
    if not found:
        return
    shown: dict[str, list[Any]] = {}
    for _, value, _ in samples:
        if isinstance(value, dict):
            name = next(
                (
                    one
                    for key in ("event", "type", "event_type", "eventType", "topic", "name", "action")
                    if isinstance(one := value.get(key), str) and one in found
                ),
                "",
            )
            if name:
                shown.setdefault(name, []).append(value)
    for name, values in shown.items():
        found[name].schema = schema_of(values)
    for event in found.values():
        if event.schema is None and shown:
            event.schema = schema_of(next(iter(shown.values())))
