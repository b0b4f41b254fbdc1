"""``If-Match``: change only what is still as it was read (RFC 9110 section 13.1.1). The cloud families answer 409."""

from __future__ import annotations

from typing import Any

from fastapi import Request

IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The `ETag` of what was read; 409 where somebody saved meanwhile.",
}


def expected(request: Request) -> str | None:
    """The tag that the caller expects; None where any will do."""
    sent = request.headers.get("if-match", "").strip()
    return None if sent in {"", "*"} else sent.removeprefix("W/").strip('"')
