"""What clients really did, counted by the service and not by the client.

Effects (created, updated ...) count when they happen. A page counts as served when its answer left whole; an answer
that a fault swallowed, or whose client was gone, counts as unanswered, so that ``refetched`` is what a client read
twice without need.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from tieline.core.clock import iso, now
from tieline.sandbox.web import Reply, Request, Route

KEPT_REQUESTS = 2000


class RouteCount(Struct):
    calls: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    pages: int = 0
    records: int = 0
    unanswered: int = 0
    statuses: Counter[int] = field(default_factory=Counter)


class Ledger:
    """Counters of one service since the last reset."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.requests: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        self.since = iso(now())
        self.calls = 0
        self.max_in_flight = self.in_flight
        self.routes: dict[str, RouteCount] = {}
        self.pages: dict[str, Counter[str]] = {}
        self.records: Counter[str] = Counter()
        self.created: Counter[str] = Counter()
        self.updated: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.deleted: Counter[str] = Counter()
        self.replayed: Counter[str] = Counter()
        self.duplicated: Counter[str] = Counter()
        self.created_by: Counter[str] = Counter()
        self.updated_by: Counter[str] = Counter()
        self.tokens_issued = 0
        self.tokens_refused: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.expected: set[str] = set()
        self.requests.clear()

    def begin(self, route: str) -> RouteCount:
        count = self.routes.get(route)
        if count is None:
            count = self.routes[route] = RouteCount()
        self.calls += 1
        count.calls += 1
        self.in_flight += 1
        count.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        count.max_in_flight = max(count.max_in_flight, count.in_flight)
        return count

    def end(
        self, count: RouteCount, request: Request, route: Route | None, reply: Reply | None, fault: str, started: float
    ) -> None:
        """``reply`` is None where nothing, or not all of it, left."""
        self.in_flight = max(0, self.in_flight - 1)
        count.in_flight -= 1
        if fault:
            self.faults[fault] += 1
        if reply is None:
            count.unanswered += 1
        else:
            count.statuses[reply.status] += 1
            if reply.page and route is not None:
                count.pages += 1
                count.records += reply.records
                self.records[route.object] += reply.records
                self.pages.setdefault(route.name, Counter())["&".join(sorted(request.raw_query.split("&")))] += 1
        self.requests.append(
            {
                "method": request.method,
                "path": request.raw_path,
                "query": request.raw_query,
                "status": 0 if reply is None else reply.status,
                "idempotency_key": request.header(b"idempotency-key"),
                "fault": fault,
                "at": time.time(),
                "ms": round((time.perf_counter() - started) * 1000, 3),
            }
        )

    def effect(self, counter: Counter[str], object: str, key: str | None = None) -> None:
        """One effect of a client; ``key`` is the external id that it concerns."""
        counter[object] += 1
        if key is not None and object == "contact":
            if counter is self.created:
                self.created_by[key] += 1
            elif counter is self.updated:
                self.updated_by[key] += 1

    def summary(self, *, present: Iterable[str] = (), full: bool = False) -> dict[str, Any]:
        """The whole ledger; ``present`` are the external ids that exist now, for ``lost``."""
        again = {name: {query: n for query, n in pages.items() if n > 1} for name, pages in self.pages.items()}
        pages = {
            name: {
                "served": sum(pages.values()),
                "distinct": len(pages),
                "refetched": sum(n - 1 for n in again[name].values()),
                "again": dict(pages) if full else again[name],
            }
            for name, pages in self.pages.items()
        }
        expectation = {}
        if self.expected:
            lost = self.expected.difference(present)
            expectation = {"expected": len(self.expected), "lost": len(lost), "lost_ids": sorted(lost)[:20]}
        return {
            "service": self.service,
            "since": self.since,
            "calls": self.calls,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "routes": {
                name: {
                    "calls": count.calls,
                    "max_in_flight": count.max_in_flight,
                    "pages": count.pages,
                    "records": count.records,
                    "unanswered": count.unanswered,
                    "statuses": {str(status): n for status, n in sorted(count.statuses.items())},
                }
                for name, count in sorted(self.routes.items())
            },
            "pages": pages,
            "refetched": sum(page["refetched"] for page in pages.values()),
            "records": self.records,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
            "replayed": self.replayed,
            "duplicated": self.duplicated,
            "tokens": {"issued": self.tokens_issued, "refused": self.tokens_refused},
            "faults": self.faults,
            **expectation,
        }
