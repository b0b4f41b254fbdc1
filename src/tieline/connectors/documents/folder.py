"""A folder full of documentation: one report a document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tieline.connectors.documents.local import gather_file
from tieline.connectors.importers import report
from tieline.core.errors import TielineError

_DATA: Final = (".json", ".yaml", ".yml", ".graphql", ".graphqls", ".gql", ".pdf")
_PROSE: Final = (".html", ".htm", ".md", ".markdown")
_WSDL: Final = (".wsdl", ".wsdl.xml")


def reports(path: str | Path, **options: Any) -> Iterator[dict[str, Any]]:
    """One `importers.report` a document: of the file itself, or of each one under a folder, sorted by name.

    A WSDL comes with the files beside it that it imports. A page of prose that describes no API is left out.
    """
    path = Path(path)
    if not path.is_dir():
        yield report(path, **options)
        return
    for one in sorted(path.rglob("*")):
        shown, suffix = str(one.relative_to(path)), one.suffix.lower()
        if not one.is_file():
            continue
        if one.name.lower().endswith(_WSDL):
            yield _with_parts(one, shown, **options)
        elif suffix in _DATA:
            yield report(one, file=shown, **options)
        elif suffix in _PROSE:
            told = report(one, file=shown, **options)
            if told["ok"] or told["error"]["code"] != "not-an-api-document":
                yield told


def _with_parts(path: Path, file: str, **options: Any) -> dict[str, Any]:
    try:
        bundle = gather_file(path)
    except (OSError, TielineError):
        return report(path, file=file, **options)
    return report(bundle.data, **{"file": file, "address": path.name, "parts": bundle.parts, **options})
