"""What Prometheus sees of the HTTP side: requests, their durations, and what is under way."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters of one process. Labels come from routes, never from what a client sent."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.fresh_until = 0.0
        self._requests = Counter(
            "tieline_http_requests_total",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "tieline_http_request_seconds",
            "Seconds from the first byte of a request to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._limited = Counter(
            "tieline_http_rate_limited_total", "Requests refused for their rate.", ["tier"], registry=self.registry
        )
        self.runs = Gauge("tieline_runs", "Runs by status.", ["status"], registry=self.registry)
        self.queue = Gauge("tieline_queue_jobs", "Jobs in the queue by status.", ["status"], registry=self.registry)
        self.api_calls = Gauge(
            "tieline_connector_api_calls", "Calls that finished runs made to connected APIs.", registry=self.registry
        )
        self.purged = Counter(
            "tieline_purged_total",
            "Rows that retention removed, by table; emptied = runs of which only the row stays.",
            ["what"],
            registry=self.registry,
        )
        self.purged_so_far: dict[str, int] = {}
        self.up = Gauge("tieline_database_up", "1 where the database answered this scrape.", registry=self.registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One finished request; ``status`` 0 = the client went away."""
        method = method if method in _METHODS else "other"
        route = route or "none"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def purged_in_all(self, what: str, count: int) -> None:
        """How much was ever purged, by whatever process."""
        self.purged.labels(what).inc(max(0, count - self.purged_so_far.get(what, 0)))
        self.purged_so_far[what] = count

    def limited(self, tier: int) -> None:
        """One request that was refused for its rate."""
        self._limited.labels(str(tier)).inc()
