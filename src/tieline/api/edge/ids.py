"""Ids in paths and bodies: what is no id is nothing that exists.

Routes take ids as ``{name:uuid}``, so that a path with anything else in that place is no path at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from fastapi import Path

from tieline.core.errors import NotFound, TielineError

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def path_id(name: str, what: str) -> Callable[[UUID], Coroutine[Any, Any, UUID]]:
    """A dependency: the id in the path's ``{name:uuid}``."""
    description = f"The unique identifier of the {what}."

    async def read(value: UUID = Path(alias=name, description=description)) -> UUID:
        return value

    return read


def path_text(name: str, what: str) -> Callable[[str], Coroutine[Any, Any, str]]:
    """A dependency: an id in the path that may be any text, as those of blocks are."""
    description = f"The unique identifier of the {what}."

    async def read(value: str = Path(alias=name, description=description, max_length=255)) -> str:
        return value

    return read


def parse_id(text: str, what: str, error: type[TielineError] = NotFound, pointer: str | None = None) -> UUID:
    """An id that a body names. Raises ``error`` for anything that is no UUID: nothing has such an id."""
    if _ID.fullmatch(text) is None:
        raise error(f"There is no such {what}.", pointer=pointer)
    return UUID(text)
