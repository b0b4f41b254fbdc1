"""What the own name of an operation says besides its verb: one or several, and by which field."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify import verbs
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.words import is_plural, plain, split

# Fields that single out one record without being its key.
UNIQUE = frozenset(
    "email username login handle slug name code externalid domain vat vatnumber phone phonenumber sku "
    "barcode isbn reference number alias externalreference emailaddress".split()
)
_SAYS_ONE = re.compile(
    r"(?:(?:this|the) \w+ )?(?:gets?|retrieves?|returns?|fetch(?:es)?|shows?|reads?|finds?|views?|loads?|looks? up) "
    r"(?:(?:back|details (?:of|about|for)|information (?:on|about)) )?"
    r"(?:an?|one|(?:a |the )?(?:single|specific|specified|given|particular)) "
    r"(?!(?:\w+ ){0,2}(?:list|collection|page|set|array|batch|group|series|number|summary|range|count|overview"
    r"|random)s?\b)",
    re.IGNORECASE,
)
_ENDS_OF_NOUN = ("by", "for", "of", "in", "from", "with", "to", "on")
_NOT_SEVERAL = ("details", "settings", "stats", "metrics", "data", "status", "analytics", "statistics", "info")


def says_one(case: Case) -> bool:
    """True where the summary speaks of a single record: "Get a single contact", "Retrieve an asset record"."""
    return bool(_SAYS_ONE.match(case.op.summary[:200].strip()))


def speaks_of_one(case: Case) -> bool:
    """True for ``getContact`` and ``getRowsSchema``: the noun itself is no plural."""
    words = _noun_phrase(case)
    return bool(words) and not is_plural(words[-1]) and words[-1] not in ("list", "collection", "all", "many")


def speaks_of_several(case: Case) -> bool:
    """True for ``readEntities`` and ``getUsersByGroup``."""
    words = _noun_phrase(case)
    return bool(words) and is_plural(words[-1]) and words[-1] not in _NOT_SEVERAL


def _noun_phrase(case: Case) -> list[str]:
    """The words of the name between its verb and the first preposition."""
    words = list(case.words)
    while words and verbs.of_word(words[0]) is not None:
        words.pop(0)
    cut = next((index for index, word in enumerate(words) if word in _ENDS_OF_NOUN), len(words))
    return words[:cut]


def looked_up_by(case: Case) -> str:
    """The unique field of ``users.lookupByEmail`` and ``findUserByUsername``, else ""."""
    words = case.words
    if "by" not in words[1:] or case.route.ends_in_value or speaks_of_several(case):
        return ""
    field = "".join(words[words.index("by", 1) + 1 :])
    return field if field in UNIQUE else ""


def asked_by(case: Case) -> str:
    """The one unique field that a GET without a key asks for (``/users/lookup?email=``), else ""."""
    if case.route.ends_in_value:
        segments = case.route.significant
        words = case.words
        by = "by" in words and words[words.index("by") + 1 :] != ("id",)
        before = plain(segments[-2].text) if len(segments) > 1 and segments[-2].fixed else ""
        field = "".join(words[words.index("by") + 1 :]) if by else ""
        # "/users/email/{email}", "/contacts/external/{external_id}"
        repeated = before in UNIQUE or (field in UNIQUE and len(before) > 3 and field.startswith(before))
        return field if repeated else ""
    needed = [one for one in case.params("query") if one.required]
    if not needed:
        return ""
    few = case.route.said is not None or len(case.params("query")) <= 2
    if len(needed) == 1 and plain(needed[0].name) in UNIQUE and few:
        return needed[0].name
    words = case.words
    named = "by" in words[1:] and plain("".join(words[words.index("by", 1) + 1 :])) in UNIQUE
    return needed[0].name if named else ""


def unknown_deed(case: Case) -> bool:
    """``adoptRepository``, "Adopt a repository": a verb that no list holds, in both names and not in the path."""
    summary = split(case.op.summary[:80])
    if len(summary) < 2 or not case.words or verbs.of_word(summary[0]) is not None:
        return False
    return summary[0] in case.words and summary[0] not in split(case.route.path)
