"""Rate limits, from what introductions say in words and from documented headers."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify.words import plain
from tieline.connectors.importers.description import Operation
from tieline.connectors.manifest.model import Fact, RateBudget

_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86_400}
_LIMIT = re.compile(
    r"(?P<calls>\d[\d,. ]{0,9}?)(?P<kilo>k)?\s*(?:api |http |rest )?(?:requests?|calls?|queries|transactions|hits"
    r"|reqs?)(?: are allowed)?\s*"
    r"(?:per|/|a|an|every|each|in(?: a)?|within)\s*(?:rolling |sliding )?(?P<count>\d{1,4}|one|ten"
    r"|five)?[ -]?(?P<unit>second|sec|minute|min|hour|hr|day)s?\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"rate|limit|thrott|quota|maximum|up to|allowed|exceed|429", re.IGNORECASE)
_COUNTS = {"one": 1, "five": 5, "ten": 10}
_REMAINING = re.compile(
    r"(?:x)?(?:app)?rate?limit(?:\w{0,12})remaining|ratelimitremaining|(?:x)?requestsremaining|callsremaining"
    r"|quotaremaining|apilimitremaining"
)
_RESET = re.compile(r"(?:x)?(?:app)?rate?limit(?:\w{0,12})reset(?:after|time)?|ratelimitreset")


def in_words(said: str, at: str) -> RateBudget | None:
    """The smallest budget that a text names, None where it names none."""
    best: RateBudget | None = None
    for match in _LIMIT.finditer(said[:200_000]):
        around = said[max(0, match.start() - 160) : match.end() + 80]
        if not _ABOUT.search(around):
            continue
        digits = re.sub(r"[,. ]", "", match["calls"])
        if not digits or len(digits) > 8:
            continue
        calls = int(digits) * (1000 if match["kilo"] else 1)
        count = match["count"] or "1"
        seconds = float(_SECONDS[match["unit"].lower()] * int(_COUNTS.get(count.lower(), count)))
        if not calls or not seconds or calls / seconds > 100_000:
            continue
        if best is None or calls / seconds < best.calls / best.seconds:
            note = " ".join(match[0].split())[:100]
            best = RateBudget(
                calls=calls, seconds=seconds, facts={"calls": Fact(evidence=[at], confidence=0.7, note=note)}
            )
    return best


def in_headers(operations: list[Operation]) -> tuple[str, str, str]:
    """Names of the headers for what remains and when it starts anew, and where the first one stands."""
    remaining = reset = at = ""
    for operation in operations:
        for answer in operation.answers:
            for name in answer.headers:
                word = plain(name)
                if not remaining and _REMAINING.fullmatch(word):
                    remaining, at = name, at or answer.pointer
                elif not reset and _RESET.fullmatch(word):
                    reset, at = name, at or answer.pointer
        if remaining and reset:
            break
    return remaining, reset, at
