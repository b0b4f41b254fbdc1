"""Durations as text: ISO 8601-1 section 5.5.2, as in ``P7D`` or ``PT24H``."""

from __future__ import annotations

import re
from datetime import timedelta

from tieline.core.errors import BadInput

_NUMBER = r"(\d{1,9}(?:[.,]\d{1,6})?)"
_DURATION = re.compile(
    rf"P(?!$)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII,
)
# A year and a month have no length of their own; these are what everybody takes.
_SECONDS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)
LONGEST = timedelta(days=100 * 365)


def parse(text: str, *, pointer: str | None = None) -> timedelta:
    """The length of ``text``; a year counts 365 days, a month 30. Raises `BadInput`, also over 100 years."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadInput("This is not a duration of ISO 8601; write for example P7D or PT24H.", pointer=pointer)
    parts = zip(match.groups(), _SECONDS, strict=True)
    seconds = sum(float(number.replace(",", ".")) * unit for number, unit in parts if number)
    if not 0 < seconds <= LONGEST.total_seconds():
        raise BadInput("A duration has to be longer than nothing and at most 100 years.", pointer=pointer)
    return timedelta(seconds=seconds)
