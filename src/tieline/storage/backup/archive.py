"""The file: a ZIP archive of stored (not packed) parts, its manifest the last of them.

==================  ==========================================================================
``database.dump``    what ``pg_dump --format=custom`` writes
``secret.keys``      the keys that open what is sealed in it, only where somebody asked for them
``manifest.json``    versions, when it was made, length and SHA-256 of each part, what each table held
==================  ==========================================================================

The directory of a ZIP archive stands at its end, behind the manifest: a file that was cut has neither.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Self

import msgspec
from msgspec import Struct

from tieline.core.errors import BadInput, Misconfigured
from tieline.storage import cluster as clusters
from tieline.storage.errors import SchemaTooNew
from tieline.storage.migrations import HEAD

FORMAT: Final = "tieline-backup"
FORMAT_VERSION: Final = 1
DUMP, KEYS, MANIFEST = "database.dump", "secret.keys", "manifest.json"
CHUNK: Final = 1 << 20
_LARGEST_MANIFEST: Final = 4 << 20
_MADE_AT: Final = (1980, 1, 1, 0, 0, 0)  # the archive's own dates say nothing: the manifest does


class BackupInvalid(BadInput):
    """The file is no whole backup of Tieline."""

    code = "backup-invalid"
    title = "Not a whole backup"


class Part(Struct, frozen=True):
    """One part of the file, by length and SHA-256."""

    name: str
    bytes: int
    sha256: str


class Held(Struct, frozen=True):
    """What a table held: how many rows, and a sum over the hashes of all of them."""

    rows: int
    sum: str


class Manifest(Struct, frozen=True):
    """What a backup says of itself. ``postgres`` is the server's version number, such as 180004."""

    format: str
    format_version: int
    tieline: str
    schema: str
    postgres: int
    made_at: str
    parts: list[Part]
    tables: dict[str, Held]

    @property
    def with_keys(self) -> bool:
        """Whether the keys are in it."""
        return any(part.name == KEYS for part in self.parts)


class Writer:
    """Writes the parts one after another, then the manifest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self.parts: list[Part] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            # Or the archive would complete itself, when it is closed or collected, with what it has.
            self._zip.fp = None

    @contextmanager
    def part(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Gives what takes the bytes of this part."""
        hashing, length = hashlib.sha256(), 0

        with self._zip.open(zipfile.ZipInfo(name, _MADE_AT), "w", force_zip64=True) as member:

            def take(chunk: bytes) -> None:
                nonlocal length
                member.write(chunk)
                hashing.update(chunk)
                length += len(chunk)

            yield take
        self.parts.append(Part(name, length, hashing.hexdigest()))

    def finish(self, manifest: Manifest) -> None:
        """The last word; whoever is interrupted before has written no archive."""
        self._zip.writestr(zipfile.ZipInfo(MANIFEST, _MADE_AT), msgspec.json.encode(manifest))
        self._zip.close()


@contextmanager
def whole_or_not_at_all(target: Path, *, replace: bool) -> Iterator[IO[bytes]]:
    """A file beside ``target`` that takes its name, on the disk, once the block has ended well.

    Raises `Misconfigured` where the name is taken (unless ``replace``) or nothing can be written, `DiskFull` where
    there is no room.
    """
    target = target.expanduser().absolute()
    if target.is_dir() or (target.exists() and not replace):
        raise Misconfigured(f"{target} is there already: name another file, or say --replace.")
    draft = target.with_name(f".{target.name}.{os.urandom(4).hex()}.partial")
    try:
        _forget_drafts(target)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=CHUNK) as file:
                clusters.try_lock(file.fileno())
                yield file
                file.flush()
                os.fsync(file.fileno())
                if replace:
                    draft.replace(target)
                else:
                    # Refused where somebody else took the name meanwhile.
                    target.hardlink_to(draft)
            clusters.sync_directory(target.parent)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise Misconfigured(f"{target} is there already: name another file, or say --replace.") from None
    except OSError as error:
        raise clusters.of_os_error(error, target.parent, "the backup") from error


def _forget_drafts(target: Path) -> None:
    """Removes what a backup to the same name that was killed has left; one that still runs holds a lock on its own."""
    for stale in target.parent.glob(f".{target.name}.*.partial"):
        with stale.open("rb") as file:
            if clusters.try_lock(file.fileno()):
                stale.unlink(missing_ok=True)


def verify(path: Path) -> Manifest:
    """Reads every byte and compares it with the manifest. Raises `BackupInvalid`, or `SchemaTooNew`."""
    with opened(path) as archive:
        manifest = _manifest_of(path, archive)
        for part in manifest.parts:
            with archive.open(part.name) as file:
                length, digest = _digest(file)
            if (length, digest) != (part.bytes, part.sha256):
                raise BackupInvalid(f"{path}: {part.name} is damaged (its SHA-256 is another); take another backup.")
    return manifest


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises `BackupInvalid` for whatever is none, or breaks while it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise BackupInvalid(f"{path} cannot be read ({error.strerror or error}); name a backup that can.") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError):
        raise BackupInvalid(
            f"{path} is no whole backup of Tieline: it was cut, damaged or made by another program."
        ) from None


def _manifest_of(path: Path, archive: zipfile.ZipFile) -> Manifest:
    entries = {entry.filename: entry for entry in archive.infolist()}
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values())
    if MANIFEST not in entries or packed or entries[MANIFEST].file_size > _LARGEST_MANIFEST:
        raise BackupInvalid(f"{path} is no backup of Tieline: it has no manifest.")
    raw = archive.read(MANIFEST)
    try:
        said: Any = msgspec.json.decode(raw)
        version = said["format_version"] if said["format"] == FORMAT else 0
        manifest = msgspec.convert(said, Manifest) if version == FORMAT_VERSION else None
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError):
        raise BackupInvalid(f"{path} is no backup of Tieline: its manifest cannot be read.") from None
    if manifest is None:
        raise BackupInvalid(
            f"{path} is a backup in a format that this Tieline does not know (its {version!r}, ours {FORMAT_VERSION}): "
            "restore it with the Tieline that made it, or a newer one."
        )
    names = [part.name for part in manifest.parts]
    if len(archive.infolist()) != len(entries) or sorted([*names, MANIFEST]) != sorted(entries) or DUMP not in names:
        raise BackupInvalid(f"{path} holds other parts than its manifest says; take another backup.")
    if manifest.schema > HEAD:
        raise SchemaTooNew(
            f"{path} was made by Tieline {manifest.tieline}, whose schema {manifest.schema} is newer than this "
            f"program's {HEAD}: update Tieline, then restore."
        )
    return manifest


def _digest(file: IO[bytes]) -> tuple[int, str]:
    hashing, length = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        hashing.update(chunk)
        length += len(chunk)
    return length, hashing.hexdigest()
