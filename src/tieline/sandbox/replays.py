"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a second POST with a key gets the first one's answer.

Only successes are kept: a refused request had no effect, so the key may be used again for a mended one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tieline.sandbox.web import Refusal, Reply, Request, Route

KEPT = 250_000
_KEY = re.compile("[!-~]{1,255}")


@dataclass(slots=True, frozen=True)
class Kept:
    fingerprint: bytes
    reply: Reply


class Replays:
    """Answers by caller, route and key; beyond ``KEPT`` the oldest is forgotten."""

    def __init__(self, *, conflict: int) -> None:
        """``conflict`` is the status for a key that comes again with another body."""
        self.conflict = conflict
        self._kept: dict[tuple[str, str, str], Kept] = {}

    def find(self, route: Route, request: Request, key: str) -> Reply | None:
        """The answer given before, None where the key is new; refuses a key used for another body."""
        if not _KEY.fullmatch(key):
            message = "'Idempotency-Key' takes 1 to 255 visible ASCII characters."
            raise Refusal(400, "invalid_idempotency_key", message, field="Idempotency-Key")
        kept = self._kept.get((request.caller, request.method + request.path, key))
        if kept is None:
            return None
        if kept.fingerprint != _fingerprint(request.body):
            raise Refusal(
                self.conflict,
                "idempotency_key_reused",
                f"This 'Idempotency-Key' belongs to another request to {route.template}; use a new one.",
                field="Idempotency-Key",
            )
        return kept.reply

    def keep(self, request: Request, key: str, reply: Reply) -> None:
        if len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[request.caller, request.method + request.path, key] = Kept(_fingerprint(request.body), reply)


def _fingerprint(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
