"""Run data as PostgreSQL and JSON can hold it."""

from __future__ import annotations

import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(value: Any, *, nul: bool = False) -> Any:
    """The value with lone surrogates, and NUL characters unless ``nul``, replaced by U+FFFD in all its texts."""
    if isinstance(value, str):
        if not value.isascii():
            value = _SURROGATE.sub("\ufffd", value)
        return value if nul else value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(key, nul=nul): storable(entry, nul=nul) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(entry, nul=nul) for entry in value]
    return value
