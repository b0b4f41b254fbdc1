"""The sandbox: a folder of each tenant below the data directory of this installation.

Every step of a path is opened by itself, relative to the folder before and never through a symbolic link (openat with
O_NOFOLLOW), so that nothing leads out of the sandbox, not even a link that appears between a check and its use.
Workers on several machines see the same files only if their data directories are the same file system.
"""

from __future__ import annotations

import errno
import os
import re
import stat as modes
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tieline.connectors.files.base import (
    CHUNK,
    MOST_ENTRIES,
    Entry,
    Listing,
    Opening,
    Ready,
    Storage,
    at_once,
    by_name,
    register,
    unfinished_name,
)
from tieline.connectors.files.errors import (
    FileDenied,
    FileMissing,
    FilePathInvalid,
    FileTaken,
    StorageFull,
    StorageRefused,
    StorageUnavailable,
)
from tieline.connectors.files.paths import clean, joined, name_of, parent
from tieline.connectors.files.quota import Quota, quota
from tieline.connectors.files.threads import in_thread
from tieline.core.errors import Misconfigured, TielineError
from tieline.core.ids import new_id
from tieline.security.egress import Upload

_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 64  # folders in each other


@register
class LocalStorage(Storage):
    """Files are kept in ``files/<tenant>/kept`` of the data directory, unfinished ones beside it in ``parts``."""

    kind = "local"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        if opening.sandbox is None:
            raise Misconfigured("this process has no data directory, so it has no sandbox for files")
        self._home: Path = opening.sandbox / str(opening.tenant_id)
        self._quota: Quota = quota(self._home / "kept")

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        return "local:"

    def full(self, path: str) -> str:
        found = super().full(path)
        names = found.split("/")
        if len(names) > _DEEPEST:
            raise FilePathInvalid(f"the path has {len(names)} folders in each other; at most {_DEEPEST} are allowed")
        for name in names:
            if _DEVICES.fullmatch(name) or name != name.rstrip(" .") or ":" in name:
                raise FilePathInvalid(f"the name {name[:40]!r} means a device or another file on some systems")
        return found

    async def stat(self, path: str) -> Entry:
        return await in_thread("local", self._stat, path)

    async def read(self, path: str, *, offset: int = 0) -> AsyncGenerator[bytes]:
        handle = await in_thread("local", self._open_to_read, path)
        try:
            while block := await in_thread("local", os.pread, handle, CHUNK, offset):
                yield block
                offset += len(block)
        finally:
            os.close(handle)

    async def write(self, path: str, source: Upload, *, token: str, ready: Ready = at_once) -> None:
        target = self.full(path)
        prefix = unfinished_name(target, token)
        name = f"{prefix}.{new_id().hex}"
        handle = await in_thread("local", self._begin, prefix, name)
        blocks = source.blocks()
        try:
            written = 0
            async for block in blocks:
                written += len(block)
                self._quota.fits(written)
                await in_thread("local", _write_all, handle, block)
            await in_thread("local", os.fsync, handle)
            await ready()
            await in_thread("local", self._finish, name, target, written)
        except OSError as error:
            raise _told(error, path) from None
        finally:
            await blocks.aclose()
            os.close(handle)
            with suppress(OSError):
                (self._home / "parts" / name).unlink()

    async def page(self, folder: str, cursor: str | None = None) -> Listing:
        return by_name(await in_thread("local", self._entries, folder), cursor)

    async def copy(self, source: str, target: str, *, token: str, ready: Ready = at_once) -> None:
        if (await self.stat(source)).kind == "folder":
            raise StorageRefused(f"{source!r} is a folder; only files can be copied")
        await super().copy(source, target, token=token, ready=ready)

    async def move(self, source: str, target: str) -> None:
        await in_thread("local", self._move, source, target)

    async def delete(self, path: str) -> None:
        await in_thread("local", self._delete, path)
        self._quota.forget()

    def _stat(self, path: str) -> Entry:
        whole = self.full(path)
        with self._errors(path):
            if not whole:
                self._make("kept")
                return Entry(path=path, kind="folder")
            with self._within(parent(whole)) as folder:
                return _entry(path, os.stat(name_of(whole), dir_fd=folder, follow_symlinks=False))

    def _open_to_read(self, path: str) -> int:
        whole = self.full(path)
        with self._errors(path), self._within(parent(whole)) as folder:
            # NONBLOCK: a pipe that somebody has put there must not hold the thread.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            handle = os.open(name_of(whole) or ".", flags, dir_fd=folder)
            if not modes.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise StorageRefused(f"{path!r} is not a file; name one")
            return handle

    def _begin(self, prefix: str, name: str) -> int:
        parts = self._make("parts")
        with self._errors(name):
            for left in parts.glob(f"{prefix}.*"):
                left.unlink(missing_ok=True)  # what an attempt before has left behind
            return os.open(parts / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def _finish(self, name: str, target: str, written: int) -> None:
        self._make("kept")
        with self._errors(target), self._within(parent(target), make=True) as folder:
            old = _size_there(target, folder)
            os.rename(self._home / "parts" / name, name_of(target), dst_dir_fd=folder)
            os.fsync(folder)
            self._quota.add(written - old, files=0 if old else 1)

    def _entries(self, path: str) -> list[Entry]:
        whole = self.full(path) if path or self.root else ""
        if not whole:
            self._make("kept")
        found: list[Entry] = []
        with self._errors(path), self._within(whole) as folder, os.scandir(folder) as names:
            for one in names:
                if len(found) >= MOST_ENTRIES:
                    raise StorageRefused(f"the folder {path!r} has more than {MOST_ENTRIES} entries")
                seen = os.stat(one.name, dir_fd=folder, follow_symlinks=False)
                if modes.S_ISREG(seen.st_mode) or modes.S_ISDIR(seen.st_mode):
                    found.append(_entry(joined(path, one.name), seen))
        return found

    def _move(self, source: str, target: str) -> None:
        begin, end = self.full(source), self.full(target)
        with self._errors(source), self._within(parent(begin)) as first:
            os.stat(name_of(begin), dir_fd=first, follow_symlinks=False)
            with self._errors(target), self._within(parent(end), make=True) as second:
                os.rename(name_of(begin), name_of(end), src_dir_fd=first, dst_dir_fd=second)

    def _delete(self, path: str) -> None:
        whole = self.full(path)
        with self._errors(path), self._within(parent(whole)) as folder:
            name = name_of(whole)
            if modes.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)

    def _make(self, name: str) -> Path:
        folder = self._home / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _told(error, name) from None
        return folder

    @contextmanager
    def _within(self, path: str, *, make: bool = False) -> Iterator[int]:
        """The folder at ``path`` of the sandbox, opened name by name."""
        handle = os.open(self._make("kept"), _FOLDER)
        try:
            for name in clean(path).split("/") if path else ():
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=handle)
                following = os.open(name, _FOLDER, dir_fd=handle)
                os.close(handle)
                handle = following
            yield handle
        finally:
            os.close(handle)

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _told(error, path) from None


def _write_all(handle: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(handle, view) :]


def _size_there(target: str, folder: int) -> int:
    try:
        return os.stat(name_of(target), dir_fd=folder, follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _entry(path: str, seen: os.stat_result) -> Entry:
    is_file = modes.S_ISREG(seen.st_mode)
    if modes.S_ISLNK(seen.st_mode):
        raise FileDenied(f"{path!r} is a symbolic link, which is never followed")
    if not is_file and not modes.S_ISDIR(seen.st_mode):
        raise StorageRefused(f"{path!r} is neither a file nor a folder")
    return Entry(
        path=path,
        kind="file" if is_file else "folder",
        size=seen.st_size if is_file else None,
        modified=datetime.fromtimestamp(seen.st_mtime, UTC).replace(microsecond=0),
        version=f"{seen.st_ino:x}-{seen.st_mtime_ns:x}-{seen.st_size:x}" if is_file else "",
    )


def _told(error: OSError, path: str) -> TielineError:
    """What the operating system says, as one of our errors."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return FileMissing(f"there is no {path!r} in the sandbox")
        case errno.ELOOP | errno.EMLINK:
            return FileDenied(f"{path!r} is a symbolic link, or leads through one, which is never followed")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return FileDenied(f"the system does not let Tieline touch {path!r} in the sandbox")
        case errno.EEXIST | errno.EISDIR | errno.ENOTEMPTY:
            return FileTaken(f"{path!r} is a folder, or one that is not empty")
        case errno.ENOSPC | errno.EDQUOT:
            return StorageFull("the disk of the sandbox is full; delete files, or give it more room")
        case errno.ENAMETOOLONG | errno.EINVAL | errno.EILSEQ:
            return FilePathInvalid(f"the system does not allow the name {path[:80]!r}")
        case _:
            return StorageUnavailable(f"the sandbox cannot be used: {os.strerror(error.errno or 0)}")
