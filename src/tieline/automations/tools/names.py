"""Names of tools and of their arguments, and texts that a model will read."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

LONGEST: Final = 64
LONGEST_PREFIX: Final = 24
BETWEEN: Final = "__"  # stands between a connection and its block, and nowhere else
_ODD: Final = re.compile(r"[^A-Za-z0-9]+")
_ODD_ARGUMENT: Final = re.compile(r"[^A-Za-z0-9_.-]+")


def slug(text: str, longest: int) -> str:
    """Letters, digits and single underscores; "" where nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _ODD.sub("_", plain).strip("_")[:longest].rstrip("_").lower()


def of_block(prefix: str, block_id: str) -> str:
    """The tool of one block of a connection: the same for ever, and never that of another block.

    A name that had to be changed to fit carries a piece of the hash of what it stands for.
    """
    plain = slug(block_id, LONGEST)
    name = f"{prefix}{BETWEEN}{plain}"
    if plain == block_id and len(name) <= LONGEST:
        return name
    mark = hashlib.sha256(block_id.encode()).hexdigest()[:8]
    room = LONGEST - len(prefix) - len(BETWEEN) - len(mark) - 1
    return f"{prefix}{BETWEEN}{plain[:room].rstrip('_') or 'block'}_{mark}"


def arguments(ids: Iterable[str]) -> dict[str, str]:
    """Names that every client takes as those of arguments (A-Z a-z 0-9 _ . -), each with the id that it stands for."""
    found: dict[str, str] = {}
    for one in ids:
        name = plain = _ODD_ARGUMENT.sub("_", one).strip("_")[:LONGEST]
        if not plain or name in found or (plain != one and len(plain) < len(one) // 2):
            mark = hashlib.sha256(one.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            name = f"{plain[: LONGEST - len(mark) - 1] or 'input'}_{mark}"
        found[name] = one
    return found


def clean(text: Any, longest: int) -> str:
    """Text on one line, without control, formatting and other invisible characters, and of bounded length.

    What an API's document says of itself is read by a model: it must not be able to hide anything from a person.
    """
    if not isinstance(text, str):
        return ""
    shown = "".join(" " if c.isspace() else c for c in text[: longest * 4] if c.isspace() or _visible(c))
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 3].rstrip() + "..."


def _visible(character: str) -> bool:
    return not unicodedata.category(character).startswith("C") and not 0xFE00 <= ord(character) <= 0xFE0F
