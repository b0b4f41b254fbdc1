"""Who holds a connection, and for how long without using it.

The application's own limits begin when a request's head is complete. Before that, between requests and after an answer
nobody would look; one round a second does, over all connections, so that a request itself pays for it with a few
assignments.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Protocol as Shape
from weakref import WeakKeyDictionary

import structlog
from msgspec import Struct
from uvicorn.server import ServerState

log = structlog.get_logger(__name__)

_SPARE_FILES = 256  # for the database, outgoing calls and everything else of this process
_MOST_FILES = 65_536


class Limits(Struct, frozen=True):
    """Times in seconds, sizes in bytes."""

    first_byte: float = 15.0
    head: float = 10.0
    between: float = 10.0  # behind the server's own time for connections that are kept, which one byte would end
    leftover: float = 5.0  # for the rest of a body that was answered before it had come
    leftover_bytes: int = 64 * 2**20
    unread: float = 30.0  # for a client that takes nothing of its answer
    round: float = 1.0
    slices: int = 20  # of a round, so that a flood that began at one moment does not end at one
    most: int = 8192


class Held(Shape):
    """A connection, as the crowd sees it."""

    client: tuple[str, int] | None

    def look(self, now: float, limits: Limits) -> None:
        """Ends the connection where one of its times is over."""

    def idle_since(self) -> float | None:
        """Since when the server waits for the client; None while it is the client that waits."""

    def leave(self) -> None:
        """Closes it without a word."""


class Crowd:
    """All connections of one server."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.members: set[Held] = set()
        self.most = min(limits.most, max(64, _files() - _SPARE_FILES))
        self._timer: asyncio.TimerHandle | None = None
        self._ahead: list[Held] = []
        self._slice = 1

    def join(self, member: Held) -> bool:
        """False where there is no room, even after those who idle have been sent away."""
        if len(self.members) >= self.most and not self._make_room():
            return False
        self.members.add(member)
        if self._timer is None:
            self._again()
        return True

    def part(self, member: Held) -> None:
        """It is gone."""
        self.members.discard(member)

    def _again(self) -> None:
        pause = self.limits.round / self.limits.slices
        self._timer = asyncio.get_running_loop().call_later(pause, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._ahead:
            self._ahead = list(self.members)
            self._slice = -(-len(self._ahead) // self.limits.slices)
        now = asyncio.get_running_loop().time()
        for member in self._ahead[-self._slice :]:
            if member in self.members:
                member.look(now, self.limits)
        del self._ahead[-self._slice :]
        if self.members:
            self._again()
        else:
            self._ahead.clear()

    def _make_room(self) -> bool:
        """Sends away who idles: first of the address that holds most connections, and there the longest first. Some at
        once, so that a flood does not make each newcomer cost a look at everybody."""
        idle = [(since, member) for member in self.members if (since := member.idle_since()) is not None]
        held = Counter(_address(member) for member in self.members)
        idle.sort(key=lambda one: (-held[_address(one[1])], one[0]))
        leaving = idle[: max(1, self.most // 64)]
        for _, member in leaving:
            self.members.discard(member)
            member.leave()
        log.warning("connections.crowded", most=self.most, sent_away=len(leaving), addresses=len(held))
        return bool(leaving)


def _address(member: Held) -> str:
    return member.client[0] if member.client else ""


def _files() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def raise_file_limit() -> None:
    """As many open files as the system allows this process: a connection is one, and 1024 are soon held."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


_crowds: WeakKeyDictionary[ServerState, Crowd] = WeakKeyDictionary()


def crowd_of(state: ServerState) -> Crowd:
    """The connections of the server with this state."""
    crowd = _crowds.get(state)
    if crowd is None:
        crowd = _crowds[state] = Crowd(Limits())
    return crowd
