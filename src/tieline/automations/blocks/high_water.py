"""How far an incremental block has got: the newest change seen, and what was seen at that edge.

A pointer holds ``since`` (the value to ask for next time) and ``seen`` (records at or after it, as digests of key and
change time). Asking again from ``since`` brings the edge once more; what was seen is left out, so nothing is missed
and nothing comes twice. ``since`` never passes the moment at which the listing began: a record that changes while
pages are read is found next time.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from tieline.automations.blocks.records import field
from tieline.core import clock, json

MAX_SEEN = 100_000


def moment(value: Any) -> float | None:
    """Seconds since the epoch of a change time: ISO 8601 (a blank for the T will do), or a number of s, ms or us."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            return None
        for limit, unit in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6)):
            if abs(number) < limit:
                return number / unit
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) > 8:
            return moment(float(text))
        try:
            read = datetime.fromisoformat(text)
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return None


class HighWater:
    """Follows the records of one listing."""

    def __init__(self, updated: str, created: str, key: list[str], stored: dict[str, Any] | None) -> None:
        self._updated, self._created, self._key = updated, created, key
        self._known: frozenset[str] = frozenset((stored or {}).get("seen", ()))
        self.since: Any = (stored or {}).get("since")
        self.started = clock.now().timestamp()
        self._newest: tuple[float, Any] | None = None
        self._edge: dict[str, float] = {}
        self._room = MAX_SEEN

    def accept(self, record: Any) -> bool:
        """False for a record that the last listing brought in the very same state."""
        changed = self._changed(record)
        at = moment(changed)
        digest = self._digest(record, changed)
        if at is not None:
            if self._newest is None or at > self._newest[0]:
                self._newest = (at, changed)
            if len(self._edge) >= self._room:
                self._shrink()
                self._room = max(MAX_SEEN, 2 * len(self._edge))
            self._edge[digest] = at
        return digest not in self._known

    def _changed(self, record: Any) -> Any:
        for name in (self._updated, self._created):
            if name:
                value = field(record, name)
                if value is not None:
                    return value
        return None

    def _digest(self, record: Any, changed: Any) -> str:
        identity = [field(record, name) for name in self._key] if self._key else record
        return hashlib.blake2b(json.dumps([identity, changed]), digest_size=9).hexdigest()

    def _cut(self) -> float:
        newest = self._newest[0] if self._newest else 0.0
        return min(newest, self.started)

    def _shrink(self) -> None:
        cut = self._cut()
        self._edge = {digest: at for digest, at in self._edge.items() if at >= cut}

    def value(self) -> dict[str, Any]:
        """The pointer to keep once every item is done."""
        retrieved = clock.iso(datetime.fromtimestamp(self.started, UTC))
        if self._newest is None:
            return {"since": self.since, "seen": sorted(self._known), "last_retrieved_at": retrieved}
        at, shown = self._newest
        if at > self.started:
            shown = clock.iso(datetime.fromtimestamp(self.started, UTC))
        self._shrink()
        edge = {digest for digest, when in self._edge.items() if when >= self._cut()}
        if self.since is not None and moment(self.since) == self._cut():
            edge |= self._known
        return {"since": shown, "seen": sorted(edge), "last_retrieved_at": retrieved}

    def snapshot(self) -> dict[str, Any]:
        """For the journal: the pointer that the listing began with, and how far it has got."""
        self._shrink()
        return {
            "since": self.since,
            "known": list(self._known),
            "started": self.started,
            "newest": list(self._newest) if self._newest else None,
            "edge": self._edge,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """From the journal."""
        # The pointer as it was when the listing began: meanwhile this very listing may have moved it.
        self.since, self._known = data["since"], frozenset(data["known"])
        self.started = data["started"]
        self._newest = (data["newest"][0], data["newest"][1]) if data["newest"] else None
        self._edge = dict(data["edge"])
