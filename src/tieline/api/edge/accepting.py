"""Which form of an answer a client wants (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.requests import Request

_RANGE = re.compile(r"\s*([!#$&^_.+\w*-]+)/([!#$&^_.+\w*-]+)\s*((?:;[^,]*)?)\s*", re.ASCII)
_WEIGHT = re.compile(r";\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.IGNORECASE | re.ASCII)


def wanted(request: Request, offered: Sequence[str]) -> str | None:
    """The media type of ``offered`` that the client likes best, the first of equals; None: it takes none of them.

    Without the header it takes any; an empty one names nothing that would be taken.
    """
    sent = request.headers.getlist("accept")
    if not sent:
        return offered[0]
    ranges = [match for part in ",".join(sent).split(",") if (match := _RANGE.fullmatch(part)) is not None]
    best, liked = None, 0.0
    for media_type in offered:
        weight = _weight(ranges, media_type)
        if weight > liked:
            best, liked = media_type, weight
    return best


def _weight(ranges: Sequence[re.Match[str]], media_type: str) -> float:
    """The weight of the range that says most about ``media_type``."""
    kind, _, form = media_type.partition("/")
    weight, said = 0.0, 0
    for match in ranges:
        names = (match[1].lower(), match[2].lower())
        precision = {(kind, form): 3, (kind, "*"): 2, ("*", "*"): 1}.get(names, 0)
        if precision > said:
            stated = _WEIGHT.search(match[3])
            weight, said = float(stated[1]) if stated else 1.0, precision
    return weight
