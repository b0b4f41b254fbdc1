"""Files that lie beside a document, read because it refers to them: only below its folder, and no link out of it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from tieline.connectors.documents.archive import is_archive, open_archive
from tieline.connectors.documents.bundle import Bundle
from tieline.connectors.documents.links import links
from tieline.connectors.importers.reading.parts import joined
from tieline.connectors.manifest.limits import MAX_BYTES


def gather_file(path: Path) -> Bundle:
    """The document at ``path`` with the files below its folder that it refers to, directly or through each other.

    Raises `OSError` for the document itself; what cannot be read of the rest is ``missing``.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if is_archive(data):
        return open_archive(data)
    bundle = Bundle(data, address=path.name)
    folder = path.parent.resolve()
    main = path.resolve()
    pending = deque([("", data)])
    asked: set[str] = set()
    while pending:
        base, content = pending.popleft()
        for names in links(content):
            candidates = [joined(base, name) for name in names if "://" not in name and not name.startswith("/")]
            candidates = [name for name in candidates if name]
            if not candidates or candidates[0] in asked:
                continue
            asked.add(candidates[0])
            for name in candidates:
                found = _read(folder, name, main, bundle.room)
                if found is not None:
                    if found:
                        bundle.parts[name] = found
                        pending.append((name, found))
                    break
            else:
                bundle.lacks(candidates[0])
    return bundle


def _read(folder: Path, name: str, main: Path, room: int) -> bytes | None:
    """The content of a file below ``folder``; b"" for the document itself, None for what is not to be had."""
    try:
        place = (folder / name).resolve()
        if not place.is_relative_to(folder) or not place.is_file():
            return None
        if place == main:
            return b""
        if place.stat().st_size > room:
            return None
        with place.open("rb") as stream:
            content = stream.read(room + 1)
    except (OSError, ValueError):
        return None
    return content if 0 < len(content) <= room else None
