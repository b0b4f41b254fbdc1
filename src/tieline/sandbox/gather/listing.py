"""Gather's lists: filters, `updated_since`, `sort`, and a cursor that stays right while records come and go.

The cursor holds the sort value and id of the last record (keyset), so that a page can be asked for again at any time;
it is bound to its filters and order, and refused with others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from tieline.sandbox.clock import moment
from tieline.sandbox.table import Row, Table, after
from tieline.sandbox.web import Refusal, Reply, Request, answer, encode, integer

R = TypeVar("R", bound=Row)
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_COMMON = ("limit", "cursor", "sort", "updated_since")


def page(
    request: Request,
    table: Table[R],
    *,
    sorts: tuple[str, ...],
    filters: Mapping[str, Callable[[R], Any]],
    fold: tuple[str, ...] = (),
    choices: Mapping[str, tuple[str, ...]],
) -> Reply:
    """One page as ``{"data": [...], "paging": {"limit", "has_more", "next_cursor"}}``.

    ``fold`` filters ignore case; ``choices`` are the values that a filter takes.
    """
    query = request.query
    for name in query:
        if name not in _COMMON and name not in filters:
            known = ", ".join(sorted((*_COMMON, *filters)))
            raise Refusal(400, "unknown_parameter", f"This list takes: {known}.", field=name)
    for name, values in choices.items():
        if query.get(name, values[0]) not in values:
            raise Refusal(400, "invalid_parameter", f"'{name}' is one of {', '.join(values)}.", field=name)
    limit = integer(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    order = query.get("sort", "updated_at")
    sort = order.removeprefix("-")
    if sort not in sorts:
        raise Refusal(400, "invalid_parameter", f"'sort' is one of {', '.join(sorts)}, or -field.", field="sort")
    where: list[tuple[str, Any]] = [
        (name, query[name].lower() if name in fold else query[name]) for name in sorted(filters) if name in query
    ]
    tests = [(filters[name], value) for name, value in where]
    since = query.get("updated_since")
    if since is not None:
        since = moment(since, "updated_since", 400)
        where.append(("updated_since", since))
    bound = hashlib.blake2b(encode([order, where]), digest_size=6).hexdigest()
    last = _open(query["cursor"], bound) if "cursor" in query else None
    rows = table.view(sort, tuple(where), _keep(tests, since) if where else None)
    found, more = after(rows, sort, last, limit, order.startswith("-"))
    cursor = _seal(bound, getattr(found[-1], sort), found[-1].id) if more else None
    paging = {"limit": limit, "has_more": more, "next_cursor": cursor}
    return answer({"data": found, "paging": paging}, page=True, records=len(found))


def _keep(tests: list[tuple[Callable[[R], Any], Any]], since: str | None) -> Callable[[R], bool]:
    def keep(row: R) -> bool:
        if since is not None and row.updated_at < since:  # type: ignore[attr-defined]
            return False
        return all(get(row) == value for get, value in tests)

    return keep


def _seal(bound: str, value: str, key: str) -> str:
    return base64.urlsafe_b64encode(encode((bound, value, key))).rstrip(b"=").decode()


def _open(cursor: str, bound: str) -> tuple[str, str]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        belongs, value, key = msgspec.json.decode(text, type=tuple[str, str, str])
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError):
        raise Refusal(400, "invalid_cursor", "'cursor' is not one that this list gave.", field="cursor") from None
    if belongs != bound:
        raise Refusal(400, "invalid_cursor", "'cursor' belongs to other filters or another order.", field="cursor")
    return value, key
