"""The parts of a document that speak of authentication, and the methods found so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tieline.connectors.importers.prose.drafts import Draft
from tieline.connectors.importers.prose.items import Item, Place
from tieline.connectors.importers.prose.shell import Sample
from tieline.connectors.importers.prose.vocabulary import fold
from tieline.connectors.manifest.model import AuthMethod, Fact

_ABOUT = re.compile(
    r"\bkeys?\b[^.\n]{0,40}\b(?:header|query|url)|\bheader\b[^.\n]{0,40}\bkey\b|"
    r"\bauth\w*\b|\bapi[- ]?(?:key|token|sleutel|schlüssel)s?\b|\bclé\b|\bcredentials?\b|\baccess[- ]token"
    r"|\btokens?\b|\bsign(?:ed|ature|ing)\b|\bsecret\b|\bbearer\b"
    r"|\bclient[_ ]id\b|\bauthentifi\w*|\bschlüssel\b|\bsleutel\b|\banmeld\w*|\binloggen\b|\bjeton\b|\blog ?in\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Auth:
    """What was found: methods, questions (text, place), and the URLs that belong to OAuth."""

    methods: list[AuthMethod] = field(default_factory=list)
    questions: list[tuple[str, str]] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Said:
    text: str
    place: Place
    title: str
    code: bool


class Finder:
    """Collects what is said; the finders of each kind build on it."""

    def __init__(self, items: list[Item], titles: list[str], drafts: list[Draft], origin: str) -> None:
        self.drafts = drafts
        self.origin = origin
        self.samples: list[tuple[Sample, Place]] = [pair for draft in drafts for pair in draft.samples]
        self.said: list[Said] = []
        self.result = Auth()
        for item, title in zip(items, titles, strict=True):
            about = bool(_ABOUT.search(title)) or bool(
                re.match(r"auth|anmeld|inlog|securit|sicherheit|beveilig|sécurit", fold(title))
            )
            for text, place in lines_of(item):
                if about or _ABOUT.search(text[:3000]) or (item.kind == "code" and "uthorization" in text):
                    self.said.append(Said(text, place, title, item.kind == "code"))
        self.prose = [one for one in self.said if not about_hooks(one)]

    def _add(self, method: AuthMethod, place: Place, sure: float, note: str = "") -> AuthMethod:
        method.facts["kind"] = Fact(evidence=[str(place)], confidence=sure, note=note)
        self.result.methods.append(method)
        return method

    def _first(self, pattern: re.Pattern[str], *, prose: bool = False) -> Said | None:
        return next((one for one in self.prose if (not prose or not one.code) and pattern.search(one.text)), None)


def lines_of(item: Item) -> list[tuple[str, Place]]:
    """The texts of an item, a row of a table as one."""
    if item.kind == "table":
        if fold(item.rows[0][0]) in ("scope", "scopes", "permission", "berechtigung", "scope name"):
            return [
                (" | ".join(["scope", *row]), item.row_place(index)) for index, row in enumerate(item.rows[1:300], 1)
            ]
        return [(" | ".join(row), item.row_place(index)) for index, row in enumerate(item.rows[:300])]
    return [(item.text[:20_000], item.place)]


def about_hooks(one: Said) -> bool:
    """What signs webhooks does not authenticate calls."""
    return bool(re.search(r"webhook|callback|notification", one.title, re.IGNORECASE)) or bool(
        re.search(
            r"\bwebhooks?\b|\b(?:we|is) sign(?:ed)?\b[^.\n]{0,60}\b(?:deliver|event|payload|post)|\bdeliver(?:y|ies)\b",
            one.text,
            re.IGNORECASE,
        )
    )
