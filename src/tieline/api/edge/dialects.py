"""Families whose document gives an error another form than the rest: the number of the status, the type of the code.

Each family says so beside its errors, for the paths that begin as its own; the longest that fits counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Dialect = Callable[[dict[str, Any]], dict[str, Any]]

_spoken: Final[dict[str, Dialect]] = {}


def speak(path: str, dialect: Dialect) -> None:
    """From now on entries of ``errors`` below ``path`` pass ``dialect``."""
    _spoken[path] = dialect


def spoken(path: str, entry: dict[str, Any]) -> dict[str, Any]:
    """One element of ``errors`` in the form of the family that ``path`` is of."""
    fitting = [known for known in _spoken if path == known or path.startswith(known + "/")]
    return _spoken[max(fitting, key=len)](entry) if fitting else entry


def numeric_status(entry: dict[str, Any]) -> dict[str, Any]:
    """The status is a number."""
    return {**entry, "status": int(entry["status"])}


def numeric_code(entry: dict[str, Any]) -> dict[str, Any]:
    """The code is a number, that of the status; the stable one lies in ``meta``."""
    return {
        **numeric_status(entry),
        "code": int(entry["status"]),
        "meta": {**entry.get("meta", {}), "code": entry["code"]},
    }
