"""The moments at which a schedule is due.

Rules (RFC 5545 section 3.3.10) are in wall-clock time of the schedule's zone, intervals in seconds that pass:

* A wall-clock time that does not exist, because the clock was put forward, is due once: at the moment right after the
  gap. Several in the same gap are one.
* A wall-clock time that occurs twice, because the clock was put back, is due once: the first time. (Between the two a
  rule by the hour or minute rests; an interval does not.)
* An interval takes no notice of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import merge
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from tieline.automations.triggers.rules import Rule

_MOST_SHIFTED: Final = timedelta(hours=26)
"""More than any zone has ever moved its clocks at once (a whole day, where the date line was moved)."""


class Timing(Struct, frozen=True, kw_only=True):
    """When a schedule is due: by ``rules``, or every ``seconds`` from ``anchor`` on.

    ``anchor`` is what is counted from; its own moment is a slot of an interval where ``from_anchor``. Slots are from
    ``starts_at`` up to and including ``ends_at``.
    """

    anchor: datetime
    zone: str = "UTC"
    rules: tuple[Rule, ...] = ()
    seconds: int = 0
    from_anchor: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def after(self, moment: datetime) -> datetime | None:
        """The first slot later than ``moment``, in UTC; None where there is none any more."""
        return next(self.slots(moment), None)

    def slots(self, moment: datetime) -> Iterator[datetime]:
        """All slots later than ``moment``, in order, each once."""
        if self.starts_at is not None:
            moment = max(moment, self.starts_at - timedelta(microseconds=1))
        last = None
        try:
            for slot in self._interval(moment) if self.seconds else self._ruled(moment):
                if self.ends_at is not None and slot > self.ends_at:
                    return
                if slot != last:
                    yield slot
                last = slot
        except OverflowError:
            return  # beyond the year 9999

    def _interval(self, moment: datetime) -> Iterator[datetime]:
        step = timedelta(seconds=self.seconds)
        number = max((moment - self.anchor) // step + 1, 0 if self.from_anchor else 1)
        while True:
            yield self.anchor + number * step
            number += 1

    def _ruled(self, moment: datetime) -> Iterator[datetime]:
        zone = ZoneInfo(self.zone)
        start = self.anchor.astimezone(zone).replace(tzinfo=None)
        since = moment.astimezone(zone).replace(tzinfo=None)
        if _moves(moment, zone):
            since -= _MOST_SHIFTED  # wall-clock time may run backwards here
        for wall in merge(*(rule.walls(start, since) for rule in self.rules)):
            slot = instant(wall, zone)
            if slot > moment:
                yield slot


def instant(wall: datetime, zone: tzinfo) -> datetime:
    """The moment in UTC at which the clock of ``zone`` shows ``wall``: the first of two, or the end of the gap."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # With fold 1 a time within a gap is read with the offset that holds after it, so it lies before (PEP 495).
    low, high = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _moves(moment: datetime, zone: tzinfo) -> bool:
    """Whether the clock is moved close to this moment."""
    before, after = (moment + shift for shift in (-_MOST_SHIFTED, _MOST_SHIFTED))
    return before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()
