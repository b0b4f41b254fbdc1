"""A ZIP archive as a documentation: which of its files is the document, and the others beside it.

Read in memory, nothing is written anywhere. Bounded against archives that unfold to more than they seem.
"""

from __future__ import annotations

import io
import posixpath
import re
import stat
import zipfile
import zlib
from typing import Final

from tieline.connectors.documents.bundle import Bundle
from tieline.connectors.documents.links import links
from tieline.connectors.importers.reading import open_document
from tieline.connectors.importers.reading.parts import joined, normal
from tieline.connectors.importers.registry import known_formats
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.limits import MAX_BYTES

MAX_ENTRIES: Final = 2_000
MAX_RATIO: Final = 200
_SMALL = 2**20  # below this a high ratio is harmless
_CANDIDATES = re.compile(r"\.(?:json|ya?ml|wsdl|graphqls?|gql|sdl|html?|md|markdown|pdf|xml|txt)$", re.IGNORECASE)
_MAIN_NAMES = re.compile(r"(?:openapi|swagger|api[-_]?docs?|index|main|root|collection|api)\b", re.IGNORECASE)
_MAX_CANDIDATES = 300


def is_archive(data: bytes) -> bool:
    """True for the bytes of a ZIP file."""
    return data.startswith(b"PK\x03\x04")


def open_archive(data: bytes) -> Bundle:
    """The document in an archive, with the other files as its parts.

    The document is the file that a format recognises best and that no other file refers to. Raises
    `UnreadableDocument` for a broken, encrypted or dangerous archive and for one without a document,
    `DocumentTooLarge` over the limits.
    """
    files = _unpacked(data)
    main = _main(files)
    folder = posixpath.dirname(main)
    parts = {normal(posixpath.relpath(name, folder or ".")): content for name, content in files.items() if name != main}
    return Bundle(files[main], posixpath.basename(main), parts)


def _unpacked(data: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise DocumentTooLarge(f"The archive holds {len(entries)} entries; the limit is {MAX_ENTRIES}.")
            for entry in entries:
                if entry.is_dir() or _left_out(entry):
                    continue
                name = _safe_name(entry.filename)
                if entry.flag_bits & 1:
                    raise UnreadableDocument("The archive is encrypted; pack it without a password.")
                if entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
                    raise UnreadableDocument(f"{name[:100]!r} unfolds to more than {MAX_RATIO} times its size.")
                with archive.open(entry) as stream:
                    content = stream.read(room + 1)
                room -= len(content)
                if room < 0:
                    raise DocumentTooLarge(f"The archive unfolds to more than {MAX_BYTES // 2**20} MB.")
                files[name] = content
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        IndexError,
        OSError,
    ) as error:
        raise UnreadableDocument(f"The archive cannot be read ({type(error).__name__}); pack it again.") from None
    return files


def _left_out(entry: zipfile.ZipInfo) -> bool:
    """Links, and what operating systems leave behind."""
    mode = entry.external_attr >> 16
    hidden = any(step.startswith(".") and step not in (".", "..") for step in entry.filename.split("/"))
    return stat.S_ISLNK(mode) or hidden or entry.filename.startswith("__MACOSX/")


def _safe_name(name: str) -> str:
    plain = name.replace("\\", "/")
    if plain.startswith("/") or re.match(r"[A-Za-z]:", plain) or ".." in plain.split("/"):
        raise UnreadableDocument(f"The archive holds the unsafe path {name[:100]!r}; pack it with relative paths.")
    return normal(plain.replace("%", "%25").replace("?", "_"))


def _main(files: dict[str, bytes]) -> str:
    formats = known_formats().values()
    candidates = sorted((name for name in files if _CANDIDATES.search(name)), key=lambda name: (name.count("/"), name))
    referred = {
        joined(name, link) for name in candidates[:_MAX_CANDIDATES] for names in links(files[name]) for link in names
    }
    best: tuple[float, bool, bool, int] | None = None
    found = ""
    for name in candidates[:_MAX_CANDIDATES]:
        document = open_document(files[name], address=posixpath.basename(name))
        able = [one for one in formats if one.plain or document.problem is None]
        score = max((one.detect(document) for one in able), default=0.0)
        named = bool(_MAIN_NAMES.match(posixpath.basename(name)))
        rank = (score, name not in referred, named, -name.count("/"))
        if score > 0 and (best is None or rank > best):
            best, found = rank, name
    if best is None:
        raise UnreadableDocument("The archive holds no API document that could be recognised.")
    return found
