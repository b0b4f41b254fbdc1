"""Call URL: one HTTP request to any address that the egress policy allows."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

from tieline.automations.blocks.clients import Clients
from tieline.automations.blocks.exchanges import add_parts, keep, log_of, secrets_in, wanted
from tieline.automations.blocks.http_parts import (
    ENCODINGS,
    RESPONSES,
    body_of,
    content_of,
    is_charset,
    mapping,
    statuses,
    with_query,
)
from tieline.automations.blocks.listing import choice, evaluated, given, raw
from tieline.automations.blocks.values import flag, number, whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError, UnboundBlock
from tieline.automations.engine.registry import BlockType, CompileContext, lookup, register
from tieline.automations.formulas import text_of
from tieline.connectors.runtime.request import Request
from tieline.core.errors import NotFound, Terminal, Transient
from tieline.security.egress import Egress, Response
from tieline.security.known import Known
from tieline.security.redact import looks_secret, mask_url

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
SAFE = ("GET", "HEAD", "OPTIONS")
ATTEMPTS = 6
MOST_RETRIES = 10
LONGEST_WAIT = 60.0  # seconds between attempts
LONGEST_TIMEOUT = 600.0  # seconds
KEY_HEADER = "Idempotency-Key"
# Headers that hold no secret whatever a person writes into them; the history shows no value of any other.
OPEN_HEADERS = frozenset(
    (
        *("accept", "accept-language", "cache-control", "content-language", "content-type", "idempotency-key"),
        *("if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "origin", "prefer", "range"),
        *("soapaction", "traceparent", "user-agent", "x-request-id", "x-requested-with"),
    )
)


class CallRefused(Terminal):
    """The called server answered with an error that another attempt will not change."""

    code = "call-refused"
    status = 502
    title = "The called URL answered with an error"


class CallFailed(Transient):
    """The called server could not be reached, or kept answering with errors that may pass."""

    code = "call-failed"
    status = 502
    title = "The called URL did not answer"


@register
class CallUrlBlock(BlockType):
    """Headers are evaluated when the call is made, and their values kept out of the journal except for `OPEN_HEADERS`:
    they are where secrets stand. Every write carries an Idempotency-Key of its own that repeats on a repeat."""

    type = "CallUrlBlock"
    doc = "Call URL: sends one HTTP request; the output is the answer's body, or all of it with `full_response`."
    reads = True

    def compile(self, context: CompileContext) -> Any:
        names = ("url", "params", "query", "body", "timeout", "retries")
        method = context.input("method", "GET")
        encoding = str(raw(context, "encoding", default="") or "").strip().lower()
        if encoding and encoding not in ENCODINGS and not is_charset(encoding):
            known = ", ".join(sorted(set(ENCODINGS.values())))
            raise PlanError(f"encoding {encoding[:40]!r} is not known; use one of {known}")
        accepted = raw(context, "accept_status")
        try:
            ranges = statuses(accepted) if accepted is not None else [(100, 399)]
        except ValueError:
            raise PlanError("accept_status must be numbers and ranges from 100 to 599, like 200-299,404") from None
        return {
            "fields": {name: given(context, name) for name in names},
            "method": context.formula(method),
            "headers": given(context, "headers"),
            "safe": isinstance(method, str) and method.upper() in SAFE,
            "encoding": ENCODINGS.get(encoding, ""),
            # Blocks of the original product have no field for the body: there, params are the body of a write.
            "params_are_body": not _has(context, "body") and not _has(context, "query"),
            "response": choice(context, ("response",), RESPONSES, "auto"),
            "accepted": ranges,
            "redirects": flag(raw(context, "follow_redirects", default=True)),
            "connection": context.setting("datasource"),
            "full": flag(context.setting("full_response")),
            "capitalize": flag(context.setting("capitalize_headers")),
            "log": log_of(context),
        }

    def effect(self, program: Any) -> bool:
        return not program["safe"]

    def inputs(self, program: Any, context: BlockContext) -> Any:
        found = {name: evaluated(formula, context) for name, formula in program["fields"].items()}
        found["method"] = text_of(evaluated(program["method"], context)).strip().upper() or "GET"
        return found

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        method = inputs["method"]
        if method not in METHODS:
            raise BlockInputInvalid(f"method must be one of {', '.join(METHODS)}, not {method[:40]!r}")
        if program["safe"] and method not in SAFE:
            raise BlockInputInvalid(f"method {method} writes; it cannot stand in for one that only reads")
        headers = {
            str(name): text_of(value)
            for name, value in mapping(evaluated(program["headers"], context), "headers").items()
        }
        in_body = program["params_are_body"] and method not in SAFE
        url = with_query(text_of(inputs["url"]).strip(), None if in_body else inputs["params"], "params")
        url = with_query(url, inputs["query"], "query")
        body = None
        if method not in ("GET", "HEAD"):
            value = inputs["params"] if in_body and inputs["params"] not in ([], {}) else inputs["body"]
            body = body_of(value, program["encoding"] or _encoding_of(headers), headers, context.idempotency_key)
        if method not in SAFE and not any(name.lower() == KEY_HEADER.lower() for name in headers):
            headers[KEY_HEADER] = context.idempotency_key
        call = _Call(method, url, headers, body, program, inputs)
        response = await call.send(context)
        content = content_of(response, program["response"])
        if not program["full"]:
            return content
        names = {
            _capitalized(name) if program["capitalize"] else name.lower(): value
            for name, value in response.headers.items()
        }
        return {"status": response.status, "headers": names, "body": content, "url": mask_url(response.url)}


class _Call:
    """One request with all its attempts."""

    def __init__(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, program: Any, inputs: Any
    ) -> None:
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.program = program
        self.shown = mask_url(url)
        self.secret = {name for name in headers if looks_secret(name)}
        timeout = inputs["timeout"]
        self.timeout = None if timeout in (None, "") else float(number(timeout, "timeout"))
        if self.timeout is not None and not 0 < self.timeout <= LONGEST_TIMEOUT:
            raise BlockInputInvalid(f"timeout must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds")
        retries = inputs["retries"]
        self.attempts = 1 + (
            ATTEMPTS - 1 if retries in (None, "") else whole(retries, "retries", least=0, most=MOST_RETRIES)
        )

    async def send(self, context: BlockContext) -> Response:
        """Sends, and sends again while the trouble may pass; a write repeats under the same key."""
        egress = context.services.get(Egress)
        for attempt in range(1, self.attempts + 1):
            wait = random.uniform(0, min(LONGEST_WAIT, 0.2 * 2**attempt))  # noqa: S311 - jitter
            url, headers, body, secret, known = await self._signed(context)
            sent = {"headers": headers, "body": body, "secret": secret, "known": known}
            await context.still_mine()
            try:
                response = await egress.request(
                    self.method,
                    url,
                    headers=headers,
                    body=body,
                    timeout=self.timeout,
                    follow_redirects=self.program["redirects"],
                    secret_headers=secret,
                )
            except Transient as error:
                self._note(context, attempt, sent, None, error=known.text(error.detail))
                if attempt == self.attempts:
                    raise CallFailed(
                        f"{self.method} {self.shown} failed {attempts(attempt)}: {error.detail}"
                    ) from error
                await asyncio.sleep(wait)
                continue
            context.metrics.sent += response.sent_bytes
            context.metrics.received += response.received_bytes
            accepted = any(low <= response.status <= high for low, high in self.program["accepted"])
            seen = {"status": response.status, "ms": round(response.elapsed * 1000, 1)}
            self._note(context, attempt, sent, response, refused=not accepted, **seen)
            if accepted:
                return response
            again = response.status in (408, 425, 429) or response.status >= 500
            # 409 with Retry-After: the first request under this key is still being worked on.
            again = again or (response.status == 409 and "retry-after" in response.headers)
            if not again or attempt == self.attempts:
                kind = CallFailed if again else CallRefused
                raise kind(f"{self.method} {self.shown} answered {response.status}: {_excerpt(response, known)}")
            await asyncio.sleep(_retry_after(response) or wait)
        raise AssertionError("unreachable")

    def _note(
        self,
        context: BlockContext,
        attempt: int,
        sent: dict[str, Any],
        response: Response | None,
        *,
        refused: bool = False,
        **seen: Any,
    ) -> None:
        context.metrics.calls += 1
        failed = refused or response is None or response.status >= 400
        entry = {"method": self.method, "url": self.shown, **seen, "attempt": attempt}
        if keep(context, entry, failed=failed) and wanted(context, failed):
            known: Known = sent["known"].more(secrets_in(self.url))
            entry["url"] = known.url(self.shown)
            closed = {name for name in self.headers if name.lower() not in OPEN_HEADERS}
            sent = sent | {"known": known, "secret": sent["secret"] | closed}
            add_parts(context, entry, response=response, **sent)

    async def _signed(self, context: BlockContext) -> tuple[str, dict[str, str], Any, set[str], Known]:
        """The request with the credentials of the block's connection, which go to the connection's own server only."""
        if not self.program["connection"]:
            own = [word for name in self.secret for word in (self.headers[name], *self.headers[name].split())]
            known = Known([word for word in own if len(word) >= 8])
            return self.url, self.headers, self.body, self.secret, known
        label = context.step.label
        try:
            client = await context.services.get(Clients).client(UUID(str(self.program["connection"])), context)
        except (NotFound, ValueError):
            named = str(self.program["connection"])[:60]
            raise UnboundBlock(
                f"block “{label}” uses connection {named!r}, which does not exist in this tenant"
            ) from None
        request = Request(self.method, self.url)
        for name, value in self.headers.items():
            request.set_header(name, value)
        request.body = self.body
        await client.authorize(request)
        secret = self.secret | request.secret_headers
        return request.url(), request.final_headers(), request.final_body(), secret, client.known(request)


def attempts(count: int) -> str:
    """ "once", "twice", "6 times" for a message."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _has(context: CompileContext, name: str) -> bool:
    return lookup(context.block.get("inputs"), name) is not None


def _encoding_of(headers: dict[str, str]) -> str:
    """Without a choice, the body is what the Content-Type header says, else JSON."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return ENCODINGS.get(kind.partition(";")[0].strip().lower(), "json")


def _excerpt(response: Response, known: Known) -> str:
    text = known.text(response.body[:20_000].decode("utf-8", "replace"))
    text = " ".join(text[:2000].split())
    return text[:200] + ("..." if len(text) > 200 else "") if text else "no body"


def _retry_after(response: Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value), LONGEST_WAIT) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0


def _capitalized(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
