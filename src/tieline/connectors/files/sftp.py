"""SFTP (draft-ietf-secsh-filexfer) over SSH, on a socket that egress has checked.

The server must show the host key that the connection knows (``host_key``, a SHA256 fingerprint, or several); a check
of a connection that knows none yet keeps the one that it meets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

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
    HostKeyMismatch,
    StorageFull,
    StorageLoginRefused,
    StorageRefused,
    StorageUnavailable,
)
from tieline.connectors.files.objects import capped
from tieline.connectors.files.paths import PART_MARK, joined, name_of, parent
from tieline.core.errors import BadInput, TielineError
from tieline.security.egress import Upload, sockets

if TYPE_CHECKING:
    import asyncssh

SECONDS = 30.0  # for connecting and for each answer
_FOLDER, _FILE = 2, 1  # SSH_FILEXFER_TYPE_DIRECTORY, SSH_FILEXFER_TYPE_REGULAR


@register
class SftpStorage(Storage):
    """Logs in with ``password``, or with ``private_key`` (and its ``passphrase``)."""

    kind = "sftp"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._host = opening.text("host").strip("[]")
        self._port = opening.number("port", 22)
        if not self._host:
            raise BadInput("the connection names no host of an SFTP server")
        self._known = frozenset(opening.text("host_key").replace(",", " ").split())
        self._absolute = opening.text("folder").startswith("/")
        self._shown = ""
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        return f"sftp://{answers.get('host', '')}:{answers.get('port', '')}".lower()

    async def aclose(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            with suppress(Exception):
                await connection.wait_closed()

    async def check(self) -> None:
        await super().check()
        self.notes.append(f"host key {self._shown}")
        if not self._known:
            self.learned["host_key"] = self._shown

    async def stat(self, path: str) -> Entry:
        async with self._talking(path) as client:
            return _entry(path, await client.stat(self._place(path)))

    async def read(self, path: str, *, offset: int = 0) -> AsyncGenerator[bytes]:
        async with self._talking(path) as client:
            file = await client.open(self._place(path), "rb")
            expected = (await file.stat()).size
        try:
            while True:
                async with self._talking(path):
                    block = await file.read(CHUNK, offset)
                if not block:
                    break
                offset += len(block)
                yield bytes(block)  # type: ignore[arg-type]  # opened as binary
        finally:
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await file.close()
        if expected is not None and offset < expected:
            raise StorageUnavailable(f"the SFTP server stopped after {offset} of the {expected} bytes of {path!r}")

    async def write(self, path: str, source: Upload, *, token: str, ready: Ready = at_once) -> None:
        target = self._place(path)
        part = f"{target[: len(target) - len(name_of(target))]}{PART_MARK}{unfinished_name(target, token)}"
        file = await self._begin_write(path, part)
        blocks = source.blocks()
        sent = 0
        try:
            async for block in capped(blocks):
                async with self._talking(path):
                    await file.write(block, sent)
                sent += len(block)
        finally:
            await blocks.aclose()
            with suppress(Exception):
                async with asyncio.timeout(SECONDS):
                    await file.close()
        async with self._talking(path) as client:
            kept = (await client.stat(part)).size
        if kept is not None and kept != sent:
            raise StorageUnavailable(f"{self._host} kept {kept} of the {sent} bytes that were sent")
        await ready()
        async with self._talking(path) as client:
            await self._put(client, part, target)

    async def page(self, folder: str, cursor: str | None = None) -> Listing:
        found = []
        async with self._talking(folder, seconds=4 * SECONDS) as client:
            async for one in client.scandir(self._place(folder) or "."):
                name = one.filename
                if not isinstance(name, str) or name in (".", "..") or "/" in name or name.startswith(PART_MARK):
                    continue
                if one.attrs.type in (_FILE, _FOLDER):
                    found.append(_entry(joined(folder, name), one.attrs))
                if len(found) > MOST_ENTRIES:
                    raise StorageRefused(f"the folder {folder!r} has more than {MOST_ENTRIES} entries")
        return by_name(found, cursor)

    async def move(self, source: str, target: str) -> None:
        async with self._talking(source) as client:
            await client.stat(self._place(source))
            if parent(self.full(target)):
                await client.makedirs(parent(self._place(target)), exist_ok=True)
            await self._put(client, self._place(source), self._place(target))

    async def delete(self, path: str) -> None:
        import asyncssh

        entry = await self.stat(path)
        async with self._talking(path) as client:
            if entry.kind == "file":
                await client.remove(self._place(path))
                return
            try:
                await client.rmdir(self._place(path))
            except asyncssh.SFTPFailure:  # the one word that version 3 of the protocol has for it
                raise FileTaken(f"the folder {path!r} on {self._host} is not empty, or may not be removed") from None

    def _place(self, path: str) -> str:
        whole = self.full(path)
        return f"/{whole}" if self._absolute else whole

    async def _begin_write(self, path: str, part: str) -> asyncssh.SFTPClientFile:
        async with self._talking(path) as client:
            if parent(self.full(path)):
                await client.makedirs(parent(self._place(path)), exist_ok=True)
            return await client.open(part, "wb")

    async def _put(self, client: asyncssh.SFTPClient, part: str, target: str) -> None:
        import asyncssh

        try:
            await client.posix_rename(part, target)
        except asyncssh.SFTPOpUnsupported:
            # Version 3 of the protocol does not rename over a file that is there; then it goes first.
            with suppress(asyncssh.SFTPNoSuchFile):
                await client.remove(target)
            await client.rename(part, target)

    async def _ready(self) -> asyncssh.SFTPClient:
        import asyncssh

        if self._client is not None:
            return self._client
        socket = await sockets.open(self._host, self._port, policy=self.opening.egress.policy)
        key = self.opening.secret("private_key")
        storage = self

        class Client(asyncssh.SSHClient):
            def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
                storage._shown = key.get_fingerprint()
                return storage._shown in storage._known or (not storage._known and storage.opening.first)

        try:
            keys = [asyncssh.import_private_key(key, self.opening.secret("passphrase") or None)] if key else None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
            socket.close()
            raise StorageLoginRefused(
                "the private key cannot be read; enter it as PEM or OpenSSH text, with its passphrase if it has one"
            ) from None
        try:
            # No file of this machine has a say: neither ~/.ssh, nor an agent, nor Kerberos.
            self._connection, _ = await asyncssh.create_connection(
                Client,
                self._host,
                self._port,
                sock=socket,
                config=None,
                known_hosts=([], [], []),
                server_host_key_algs="default",
                username=self.opening.text("username"),
                password=None if keys else self.opening.secret("password"),
                client_keys=keys,
                agent_path=None,
                gss_host=None,
                gss_kex=False,
                gss_auth=False,
                preferred_auth=["publickey"] if keys else ["password", "keyboard-interactive"],
                connect_timeout=SECONDS,
                login_timeout=SECONDS,
                keepalive_interval=0,
            )
            self._client = await self._connection.start_sftp_client()
        except BaseException as error:
            socket.close()
            if isinstance(error, Exception):
                raise self._told(error, "") from None
            raise
        return self._client

    @asynccontextmanager
    async def _talking(self, path: str, *, seconds: float = SECONDS) -> AsyncIterator[asyncssh.SFTPClient]:
        client = await self._ready()
        try:
            async with asyncio.timeout(seconds):
                yield client
        except TielineError:
            raise
        except Exception as error:  # noqa: BLE001 - `_told` tells what it is, or that it broke off
            raise self._told(error, path) from None

    def _told(self, error: Exception, path: str) -> TielineError:
        import asyncssh

        host = self._host
        match error:
            case TielineError():
                return error
            case asyncssh.HostKeyNotVerifiable():
                if not self._known:
                    return HostKeyMismatch(
                        f"no host key of {host} is known yet; check the connection once, or enter its host_key"
                    )
                return HostKeyMismatch(
                    f"{host} shows the host key {self._shown}, which is not the known one. If it has a new key, "
                    "enter it as host_key; if not, somebody else is answering"
                )
            case asyncssh.PermissionDenied():
                return StorageLoginRefused(f"the SFTP server {host} refuses the login; check username and credentials")
            case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath() | asyncssh.SFTPNotADirectory():
                return FileMissing(f"the SFTP server {host} has no {path!r}")
            case asyncssh.SFTPPermissionDenied() | asyncssh.SFTPWriteProtect():
                return FileDenied(f"the SFTP server {host} does not permit this with {path!r}")
            case asyncssh.SFTPNoSpaceOnFilesystem() | asyncssh.SFTPQuotaExceeded():
                return StorageFull(f"the SFTP server {host} has no room for {path!r}")
            case asyncssh.SFTPFileAlreadyExists() | asyncssh.SFTPDirNotEmpty() | asyncssh.SFTPFileIsADirectory():
                return FileTaken(f"{path!r} on {host} is a folder, or one that is not empty")
            case asyncssh.SFTPInvalidFilename():
                return FilePathInvalid(f"the SFTP server {host} does not allow the name {path[:80]!r}")
            case asyncssh.SFTPConnectionLost() | asyncssh.SFTPNoConnection() | asyncssh.SFTPEOFError():
                return StorageUnavailable(f"the SFTP server {host} broke off")
            case asyncssh.SFTPError():
                return StorageRefused(f"the SFTP server {host} answered {type(error).__name__} for {path!r}")
            case TimeoutError():
                return StorageUnavailable(f"the SFTP server {host} did not answer within {SECONDS:g} s")
            case asyncssh.Error() | OSError():
                return StorageUnavailable(f"the SFTP server {host} broke off ({type(error).__name__})")
            case _:
                return StorageRefused(f"the SFTP server {host} answered what SFTP does not allow")


def _entry(path: str, attrs: Any) -> Entry:
    is_file = attrs.type != _FOLDER
    return Entry(
        path=path,
        kind="file" if is_file else "folder",
        size=attrs.size if is_file else None,
        modified=None if attrs.mtime is None else datetime.fromtimestamp(attrs.mtime, UTC),
    )
