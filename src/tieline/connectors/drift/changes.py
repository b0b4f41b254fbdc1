"""One change between two states of a connector, and what all of them together call for."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

Level = Literal["breaking", "additive", "cosmetic"]
LEVELS: tuple[Level, ...] = ("breaking", "additive", "cosmetic")
_BUMPS = {"breaking": "major", "additive": "minor", "cosmetic": "patch"}
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is different at one place. ``message`` is one sentence that names block and field."""

    level: Level
    area: str  # block, input, output, paging, auth, server, webhook, object, incremental, connector
    message: str
    block: str = ""  # id in the older state; of a new block, its id in the newer one
    field: str = ""
    before: Any = None
    after: Any = None


class Diff(Struct, frozen=True, kw_only=True):
    """All changes, the gravest first."""

    changes: list[Change] = field(default_factory=list)

    @property
    def bump(self) -> str:
        """The part of the version that semantic versioning raises: major, minor, patch, or "" = nothing changed."""
        return next((_BUMPS[level] for level in LEVELS if self.count(level)), "")

    @property
    def blocks(self) -> list[str]:
        """Ids of the older state's blocks that a breaking change touches."""
        return list(dict.fromkeys(one.block for one in self.changes if one.block and one.level == "breaking"))

    @property
    def everywhere(self) -> bool:
        """True where something breaks that is not of one block: a server, a way to authenticate."""
        return any(one.level == "breaking" and not one.block for one in self.changes)

    def count(self, level: Level) -> int:
        """How many changes are of that level."""
        return sum(1 for one in self.changes if one.level == level)

    def next_version(self, version: str) -> str:
        """``version`` raised as the changes call for; unchanged where nothing changed or it is no version."""
        match = _VERSION.match(version)
        if match is None or not self.bump:
            return version
        major, minor, patch = (int(part) for part in match.groups())
        if self.bump == "major":
            return f"{major + 1}.0.0"
        return f"{major}.{minor + 1}.0" if self.bump == "minor" else f"{major}.{minor}.{patch + 1}"

    def as_data(self, version: str = "") -> dict[str, Any]:
        """For machines."""
        return {
            "bump": self.bump or "none",
            **({"version": version, "next_version": self.next_version(version)} if version else {}),
            **{level: self.count(level) for level in LEVELS},
            "blocks": self.blocks,
            "changes": [msgspec.to_builtins(one) for one in self.changes],
        }


class Changes:
    """Collects changes."""

    def __init__(self) -> None:
        self._found: list[Change] = []

    def add(
        self,
        level: Level,
        area: str,
        message: str,
        *,
        block: str = "",
        field: str = "",
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Note one change; values are shortened to what a person can read."""
        self._found.append(
            Change(
                level=level,
                area=area,
                message=message,
                block=block,
                field=field,
                before=_brief(before),
                after=_brief(after),
            )
        )

    def close(self) -> Diff:
        """All of them, the gravest first, otherwise in the order in which they were found."""
        return Diff(changes=sorted(self._found, key=lambda one: LEVELS.index(one.level)))


def _brief(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= 200 else value[:199] + "…"
    if isinstance(value, list | tuple):
        return [_brief(one) for one in list(value)[:20]]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _brief(str(value))
