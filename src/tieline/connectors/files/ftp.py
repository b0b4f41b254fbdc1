"""FTP, with TLS (RFC 4217) or, where somebody asked for it, without."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

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
    FileTaken,
    StorageFull,
    StorageLoginRefused,
    StorageRefused,
    StorageUnavailable,
)
from tieline.connectors.files.ftp_lists import parse_facts, parse_list, parse_moment
from tieline.connectors.files.objects import capped
from tieline.connectors.files.paths import PART_MARK, clean, joined, name_of, parent
from tieline.connectors.files.threads import in_thread
from tieline.core.errors import BadInput, TielineError
from tieline.security.egress import Upload, sockets
from tieline.security.egress.ftp import SECONDS, TROUBLE, Busy, Refused, Wire

P = ParamSpec("P")
T = TypeVar("T")

_TROUBLE: tuple[type[Exception], ...] = (*TROUBLE, ValueError)
_LARGEST_LISTING = 32 * 2**20  # bytes
_DENIED = re.compile(r"denied|permission|permitted|privileg|not allowed|forbidden|read.?only", re.IGNORECASE)
_EXISTS = re.compile(r"exist", re.IGNORECASE)
_FULL = re.compile(r"quota|no space|disk full|insufficient storage", re.IGNORECASE)


@register
class FtpStorage(Storage):
    """``security``: tls (AUTH TLS), implicit (TLS from the first byte) or none."""

    kind = "ftp"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._host = opening.text("host")
        self._security = opening.choice("security", ("tls", "implicit", "none"))
        self._port = opening.number("port", 990 if self._security == "implicit" else 21)
        if not self._host:
            raise BadInput("the connection names no host of an FTP server")
        self._absolute = opening.text("folder").startswith("/")
        self._wire: Wire | None = None
        self._base = ""

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        return f"ftp://{answers.get('host', '')}:{answers.get('port', '')}?{answers.get('security', '')}".lower()

    async def aclose(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await in_thread("ftp", wire.leave)

    async def stat(self, path: str) -> Entry:
        if not self.full(path):
            return Entry(path=path, kind="folder")
        return await self._do(path, self._stat, path)

    async def read(self, path: str, *, offset: int = 0) -> AsyncGenerator[bytes]:
        wire = await self._ready()
        connection, expected = await self._do(path, self._begin_read, path, offset)
        whole = False
        came = offset
        try:
            while block := await self._do(path, connection.recv, CHUNK):
                came += len(block)
                yield block
            whole = True
        finally:
            connection.close()
            if not whole:
                self._wire = None  # what the server says now belongs to a transfer that we left
                wire.close()
        await self._do(path, wire.voidresp)
        if expected is not None and came < expected:
            raise StorageUnavailable(f"the FTP server stopped after {came} of the {expected} bytes of {path!r}")

    async def write(self, path: str, source: Upload, *, token: str, ready: Ready = at_once) -> None:
        target = self._place(path)
        part = joined_place(target, PART_MARK + unfinished_name(target, token))
        wire = await self._ready()
        connection = await self._do(path, self._begin_write, part, parent(self.full(path)))
        blocks = source.blocks()
        sent, whole = 0, False
        try:
            async for block in capped(blocks):
                await self._do(path, connection.sendall, block)
                sent += len(block)
            if isinstance(connection, ssl.SSLSocket):
                # The end of a TLS stream is said, so that a cut one is not taken for a whole one.
                await self._do(path, _said, connection)
            whole = True
        finally:
            await blocks.aclose()
            connection.close()
            if not whole:
                self._wire = None
                wire.close()
        await self._do(path, wire.voidresp)
        await self._do(path, self._verify, part, sent)
        await ready()
        await self._do(path, self._put, part, target)

    async def page(self, folder: str, cursor: str | None = None) -> Listing:
        return by_name(await self._do(folder, self._entries, folder), cursor)

    async def copy(self, source: str, target: str, *, token: str, ready: Ready = at_once) -> None:
        entry = await self.stat(source)
        # A session has one transfer at a time: another one reads what this one writes.
        async with FtpStorage(self.opening) as other:
            await self.write(target, Upload(lambda: other.read(source), entry.size), token=token, ready=ready)

    async def move(self, source: str, target: str) -> None:
        await self._do(source, self._move, source, target)

    async def delete(self, path: str) -> None:
        await self._do(path, self._delete, path)

    def _place(self, path: str) -> str:
        """The absolute path on the server, for a path of the connection."""
        whole = self.full(path)
        return f"/{whole}" if self._absolute else f"{self._base.rstrip('/')}/{whole}"

    async def _ready(self) -> Wire:
        """The session, begun where there is none."""
        if self._wire is not None:
            return self._wire
        loop = asyncio.get_running_loop()
        policy = self.opening.egress.policy

        def dial(host: str, port: int) -> socket.socket:
            found = asyncio.run_coroutine_threadsafe(sockets.open(host, port, policy=policy), loop)
            connection = found.result(8 * policy.connect_timeout + SECONDS)
            connection.setblocking(True)
            return connection

        tls = None if self._security == "none" else sockets.tls(policy.ca_file)
        wire = Wire(self._host.strip("[]"), dial, tls)
        try:
            await in_thread("ftp", self._begin, wire)
        except BaseException:
            wire.close()
            raise
        self._wire = wire
        return wire

    def _begin(self, wire: Wire) -> None:
        try:
            wire.begin(self._port, implicit=self._security == "implicit")
        except Refused as error:
            raise StorageRefused(
                f"the FTP server {self._host} does not speak TLS ({_code(error)}); if its network is trusted, set "
                "security to none"
            ) from None
        except _TROUBLE as error:
            raise self._told(error, "") from None
        try:
            wire.enter(self.opening.text("username", "anonymous"), self.opening.secret("password"))
            answer = wire.sendcmd("PWD")
        except Refused as error:
            raise StorageLoginRefused(
                f"the FTP server {self._host} refuses the login ({_code(error)}); check username and password"
            ) from None
        except _TROUBLE as error:
            raise self._told(error, "") from None
        found = re.search(r'"((?:[^"]|"")*)"', answer)
        self._base = clean(found[1].replace('""', '"'), "login folder") if found else ""
        self._base = f"/{self._base}"

    async def _do(self, path: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        await self._ready()
        try:
            return await in_thread("ftp", work, *args, **kwargs)
        except _TROUBLE as error:
            raise self._told(error, path) from None

    def _told(self, error: BaseException, path: str) -> TielineError:
        if isinstance(error, Refused | Busy):
            code, text = _code(error), str(error)
            if code in ("552", "452") or _FULL.search(text):
                return StorageFull(f"the FTP server {self._host} has no room for {path!r} ({code})")
            if code == "553" or (code == "550" and _DENIED.search(text)):
                return FileDenied(f"the FTP server {self._host} does not permit this with {path!r} ({code})")
            if code == "550":
                return FileMissing(f"the FTP server {self._host} has no {path!r} (550)")
            if code == "530":
                return StorageLoginRefused(f"the FTP server {self._host} wants another login (530)")
            if isinstance(error, Refused):
                return StorageRefused(f"the FTP server {self._host} answered {code} to what was asked for {path!r}")
            return StorageUnavailable(f"the FTP server {self._host} answered {code}; it may work later")
        if isinstance(error, ssl.SSLCertVerificationError):
            return StorageRefused(f"the certificate of {self._host} is not valid: {error.verify_message}")
        if isinstance(error, UnicodeError):
            return StorageRefused(f"the FTP server {self._host} answers in an encoding that is not UTF-8")
        if isinstance(error, TielineError):
            return error
        return StorageUnavailable(f"the FTP server {self._host} broke off ({type(error).__name__})")

    @property
    def _session(self) -> Wire:
        if self._wire is None:
            raise StorageUnavailable(f"the session with {self._host} has ended")
        return self._wire

    def _stat(self, path: str) -> Entry:
        wire, place = self._session, self._place(path)
        if "MLST" in wire.features:
            lines = wire.sendcmd(f"MLST {place}").splitlines()
            if len(lines) >= 2:
                facts, _ = parse_facts(lines[1].strip())
                return _entry(path, facts)
        try:
            size = wire.size(place)
        except Refused:
            wire.cwd(place)
            return Entry(path=path, kind="folder")
        modified = None
        with suppress(Refused):
            modified = parse_moment(wire.sendcmd(f"MDTM {place}")[4:])
        return Entry(path=path, size=size, modified=modified)

    def _begin_read(self, path: str, offset: int) -> tuple[socket.socket, int | None]:
        wire, place = self._session, self._place(path)
        size = None
        with suppress(Refused):
            size = wire.size(place)
        connection, _ = wire.ntransfercmd(f"RETR {place}", offset or None)
        return connection, size

    def _begin_write(self, part: str, folder: str) -> socket.socket:
        wire = self._session
        try:
            return wire.ntransfercmd(f"STOR {part}")[0]
        except Refused as error:
            if not folder or _code(error) not in ("550", "553"):
                raise
        self._make_folders(folder)
        return wire.ntransfercmd(f"STOR {part}")[0]

    def _make_folders(self, folder: str) -> None:
        place = "" if self._absolute else self._base.rstrip("/")
        for name in folder.split("/"):
            place = f"{place}/{name}"
            with suppress(Refused):
                self._session.mkd(place)

    def _verify(self, part: str, sent: int) -> None:
        with suppress(Refused):
            size = self._session.size(part)
            if size is not None and size != sent:
                raise StorageUnavailable(f"{self._host} kept {size} of the {sent} bytes that were sent")

    def _put(self, part: str, target: str) -> None:
        wire = self._session
        try:
            wire.rename(part, target)
        except Refused as error:
            # Some servers do not rename over a file that is there; then it goes first.
            if not _EXISTS.search(str(error)):
                raise
            wire.delete(target)
            wire.rename(part, target)

    def _move(self, source: str, target: str) -> None:
        self._stat(source)
        folder = parent(self.full(target))
        if folder:
            self._make_folders(folder)
        self._put(self._place(source), self._place(target))

    def _delete(self, path: str) -> None:
        wire = self._session
        if self._stat(path).kind == "folder":
            try:
                wire.rmd(self._place(path))
            except Refused as error:
                raise FileTaken(f"the folder {path!r} is not empty, or may not be removed ({_code(error)})") from None
        else:
            wire.delete(self._place(path))

    def _entries(self, folder: str) -> list[Entry]:
        wire, place = self._session, self._place(folder)
        modern = "MLST" in wire.features or "MLSD" in wire.features
        if not modern:
            wire.cwd(place)  # LIST of a folder that is not there says nothing on many servers
        try:
            connection, _ = wire.ntransfercmd(f"MLSD {place}" if modern else "LIST")
        except Refused:
            if self._stat(folder).kind == "folder":
                raise
            raise FileMissing(f"{folder!r} on {self._host} is a file, not a folder") from None
        data = bytearray()
        try:
            while block := connection.recv(CHUNK):
                data += block
                if len(data) > _LARGEST_LISTING:
                    raise StorageRefused(f"the listing of {folder!r} is larger than {_LARGEST_LISTING} bytes")
        finally:
            connection.close()
        wire.voidresp()
        found = []
        now = datetime.now(UTC)
        for line in bytes(data).split(b"\n"):
            try:
                text = line.decode().rstrip("\r")
            except UnicodeDecodeError:
                continue  # a name that we could not ask for
            facts, name = parse_facts(text) if modern else parse_list(text, now)
            if not name or name in (".", "..") or "/" in name or name.startswith(PART_MARK):
                continue
            if facts.get("type", "file") in ("file", "dir"):
                found.append(_entry(joined(folder, name), facts))
            if len(found) > MOST_ENTRIES:
                raise StorageRefused(f"the folder {folder!r} has more than {MOST_ENTRIES} entries")
        return found


def joined_place(target: str, name: str) -> str:
    """Another name in the folder of an absolute path."""
    return f"{parent(target)}/{name}"


def _said(connection: ssl.SSLSocket) -> None:
    with suppress(OSError, ValueError):
        connection.unwrap()


def _entry(path: str, facts: Mapping[str, str]) -> Entry:
    is_file = facts.get("type", "file") == "file"
    size = facts.get("size", "")
    return Entry(
        path=path or name_of(path),
        kind="file" if is_file else "folder",
        size=int(size) if is_file and size.isascii() and size.isdigit() else None,
        modified=parse_moment(facts.get("modify", "")),
    )


def _code(error: BaseException) -> str:
    return str(error)[:3]
