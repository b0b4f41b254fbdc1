"""What a storage can do, and where each kind registers itself.

Nothing half-written is ever visible: `Storage.write` gathers a file under another name (or in parts) and puts it in
its place in one step. Every operation may be repeated: the second time ends like the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar
from uuid import UUID

from msgspec import Struct

from tieline.connectors.files.errors import FileMissing, StorageRefused
from tieline.connectors.files.paths import clean, joined
from tieline.core.errors import BadInput
from tieline.security.egress import Egress, Upload

CHUNK = 256 * 1024  # bytes handed on at once
PAGE = 500  # entries of a listing at once
MOST_ENTRIES = 100_000  # of one folder where the storage gives it whole

Ready = Callable[[], Awaitable[None]]


class Entry(Struct, frozen=True, kw_only=True):
    """A file or folder. ``path`` is from the connection's root; ``version`` changes with the contents where it is
    known (ETag, generation)."""

    path: str
    kind: Literal["file", "folder"] = "file"
    size: int | None = None
    modified: datetime | None = None
    version: str = ""

    @property
    def mark(self) -> str:
        """The same as long as the file is the same, as far as the storage lets us know."""
        if self.version:
            return self.version
        return f"{self.size}:{self.modified.isoformat() if self.modified else ''}"


class Listing(NamedTuple):
    """A page of a folder, and the cursor of the one after it."""

    entries: list[Entry]
    next: str | None


@dataclass(frozen=True, slots=True)
class Opening:
    """A connection as a storage needs it. ``first``: somebody is looking whether it works at all."""

    answers: Mapping[str, Any] = field(repr=False)
    egress: Egress
    tenant_id: UUID
    method: str = ""
    sandbox: Path | None = None
    first: bool = False

    def text(self, name: str, default: str = "") -> str:
        """An answer as text, blanks at its ends removed."""
        value = self.answers.get(name)
        return default if value in (None, "") else str(value).strip()

    def secret(self, name: str) -> str:
        """An answer exactly as it was given."""
        value = self.answers.get(name)
        return "" if value is None else str(value)

    def number(self, name: str, default: int) -> int:
        """An answer that must be a whole number; raises BadInput."""
        found = self.text(name)
        if not found:
            return default
        if not (found.isascii() and found.isdigit() and len(found) < 10):
            raise BadInput(f"{name} of the connection must be a whole number, not {found[:20]!r}")
        return int(found)

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """An answer that must be one of ``allowed``, the first of which it is where nothing was answered."""
        found = self.text(name, allowed[0])
        if found not in allowed:
            raise BadInput(f"{name} of the connection must be one of {', '.join(allowed)}, not {found[:20]!r}")
        return found

    @property
    def folder(self) -> str:
        """The folder that is the connection's root."""
        return clean(self.text("folder"), "folder of the connection")


async def at_once() -> None:
    """The `Ready` of a writer that nobody can overtake."""


class Storage:
    """One connection in use. Not for several tasks at once. Paths are cleaned ones (see `paths`)."""

    kind: ClassVar[str] = ""
    secure: ClassVar[bool] = True

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.root = opening.folder
        self.notes: list[str] = []  # what a check has to tell
        self.learned: dict[str, str] = {}  # answers that a check found out, to be kept in the connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Gives back what is held open."""

    @classmethod
    def open(cls, opening: Opening) -> Storage:
        """The storage of a connection; nothing is connected before it is used. Raises BadInput for wrong answers."""
        return cls(opening)

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        """Where the connection's secrets go: another origin needs them entered again."""
        raise NotImplementedError

    def full(self, path: str) -> str:
        """A path from the storage's own root."""
        return joined(self.root, path)

    async def stat(self, path: str) -> Entry:
        """The file or folder at ``path``; raises `FileMissing`."""
        raise NotImplementedError

    def read(self, path: str, *, offset: int = 0) -> AsyncGenerator[bytes]:
        """The file from byte ``offset`` on, in pieces; closing the generator ends the transfer. Nothing is expanded."""
        raise NotImplementedError

    async def write(self, path: str, source: Upload, *, token: str, ready: Ready = at_once) -> None:
        """Puts a whole file in its place, whatever was there; folders above it are made.

        ``token`` is the same on a repeat. ``ready`` is awaited right before the file becomes visible: what it raises
        leaves everything as it was.
        """
        raise StorageRefused(f"{self.kind} connections can only be read; choose another storage to write to")

    async def page(self, folder: str, cursor: str | None = None) -> Listing:
        """What is directly in a folder, by name; raises `FileMissing`."""
        raise StorageRefused(f"{self.kind} connections cannot list folders; name the file")

    async def copy(self, source: str, target: str, *, token: str, ready: Ready = at_once) -> None:
        """A file once more under another name, in place of what was there."""
        entry = await self.stat(source)
        await self.write(target, Upload(lambda: self.read(source), entry.size), token=token, ready=ready)

    async def move(self, source: str, target: str) -> None:
        """A file under another name, in place of what was there."""
        raise StorageRefused(f"{self.kind} connections can only be read")

    async def delete(self, path: str) -> None:
        """Removes a file, or an empty folder; raises `FileMissing`."""
        raise StorageRefused(f"{self.kind} connections can only be read")

    async def check(self) -> None:
        """Whether the connection works: looks into its root folder."""
        await self.page("")

    async def exists(self, path: str) -> bool:
        """Whether there is a file or folder at ``path``."""
        try:
            await self.stat(path)
        except FileMissing:
            return False
        return True


def by_name(entries: list[Entry], cursor: str | None) -> Listing:
    """A page of a listing that came whole: those behind ``cursor``, which is the last path of the page before."""
    rest = sorted((entry for entry in entries if cursor is None or entry.path > cursor), key=lambda one: one.path)
    page = rest[:PAGE]
    return Listing(page, page[-1].path if len(rest) > PAGE else None)


def unfinished_name(target: str, token: str) -> str:
    """A name for a file that is being written, the same on a repeat."""
    return hashlib.blake2b(f"{token}:{target}".encode(), digest_size=12).hexdigest()


async def pieces(source: AsyncIterator[bytes], size: int) -> AsyncGenerator[bytes]:
    """The same bytes in pieces of exactly ``size``, and the rest. Gives one empty piece where there are none."""
    held = bytearray()
    given = False
    async for block in source:
        held += block
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
            given = True
    if held or not given:
        yield bytes(held)


T = TypeVar("T", bound=Storage)
_kinds: dict[str, type[Storage]] = {}


def register(cls: type[T]) -> type[T]:
    """Class decorator: makes a storage known under its ``kind``."""
    _kinds[cls.kind] = cls
    return cls


def storage_kind(name: str) -> type[Storage]:
    """The storage of that kind; raises BadInput."""
    found = _kinds.get(name)
    if found is None:
        raise BadInput(f"there is no storage of the kind {name[:40]!r}; there are: {', '.join(sorted(_kinds))}")
    return found


def storage_kinds() -> tuple[str, ...]:
    """All kinds, in order."""
    return tuple(sorted(_kinds))
