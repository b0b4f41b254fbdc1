"""Errors of outbound HTTP.

    TielineError
    |-- Transient
    |   |-- ConnectFailed       no usable connection, or it broke before an answer (``sent`` says which)
    |   |-- TimedOut            a deadline passed
    |   `-- BadResponse         an answer came, but it is truncated, half compressed or not HTTP
    `-- Terminal
        |-- EgressDenied        the policy forbids this address, scheme or hop
        |-- BadUrl              not a URL that we would ever call
        |-- BadHeader           a method, header or body that cannot be sent
        |-- ResponseTooLarge    over the cap on size or expansion
        `-- TooManyRedirects

``sent`` on the transient ones answers the question that decides whether a call with a side effect may be repeated:
``False`` means that certainly nothing reached the server, ``True`` that it may have.
"""

from __future__ import annotations

from typing import Literal

from tieline.core.errors import Terminal, Transient

Reason = Literal["dns", "connect", "tls", "closed"]


class EgressDenied(Terminal):
    """The address, scheme or redirect is not allowed; nothing was sent to it."""

    code = "egress-denied"
    status = 403
    title = "Address not allowed"


class BadUrl(Terminal):
    """The URL breaks a rule of RFC 3986 or one of ours that keeps parsers from disagreeing."""

    code = "bad-url"
    status = 400
    title = "Invalid URL"


class BadHeader(Terminal):
    """The method, a header or the body cannot be put into an HTTP request."""

    code = "bad-request-header"
    status = 400
    title = "Invalid request header"


class ConnectFailed(Transient):
    """No connection, or it was lost before the first byte of an answer."""

    code = "connect-failed"
    status = 502
    title = "Connection failed"

    def __init__(self, detail: str = "", *, sent: bool = False, reason: Reason = "connect") -> None:
        """``reason`` tells name resolution, TCP, TLS and a connection lost after sending apart."""
        super().__init__(detail)
        self.sent = sent
        self.reason: Reason = reason


class TimedOut(Transient):
    """The deadline passed before the whole answer was there."""

    code = "upstream-timeout"
    status = 504
    title = "No answer in time"

    def __init__(self, detail: str = "", *, sent: bool = False) -> None:
        super().__init__(detail)
        self.sent = sent


class BadResponse(Transient):
    """The server answered, but the answer cannot be trusted to be complete or to be HTTP at all."""

    code = "bad-response"
    status = 502
    title = "Unusable answer"

    def __init__(self, detail: str = "", *, sent: bool = True) -> None:
        super().__init__(detail)
        self.sent = sent


class ResponseTooLarge(Terminal):
    """More bytes than the cap, on the wire or after expansion."""

    code = "response-too-large"
    status = 502
    title = "Answer too large"


class TooManyRedirects(Terminal):
    """The chain of redirects is longer than the limit, or a loop."""

    code = "too-many-redirects"
    status = 502
    title = "Too many redirects"
