"""Requests to authorization servers and logins: bounded, repeated with care, told to the observer."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from tieline.connectors.runtime import advice as advice_of
from tieline.connectors.runtime.decode import NotReadable, loads
from tieline.connectors.runtime.errors import BadAnswer, UpstreamBusy, UpstreamUnavailable
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.connectors.runtime.tokens import Made, TokenReply
from tieline.core.clock import now
from tieline.core.errors import TielineError, Transient
from tieline.security.egress import Egress, Response, ResponseTooLarge

LARGEST: Final = 1024 * 1024
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_BUSY: Final = ("temporarily_unavailable", "server_error")  # RFC 6749 section 4.1.2.1, with whatever status
_SECRET: Final = re.compile(r"cookie|auth|key|token|secret|signature|password|session", re.IGNORECASE)


class Report(Protocol):
    """Told after each exchange: the request, its answer or error, when it began (`time.perf_counter`), the attempt."""

    def __call__(
        self, request: Request, response: Response | None, failure: TielineError | None, begun: float, attempt: int
    ) -> None: ...


class Calls:
    """A `Fetcher` on egress."""

    def __init__(
        self,
        egress: Egress,
        policy: RetryPolicy,
        name: str,
        report: Report | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._egress = egress
        self._policy = policy
        self._name = name
        self._report = report
        self._sleep = sleep

    async def __call__(
        self, url: str, make: Callable[[], Made], *, method: str = "POST", once: bool = False
    ) -> TokenReply:
        attempt = 0
        lost = False
        while True:
            attempt += 1
            body, headers = make()
            request = Request(method, url)
            request.body = body
            request.secret_query = {name for name, _ in request.query}
            begun, asked_at = time.perf_counter(), now()
            response: Response | None = None
            failure: TielineError | None = None
            told: float | None = None
            vanished = False
            try:
                response = await self._egress.request(
                    method,
                    url,
                    headers=headers,
                    body=body,
                    max_bytes=LARGEST,
                    follow_redirects=False,
                    secret_headers=[name for name in headers if _SECRET.search(name)],
                )
                reply = _reply(response, asked_at, lost)
                busy = reply.body.get("error") if isinstance(reply.body, dict) else None
                if response.status not in _LATER and busy not in _BUSY:
                    return reply
                told = advice_of.read(response.headers, limited=True).wait
                why = f"status {response.status}" + (f", {busy}" if busy in _BUSY else "")
                vanished = response.status == 504
            except ResponseTooLarge as error:
                failure = error
                raise BadAnswer(
                    f"the authorization server of {self._name} sends more than {LARGEST} bytes where a token should be"
                ) from None
            except Transient as error:
                failure, why = error, error.detail
                vanished = bool(getattr(error, "sent", True))
            finally:
                if self._report is not None:
                    self._report(request, response, failure, begun, attempt)
            if told is not None and told > self._policy.max_wait:
                raise UpstreamBusy(
                    f"the authorization server of {self._name} asks to come back in {round(told)} s",
                    retry_after=told,
                    upstream_status=0 if response is None else response.status,
                )
            if attempt >= self._policy.attempts or (vanished and once and lost):
                raise UpstreamUnavailable(
                    f"the authorization server of {self._name} is not available ({why})",
                    upstream_status=0 if response is None else response.status,
                )
            if vanished and once:
                # The server may have spent the refresh token. It takes the old one again for a moment, if at all.
                lost = True
                continue
            await self._sleep(self._policy.pause(attempt, told))


def _reply(response: Response, asked_at: Any, lost: bool) -> TokenReply:
    kind = response.headers.get("Content-Type", "")
    text = response.body.decode("utf-8", "replace")
    body: Any = text
    if "json" in kind.lower() or text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        with suppress(NotReadable):
            body = loads(response.body, kind)
    return TokenReply(
        response.status,
        body,
        headers={name.lower(): value for name, value in response.headers.items()},
        cookies=tuple(response.headers.getall("Set-Cookie", ())),
        text=text,
        asked_at=asked_at,
        lost=lost,
    )
