"""Below HTTP clients: raw bytes on the socket."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.sandbox.client import Client
from tieline.sandbox import Running


def exchange(sandbox: Running, data: bytes) -> bytes:
    """Everything that comes back until the server hangs up."""
    place = urlsplit(sandbox.events.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(data)
        found = b""
        while piece := connection.recv(65536):
            found += piece
        return found


def request(line: bytes, *headers: bytes, body: bytes = b"", close: bool = True) -> bytes:
    end = (b"Connection: close",) if close else ()
    return b"\r\n".join([line, b"Host: x", b"X-Gather-Key: gk_demo_7Rk2vQ9sXcB4", *headers, *end, b"", b""]) + body


def test_two_requests_sent_at_once_are_answered_in_order(sandbox: Running) -> None:
    found = exchange(sandbox, request(b"GET /v1/nothing HTTP/1.1", close=False) + request(b"GET /v1/account HTTP/1.1"))
    assert found.count(b"HTTP/1.1 ") == 2
    assert found.index(b"HTTP/1.1 404") < found.index(b"HTTP/1.1 200")


def test_a_chunked_body_is_read(sandbox: Running) -> None:
    body = b'{"first_name":"A","last_name":"B","email":"c@x.example"}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"
    headers = (b"Content-Type: application/json", b"Transfer-Encoding: chunked")
    assert exchange(sandbox, request(b"POST /v1/attendees HTTP/1.1", *headers, body=chunks)).startswith(b"HTTP/1.1 201")


def test_a_client_may_wait_for_100(sandbox: Running) -> None:
    headers = (b"Content-Type: application/json", b"Content-Length: 2", b"Expect: 100-continue")
    found = exchange(sandbox, request(b"POST /v1/attendees HTTP/1.1", *headers, body=b"{}"))
    assert found.startswith(b"HTTP/1.1 100")
    assert b"HTTP/1.1 422" in found


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /v1/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/attendees HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /v1/attendees HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["tls", "half-a-line", "path-bytes", "length", "smuggling"],
)
def test_what_is_not_http_is_refused_and_the_server_lives(sandbox: Running, gather: Client, data: bytes) -> None:
    found = exchange(sandbox, data)
    assert not found.startswith(b"HTTP/1.1 2")
    assert gather.call("GET", "/account").status == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_no_trace(sandbox: Running, gather: Client) -> None:
    place = urlsplit(sandbox.events.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        headers = (b"Content-Type: application/json", b"Content-Length: 500")
        connection.sendall(request(b"POST /v1/attendees HTTP/1.1", *headers, body=b'{"first_name"', close=False))
    assert gather.call("GET", "/account").status == 200
    assert sandbox.ledger("events")["in_flight"] == 0


def test_without_a_host_the_document_names_the_servers_own_address(sandbox: Running) -> None:
    found = exchange(sandbox, b"GET /openapi.json HTTP/1.0\r\n\r\n")
    assert f'"{sandbox.events.url}/v1"'.encode() in found


@pytest.mark.parametrize(
    "path", ["/v1/events/%ff", "/v1/events/%00", "/v1/events/..%2f..", "/v1/events?limit=%ff", "/v1/events?%zz"]
)
def test_strange_escapes_are_client_errors(sandbox: Running, gather: Client, path: str) -> None:
    client = Client(sandbox.events.url, headers=gather.headers)
    assert client.call("GET", path).status in (200, 400, 404)
