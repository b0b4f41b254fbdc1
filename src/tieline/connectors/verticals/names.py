"""Names as different APIs write them, brought to one form: ``attendeeCategories``, ``Attendee-Category`` are one."""

from __future__ import annotations

import re
from functools import lru_cache

from tieline.connectors.verticals.model import Field

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """Lower case, words joined by ``_``."""
    return _OTHER.sub("_", _HUMP.sub("_", name[:200]).lower()).strip("_")


@lru_cache(maxsize=8192)
def singular(name: str) -> str:
    """`plain`, with the last word in the singular."""
    text = plain(name)
    if text.endswith("people"):
        return text[:-6] + "person"
    if text.endswith("ies") and len(text) > 4:
        return text[:-3] + "y"
    if text.endswith(("ches", "shes", "xes", "sses")):
        return text[:-2]
    return text[:-1] if text.endswith("s") and not text.endswith(("ss", "us", "is")) else text


def names_of(field: Field) -> dict[str, float]:
    """The names that a field goes by, and how sure each is."""
    return {field.name: 1.0, **dict.fromkeys(field.also.split(), 0.8)}


def best_name(field: Field, offered: list[str], *, owner: str = "") -> tuple[str, float]:
    """Which of the ``offered`` names is this field, and how sure that is; ("", 0) for none.

    ``owner`` is the object's name, which many APIs put in front: ``attendee_email``.
    """
    wanted = names_of(field)
    best, sure = "", 0.0
    for name in offered:
        bare = plain(name)
        told = wanted.get(bare, 0.0)
        if owner and not told and bare.startswith(f"{owner}_"):
            told = wanted.get(bare.removeprefix(f"{owner}_"), 0.0) * 0.9
        if told > sure:
            best, sure = name, told
    return best, sure


def holds_word(text: str, words: str) -> str:
    """The first of the ``words`` (blanks between them) that stands in ``text`` as a word of its own; empty for none."""
    padded = f"_{plain(text)}_"
    return next((word for word in words.split() if f"_{word}_" in padded), "")
