"""Real FTP and SFTP servers on loopback."""

from __future__ import annotations

import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Served:
    """Where a server is, and the folder that it serves."""

    host: str
    port: int
    folder: Path
    key: str = ""  # fingerprint of its host key


@contextmanager
def serving_ftp(folder: Path, *, base: Any = None, **settings: Any) -> Iterator[Served]:
    """pyftpdlib; ``settings`` are attributes of its handler, which is made of ``base``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler
        from pyftpdlib.ioloop import IOLoop
        from pyftpdlib.servers import FTPServer

        authorizer = DummyAuthorizer()
        authorizer.add_user("ada", "pw", str(folder), perm="elradfmwMT")
        authorizer.add_user("reader", "pw", str(folder), perm="elr")
        handler = type("Handler", (base or FTPHandler,), {"authorizer": authorizer, "use_sendfile": False, **settings})
        loop = IOLoop()
        server = FTPServer(("127.0.0.1", 0), handler, ioloop=loop)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.serve_forever(timeout=0.02, blocking=False, handle_exit=False)
        server.close_all()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Served("127.0.0.1", server.address[1], folder)
    finally:
        stop.set()
        thread.join(5)


@asynccontextmanager
async def serving_sftp(folder: Path, key: Any = None) -> AsyncIterator[Served]:
    """asyncssh, with the user ada and the password pw; ``.public`` of a client key may be in the folder's parent."""
    import asyncssh

    host_key = key or asyncssh.generate_private_key("ssh-ed25519")
    allowed = folder.parent / "client.pub"

    class Server(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("ada", "pw")

        def public_key_auth_supported(self) -> bool:
            return allowed.exists()

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return key == asyncssh.read_public_key(allowed)

    def files(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(folder).encode())

    server = await asyncssh.create_server(
        Server, "127.0.0.1", 0, server_host_keys=[host_key], sftp_factory=files, allow_scp=False
    )
    try:
        yield Served("127.0.0.1", server.sockets[0].getsockname()[1], folder, host_key.get_fingerprint())
    finally:
        server.close()
        await server.wait_closed()
