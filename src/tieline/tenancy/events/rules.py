"""What a webhook may say: its address, headers, secret and types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from tieline.core.errors import BadInput
from tieline.security.egress import Policy
from tieline.security.egress.saved import check_saved
from tieline.tenancy.events.types import EVENT_TYPES, PARTNER_TYPES, may_listen

LONGEST_NAME: Final = 512
LONGEST_URL: Final = 2048
LONGEST_DESCRIPTION: Final = 1024
SHORTEST_SECRET: Final = 32
LONGEST_SECRET: Final = 64
MOST_HEADER_BYTES: Final = 2048
MOST_TYPES: Final = 100
PARTNER_LEVEL: Final = "partner"
RESOLVE_SECONDS: Final = 3.0

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
_BAD_VALUE = re.compile(r"[\x00-\x1f\x7f]")
_OURS: Final = frozenset(
    "host content-length transfer-encoding connection keep-alive proxy-connection proxy-authorization te trailer "
    "upgrade expect accept-encoding http2-settings webhook-id webhook-timestamp webhook-signature "
    "qlik-signature".split()
)
_CONTENT_TYPES: Final = ("application/json", "application/cloudevents+json")


async def check_url(url: str, policy: Policy) -> str:
    """The address, if it may be called. A name that does not resolve just now is left to the call."""
    await check_saved(url, policy, pointer="/url", longest=LONGEST_URL, must_resolve=False, timeout=RESOLVE_SECONDS)
    return url


def check_name(name: str) -> str:
    """Something to call it by."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise BadInput(f"The name has to have 1 to {LONGEST_NAME} characters, not only blanks.", pointer="/name")
    return name


def check_secret(secret: str) -> str:
    """32 to 64 characters; ``whsec_`` and base64 (Standard Webhooks) or any other text. "" takes it away."""
    if secret and not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        raise BadInput(f"The secret has to have {SHORTEST_SECRET} to {LONGEST_SECRET} characters.", pointer="/secret")
    return secret


def check_types(types: Iterable[str], level: str) -> list[str]:
    """The types, each once, in the order given. One that is the vendor's, but does not happen here, may be named."""
    wanted = list(dict.fromkeys(types))
    if len(wanted) > MOST_TYPES:
        raise BadInput(
            f"There are {len(wanted)} event types; at most {MOST_TYPES} may be named.", pointer="/eventTypes"
        )
    for number, name in enumerate(wanted):
        where = f"/eventTypes/{number}"
        if level == PARTNER_LEVEL:
            if name not in PARTNER_TYPES:
                raise BadInput(
                    f"There is no event type {name[:80]!r}; /oem/v1/webhooks/event-types lists them.", pointer=where
                )
            continue
        if not may_listen(name):
            raise BadInput(
                f"There is no event type {name[:80]!r}; /api/v1/webhooks/event-types lists them.", pointer=where
            )
        if name in EVENT_TYPES and level not in EVENT_TYPES[name].levels:
            raise BadInput(f"The event type {name} can only be listened to at the level tenant.", pointer=where)
    return wanted


def check_headers(headers: Mapping[str, str], pointer: str) -> dict[str, str]:
    """Headers that go with each request. Values are never told in an error."""
    taken: set[str] = set()
    if sum(len(name.encode()) + len(value.encode()) for name, value in headers.items()) > MOST_HEADER_BYTES:
        raise BadInput(f"The headers have more than {MOST_HEADER_BYTES} bytes; send fewer.", pointer=pointer)
    for name, value in headers.items():
        lower = name.lower()
        if _TOKEN.fullmatch(name) is None:
            raise BadInput("The name of a header is no token of RFC 9110; use letters, digits and -.", pointer=pointer)
        if lower in _OURS:
            raise BadInput(f"The header {name} is set by the sender; leave it out.", pointer=pointer)
        if lower == "content-type" and value.partition(";")[0].strip().lower() not in _CONTENT_TYPES:
            raise BadInput(f"The content-type can be {' or '.join(_CONTENT_TYPES)}.", pointer=pointer)
        if lower in taken:
            raise BadInput(
                f"The header {name} stands there twice; names are the same in all letter cases.", pointer=pointer
            )
        if _BAD_VALUE.search(value):
            raise BadInput(
                f"The value of the header {name} is not on one line, or has control characters.", pointer=pointer
            )
        taken.add(lower)
    return dict(headers)
