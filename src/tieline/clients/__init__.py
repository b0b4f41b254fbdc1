"""Typed clients of our API, generated from its OpenAPI document: Python and TypeScript.

`package` gives the files of a package that can be installed: a small hand-written transport (`static/`), models of
every schema and a method for every operation. The same document gives the same bytes. A build product: nothing
generated is kept in the repository. The generator knows nothing of the rest of Tieline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tieline.clients import python, typescript
from tieline.clients.model import read

__all__ = ["package"]

_LANGUAGES = {"python": python.files, "typescript": typescript.files}


def package(language: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Path -> text of every file. ``language`` is ``python`` or ``typescript``; raises `KeyError` for another."""
    return _LANGUAGES[language](read(document))
