"""A name for each request, so that an error can be found in the logs (W3C Trace Context, trace-id)."""

from __future__ import annotations

import re
import secrets

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\Z")


def trace_id(traceparent: bytes | None) -> str:
    """The caller's trace id where it sent a valid one, else a new one: 32 hexadecimal digits."""
    match = _TRACEPARENT.match(traceparent) if traceparent is not None else None
    if match is not None and match[1].strip(b"0"):
        return match[1].decode()
    return secrets.token_hex(16)
