"""One call with everything that may happen on its way: permits, credentials, refusals, lost answers, other attempts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from tieline.connectors.manifest.model import Block, ErrorRule, Idempotency, RateBudget
from tieline.connectors.runtime import advice as advice_of
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.auth import Auth
from tieline.connectors.runtime.auth.calls import Calls
from tieline.connectors.runtime.budget import Budget, Permit
from tieline.connectors.runtime.decode import NotReadable, download
from tieline.connectors.runtime.errors import (
    BadAnswer,
    CursorExpired,
    ReconnectNeeded,
    UpstreamBusy,
    UpstreamRefused,
    UpstreamUnavailable,
)
from tieline.connectors.runtime.judge import Verdict, judge, message
from tieline.connectors.runtime.later import LONGEST, PAUSE, look, looking
from tieline.connectors.runtime.observer import Counters, Exchange, Observer
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.connectors.runtime.transports import Transport, transport_of
from tieline.core.errors import TielineError, Transient
from tieline.security.egress import Egress, Response
from tieline.security.egress.spans import resending
from tieline.security.known import Known

_WENT_WELL: Final = ("ok", "done", "ignore")
_NEW_TOKEN_PAUSES: Final = (1.0, 2.0, 3.0, 4.0)


Once = Callable[[Request], Awaitable[Response]]


class Reply(Struct):
    """What came of a call. ``kind``: ``ok``, ``done`` (it had happened before), ``partial`` (not all of it happened;
    ``said`` is why) or ``ignore`` (an error rule says so).
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    attempts: int
    kind: str = "ok"
    said: str = ""


class Context(Struct, frozen=True):
    """What does not change between the attempts of a block's calls."""

    block: Block
    rules: tuple[ErrorRule, ...]
    rate: RateBudget | UnsetType
    idempotency: Idempotency
    expect: str  # json, any or file
    transport: Transport

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice leaves the same as doing it once."""
        return not self.block.writes or self.idempotency.kind != "none"


class Sender:
    """Sends requests of one account."""

    def __init__(
        self,
        account: Account,
        egress: Egress,
        budget: Budget,
        observer: Observer | None,
        policy: RetryPolicy,
        counters: Counters,
    ) -> None:
        self.account = account
        self.egress = egress
        self.budget = budget
        self.observer = observer
        self.known = Known(tuple(str(value) for value in account.secrets.values()))
        self.policy = policy
        self.counters = counters
        self.fetch_token = Calls(egress, policy, self._name(), self._report_token, self._sleep)

    async def send(
        self, request: Request, context: Context, auth: Auth, purpose: str = "call", once: Once | None = None
    ) -> Reply:
        """The answer that counts, or the error that is left after all attempts. ``once`` makes one attempt."""
        attempt = limited = rereads = new_token = 0
        renewed = False
        while True:
            attempt += 1
            await auth.authenticate(request)
            permit = await self._permit(context)
            advice = advice_of.NOTHING
            response: Response | None = None
            failure: TielineError | None = None
            verdict: Verdict | None = None
            body: Any = None
            begun = time.perf_counter()
            try:
                with resending(attempt - 1):
                    response = await (once or self._once)(request)
                status, headers = response.status, response.headers
                body, unreadable = _read(response, context)
                if unreadable is not None and status < 400:
                    verdict = self._unreadable(unreadable, context)
                else:
                    verdict = judge(
                        status,
                        headers,
                        body,
                        context.block,
                        context.rules,
                        context.idempotency,
                        attempt=attempt - limited - rereads - new_token,  # refusals changed nothing over there
                    )
                if verdict.message:
                    verdict = Verdict(verdict.kind, request.without_secrets(verdict.message))
                advice = advice_of.read(headers, limited=verdict.kind == "limited", rate=context.rate)
                if verdict.kind == "limited" and advice.wait is None:
                    advice = msgspec.structs.replace(advice, wait=context.transport.wait(body))
            except Transient as error:
                failure = error
                verdict = Verdict("retry", error.detail)
            finally:
                await self.budget.settle(self.account, context.rate, permit, advice)
                went = verdict is not None and verdict.kind in _WENT_WELL
                self._report(request, context.block, response, failure, begun, attempt, purpose, went)
            match verdict.kind:
                case "ok" | "done" | "partial" | "ignore":
                    assert response is not None
                    reply = self._reply(verdict, response, body, attempt)
                    if response.status == 202 and purpose != "poll":
                        return await self._later(reply, look(request, response), context, auth, once)
                    return reply
                case "retry":
                    await self._pause(verdict, response, failure, attempt - limited, self._said(context, body))
                case "limited":
                    limited += 1
                    await self._limited(verdict, response, advice, limited)
                case "refresh":
                    assert response is not None
                    text = f"{verdict.message} {response.headers.get('WWW-Authenticate', '')}"
                    if auth.too_new(text) and new_token < len(_NEW_TOKEN_PAUSES):
                        await asyncio.sleep(_NEW_TOKEN_PAUSES[new_token])
                        new_token += 1
                        continue
                    outcome = "" if renewed or rereads > 2 else await auth.refused(request, text, response.headers)
                    if not outcome:
                        raise self._reconnect(verdict, response)
                    renewed = renewed or outcome == "renewed"
                    rereads += 1
                case "reconnect":
                    raise self._reconnect(verdict, response)
                case _:
                    raise self._refused(verdict, response, context, self._said(context, body))
            self.counters.retries += 1

    async def _permit(self, context: Context) -> Permit:
        """The budget's word, and behind all that waiting the observer's."""
        permit = await self.budget.acquire(self.account, context.rate)
        if self.observer is not None:
            try:
                await self.observer.before()
            except BaseException:
                await self.budget.settle(self.account, context.rate, permit, advice_of.NOTHING)
                raise
        return permit

    def _reply(self, verdict: Verdict, response: Response, body: Any, attempt: int) -> Reply:
        if verdict.kind == "ignore":
            body = None
        said = self._masked(verdict.message) if verdict.kind == "partial" else ""
        return Reply(response.status, response.headers, body, attempt, verdict.kind, said)

    async def _later(
        self, reply: Reply, request: Request | None, context: Context, auth: Auth, once: Once | None
    ) -> Reply:
        """What comes of work that the API has accepted and finishes later; ``request`` looks whether it has."""
        if request is None:
            return reply
        attempts, waited = reply.attempts, 0.0
        context = msgspec.structs.replace(context, block=looking(context.block), idempotency=Idempotency())
        while reply.status == 202:
            pause = advice_of.retry_after(reply.headers) or PAUSE
            waited += pause
            if waited > LONGEST:
                raise BadAnswer(
                    f"{self._name()} accepted block {context.block.id!r} and has not finished it within"
                    f" {round(LONGEST)} s; it is not sent again",
                    upstream_status=reply.status,
                )
            await self._sleep(pause)
            reply = await self.send(request, context, auth, "poll", once)
        reply.attempts = attempts
        return reply

    async def _once(self, request: Request) -> Response:
        return await self.egress.request(
            request.method,
            request.url(),
            headers=request.final_headers(),
            body=request.final_body(),
            secret_headers=request.secret_headers,
        )

    def _unreadable(self, problem: NotReadable, context: Context) -> Verdict:
        if problem.broken and context.repeatable:
            return Verdict("retry", f"the answer is {problem}")
        if problem.html and not context.block.writes:
            return Verdict("refresh" if "sign-in" in str(problem) else "fail", f"the answer is {problem}")
        happened = "; the API accepted the call, so it is not sent again" if context.block.writes else ""
        return Verdict("fail", f"the answer is {problem}{happened}")

    async def _pause(
        self,
        verdict: Verdict,
        response: Response | None,
        failure: TielineError | None,
        attempt: int,
        more: dict[str, Any],
    ) -> None:
        told = None if response is None else advice_of.retry_after(response.headers)
        status = 0 if response is None else response.status
        excerpt = self._masked(verdict.message)
        if told is not None and told > self.policy.max_wait:
            raise UpstreamBusy(
                f"{self._name()} asks to come back in {round(told)} s (status {status})",
                retry_after=told,
                upstream_status=status,
                excerpt=excerpt,
            )
        if attempt >= self.policy.attempts:
            said = ": ".join(part for part in ("" if failure is not None else f"status {status}", excerpt) if part)
            raise UpstreamUnavailable(
                f"{self._name()} gave no usable answer in {attempt} attempts ({said})",
                upstream_status=status,
                excerpt=excerpt,
                meta=more,
            )
        await self._sleep(self.policy.pause(attempt, told))

    async def _limited(
        self, verdict: Verdict, response: Response | None, advice: advice_of.Advice, limited: int
    ) -> None:
        """The budget holds the next attempt back; here only the end of patience is decided."""
        if limited >= self.policy.limited_attempts or (advice.wait or 0) > self.policy.max_wait:
            wait = advice.wait or 60.0
            raise UpstreamBusy(
                f"{self._name()} limits the number of calls and asks to come back in {round(wait)} s",
                retry_after=wait,
                upstream_status=429 if response is None else response.status,
                excerpt=self._masked(verdict.message),
            )

    def _reconnect(self, verdict: Verdict, response: Response | None) -> ReconnectNeeded:
        excerpt = self._masked(verdict.message)
        status = 0 if response is None else response.status
        said = f" ({excerpt})" if excerpt else ""
        return ReconnectNeeded(
            f"{self._name()} refuses the connection's credentials with status {status}{said}; connect again",
            meta={"upstream_status": status},
        )

    def _refused(
        self, verdict: Verdict, response: Response | None, context: Context, more: dict[str, Any]
    ) -> TielineError:
        excerpt = self._masked(verdict.message)
        status = 0 if response is None else response.status
        said = f": {excerpt}" if excerpt else ""
        what = f"{self._name()} answered block {context.block.id!r} with status {status}{said}"
        if 200 <= status < 300 and excerpt.startswith("the answer is "):
            return BadAnswer(what, upstream_status=status, excerpt=excerpt)
        if status == 410 and context.block.iterable:
            return CursorExpired(what, upstream_status=status, excerpt=excerpt)
        return UpstreamRefused(what, upstream_status=status, excerpt=excerpt, meta=more)

    async def _sleep(self, seconds: float) -> None:
        self.counters.waited_seconds += seconds
        await asyncio.sleep(seconds)

    def _report(
        self,
        request: Request,
        block: Block | None,
        response: Response | None,
        failure: TielineError | None,
        begun: float,
        attempt: int,
        purpose: str,
        went: bool = True,
    ) -> None:
        counters = self.counters
        counters.calls += 1
        if response is not None:
            counters.sent_bytes += response.sent_bytes
            counters.received_bytes += response.received_bytes
        if self.observer is not None:
            status = 0 if response is None else response.status
            shown = purpose != "token"
            self.observer.exchange(
                Exchange(
                    method=request.method,
                    url=self.known.url(request.masked_url()),
                    status=status,
                    ms=(time.perf_counter() - begun) * 1000,
                    sent_bytes=0 if response is None else response.sent_bytes,
                    received_bytes=0 if response is None else response.received_bytes,
                    attempt=attempt,
                    block="" if block is None else block.id,
                    error="" if failure is None else failure.code,
                    purpose=purpose,
                    failed=not went or response is None or status >= 400,
                    request=request if shown else None,
                    response=response if shown else None,
                    known=self.known,
                )
            )

    def _report_token(
        self, request: Request, response: Response | None, failure: TielineError | None, begun: float, attempt: int
    ) -> None:
        self._report(request, None, response, failure, begun, attempt, "token")

    def _masked(self, text: str) -> str:
        """An API that repeats a credential in its error must not bring it into our history."""
        return self.known.text(text) if text else text

    def _said(self, context: Context, body: Any) -> dict[str, Any]:
        """What the transport finds in an error besides its message, without credentials."""
        found = context.transport.problem(body)
        return {name: self._clean(entry) for name, entry in found.items()}

    def _clean(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, str):
            return self._masked(value[:2_000])
        if depth > 20:
            return None
        if isinstance(value, dict):
            return {name: self._clean(entry, depth + 1) for name, entry in list(value.items())[:100]}
        if isinstance(value, list):
            return [self._clean(entry, depth + 1) for entry in value[:100]]
        return value

    def _name(self) -> str:
        return self.account.manifest.title or self.account.manifest.name


def _read(response: Response, context: Context) -> tuple[Any, NotReadable | None]:
    """The decoded body, or why it cannot be decoded. The body of an error is taken as it is."""
    status, kind = response.status, response.headers.get("Content-Type", "")
    if status < 400 and context.expect == "file":
        return (download(response.body, response.headers), None) if response.body else (None, None)
    expect = "any" if status >= 400 else context.expect
    try:
        return context.transport.decode(context.block, response.body, kind, expect=expect, status=status), None
    except NotReadable as problem:
        text = response.body[:20_000].decode("utf-8", "replace")
        return (text, None) if status >= 400 else (message(text), problem)


def context_of(account: Account, block: Block) -> Context:
    """Block settings over the manifest's."""
    manifest = account.manifest
    idempotency = block.idempotency
    if idempotency is UNSET:
        idempotency = Idempotency() if manifest.idempotency is UNSET else manifest.idempotency
    if not block.writes:
        idempotency = Idempotency()
    transport = transport_of(block, manifest)
    return Context(
        block=block,
        transport=transport,
        rules=(*block.errors, *manifest.errors, *transport.rules(block)),
        rate=manifest.rate if block.rate is UNSET else block.rate,
        idempotency=idempotency,
        expect=_expect(block),
    )


def _expect(block: Block) -> str:
    if block.iterable:
        return "json"
    if block.output.get("format") in ("binary", "byte") or block.output.get("contentEncoding"):
        return "file"
    if block.kind in ("get", "get_by") or block.records:
        return "any" if block.output.get("type") == "string" else "json"
    return "any"
