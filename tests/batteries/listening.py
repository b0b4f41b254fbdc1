"""A net in which every connection that is not to the one allowed server is heard by a canary."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from tieline.security.egress import Egress, Policy, parse_allow

ALLOWED = "127.0.0.9"
PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")
REBINDING = "rebind.test"


class Net:
    """``good``: the base address of the allowed server, which answers what it was told to `say`. ``heard``: where else
    somebody tried to connect to; each such connection ends at the canary, which counts it itself in ``canary``."""

    def __init__(self, policy: Policy) -> None:
        self.policy = self.trusting = policy
        self.egress = Egress(policy)
        self.good = ""
        self.port = self.canary_port = 0
        self.asked: list[bytes] = []
        self.heard: list[str] = []
        self.canary = 0
        self.lookups: dict[str, int] = {}
        self._said: dict[str, bytes] = {}

    def say(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._said[path] = "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def answer(self, method: str, path: str) -> bytes:
        """``/to/<hex>/...`` redirects there; what is longest of what was said, for one method first; else {}."""
        if path.startswith("/to/"):
            place = bytes.fromhex(path.split("/")[2].partition("?")[0])
            return b"HTTP/1.1 302 There\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n"
        for asked in (f"{method} {path}", path):
            fitting = [one for one in self._said if asked.startswith(one)]
            if fitting:
                return self._said[max(fitting, key=len)]
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    def resolve(self, fake: Callable[..., list[Any]], host: Any, port: Any, *more: Any, **rest: Any) -> list[Any]:
        name = (host.decode() if isinstance(host, bytes) else str(host)).lower().rstrip(".")
        if name in (ALLOWED, REBINDING):
            count = self.lookups[name] = self.lookups.get(name, 0) + 1
            where = "127.0.0.1" if name == REBINDING and count > 1 else ALLOWED
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port or 0))]
        return fake(host, port, *more, **rest)

    def connect(self, real: Callable[..., None], one: socket.socket, where: Any) -> None:
        if one.family == socket.AF_UNIX or (where[0], where[1]) == (ALLOWED, self.port):
            return real(one, where)
        if where[0] in PUBLIC:
            raise ConnectionRefusedError("the net has no way to there")
        self.heard.append(f"{where[0]}:{where[1]}")
        if one.family == socket.AF_INET:
            return real(one, ("127.0.0.1", self.canary_port))
        raise ConnectionRefusedError("heard")


@contextmanager
def wired(net: Net, fake: Callable[..., list[Any]]) -> Iterator[None]:
    """Names and connections of this process go through ``net``."""
    lookup, connect = socket.getaddrinfo, socket.socket.connect
    socket.getaddrinfo = lambda *a, **k: net.resolve(fake, *a, **k)
    socket.socket.connect = lambda one, where: net.connect(connect, one, where)  # type: ignore[method-assign,arg-type]
    try:
        yield
    finally:
        socket.getaddrinfo = lookup
        socket.socket.connect = connect  # type: ignore[method-assign]


@asynccontextmanager
async def listening() -> AsyncIterator[Net]:
    """A net with its allowed server and its canary."""
    net = Net(Policy(allow=parse_allow(f"{ALLOWED}/32"), total_timeout=5, connect_timeout=2))

    async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(0.2):
                head = await reader.readuntil(b"\r\n\r\n")
            net.asked.append(head)
            method, path, _ = head.decode("latin-1").split(" ", 2)
            writer.write(net.answer(method, path))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError):
            net.asked.append(b"")
        finally:
            writer.close()

    async def canary(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        net.canary += 1
        writer.close()

    async with (
        await asyncio.start_server(good, ALLOWED, 0) as server,
        await asyncio.start_server(canary, "127.0.0.1", 0) as bird,
        net.egress,
    ):
        net.port, net.canary_port = (one.sockets[0].getsockname()[1] for one in (server, bird))
        net.good = f"http://{ALLOWED}:{net.port}"
        yield net


def identity(issuer: str, audience: str, nonce: str) -> tuple[str, dict[str, Any]]:
    """A signed id_token, and the keys that prove it."""
    from joserfc import jwk, jwt

    now = int(time.time())
    claims = {"iss": issuer, "aud": audience, "sub": "s", "nonce": nonce, "iat": now, "exp": now + 300}
    return jwt.encode({"alg": "RS256", "kid": "k"}, claims, KEY), {
        "keys": [{**jwk.RSAKey.import_key(KEY.as_dict(private=False)).as_dict(private=False), "kid": "k", "use": "sig"}]
    }


def _key() -> Any:
    from joserfc import jwk

    return jwk.RSAKey.generate_key(2048)


KEY = _key()
