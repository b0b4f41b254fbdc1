"""Call URL: one HTTP request to any address that the egress policy allows."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from urllib.parse import urlencode

from tieline.automations.blocks.values import decoded, flag, number, pairs
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.formulas import text_of
from tieline.core import json
from tieline.core.errors import Terminal, Transient
from tieline.security.egress import Egress, Response
from tieline.security.redact import mask_url

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
SAFE = ("GET", "HEAD", "OPTIONS")
ATTEMPTS = 6
LONGEST_WAIT = 60.0  # seconds between attempts
KEY_HEADER = "Idempotency-Key"


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
    """``encoding``: json (default), form, or raw. Every write carries an Idempotency-Key of its own that repeats on
    a repeat.
    """

    type = "CallUrlBlock"
    doc = "Call URL: sends one HTTP request; the output is the answer's body, or all of it with `full_response`."
    reads = True

    def compile(self, context: CompileContext) -> Any:
        fields = {
            name: context.formula(context.input(name)) for name in ("url", "params", "headers", "body", "timeout")
        }
        method = context.input("method", "GET")
        return {
            "fields": fields,
            "method": context.formula(method),
            "safe": isinstance(method, str) and method.upper() in SAFE,
            "encoding": str(context.input("encoding", context.setting("encoding", "json")) or "json").lower(),
            "full": flag(context.setting("full_response")),
            "capitalize": flag(context.setting("capitalize_headers")),
        }

    def effect(self, program: Any) -> bool:
        return not program["safe"]

    def inputs(self, program: Any, context: BlockContext) -> Any:
        found = {name: formula.evaluate(context.state, context.env) for name, formula in program["fields"].items()}
        found["method"] = text_of(program["method"].evaluate(context.state, context.env)).upper() or "GET"
        return found

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        method = inputs["method"]
        if method not in METHODS:
            raise BlockInputInvalid(f"method must be one of {', '.join(METHODS)}, not {method!r}")
        url = _with_params(text_of(inputs["url"]).strip(), inputs["params"])
        headers = {str(key): text_of(value) for key, value in _mapping(inputs["headers"], "headers").items()}
        body = _body(inputs["body"], program["encoding"], headers) if method not in ("GET", "HEAD") else None
        if method not in SAFE and not any(name.lower() == KEY_HEADER.lower() for name in headers):
            headers[KEY_HEADER] = context.idempotency_key
        timeout = number(inputs["timeout"], "timeout") if inputs["timeout"] not in (None, "") else None
        response = await self._send(context, method, url, headers, body, timeout)
        content = _content(response)
        if not program["full"]:
            return content
        names = {
            _capitalized(name) if program["capitalize"] else name.lower(): value
            for name, value in response.headers.items()
        }
        return {"status": response.status, "headers": names, "body": content}

    async def _send(
        self,
        context: BlockContext,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        timeout: float | None,
    ) -> Response:
        """Sends, and sends again while the trouble may pass; a write repeats under the same key."""
        egress = context.services.get(Egress)
        for attempt in range(1, ATTEMPTS + 1):
            wait = random.uniform(0, min(LONGEST_WAIT, 0.2 * 2**attempt))  # noqa: S311 - jitter
            try:
                response = await egress.request(method, url, headers=headers, body=body, timeout=timeout)
            except Transient as error:
                context.exchanges.append(
                    {"method": method, "url": mask_url(url), "error": error.detail, "attempt": attempt}
                )
                context.metrics.calls += 1
                if attempt == ATTEMPTS:
                    raise CallFailed(f"{method} {mask_url(url)} failed {attempts(attempt)}: {error.detail}") from error
                await asyncio.sleep(wait)
                continue
            context.metrics.calls += 1
            context.metrics.sent += response.sent_bytes
            context.metrics.received += response.received_bytes
            context.exchanges.append(
                {
                    "method": method,
                    "url": mask_url(url),
                    "status": response.status,
                    "ms": round(response.elapsed * 1000, 1),
                    "attempt": attempt,
                }
            )
            if response.status < 400:
                return response
            again = response.status in (408, 425, 429) or response.status >= 500
            # 409 with Retry-After: the first request under this key is still being worked on.
            again = again or (response.status == 409 and "retry-after" in response.headers)
            if not again or attempt == ATTEMPTS:
                kind = CallFailed if again else CallRefused
                raise kind(f"{method} {mask_url(url)} answered {response.status}: {_excerpt(response)}")
            await asyncio.sleep(_retry_after(response) or wait)
        raise AssertionError("unreachable")


def attempts(count: int) -> str:
    """ "once", "twice", "6 times" for a message."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _mapping(value: Any, what: str) -> dict[str, Any]:
    value = decoded(pairs(value))
    if value is None or value in ("", []):
        return {}
    if not isinstance(value, dict):
        raise BlockInputInvalid(f"{what} must be an object or a list of key and value")
    return value


def _with_params(url: str, params: Any) -> str:
    given = _mapping(params, "params")
    if not given:
        return url
    flat = [
        (key, text_of(entry))
        for key, value in given.items()
        for entry in (value if isinstance(value, list) else [value])
    ]
    head, mark, fragment = url.partition("#")
    return head + ("&" if "?" in head else "?") + urlencode(flat) + mark + fragment


def _body(value: Any, encoding: str, headers: dict[str, str]) -> bytes | None:
    if value is None or value == "":
        return None
    given = {name.lower() for name in headers}
    if encoding in ("form", "form_params", "application/x-www-form-urlencoded"):
        if "content-type" not in given:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return urlencode({key: text_of(entry) for key, entry in _mapping(value, "body").items()}).encode()
    if encoding == "raw" or (isinstance(value, str) and not isinstance(decoded(value), (dict, list))):
        return text_of(value).encode()
    if "content-type" not in given:
        headers["Content-Type"] = "application/json"
    return value.encode() if isinstance(value, str) else json.dumps(pairs(value))


def _content(response: Response) -> Any:
    if not response.body:
        return None
    if "json" in response.headers.get("content-type", ""):
        return response.json()
    text = response.text()
    return decoded(text)


def _excerpt(response: Response) -> str:
    text = " ".join(response.text().split())
    return text[:200] + ("..." if len(text) > 200 else "") if text else "no body"


def _retry_after(response: Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value), LONGEST_WAIT) if value.isascii() and value.isdigit() else 0.0


def _capitalized(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
