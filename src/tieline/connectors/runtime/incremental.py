"""New and updated since.

The engine keeps the pointer (a moment, as the API wrote it) and knows which records of that moment it has had. Here it
becomes a parameter in the API's notation, and what comes back only because that notation is coarser than the pointer
is left out.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import UNSET

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Block, Incremental, Manifest
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.runtime import times
from tieline.core import json
from tieline.core.errors import BadInput

_MILLISECONDS: Final = 10**11  # seconds since 1970 stay below this until the year 5138
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Since:
    """One reading of a block from a moment on."""

    def __init__(self, block: Block, since: Any) -> None:
        """``since``: a moment in any notation (`times.parse`), an opaque text that the API gave, or None for
        everything.
        """
        if block.incremental is UNSET:
            raise BadInput(f"block {block.id!r} cannot be asked for what is new since a moment")
        self.rule: Incremental = block.incremental
        self.given = since if since != "" else None
        self.moment = times.parse(since)
        self.done = False
        self._asked: datetime | None = None
        if self.moment is not None and self.rule.by != "sort":
            notation = _format(self.rule, since)
            # "After" would miss what shares the pointer's moment: ask from the tick before.
            tick = timedelta(milliseconds=1) if notation == "unix_ms" else timedelta(seconds=1)
            asked = self.moment if self.rule.inclusive else self.moment - tick
            self._value = times.render(asked, notation)
            self._asked = times.parse(self._value)

    def value(self) -> str | None:
        """What to send; None when everything is wanted and the API can be asked without it."""
        if self.given is None:
            return None
        return str(self.given) if self.moment is None else self._value

    def floor(self) -> str:
        """What to send for everything where the API insists on a value."""
        return times.render(EPOCH, self.rule.format)

    def keep(self, records: list[Any]) -> list[Any]:
        """The records at or after the pointer. Sets ``done`` where a list sorted by newest first has come below it.

        What is older than what was asked for is the API's own judgement and stays.
        """
        moment = self.moment
        if moment is None:
            return records
        kept = []
        for record in records:
            at = moment_of(record, self.rule)
            if at is not None and at < moment:
                if self.rule.by == "sort":
                    self.done = True
                    break
                if (self._asked is not None and at >= self._asked) or self._never_updated(record):
                    continue
            kept.append(record)
        return kept

    def _never_updated(self, record: Any) -> bool:
        """Made before the pointer and not touched since: there is no reading in which that is a change."""
        rule = self.rule
        only_made = Incremental(field=rule.field)
        return bool(rule.created_field) and moment_of(record, only_made) is None


def _format(rule: Incremental, since: Any) -> str:
    """Documents say "integer"; whether the API counts seconds or milliseconds shows in the pointer, its own number."""
    number = since if isinstance(since, int | float) and not isinstance(since, bool) else None
    if number is None and isinstance(since, str) and since.strip().isdigit():
        number = int(since)
    if rule.format not in ("unix", "unix_ms") or number is None:
        return rule.format
    return "unix_ms" if number >= _MILLISECONDS else "unix"


def moment_of(record: Any, rule: Incremental) -> datetime | None:
    """When a record was last touched; its creation counts where "updated" is null until the first update."""
    for name in (rule.field, rule.created_field):
        if name and isinstance(record, dict):
            found = record.get(name)
            if found is None and ("." in name or name.startswith("$")):
                found = paths.get(record, name)
            moment = times.parse(None if found is MISSING else found)
            if moment is not None:
                return moment
    return None


def primary_key(block: Block, manifest: Manifest) -> tuple[str, ...]:
    """The names of the fields that tell the records of a block apart; empty where nobody said."""
    for kind in manifest.objects:
        if kind.name == block.object:
            return tuple(kind.primary_key)
    return ()


def mark(record: Any, keys: tuple[str, ...]) -> str:
    """A short fingerprint: of the primary key where it is known, else of the whole record."""
    value = record
    if keys and isinstance(record, dict) and all(record.get(key) is not None for key in keys):
        value = [record[key] for key in keys]
    return hashlib.blake2b(json.dumps(value), digest_size=8).hexdigest()
