"""The formats that can be imported. Each is one module (or package) under `formats` that registers itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from tieline.connectors.importers.description import Description
from tieline.connectors.importers.errors import NotAnApiDocument, UnknownFormat
from tieline.connectors.importers.reading import Document


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of documentation.

    ``detect`` says from 0 (no) to 1 (certainly) whether a document is of this kind and must be quick; ``describe``
    reads it. ``plain`` formats read the text or the bytes themselves and need no JSON or YAML.
    """

    name: str
    label: str
    detect: Callable[[Document], float]
    describe: Callable[[Document], Description]
    plain: bool = False


_formats: dict[str, Format] = {}


def register(format: Format) -> Format:
    """Make a format known; a second one of the same name replaces the first."""
    _formats[format.name] = format
    return format


def known_formats() -> dict[str, Format]:
    """All known formats by name."""
    from tieline.connectors.importers import formats as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(_formats)


def choose(document: Document, name: str | None) -> Format:
    """The format called ``name``, or the one that recognises the document.

    Raises `UnknownFormat` for a name that is not known, `NotAnApiDocument` where no format fits, and what kept the
    document from being read where only that stands in the way.
    """
    known = known_formats()
    if name is not None:
        if name not in known:
            raise UnknownFormat(f"The format {name!r} is not known; choose one of {', '.join(sorted(known))}.")
        return _readable(known[name], document)
    able = [one for one in known.values() if one.plain or document.problem is None]
    score, best = max(((one.detect(document), one.name) for one in able), default=(0.0, ""))
    if score <= 0:
        if document.problem is not None:
            raise document.problem
        labels = ", ".join(sorted(one.label for one in known.values()))
        raise NotAnApiDocument(f"This is {_what(document)}; known kinds of documents are {labels}.")
    return known[best]


def _readable(format: Format, document: Document) -> Format:
    if document.problem is not None and not format.plain:
        raise document.problem
    return format


def _what(document: Document) -> str:
    data = document.data
    if isinstance(data, dict):
        names = ", ".join(repr(key[:40]) for key in list(data)[:5])
        return f"a mapping with the fields {names}" if names else "an empty mapping"
    if isinstance(data, list):
        return f"a list of {len(data)} values"
    return "plain text" if isinstance(data, str) else "a single value"
