"""Spaces for clients that were made for an older document and refuse words that it does not have."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request

# The vendor's Python client makes enumerations of `meta`: one action or role that it does not know ends it.
_CLOSED: Final = ("qlik-sdk-python/",)
_NEWER: Final = frozenset({"change_owner", "link_environment", "restrict", "datapreview"})


def readable(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """A space as the asking client can read it."""
    if not request.headers.get("user-agent", "").startswith(_CLOSED):
        return shown
    meta = {name: [word for word in words if word not in _NEWER] for name, words in shown["meta"].items()}
    return {**shown, "meta": meta}
