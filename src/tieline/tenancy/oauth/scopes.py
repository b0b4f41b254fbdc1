"""Scopes of OAuth: what a client may ask for, and what of a token holds now.

A client may list scopes that Tieline does not know, as existing clients do: they give nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from tieline.core.errors import BadInput
from tieline.tenancy import scopes as rules
from tieline.tenancy.oauth.errors import InvalidScope

OFFLINE = "offline_access"
MAX_SCOPES = 100
MAX_LENGTH = 256

# RFC 6749 section 3.3
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def check_allowed(scopes: Iterable[str], *, pointer: str = "/allowedScopes") -> list[str]:
    """The scopes of a client, without repetition. Raises `BadInput` for what cannot be one."""
    wanted = list(dict.fromkeys(scopes))
    for scope in wanted:
        if len(scope) > MAX_LENGTH or not _TOKEN.fullmatch(scope):
            raise BadInput(
                f"A scope has 1 to {MAX_LENGTH} visible ASCII characters without quotes and backslashes.",
                pointer=pointer,
            )
    if len(wanted) > MAX_SCOPES:
        raise BadInput(f"A client has at most {MAX_SCOPES} scopes.", pointer=pointer)
    return wanted


def asked(text: str | None, allowed: Sequence[str]) -> list[str]:
    """The scopes of a request (None or empty = all that the client may have). Raises `InvalidScope`."""
    names = list(dict.fromkeys((text or "").split(" ")))
    wanted = [name for name in names if name] or list(allowed)
    for scope in wanted:
        if not _TOKEN.fullmatch(scope) or not rules.covers(allowed, [scope]):
            shown = ascii(scope[:80])
            raise InvalidScope(f"The client may not ask for the scope {shown}; add it to its allowedScopes.")
    return sorted(wanted)


def meet(one: Collection[str], other: Collection[str]) -> frozenset[str]:
    """What both give: each scope of either that the other covers."""
    return frozenset(
        {scope for scope in one if rules.covers(other, [scope])}
        | {scope for scope in other if rules.covers(one, [scope])}
    )


def useful(scopes: Iterable[str]) -> bool:
    """True where they give more than a refresh token."""
    return any(scope != OFFLINE for scope in scopes)
