"""Where a person is sent back to: an address of the partner's, and of nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from tieline.core import origins
from tieline.core.errors import BadInput
from tieline.oem.sso.embedding import origins_of

LONGEST: Final = 2000
_POINTER: Final = "/redirect_url"


def checked(url: str, settings: Mapping[str, Any]) -> str:
    """The address, if its origin is one of those that the partner has registered for embedding. Raises `BadInput`."""
    try:
        parts = urlsplit(url)
        plain = url.isprintable() and not any(one.isspace() for one in url) and "\\" not in url and len(url) <= LONGEST
        ours = plain and "@" not in parts.netloc and bool(parts.netloc)
        origin = origins.normalized(f"{parts.scheme}://{parts.netloc}", pointer=_POINTER) if ours else ""
    except ValueError:
        origin = ""
    if not origin:
        raise BadInput("redirect_url is no address; write it as https://app.example.com/done.", pointer=_POINTER)
    if origin not in origins_of(settings):
        raise BadInput(
            f"redirect_url leads to {origin[:100]}, which is none of your registered origins; register it first.",
            pointer=_POINTER,
        )
    return url


def told(url: str, **what: str) -> str:
    """The address with what became of it added to its query."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *what.items()]
    return parts._replace(query=urlencode(query)).geturl()
