"""Cross-origin requests of browsers (WHATWG Fetch, section 3.3 "CORS protocol").

A preflight says nothing of who asks, so it is answered for an origin that any tenant has registered, or, where its
query names a web integration, for those of that one. The request itself is held against the tenant of its credentials:
only where that has registered the origin does the answer let the page read it. ``null`` and ``*`` can be registered by
nobody. Whatever the origin, the request does what it does without one: nobody is let in by a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from uuid import UUID

from starlette.requests import Request

from tieline.api.edge.ids import parse_id
from tieline.core.errors import BadInput
from tieline.tenancy.origins import Origins

INTEGRATION = "qlik-web-integration-id"
MAX_AGE_SECONDS = 600
EXPOSED = (
    "x-trace-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "retry-after",
    "etag",
    "link",
    "location",
    "qlik-csrf-token",
)
VARY = (b"vary", b"origin")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_MOST_ASKED = 50

Headers = list[tuple[bytes, bytes]]


async def preflight(origins: Origins, request: Request, methods: Sequence[str]) -> Headers:
    """What the answer to OPTIONS says besides; nothing where it is no preflight, or the origin is nobody's."""
    asked = request.headers.getlist("access-control-request-method")
    origin = _origin(request)
    if len(asked) != 1 or origin is None:
        return []
    try:
        named = _named(request)
    except BadInput:
        return []
    if not await origins.anybody(origin, named):
        return []
    headers: Headers = [
        *_allowed(origin),
        (b"access-control-allow-methods", ", ".join(methods).encode()),
        (b"access-control-max-age", str(MAX_AGE_SECONDS).encode()),
        (b"vary", b"access-control-request-method, access-control-request-headers"),
    ]
    if wanted := ", ".join(_asked_headers(request)):
        headers.append((b"access-control-allow-headers", wanted.encode()))
    return headers


async def actual(origins: Origins, request: Request, tenant_id: UUID, *, client: UUID | str | None = None) -> Headers:
    """What the answer to a request of this tenant says besides; nothing where the tenant has not registered the origin.

    ``client``: the OAuth client that its token was made for, by the id of its row or its client id.
    """
    origin = _origin(request)
    if origin is None:
        return []
    try:
        named = _named(request)
    except BadInput:
        return []
    if not await origins.allows(tenant_id, origin, named, client=client):
        return []
    return [*_allowed(origin), (b"access-control-expose-headers", ", ".join(EXPOSED).encode())]


def _allowed(origin: str) -> Headers:
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
    ]


def _origin(request: Request) -> str | None:
    sent = request.headers.getlist("origin")
    return sent[0] if len(sent) == 1 else None


def _named(request: Request) -> UUID | None:
    """The web integration that the request names. Raises `BadInput` for what can be none."""
    sent = {*request.query_params.getlist(INTEGRATION), *request.headers.getlist(INTEGRATION)}
    if not sent:
        return None
    if len(sent) > 1:
        raise BadInput("The request names more than one web integration; name one.")
    return parse_id(sent.pop(), "web integration", BadInput)


def _asked_headers(request: Request) -> Iterator[str]:
    asked = ",".join(request.headers.getlist("access-control-request-headers")).split(",")
    for name in asked[:_MOST_ASKED]:
        if _TOKEN.fullmatch(name.strip()):
            yield name.strip().lower()
