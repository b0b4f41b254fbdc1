"""Dialbook's two ways to page: a total in the body, or Link headers (RFC 8288); both by ``page`` and ``per_page``."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from tieline.sandbox.web import Headers, Refusal, Reply, Request, answer, integer

DEFAULT_SIZE = 50
MAX_SIZE = 100


def order(request: Request, fields: tuple[str, ...], default: str) -> tuple[str, bool]:
    """Sort field and whether it is descending, from ``sort`` and ``order``."""
    field, direction = request.query.get("sort", default), request.query.get("order", "asc")
    if field not in fields:
        raise Refusal(400, "invalid_parameter", f"'sort' is one of {', '.join(fields)}.", field="sort")
    if direction not in ("asc", "desc"):
        raise Refusal(400, "invalid_parameter", "'order' is asc or desc.", field="order")
    return field, direction == "desc"


def _cut(request: Request, rows: list[Any], descending: bool) -> tuple[list[Any], int, int]:
    page = integer(request, "page", 1, 1, 1_000_000)
    size = integer(request, "per_page", DEFAULT_SIZE, 1, MAX_SIZE)
    start = (page - 1) * size
    if not descending:
        return rows[start : start + size], page, size
    end = len(rows) - start
    return rows[max(0, end - size) : max(0, end)][::-1], page, size


def counted(request: Request, rows: list[Any], descending: bool, *, track: bool = True) -> Reply:
    """``{"items": [...], "page", "per_page", "total"}``; ``track``: the ledger looks out for re-reads."""
    found, page, size = _cut(request, rows, descending)
    body = {"items": found, "page": page, "per_page": size, "total": len(rows)}
    return answer(body, page=track, records=len(found))


def linked(request: Request, rows: list[Any], descending: bool) -> Reply:
    """A bare array; ``Link`` says where first, prev, next and last are, ``X-Total-Count`` how many there are."""
    found, page, size = _cut(request, rows, descending)
    last = max(1, -(-len(rows) // size))
    places = {
        "first": 1,
        "prev": page - 1 if 1 < page <= last + 1 else 0,
        "next": page + 1 if page < last else 0,
        "last": last,
    }
    rest = [(k, v) for k, v in parse_qsl(request.raw_query, keep_blank_values=True) if k not in ("page", "per_page")]
    links = ", ".join(
        f'<{request.base}{request.raw_path}?{urlencode([*rest, ("page", number), ("per_page", size)])}>; rel="{name}"'
        for name, number in places.items()
        if number
    )
    headers: Headers = ((b"link", links.encode("latin-1", "replace")), (b"x-total-count", b"%d" % len(rows)))
    return answer(found, headers=headers, page=True, records=len(found))
