"""Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0), fetched when it is first needed."""

from __future__ import annotations

import time
from typing import Any, Final

from msgspec import Struct

from tieline.connectors.runtime.auth.base import Surroundings
from tieline.connectors.runtime.errors import BadAnswer
from tieline.connectors.runtime.origins import origin_of
from tieline.core.errors import BadInput

_FRESH: Final = 3600.0
_MOST: Final = 500
_KNOWN: dict[str, tuple[float, Metadata]] = {}


class Metadata(Struct, frozen=True):
    """What the document says of itself; empty where it says nothing."""

    issuer: str = ""
    authorization_url: str = ""
    token_url: str = ""
    device_url: str = ""
    iss_in_callback: bool = False  # RFC 9207 section 3
    client_auth: tuple[str, ...] = ()


async def metadata(url: str, around: Surroundings) -> Metadata:
    """The document at ``url``, at most an hour old. Raises BadAnswer for what is no such document."""
    known = _KNOWN.get(url)
    if known is not None and time.monotonic() - known[0] < _FRESH:
        return known[1]
    reply = await around.fetch(url, lambda: (None, {"accept": "application/json"}), method="GET")
    if reply.status != 200 or not isinstance(reply.body, dict):
        raise BadAnswer(f"{origin_of(url)} has no discovery document at the manifest's discovery_url ({reply.status})")
    found = _read(reply.body, url)
    while len(_KNOWN) >= _MOST:
        _KNOWN.pop(next(iter(_KNOWN)))
    _KNOWN[url] = (time.monotonic(), found)
    return found


def _read(body: dict[str, Any], url: str) -> Metadata:
    secure = url.lower().startswith("https:")

    def address(name: str) -> str:
        value = body.get(name)
        if value is None:
            return ""
        try:
            origin = origin_of(value if isinstance(value, str) else "")
        except BadInput:
            raise BadAnswer(f"the discovery document of {origin_of(url)} has no valid {name}") from None
        if secure and not origin.startswith("https:"):
            raise BadAnswer(f"the discovery document of {origin_of(url)} names a {name} without TLS")
        return str(value)

    ways = body.get("token_endpoint_auth_methods_supported")
    issuer = body.get("issuer")
    return Metadata(
        issuer=issuer if isinstance(issuer, str) else "",
        authorization_url=address("authorization_endpoint"),
        token_url=address("token_endpoint"),
        device_url=address("device_authorization_endpoint"),
        iss_in_callback=body.get("authorization_response_iss_parameter_supported") is True,
        client_auth=tuple(way for way in ways if isinstance(way, str)) if isinstance(ways, list) else (),
    )
