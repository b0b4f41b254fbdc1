"""Time zones by name, offset or abbreviation."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tieline.automations.formulas.errors import FormulaValueError

OFFSET = re.compile(r"(?:gmt|utc)?\s*([+-])([0-9]{1,2}):?([0-9]{2})?(?::?([0-9]{2}))?", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z]{2,20}(?:[/_-][A-Za-z0-9+_-]{1,30}){0,3}")
ABBREVIATIONS: Final = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3,
    "ist": 5.5, "jst": 9, "aest": 10, "aedt": 11, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7,
}  # fmt: skip


@lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """The zone called ``Europe/Brussels``, ``+02:00`` or ``EST``; raises ``FormulaValueError``."""
    text = name.strip()
    if text.lower() in {"", "z", "utc", "gmt"}:
        return UTC
    if text.lower() in ABBREVIATIONS:
        return timezone(timedelta(hours=ABBREVIATIONS[text.lower()]), text.upper())
    offset = OFFSET.fullmatch(text)
    if offset:
        return fixed(offset)
    if _NAME.fullmatch(text):
        for spelling in (text, "/".join("_".join(p.capitalize() for p in part.split("_")) for part in text.split("/"))):
            try:
                return ZoneInfo(spelling)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
    raise FormulaValueError(
        "the time zone is not known; use a name such as Europe/Brussels or an offset such as +02:00"
    )


def fixed(offset: re.Match[str]) -> tzinfo:
    """The zone of a matched ``OFFSET``."""
    sign, hours, minutes, seconds = offset.groups()
    span = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    if span >= timedelta(hours=24):
        raise FormulaValueError("the offset of a time zone must be less than 24 hours")
    return timezone(-span if sign == "-" else span) if span else UTC
