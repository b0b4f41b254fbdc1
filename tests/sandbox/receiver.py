"""A webhook receiver that keeps what came and answers what a test says."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Delivery = tuple[dict[str, str], bytes]


@dataclass(frozen=True)
class Receiver:
    url: str
    came: queue.Queue[Delivery]

    def take(self) -> Delivery:
        """The next delivery; fails after ten seconds."""
        return self.came.get(timeout=10)


@contextmanager
def receiver(status: Callable[[int], int] = lambda number: 204) -> Iterator[Receiver]:
    """``status`` gets the number of the delivery, from 0; 0 as its answer hangs up without one."""
    came: queue.Queue[Delivery] = queue.Queue()
    count = 0

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal count
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer, count = status(count), count + 1
            if answer:
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()
            came.put(({name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Receiver(f"http://127.0.0.1:{server.server_port}/hook?of=test", came)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
