"""One import as one line of facts, for the command line and for people with a folder full of documents."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET

from tieline.connectors.importers.build import build_manifest
from tieline.connectors.importers.reading import open_document
from tieline.connectors.importers.registry import choose
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.connectors.manifest.model import Manifest
from tieline.core.errors import TielineError


def report(
    source: str | Path | bytes,
    *,
    file: str | None = None,
    address: str = "",
    format: str | None = None,
    name: str | None = None,
    parts: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Import a file (or its bytes) and say what came of it; never raises for anything that a document can do.

    Keys: file, ok, name, format, version (of the format), blocks (kind -> count), auth (kinds), paging (style ->
    count), warnings,
    seconds; after a failure file, ok, error (code, title, detail, line and column where known) and seconds.
    """
    shown = file if file is not None else ("-" if isinstance(source, bytes) else str(source))
    begun = time.perf_counter()
    try:
        data = source if isinstance(source, bytes) else _read(Path(source))
        place = address or ("" if isinstance(source, bytes) else Path(source).name)
        document = open_document(data, address=place, parts=parts)
        manifest = build_manifest(choose(document, format).describe(document), name)
        result = summary(manifest)
    except TielineError as error:
        return {"file": shown, "ok": False, "error": _error(error), "seconds": _since(begun)}
    except OSError as error:
        problem = {
            "code": "unreadable-file",
            "title": "The file cannot be read",
            "detail": f"{shown}: {error.strerror}.",
        }
        return {"file": shown, "ok": False, "error": problem, "seconds": _since(begun)}
    return {"file": shown, "ok": True, **result, "seconds": _since(begun)}


def summary(manifest: Manifest) -> dict[str, Any]:
    """What is in a manifest, counted."""
    kinds = Counter(block.kind for block in manifest.blocks)
    styles = Counter(block.paging.style for block in manifest.blocks if block.iterable and block.paging is not UNSET)
    source = manifest.source
    return {
        "name": manifest.name,
        "format": source.format if source is not UNSET else "manifest",
        "version": source.format_version if source is not UNSET else "",
        "blocks": dict(sorted(kinds.items())),
        "auth": list(dict.fromkeys(method.kind for method in manifest.auth)),
        "paging": dict(styles.most_common()),
        "warnings": [f"{one.message} ({one.pointer})" if one.pointer else one.message for one in manifest.warnings],
    }


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _error(error: TielineError) -> dict[str, Any]:
    return {"code": error.code, "title": error.title, "detail": error.detail, **error.meta}


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 4)
