"""Connections: reuse, loss, time, TLS, and what an error says about whether the request may have arrived."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import anyio
import pytest

from tests.security.egress.certificates import Authority
from tests.security.egress.servers import LOOPBACK, Seen, always, http, serving
from tieline.core.errors import Terminal, Transient
from tieline.security.egress import BadResponse, ConnectFailed, Egress, Policy, TimedOut, parse_allow

pytestmark = pytest.mark.anyio

IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]


def policy(**changes: float) -> Policy:
    return Policy(allow=parse_allow("127.0.0.0/8"), **changes)  # type: ignore[arg-type]


async def test_calls_share_a_connection() -> None:
    async with serving(always(http())) as server, Egress(LOOPBACK) as egress:
        for _ in range(5):
            await egress.request("POST", server.url(), body=b"x")
        assert (server.connections, len(server.requests)) == (1, 5)


async def test_an_answer_that_is_not_read_to_its_end_does_not_go_back_into_the_pool() -> None:
    async with serving(always(http(b"x" * 5_000_000))) as server, Egress(LOOPBACK) as egress:
        async with egress.stream("GET", server.url()) as response:
            assert response.status == 200
        await egress.request("GET", server.url())
        assert server.connections == 2


async def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with Egress(LOOPBACK) as egress:
            with pytest.raises(ConnectFailed, match=f"No connection to 127.0.0.1 port {port}") as caught:
                await egress.request("POST", f"http://127.0.0.1:{port}/")
    assert (caught.value.sent, caught.value.reason) == (False, "connect")
    assert isinstance(caught.value, Transient)


async def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with Egress() as egress:
        with pytest.raises(ConnectFailed, match=r"name api\.example could not be resolved") as caught:
            await egress.request("POST", "http://api.example/")
    assert (caught.value.sent, caught.value.reason) == (False, "dns")


async def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow(*_: object) -> None:
        release.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        async with Egress(policy(connect_timeout=0.1)) as egress:
            with pytest.raises(TimedOut, match=r"api\.example was not resolved within 0\.1 s") as caught:
                await egress.request("POST", "http://api.example/")
        assert caught.value.sent is False
    finally:
        release.set()


async def test_a_connection_that_is_never_accepted() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        try:
            for _ in range(8):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
                fillers.append(filler)
            async with Egress(policy(connect_timeout=0.2)) as egress:
                with pytest.raises(TimedOut, match="No connection to") as caught:
                    await egress.request("POST", f"http://127.0.0.1:{full.getsockname()[1]}/")
        finally:
            for filler in fillers:
                filler.close()
    assert caught.value.sent is False


@pytest.mark.parametrize("method", [*IDEMPOTENT, "POST", "PATCH"])
@pytest.mark.parametrize("how", ["reset", "close"])
async def test_a_new_connection_lost_before_the_answer_is_not_tried_again(method: str, how: str) -> None:
    async def lose(seen: Seen) -> bytes | None:
        if how == "reset":
            seen.reset()
        return None

    async with serving(lose) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(ConnectFailed, match="closed the connection before it answered") as caught:
            await egress.request(method, server.url(), body=b"x" if method == "POST" else None)
        assert (caught.value.sent, caught.value.reason) == (True, "closed")
        assert len(server.requests) == 1


async def close_second(seen: Seen) -> bytes | None:
    """A server that closes a kept connection at the moment it is used again, as one with a short idle time does."""
    return http(b"") if seen.path == "/first" or seen.connection > 1 else None


@pytest.mark.parametrize("method", IDEMPOTENT)
async def test_a_kept_connection_that_was_closed_is_replaced_once_for_idempotent_methods(method: str) -> None:
    async with serving(close_second) as server, Egress(LOOPBACK) as egress:
        await egress.request("GET", server.url("/first"))
        response = await egress.request(method, server.url("/second"))
        assert response.status == 200
        assert [seen.connection for seen in server.requests] == [1, 1, 2]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_kept_connection_that_was_closed_leaves_a_post_in_doubt(method: str) -> None:
    async with serving(close_second) as server, Egress(LOOPBACK) as egress:
        await egress.request("GET", server.url("/first"))
        with pytest.raises(ConnectFailed) as caught:
            await egress.request(method, server.url("/second"), body=b"x")
        assert caught.value.sent is True
        assert len(server.requests) == 2


async def test_a_post_does_not_use_a_connection_that_was_closed_while_the_loop_was_busy() -> None:
    seen: list[bytes] = []
    closed = threading.Event()

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _address = listener.accept()
            with connection:
                seen.append(connection.recv(65536))
                connection.sendall(http(b"{}"))
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        async with Egress(LOOPBACK) as egress:
            assert (await egress.request("GET", url)).status == 200
            closed.wait(10)
            assert (await egress.request("POST", url)).status == 200
        thread.join(10)
    assert [raw[:5] for raw in seen] == [b"GET /", b"POST "]


async def test_a_second_loss_is_reported_as_sent_even_when_the_last_attempt_was_not() -> None:
    gone = asyncio.Event()

    async def answer(seen: Seen) -> bytes | None:
        if seen.path == "/first":
            return http()
        gone.set()
        await stop()
        return None

    async with Egress(LOOPBACK) as egress:
        server_context = serving(answer)
        server = await server_context.__aenter__()

        async def stop() -> None:
            await server_context.__aexit__(None, None, None)

        await egress.request("GET", server.url("/first"))
        with pytest.raises(ConnectFailed) as caught:
            await egress.request("PUT", server.url("/second"))
    assert gone.is_set()
    assert caught.value.sent is True


async def test_bytes_nobody_asked_for_are_not_taken_for_the_next_answer() -> None:
    seen: list[bytes] = []
    pushed = threading.Event()

    def serve(listener: socket.socket) -> None:
        kept = []
        for more in (http(b'"forged"'), b""):
            connection, _address = listener.accept()
            kept.append(connection)
            seen.append(connection.recv(65536))
            connection.sendall(http(b'"true"'))
            answered.acquire(timeout=10)
            connection.sendall(more)
            pushed.set()
        done.wait(10)
        for connection in kept:
            connection.close()

    answered, done = threading.Semaphore(0), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        async with Egress(LOOPBACK) as egress:
            assert (await egress.request("GET", url)).json() == "true"
            answered.release()
            pushed.wait(10)
            assert (await egress.request("POST", url)).json() == "true"
            answered.release()
        done.set()
        thread.join(10)
    assert [raw[:5] for raw in seen] == [b"GET /", b"POST "]


async def test_a_forged_second_answer_right_behind_the_first_is_dropped() -> None:
    async with serving(always(http(b'"true"') + http(b'"forged"'))) as server, Egress(LOOPBACK) as egress:
        for _ in range(3):
            assert (await egress.request("GET", server.url())).json() == "true"
        assert server.connections == 3


async def test_an_answer_that_never_comes() -> None:
    async def silent(_: Seen) -> bytes | None:
        await asyncio.sleep(30)
        return None

    async with serving(silent) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(TimedOut, match=r"127\.0\.0\.1 did not answer completely within 0\.2 s") as caught:
            await egress.request("POST", server.url(), timeout=0.2)
        assert caught.value.sent is True


async def test_a_drip_feed_ends_at_the_total_deadline() -> None:
    async def drip(seen: Seen) -> bytes | None:
        seen.writer.write(http(b"", length=1000))
        for _ in range(1000):
            seen.writer.write(b".")
            await seen.writer.drain()
            await asyncio.sleep(0.02)
        return None

    async with serving(drip) as server, Egress(policy(total_timeout=0.3)) as egress:
        with pytest.raises(TimedOut) as caught:
            await egress.request("GET", server.url())
        assert caught.value.sent is True
        with pytest.raises(TimedOut):
            async with egress.stream("GET", server.url()) as response:
                async for _ in response:
                    pass


async def test_the_deadline_spans_redirects() -> None:
    async def slow(seen: Seen) -> bytes | None:
        await asyncio.sleep(0.1)
        return http(b"", 302, f"Location: {seen.path}x")

    async with serving(slow) as server, Egress(policy(total_timeout=0.25)) as egress:
        with pytest.raises(TimedOut):
            await egress.request("GET", server.url())
        assert len(server.requests) <= 3


async def test_a_flood_of_interim_answers_is_refused_and_a_few_are_not() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"

    async def answer(seen: Seen) -> bytes | None:
        return hint * int(seen.path[1:]) + http(b'"end"')

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        for _ in range(3):
            assert (await egress.request("GET", server.url("/10"))).json() == "end"
        with pytest.raises(BadResponse, match="interim"):
            await egress.request("GET", server.url("/500"))


async def test_one_dead_server_does_not_hold_up_another() -> None:
    async def silent(_: Seen) -> bytes | None:
        await asyncio.sleep(30)
        return None

    async with (
        serving(silent) as dead,
        serving(always(http())) as alive,
        Egress(policy(max_per_origin=2)) as egress,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(10):
            tasks.start_soon(egress.request, "GET", dead.url())
        while dead.connections < 2:
            await anyio.sleep(0.01)
        assert (await egress.request("GET", alive.url(), timeout=5)).status == 200
        assert dead.connections == 2
        tasks.cancel_scope.cancel()


async def test_a_cancelled_call_gives_its_connection_back_closed() -> None:
    async def silent(seen: Seen) -> bytes | None:
        await asyncio.sleep(30 if seen.path == "/slow" else 0)
        return http(b'"fast"')

    async with serving(silent) as server, Egress(policy(max_per_origin=1)) as egress:
        for _ in range(3):
            with anyio.move_on_after(0.05):
                await egress.request("GET", server.url("/slow"))
        assert (await egress.request("GET", server.url("/fast"), timeout=5)).json() == "fast"


async def test_a_closed_egress_says_so() -> None:
    egress = Egress(LOOPBACK)
    await egress.aclose()
    with pytest.raises(ConnectFailed, match="shut down"):
        await egress.request("GET", "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    "case, words",
    [
        ("expired", "expired"),
        ("wrong-host", "doesn't match|not valid for|mismatch"),
        ("self-signed", "self-signed|self signed"),
        ("unknown-authority", "unable to get local issuer|self-signed"),
    ],
)
async def test_tls_that_cannot_be_trusted_is_refused_before_anything_is_sent(
    case: str, words: str, tmp_path: Path
) -> None:
    authority, stranger = Authority("test authority"), Authority("stranger")
    ca_file = authority.write(tmp_path / "ca.pem")
    context = {
        "expired": lambda: authority.context(days=(-20, -1)),
        "wrong-host": lambda: authority.context(names=["other.example"]),
        "self-signed": lambda: stranger.own_context(),
        "unknown-authority": lambda: stranger.context(),
    }[case]()
    trusting = Policy(allow=parse_allow("127.0.0.0/8"), ca_file=str(ca_file))
    async with serving(always(http()), tls=context) as server, Egress(trusting) as egress:
        with pytest.raises(ConnectFailed, match=words) as caught:
            await egress.request("POST", f"https://127.0.0.1:{server.port}/", body=b"secret")
        assert caught.value.sent is False
        assert caught.value.reason in ("tls", "connect")
        assert server.requests == []


async def test_a_server_that_speaks_no_tls() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, Egress(LOOPBACK) as egress:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectFailed) as caught:
            await egress.request("POST", f"https://127.0.0.1:{port}/")
    assert caught.value.sent is False


async def test_tls_that_can_be_trusted_is_used_with_the_name_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority("test authority")
    asked: list[str | None] = []
    context = authority.context(names=["shop.test"])
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, *_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    )
    trusting = Policy(allow=parse_allow("127.0.0.0/8"), ca_file=str(authority.write(tmp_path / "ca.pem")))
    async with serving(always(http(b'"hello"')), tls=context) as server, Egress(trusting) as egress:
        for _ in range(2):
            assert (await egress.request("GET", server.url("/", "shop.test"))).json() == "hello"
        assert server.connections == 1
        assert server.requests[0].headers["host"] == f"shop.test:{server.port}"
        with pytest.raises(ConnectFailed):
            await egress.request("GET", server.url("/", "other.test"))
    assert asked == ["shop.test", "other.test"]


async def test_a_wrong_policy_is_terminal_and_a_broken_network_is_not() -> None:
    from tieline.security.egress import errors

    assert issubclass(errors.EgressDenied, Terminal)
    assert all(issubclass(cls, Transient) for cls in (errors.ConnectFailed, errors.TimedOut, errors.BadResponse))
