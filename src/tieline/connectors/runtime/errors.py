"""What can go wrong between a block and the API behind it.

TielineError
|-- UpstreamError                what the API said; has ``upstream_status`` and an excerpt of its message
|   |-- UpstreamUnavailable        Transient: 5xx, timeouts, lost answers, after all attempts
|   |   `-- UpstreamBusy             429 and its relatives; ``retry_after`` in seconds
|   |-- UpstreamRefused            Terminal: the API will say the same again (4xx, declared errors)
|   |   `-- CursorExpired            410 in the middle of a walk over pages
|   `-- BadAnswer                  Terminal: the answer cannot be used (not JSON, no list where one should be)
|-- ReconnectNeeded              Terminal: the credentials do not work (any more)
|-- PagingError                  Terminal
|   |-- PagingLoop                 the API leads in a circle, or has no end
|   |-- PagingForeign              the next page is on another origin
|   `-- PagingIncomplete           the API stopped before what it had promised
`-- OriginRefused                Terminal: a credential would leave the origin it belongs to
"""

from __future__ import annotations

from typing import Any

from tieline.core.errors import Terminal, TielineError, Transient


class UpstreamError(TielineError):
    """The API answered with an error, or not at all."""

    code = "upstream-error"
    status = 502
    title = "The connected API reported an error"

    def __init__(
        self,
        detail: str = "",
        *,
        upstream_status: int = 0,
        excerpt: str = "",
        meta: dict[str, Any] | None = None,
    ) -> None:
        """``upstream_status`` is 0 when there was no answer; ``excerpt`` is the API's own message, masked and cut."""
        more = {"upstream_status": upstream_status, "excerpt": excerpt} if upstream_status or excerpt else {}
        super().__init__(detail, meta={**more, **(meta or {})})
        self.upstream_status = upstream_status
        self.excerpt = excerpt


class UpstreamUnavailable(UpstreamError, Transient):
    """No usable answer after all attempts; a later one may succeed."""

    code = "upstream-unavailable"
    status = 502
    title = "The connected API is not available"


class UpstreamBusy(UpstreamUnavailable):
    """The API asks us to slow down for longer than a worker should wait."""

    code = "upstream-rate-limited"
    status = 429
    title = "The connected API limits the number of calls"

    def __init__(self, detail: str = "", *, retry_after: float, upstream_status: int = 429, excerpt: str = "") -> None:
        super().__init__(
            detail, upstream_status=upstream_status, excerpt=excerpt, meta={"retry_after": round(retry_after, 3)}
        )
        self.retry_after = retry_after


class UpstreamRefused(UpstreamError, Terminal):
    """The API refused this very request."""

    code = "upstream-refused"
    status = 502
    title = "The connected API refused the request"


class CursorExpired(UpstreamRefused):
    """The page that a walk stood at is gone."""

    code = "cursor-expired"
    status = 502
    title = "The connected API no longer knows the place in the list"


class BadAnswer(UpstreamError, Terminal):
    """The API's answer has not the form that the connector declares."""

    code = "upstream-bad-answer"
    status = 502
    title = "The connected API's answer cannot be read"


class ReconnectNeeded(Terminal):
    """Somebody has to enter credentials again."""

    code = "reconnect-needed"
    status = 409
    title = "The connection must be renewed"


class PagingError(Terminal):
    """A list cannot be read to its end."""

    code = "paging-error"
    status = 502
    title = "The list cannot be read to its end"


class PagingLoop(PagingError):
    """The same page again and again."""

    code = "paging-loop"
    title = "The connected API's pages run in a circle"


class PagingForeign(PagingError):
    """A next link to another origin is not followed: credentials never travel."""

    code = "paging-foreign-link"
    title = "The next page is on another host"


class PagingIncomplete(PagingError):
    """Fewer records came than the API itself had announced."""

    code = "paging-incomplete"
    title = "The list ended too early"


class OriginRefused(Terminal):
    """The request would go to an origin that the connection's credentials do not belong to."""

    code = "origin-refused"
    status = 409
    title = "Credentials are bound to another origin"
