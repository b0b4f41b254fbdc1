"""Work that an API finishes later: 202 with a ``Location`` to look at (RFC 9110 section 15.3.3, RFC 7240 4.1)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

import msgspec

from tieline.connectors.manifest.model import Block, Idempotency
from tieline.connectors.runtime.origins import origin_of
from tieline.connectors.runtime.request import Request
from tieline.core.errors import BadInput
from tieline.security.egress import Response

LONGEST: Final = 300.0  # seconds that a worker looks again and again
PAUSE: Final = 2.0  # seconds between two looks where the API does not say


def look(request: Request, response: Response) -> Request | None:
    """The request that finds out how far the work is, None where the answer does not ask for one.

    A ``Location`` alone may be that of what was made; with ``Retry-After`` it is where to come back to. One of another
    origin is left alone: the connection's credentials do not go there.
    """
    place = response.headers.get("Location", "")
    if response.status != 202 or not place or "Retry-After" not in response.headers:
        return None
    try:
        url = urljoin(request.url(), place.strip())
        if origin_of(url) != origin_of(request.origin):
            return None
    except (BadInput, ValueError):
        return None
    found = Request("GET", url)
    found.trusted = request.trusted
    found.headers = {name: request.headers[name] for name in ("accept", "user-agent") if name in request.headers}
    return found


def looking(block: Block) -> Block:
    """The block as what it is now: a read."""
    return msgspec.structs.replace(block, method="GET", kind="get", idempotency=Idempotency())
