"""Shared Key authorization of Azure Storage.

https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

_COVERED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def authorization(
    account: str,
    key: bytes,
    method: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    size: int,
) -> str:
    """The Authorization header. ``path`` is encoded as it is sent, ``size`` that of the body."""
    given = {name.lower(): value.strip() for name, value in headers.items()}
    given["content-length"] = str(size) if size else ""
    lines = [method, *(given.get(name, "") for name in _COVERED)]
    own = sorted(name for name in given if name.startswith("x-ms-"))
    lines += [f"{name}:{given[name]}" for name in own]
    resource = f"/{account}{path}"
    for name, value in sorted((name.lower(), value) for name, value in query):
        resource += f"\n{name}:{value}"
    text = "\n".join([*lines, resource])
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    return f"SharedKey {account}:{signature}"
