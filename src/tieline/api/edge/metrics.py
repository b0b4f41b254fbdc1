"""What Prometheus sees: requests and their durations of this process, and figures of the whole database."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from tieline.api.edge.version import VERSION

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters of one process. Labels come from routes, never from what a client sent."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # For each group of figures of the database: when it may be asked for again, by the monotonic clock.
        self.due: dict[str, float] = {}
        ProcessCollector(registry=self.registry)
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
        self._gauge("tieline_build_info", "1, with the version of this process.", "version").labels(VERSION).set(1)
        self.runs = self._gauge("tieline_runs", "Runs that are kept, by status.", "status")
        self.active = self._gauge("tieline_runs_active", "Runs that have not ended, by status.", "status")
        self.waiting = self._gauge(
            "tieline_runs_waiting_seconds",
            "Age of the run that waits longest: not started = for a worker, queued = for its automation's own limit.",
            "status",
        )
        self.ended = self._gauge(
            "tieline_runs_ended_15m", "Runs that ended in the last 15 minutes, by how; no test runs.", "status"
        )
        self.queue = self._gauge("tieline_queue_jobs", "Jobs in the queue by status.", "status")
        self.workers = self._gauge("tieline_workers", "Workers whose heart has beaten in the last 10 seconds.")
        self.late = self._gauge("tieline_schedule_late_seconds", "Age of the oldest slot that no worker has started.")
        self.webhooks = self._gauge("tieline_webhook_deliveries", "Webhooks received and not handed on yet.")
        self.webhooks_late = self._gauge("tieline_webhook_waiting_seconds", "Age of the oldest of them.")
        self.webhooks_ended = self._gauge(
            "tieline_webhook_deliveries_15m",
            "Webhooks received in the last 15 minutes, by what became of them.",
            "status",
        )
        self.events = self._gauge("tieline_event_deliveries", "Events that wait to be sent to webhooks of customers.")
        self.events_late = self._gauge("tieline_event_late_seconds", "How long the oldest of them is overdue.")
        self.pool = self._gauge(
            "tieline_database_pool", "Connections of this process's pool: used, open, most.", "state"
        )
        self.connections = self._gauge(
            "tieline_database_connections", "Connections to the PostgreSQL server: used, most.", "state"
        )
        self.size = self._gauge("tieline_database_bytes", "Size of the database on its disk.")
        self.api_calls = self._gauge("tieline_connector_api_calls", "Calls that finished runs made to connected APIs.")
        self.purged = Counter(
            "tieline_purged_total",
            "Rows that retention removed, by table; emptied = runs of which only the row stays.",
            ["what"],
            registry=self.registry,
        )
        self.purged_so_far: dict[str, int] = {}
        self.up = self._gauge("tieline_database_up", "1 where the database answered this scrape.")

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)

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
