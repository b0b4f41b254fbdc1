"""One FTP session (RFC 959, 2228, 2389, 2428, 3659, 4217) over sockets that egress has checked.

The data connection goes to the address of the control connection, whatever the server's answer to PASV says: an answer
that names somebody else would make us reach machines that nobody allowed (RFC 2577 section 3). Everything here blocks.
"""

from __future__ import annotations

import ftplib
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tieline.security.egress.errors import BadResponse

# What a server's answers are raised as.
Refused, Busy, TROUBLE = ftplib.error_perm, ftplib.error_temp, ftplib.all_errors

SECONDS = 30.0  # for each answer, and for each piece of a transfer
_LINES = 2000  # of one answer
_PORT = re.compile(r"227 .*?\((?:\d{1,3},){4}(\d{1,3}),(\d{1,3})\)|229 .*?\((.)\3\3(\d{1,5})\3\)")

Dial = Callable[[str, int], socket.socket]


class Wire(ftplib.FTP):
    """Knows how to connect, to secure and to open data connections; `ftplib` knows the rest."""

    def __init__(self, host: str, dial: Dial, tls: ssl.SSLContext | None) -> None:
        super().__init__(timeout=SECONDS, encoding="utf-8")
        self.host = host
        self._dial, self._tls = dial, tls
        self._secured = False
        self._lines = 0
        self.features: frozenset[str] = frozenset()

    def begin(self, port: int, *, implicit: bool) -> None:
        """Connects, and turns to TLS before anything is said that is secret."""
        self.port = port
        self.sock = self._dial(self.host, port)
        self.sock.settimeout(SECONDS)
        self.af = self.sock.family
        if implicit:
            self._secure()
        self._read_from()
        self.welcome = self.getresp()
        if self._tls is not None and not implicit:
            self.voidcmd("AUTH TLS")
            self._secure()
            self._read_from()

    def enter(self, user: str, password: str) -> None:
        """Logs in, and asks what the server can do."""
        self.login(user, password)
        if self._tls is not None:
            self.voidcmd("PBSZ 0")
            self.voidcmd("PROT P")
        with suppress(Refused):
            told = self.sendcmd("FEAT").splitlines()[1:-1]
            self.features = frozenset(line.strip().split(" ")[0].upper() for line in told if line.strip())
        if "UTF8" in self.features:
            with suppress(Refused):
                self.sendcmd("OPTS UTF8 ON")
        self.voidcmd("TYPE I")

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        peer = self.sock.getpeername()[0]  # type: ignore[union-attr]
        connection = self._dial(str(peer), self._passive())
        try:
            connection.settimeout(SECONDS)
            if rest:
                self.sendcmd(f"REST {rest}")
            answer = self.sendcmd(cmd)
            if answer[:1] != "1":
                raise ftplib.error_reply(answer)  # noqa: S321
            if self._tls is not None:
                # Many servers want the data connection to go on with the control connection's TLS session, so that
                # nobody else can take it over.
                session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
                connection = self._tls.wrap_socket(connection, server_hostname=self.host, session=session)
        except BaseException:
            connection.close()
            raise
        return connection, None

    def getline(self) -> str:
        self._lines += 1
        if self._lines > _LINES:
            raise ftplib.error_proto("an answer without an end")  # noqa: S321
        return super().getline()

    def getmultiline(self) -> str:
        self._lines = 0
        return super().getmultiline()

    def _passive(self) -> int:
        answer = ""
        if self.af == socket.AF_INET6 or "EPSV" in self.features:
            with suppress(Refused):
                answer = self.sendcmd("EPSV")
        if not answer:
            answer = self.sendcmd("PASV")
        found = _PORT.match(answer)
        port = 0
        if found is not None:
            port = int(found[4]) if found[4] else int(found[1]) * 256 + int(found[2])
        if not 1 <= port <= 65535:
            raise BadResponse("the FTP server names no port for its data connection")
        return port

    def _secure(self) -> None:
        assert self._tls is not None
        assert self.sock is not None
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)

    def _read_from(self) -> None:
        assert self.sock is not None
        self.file: Any = self.sock.makefile("r", encoding="utf-8", errors="surrogateescape")

    def leave(self) -> None:
        """Ends the session, politely where that works at once."""
        with suppress(*ftplib.all_errors):
            if self.sock is not None:
                self.sock.settimeout(1.0)
            self.quit()
        self.close()
