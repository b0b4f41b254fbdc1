"""Sockets of other protocols: the same addresses are refused, and the checked address is the one connected to."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_network

import pytest

from tieline.core.errors import TielineError
from tieline.security.egress import BadUrl, ConnectFailed, EgressDenied, Policy, TimedOut, sockets

pytestmark = pytest.mark.anyio

HERE = Policy(allow=(ip_network("127.0.0.0/8"),))


async def test_a_server_is_reached_and_answers() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            connection = await sockets.open(host, port, policy=HERE)
            assert connection.getpeername() == ("127.0.0.1", port)
            assert await asyncio.get_running_loop().sock_recv(connection, 100) == b"hello"
            connection.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "0.0.0.0",
        "::1",
        "[::1]",
        "fd00::1",
        "::ffff:127.0.0.1",
    ],
)
async def test_internal_addresses_are_refused(host: str) -> None:
    with pytest.raises((EgressDenied, ConnectFailed)) as caught:
        await sockets.open(host, 25, policy=Policy())
    if host != "localhost":
        assert isinstance(caught.value, EgressDenied)


async def test_a_name_is_refused_when_one_of_its_addresses_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*_: object, **__: object) -> list[tuple[object, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("93.184.216.34", 25)), (*kind, ("10.0.0.1", 25))]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with pytest.raises(EgressDenied, match=r"10\.0\.0\.1"):
        await sockets.open("mail.example.com", 25, policy=Policy())


async def test_the_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would be internal; it is never asked for."""
    asked: list[object] = []
    connected: list[object] = []

    def answers(*arguments: object, **_: object) -> list[tuple[object, ...]]:
        asked.append(arguments)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 25))]

    async def connect(_: socket.socket, where: object) -> None:
        connected.append(where)

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect, raising=False)
    (await sockets.open("mail.example.com", 25, policy=Policy())).close()
    assert connected == [("93.184.216.34", 25)]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("", 25),
        ("a b", 25),
        ("mail.example.com/x", 25),
        ("user@mail.example.com", 25),
        ("mail.example.com:26", 25),
        ("mail\r\nexample.com", 25),
        ("0x7f.1", 25),
        ("2130706433", 25),
        ("mail.example.com", 0),
        ("mail.example.com", 70000),
        ("[::1", 25),
    ],
)
async def test_what_is_no_host_or_port_is_refused(host: str, port: int) -> None:
    with pytest.raises((BadUrl, EgressDenied)):
        await sockets.open(host, port, policy=HERE)


async def test_who_does_not_listen_or_does_not_exist_is_said(unused_port: int) -> None:
    with pytest.raises(ConnectFailed, match=r"No connection to .* port"):
        await sockets.open("127.0.0.1", unused_port, policy=HERE)
    with pytest.raises((ConnectFailed, TimedOut)) as caught:
        await sockets.open("no-such-host.invalid", 25, policy=HERE)
    assert isinstance(caught.value, TielineError)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found
