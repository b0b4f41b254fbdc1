"""Server-side request forgery: names that lead inside, names that change, redirects that turn."""

from __future__ import annotations

import importlib.util
import socket
from ipaddress import ip_address
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.security.egress.servers import LOOPBACK, Seen, always, http, redirect, serving
from tieline.security.egress import Egress, EgressDenied, Policy, may_fetch, parse_allow, resolver
from tieline.security.egress.probe import fetch_once

PUBLIC = "93.184.216.34"


@pytest.fixture(scope="module")
def matrix(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("ssrf_matrix", shared / "upstream" / "ssrf_matrix.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_matrix_is_refused_and_ordinary_urls_are_not(matrix: ModuleType) -> None:
    leaks, lost = matrix.check(may_fetch)
    assert (leaks, lost) == ([], [])
    assert (len(matrix.REFUSE), len(matrix.ACCEPT)) == (103, 6)


def test_the_matrix_connects_nowhere_inside(matrix: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the checker but the client itself: every address that a socket was asked to connect to."""
    tried: list[str] = []

    def connect(_: socket.socket, address: Any) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", matrix.fake_getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    for _, url in matrix.REFUSE:
        with pytest.raises(Exception):  # noqa: B017 - any refusal will do
            fetch_once(url)
    assert tried == []
    for url in matrix.ACCEPT:
        with pytest.raises(Exception, match="No connection"):
            fetch_once(url)
    assert set(tried) == {PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"}


def test_the_matrix_of_rebinding_reaches_only_the_checked_address(matrix: ModuleType) -> None:
    assert matrix.rebinding(fetch_once) == [PUBLIC]


class Names:
    """A name server of a few lines: each name has its answers, one after the other, the last for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): rounds for name, rounds in answers.items()}
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, port: int, *_: object, **__: object) -> list[Any]:
        self.asked.append(host)
        rounds = self.answers.get(host)
        if rounds is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        now = rounds.pop(0) if len(rounds) > 1 else rounds[0]
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "",
             (address, port, 0, 0) if ":" in address else (address, port))
            for address in now
        ]  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("inside", ["10.1.2.3", "169.254.169.254", "::1", "fd00::1", "fe80::1%2"])
async def test_a_name_that_leads_inside_is_refused_with_name_address_and_setting(
    inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, private_test=[[inside]])
    async with Egress() as egress:
        with pytest.raises(EgressDenied) as caught:
            await egress.request("GET", "http://private.test/")
    assert "private.test" in caught.value.detail
    assert inside.partition("%")[0] in caught.value.detail
    assert "TIELINE_EGRESS_ALLOW" in caught.value.detail


def test_the_words_of_the_refusal() -> None:
    with pytest.raises(EgressDenied) as caught:
        fetch_once("http://10.1.2.3/")
    assert caught.value.detail == "10.1.2.3 is an internal address; add its CIDR to TIELINE_EGRESS_ALLOW to permit it."


@pytest.mark.anyio
async def test_one_inside_answer_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, mixed_test=[[PUBLIC, "10.0.0.5"]])
    async with Egress() as egress:
        with pytest.raises(EgressDenied, match=r"10\.0\.0\.5 \(from mixed\.test\)"):
            await egress.request("GET", "http://mixed.test/")


@pytest.mark.anyio
async def test_a_socket_is_not_opened_to_an_address_that_slipped_past_the_resolver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second wall, with the first one torn down."""
    monkeypatch.setattr(resolver, "resolve", lambda *_: [ip_address("127.0.0.1")])
    async with serving(always(http())) as server, Egress() as egress:
        with pytest.raises(EgressDenied, match=r"127\.0\.0\.1 is a loopback address"):
            await egress.request("GET", server.url("/", "shop.test"))
        assert server.connections == 0


@pytest.mark.anyio
async def test_a_name_is_resolved_once_for_each_connection_and_again_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(seen: Seen) -> bytes | None:
        return http(b"1", 200, "Connection: close") if seen.path == "/close" else http(b"1")

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        names = Names(monkeypatch, shop_test=[["127.0.0.1"], ["10.0.0.1"]])
        for path in ("/", "/", "/close"):
            assert (await egress.request("GET", server.url(path, "shop.test"))).status == 200
        assert names.asked == ["shop.test"]
        with pytest.raises(EgressDenied):
            await egress.request("GET", server.url("/", "shop.test"))
        assert (server.connections, len(server.requests)) == (1, 3)


@pytest.mark.anyio
async def test_a_redirect_to_an_inside_name_or_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(seen: Seen) -> bytes | None:
        return redirect(seen.path.partition("?")[2])

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        Names(monkeypatch, private_test=[["10.1.2.3"]])
        for inside in ("http://10.1.2.3/", "http://private.test/", "http://[::1]/", "//169.254.169.254/latest/"):
            with pytest.raises(EgressDenied, match=r"127\.0\.0\.1 redirects to an address that is refused"):
                await egress.request("GET", server.url(f"/?{inside}"))


@pytest.mark.anyio
async def test_many_calls_at_once_ask_for_a_name_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import anyio

    async def answer(_: Seen) -> bytes | None:
        return http()

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        names = Names(monkeypatch, shop_test=[["127.0.0.1"]])
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(egress.request, "GET", server.url("/", "shop.test"))
        assert len(server.requests) == 20
        assert len(names.asked) < 20


@pytest.mark.parametrize(
    "url, allow, allowed",
    [
        ("http://127.0.0.1:8400/", "", False),
        ("http://127.0.0.1:8400/", "127.0.0.0/8", True),
        ("http://localhost:8400/", "127.0.0.0/8,::1", True),
        ("http://localhost:8400/", "10.0.0.0/8", False),
        ("http://no-such-name.invalid/", "", False),
        ("ftp://93.184.216.34/", "", False),
        ("http://93.184.216.34/", "", True),
    ],
)
def test_may_fetch_answers_for_a_policy(url: str, allow: str, allowed: bool) -> None:
    assert may_fetch(url, Policy(allow=parse_allow(allow))) is allowed


@pytest.mark.anyio
async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(_: Seen) -> bytes | None:
        return http(b'"direct"')

    async with serving(answer) as proxy, serving(answer) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        async with Egress(LOOPBACK) as egress:
            assert (await egress.request("GET", server.url())).json() == "direct"
        assert (proxy.connections, server.connections) == (0, 1)
