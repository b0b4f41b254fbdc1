"""Redirects: what a hop keeps, what it leaves behind, and which it refuses."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.security.egress.certificates import Authority
from tests.security.egress.servers import LOOPBACK, Seen, always, http, redirect, serving
from tieline.security.egress import BadUrl, Egress, EgressDenied, Policy, TooManyRedirects, parse_allow

pytestmark = pytest.mark.anyio

SECRETS = {
    "Authorization": "Bearer hunter2",
    "Cookie": "sid=hunter2",
    "X-Api-Key": "hunter2",
    "X-Auth-Token": "hunter2",
    "Api-Secret": "hunter2",
    "X-Acme-Access": "hunter2",
    "Ocp-Apim-Subscription-Key": "hunter2",
    "X-Signature": "hunter2",
    "Something-Of-Mine": "hunter2",
}
HARMLESS = {"Accept": "application/json", "Idempotency-Key": "run-1/7", "If-Match": '"v1"', "X-Request-Id": "r1"}


async def echo(seen: Seen) -> bytes | None:
    return http(json.dumps({"method": seen.method, "headers": seen.headers, "body": seen.body.decode()}).encode())


def leading(location: str, status: int = 302) -> object:
    async def answer(seen: Seen) -> bytes | None:
        return await echo(seen) if seen.path == "/end" else redirect(location, status)

    return answer


async def test_within_an_origin_everything_travels() -> None:
    async with serving(leading("/end", 307)) as server, Egress(LOOPBACK) as egress:  # type: ignore[arg-type]
        response = await egress.request("POST", server.url(), headers={**SECRETS, **HARMLESS}, body=b"x")
        got = response.json()
    assert response.url == server.url("/end")
    assert {name.lower() for name in {**SECRETS, **HARMLESS}} <= set(got["headers"])
    assert (got["method"], got["body"], response.sent_bytes) == ("POST", "x", 2)
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_to_another_origin_no_credential_travels(status: int) -> None:
    async with (
        serving(echo) as other,
        serving(always(redirect(other.url("/end"), status))) as server,
        Egress(LOOPBACK) as egress,
    ):
        got = (await egress.request("GET", server.url(), headers={**SECRETS, **HARMLESS})).json()
    assert "hunter2" not in json.dumps(got)
    assert {name.lower() for name in HARMLESS} <= set(got["headers"])
    assert got["headers"]["host"] == f"127.0.0.1:{other.port}"


async def test_a_named_secret_does_not_travel_even_under_a_harmless_name() -> None:
    async with (
        serving(echo) as other,
        serving(always(redirect(other.url("/end")))) as server,
        Egress(LOOPBACK) as egress,
    ):
        response = await egress.request(
            "GET", server.url(), headers={"X-Request-Id": "hunter2"}, secret_headers=["x-request-ID"]
        )
    assert "hunter2" not in response.text()


async def test_a_credential_left_behind_does_not_come_back_on_the_way_home() -> None:
    """A -> B -> A: who sees the second hop has taken part in choosing the third."""
    home_port: list[int] = []

    async def away(_: Seen) -> bytes | None:
        return redirect(f"http://127.0.0.1:{home_port[0]}/end")

    async with serving(away) as other:
        async with serving(leading(other.url())) as home, Egress(LOOPBACK) as egress:  # type: ignore[arg-type]
            home_port.append(home.port)
            got = (await egress.request("GET", home.url(), headers=SECRETS)).json()
    assert "hunter2" not in json.dumps(got)


@pytest.mark.parametrize(
    "status, method, then, body",
    [
        (301, "POST", "GET", ""),
        (302, "POST", "GET", ""),
        (303, "POST", "GET", ""),
        (307, "POST", "POST", "x"),
        (308, "POST", "POST", "x"),
        (301, "PUT", "PUT", "x"),
        (303, "PUT", "GET", ""),
        (303, "DELETE", "GET", ""),
        (307, "DELETE", "DELETE", "x"),
        (302, "GET", "GET", "x"),
        (303, "GET", "GET", ""),
    ],
)
async def test_methods_and_bodies(status: int, method: str, then: str, body: str) -> None:
    async with serving(leading("/end", status)) as server, Egress(LOOPBACK) as egress:  # type: ignore[arg-type]
        got = (
            await egress.request(
                method, server.url(), headers={"Content-Type": "text/x", "Content-MD5": "y"}, body=b"x"
            )
        ).json()
    assert (got["method"], got["body"]) == (then, body)
    assert ("content-md5" in got["headers"]) is bool(body)
    assert ("text/x" in got["headers"].get("content-type", "")) is bool(body)


async def test_head_stays_head() -> None:
    async def answer(seen: Seen) -> bytes | None:
        return http(b"", 200, f"X-Method: {seen.method}") if seen.path == "/end" else redirect("/end", 303)

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        assert (await egress.request("HEAD", server.url())).headers["X-Method"] == "HEAD"


async def test_the_limit_is_exact() -> None:
    async def count_down(seen: Seen) -> bytes | None:
        left = int(seen.path[1:])
        return redirect(f"/{left - 1}") if left else http(b'"end"')

    async with serving(count_down) as server, Egress(LOOPBACK) as egress:
        assert (await egress.request("GET", server.url("/5"))).json() == "end"
        assert len(server.requests) == 6
        with pytest.raises(TooManyRedirects, match=r"127\.0\.0\.1 redirected more than 5 times"):
            await egress.request("GET", server.url("/6"))
        assert len(server.requests) == 12


async def test_a_loop_ends() -> None:
    async with serving(always(redirect("/"))) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(TooManyRedirects):
            await egress.request("GET", server.url())


async def test_a_caller_may_want_the_redirect_itself() -> None:
    async with serving(always(redirect("http://10.0.0.1/"))) as server, Egress(LOOPBACK) as egress:
        response = await egress.request("GET", server.url(), follow_redirects=False)
        assert (response.status, response.headers["Location"]) == (302, "http://10.0.0.1/")


@pytest.mark.parametrize("status", [300, 304, 305, 306])
async def test_other_statuses_are_answers(status: int) -> None:
    async with serving(always(http(b"", status, "Location: /x"))) as server, Egress(LOOPBACK) as egress:
        assert (await egress.request("GET", server.url())).status == status


async def test_a_redirect_without_a_target_is_an_answer() -> None:
    async with serving(always(http(b'"here"', 302))) as server, Egress(LOOPBACK) as egress:
        assert (await egress.request("GET", server.url())).json() == "here"


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "http://user:pw@127.0.0.1/", "http://127.1/", "http://[::1", "/a\\b"],
)
async def test_targets_that_are_not_urls_are_refused(location: str) -> None:
    async with serving(always(redirect(location))) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(BadUrl, match="redirects"):
            await egress.request("GET", server.url())
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "headers, body, status, refused",
    [
        ({"Authorization": "Bearer x"}, None, 302, "the header Authorization"),
        ({"X-Api-Key": "x"}, None, 302, "the header X-Api-Key"),
        ({"X-Mine": "x"}, None, 302, "the header X-Mine"),
        ({}, b"secret", 307, "a body"),
        ({"Accept": "text/plain"}, b"form", 303, None),
        ({"Accept": "text/plain"}, None, 302, None),
    ],
)
async def test_nothing_secret_goes_from_https_to_http(
    headers: dict[str, str], body: bytes | None, status: int, refused: str | None, tmp_path: Path
) -> None:
    authority = Authority("test authority")
    policy = Policy(allow=parse_allow("127.0.0.0/8"), ca_file=str(authority.write(tmp_path / "ca.pem")))
    async with (
        serving(echo) as plain,
        serving(always(redirect(plain.url(), status)), tls=authority.context()) as safe,
        Egress(policy) as egress,
    ):
        call = egress.request(
            "POST" if body else "GET", safe.url(), headers=headers, body=body, secret_headers=["X-Mine"]
        )
        if refused is None:
            assert (await call).json()["headers"]["accept"] == "text/plain"
            return
        with pytest.raises(EgressDenied, match=f"carries {refused} from https to http"):
            await call
        assert plain.connections == 0


async def test_an_upgrade_to_https_is_another_origin(tmp_path: Path) -> None:
    authority = Authority("test authority")
    policy = Policy(allow=parse_allow("127.0.0.0/8"), ca_file=str(authority.write(tmp_path / "ca.pem")))
    async with (
        serving(echo, tls=authority.context()) as safe,
        serving(always(redirect(safe.url()))) as plain,
        Egress(policy) as egress,
    ):
        assert "hunter2" not in (await egress.request("GET", plain.url(), headers=SECRETS)).text()


async def test_cookies_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name: the jar of aiohttp keeps none for hosts that are addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)

    async def answer(seen: Seen) -> bytes | None:
        if seen.path == "/":
            return http(b"", 302, "Location: /end", "Set-Cookie: sid=1; Path=/")
        return await echo(seen)

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        for _ in range(2):
            got = await egress.request("GET", server.url("/", "shop.test"))
            assert "cookie" not in got.json()["headers"]
