"""One call of a webhook: what is sent, what comes back, and both as they stand in the log, without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

from msgspec import Struct, field

from tieline.core import json
from tieline.core.errors import TielineError, Transient
from tieline.security.egress import Egress
from tieline.tenancy.events.envelopes import OMITTED

SECONDS: Final = 15.0
"""After which an answer has to be there."""
BODY_SECONDS: Final = 5.0
LARGEST_ANSWER: Final = 8 * 1024
"""Bytes of an answer's body that are read and kept; the rest is not."""

_MOST_HEADERS: Final = 50
_LONGEST_VALUE: Final = 1_000
_NO_CAP: Final = 1 << 40  # the answer is cut, not refused
_NEVER_KEPT: Final = frozenset({"set-cookie", "set-cookie2", "www-authenticate", "authorization"})


class Called(Struct):
    """What became of a call. ``status`` None: there was no answer, and ``problem`` says why.

    ``lasting``: another attempt would give the same; ``retry_after`` in seconds, as the receiver wishes.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    problem: str = ""
    lasting: bool = False
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def said(self) -> str:
        """In a few words."""
        if self.status is None:
            return self.problem
        with suppress(ValueError):
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        return str(self.status)


async def call(egress: Egress, url: str, headers: Mapping[str, str], body: bytes, moment: datetime) -> Called:
    """Posts once; raises nothing that has to do with the receiver. Redirects are answers like others."""
    try:
        async with egress.stream(
            "POST", url, headers=headers, body=body, timeout=SECONDS, max_bytes=_NO_CAP, follow_redirects=False
        ) as answer:
            found = Called(answer.status, dict(answer.headers))
            kept = bytearray()
            # The status has been said; what comes behind it changes nothing any more.
            with suppress(TielineError, TimeoutError):
                async with asyncio.timeout(BODY_SECONDS):
                    async for block in answer:
                        kept += block
                        if len(kept) >= LARGEST_ANSWER:
                            break
            found.body = bytes(kept[:LARGEST_ANSWER])
    except TielineError as error:
        return Called(problem=error.detail, lasting=not isinstance(error, Transient))
    found.retry_after = _wait(found.headers, moment)
    return found


def request_log(url: str, headers: Mapping[str, str], body: bytes, hidden: Mapping[str, str]) -> dict[str, Any]:
    """The request as it stands in the log; values of ``hidden`` headers are left out."""
    secret = {name.lower() for name in hidden}
    shown = {name: OMITTED if name.lower() in secret else value for name, value in headers.items()}
    return {"url": url, "headers": shown, "body": json.loads(body)}


def response_log(called: Called, secrets: list[str]) -> dict[str, Any] | None:
    """The answer as it stands in the log; where it repeats one of ``secrets``, that is left out."""
    if called.status is None:
        return None

    def clean(text: str) -> str:
        text = text.replace("\x00", "�")
        for secret in secrets:
            if len(secret) >= 4:
                text = text.replace(secret, OMITTED)
        return text

    headers = {
        clean(name): OMITTED if name.lower() in _NEVER_KEPT else clean(value)[:_LONGEST_VALUE]
        for name, value in list(called.headers.items())[:_MOST_HEADERS]
    }
    body = clean(called.body.decode("utf-8", "replace"))
    return {"statusCode": called.status, "headers": headers, "body": body}


def _wait(headers: Mapping[str, str], moment: datetime) -> float | None:
    """``Retry-After`` (RFC 9110 section 10.2.3) in seconds."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    with suppress(ValueError, TypeError, OverflowError):
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return max(0.0, (at - moment).total_seconds())
    return None
