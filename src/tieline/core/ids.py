"""Identifiers: UUID version 7 (RFC 9562 section 5.7), so that rows made together lie together."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_RANDOM_BITS = 74
_lock = threading.Lock()
_last_milliseconds = 0
_last_tail = 0


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of milliseconds since the epoch, then random bits.

    Those of one process grow, also within a millisecond and while the clock is set back (section 6.2, method 2).
    """
    global _last_milliseconds, _last_tail  # noqa: PLW0603 - the order of ids is the process's
    milliseconds = time.time_ns() // 1_000_000
    fresh = int.from_bytes(os.urandom(10), "big") >> (80 - _RANDOM_BITS)
    with _lock:
        if milliseconds > _last_milliseconds:
            # The topmost bit stays free, so that counting up within a millisecond never runs over.
            _last_milliseconds, _last_tail = milliseconds, fresh >> 1
        else:
            _last_tail += (fresh >> (_RANDOM_BITS - 32)) + 1
        milliseconds, tail = _last_milliseconds, _last_tail
    upper, lower = tail >> 62, tail & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (upper << 64) | (0x2 << 62) | lower)
