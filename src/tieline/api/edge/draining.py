"""A server that has been asked to end: what it has begun it finishes, what comes now is sent elsewhere.

Until the last request is answered it goes on to listen, so that nobody meets a closed door who could be told.
"""

from __future__ import annotations

from tieline.core.errors import Transient

# Who asks these wants to know how the process is, not to have work done.
PROBES = frozenset(("/healthz", "/readyz", "/metrics"))


class Draining(Transient):
    """This process ends; another one, or its successor, answers."""

    code = "draining"
    status = 503
    title = "The server is stopping"


class Drain:
    """How far this process is with ending. ``under_way``: requests that are being answered."""

    def __init__(self) -> None:
        self.begun = False
        self.under_way = 0

    def check(self, path: str) -> None:
        """Raises `Draining` for work that comes too late."""
        if self.begun and path not in PROBES:
            raise Draining("This server is stopping and takes no new requests; send it again.")


DRAIN = Drain()
