"""``stub.c`` once more for machines without a compiler; what it answers is described there."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from functools import cache
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
ID = re.compile(rb'"id" *: *"?(\d+)')


def answer(status: str, body: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


ITEM = answer("200 OK", '{"id":7,"name":"Ada Lovelace","email":"ada@example.com","active":true}')
MADE = answer("201 Created", '{"id":7}')
TAKEN = answer("201 Created", '{"ok":true}')
NOTHING = answer("404 Not Found", '{"error":"no such path"}')


class Api:
    """What was asked so far."""

    def __init__(self, page: int) -> None:
        self.page = page
        self.port = 0
        self.pages = cache(self._page)
        self.clear()

    def clear(self) -> None:
        self.gets = self.posts = self.last = 0
        self.seen: set[bytes] = set()

    def take(self, method: bytes, target: bytes, body: bytes) -> bytes:
        if target == b"/item":
            self.gets += method == b"GET"
            self.posts += method == b"POST"
            return ITEM if method == b"GET" else MADE
        if target == b"/sink":
            self.posts += 1
            self.last = time.monotonic_ns()
            if found := ID.search(body):
                self.seen.add(found[1])
            return TAKEN
        if target == b"/stats":
            told = {"gets": self.gets, "posts": self.posts, "distinct": len(self.seen), "last_ns": self.last}
            return answer("200 OK", json.dumps(told))
        if target == b"/reset":
            self.clear()
            return answer("200 OK", "{}")
        asked = urlsplit(target.decode())
        if asked.path.startswith("/pages/"):
            self.gets += 1
            return self.pages(int(asked.path[7:]), int(parse_qs(asked.query).get("cursor", ["1"])[0]))
        return NOTHING

    def _page(self, total: int, number: int) -> bytes:
        end = min(number * self.page, total)
        items = [
            {
                "id": one,
                "email": f"user{one}@example.com",
                "name": f"User {one}",
                "active": one % 3 == 0,
                "updated_at": 1_700_000_000 + one,
            }
            for one in range((number - 1) * self.page, end)
        ]
        following = str(number + 1) if end < total else None
        next_url = None if following is None else f"http://127.0.0.1:{self.port}/pages/{total}?cursor={following}"
        page = {"items": items, "next_cursor": following, "next": next_url, "total": total}
        return answer("200 OK", json.dumps(page, separators=(",", ":")))


class Connection(asyncio.Protocol):
    """One client; requests come one after the other."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            if b"chunked" in head:
                last = self._buffer.find(b"0\r\n\r\n", end + 4)
                if last < 0:
                    return
                stop = last + 5
            else:
                found = LENGTH.search(head)
                stop = end + 4 + (int(found[1]) if found else 0)
                if len(self._buffer) < stop:
                    return
            method, target, _ = head.split(b" ", 2)
            self._transport.write(self._api.take(method, target, self._buffer[end + 4 : stop]))
            self._buffer = self._buffer[stop:]


async def main() -> None:
    """Until standard input ends."""
    api = Api(int(sys.argv[1]))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(api), "127.0.0.1", 0, backlog=4096)
    api.port = server.sockets[0].getsockname()[1]
    print(api.port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
