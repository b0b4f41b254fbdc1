"""Webhook deliveries: real HTTP POSTs, signed, and tried again until the receiver answers 2xx or 410.

The sandbox stands for a foreign product and must not use Tieline's own client, so it speaks the few lines of HTTP/1.1
that a delivery needs by itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct, field

from tieline.core.clock import iso, now
from tieline.sandbox.web import Refusal, encode

ATTEMPTS = 6
ANSWER_SECONDS = 10.0
AT_ONCE = 8


class Subscription(Struct):
    id: str
    url: str
    events: list[str]
    description: str
    secret: str
    created_at: str


class Delivery(Struct):
    """``state``: pending, delivered, failed (all attempts used) or gone (410: the subscription was removed)."""

    id: str
    subscription_id: str
    event: str
    url: str
    state: Literal["pending", "delivered", "failed", "gone"] = "pending"
    attempts: list[dict[str, Any]] = field(default_factory=list)


Signer = Callable[[Subscription, str, int, bytes], list[tuple[str, str]]]
"""Headers for (subscription, delivery id, Unix seconds, body)."""


def standard_webhooks(to: Subscription, delivery: str, moment: int, body: bytes) -> list[tuple[str, str]]:
    """Standard Webhooks 1.0: HMAC-SHA256 over ``id.timestamp.body``, base64, key behind ``whsec_``."""
    key = base64.b64decode(to.secret.removeprefix("whsec_"))
    digest = hmac.digest(key, b"%s.%d.%s" % (delivery.encode(), moment, body), hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return [("webhook-id", delivery), ("webhook-timestamp", str(moment)), ("webhook-signature", signature)]


def timestamped_hex(to: Subscription, delivery: str, moment: int, body: bytes) -> list[tuple[str, str]]:
    """``X-Dialbook-Signature: t=<Unix seconds>,v1=<hex>``: HMAC-SHA256 over ``timestamp.body``."""
    digest = hmac.new(to.secret.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
    return [("X-Dialbook-Delivery", delivery), ("X-Dialbook-Signature", f"t={moment},v1={digest}")]


class Hooks:
    """Subscriptions and deliveries of one service. ``backoff`` is the pause before the second attempt; it doubles."""

    def __init__(
        self, events: tuple[str, ...], sign: Signer, dice: random.Random, new_secret: Callable[[], str]
    ) -> None:
        self.events = events
        self.backoff = 1.0
        self.subscriptions: dict[str, Subscription] = {}
        self.deliveries: deque[Delivery] = deque(maxlen=1000)
        self._sign = sign
        self._dice = dice
        self._new_secret = new_secret
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    def subscribe(self, id: str, url: str, events: list[str], description: str, created_at: str) -> Subscription:
        parts = urlsplit(url)
        try:
            fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            fits = False
        if not fits or not url.isascii() or any(c <= " " for c in url):
            raise Refusal(422, "invalid_body", "'url' must be an absolute http or https address.", field="/url")
        for index, event in enumerate(events):
            if event not in self.events:
                known = ", ".join(self.events)
                raise Refusal(422, "invalid_body", f"Known events: {known}.", field=f"/events/{index}")
        if len(self.subscriptions) >= 100:
            raise Refusal(409, "too_many_webhooks", "An account has at most 100 webhooks; delete one first.")
        made = Subscription(id, url, list(dict.fromkeys(events)), description, self._new_secret(), created_at)
        self.subscriptions[id] = made
        return made

    def emit(self, event: str, payload: Callable[[str], Any]) -> None:
        """Sends ``payload(delivery id)`` to everyone who subscribed to the event; returns at once."""
        for to in list(self.subscriptions.values()):
            if event not in to.events:
                continue
            delivery = Delivery(f"msg_{self._dice.getrandbits(64):016x}", to.id, event, to.url)
            self.deliveries.append(delivery)
            task = asyncio.get_running_loop().create_task(self._deliver(to, delivery, encode(payload(delivery.id))))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def clear(self) -> None:
        self.subscriptions.clear()
        self.deliveries.clear()
        for task in self._tasks:
            task.cancel()

    async def _deliver(self, to: Subscription, delivery: Delivery, body: bytes) -> None:
        for number in range(ATTEMPTS):
            if number:
                await asyncio.sleep(self.backoff * 2 ** (number - 1))
            if to.id not in self.subscriptions:
                delivery.state = "gone"
                return
            attempt: dict[str, Any] = {"at": iso(now())}
            async with self._places:
                moment = int(time.time())
                headers = self._sign(to, delivery.id, moment, body)
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        status = await post(to.url, headers, body)
                except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
                    status = 0
                    attempt["error"] = type(error).__name__
            attempt["status"] = status
            delivery.attempts.append(attempt)
            if 200 <= status < 300:
                delivery.state = "delivered"
                return
            if status == 410:
                delivery.state = "gone"
                self.subscriptions.pop(to.id, None)
                return
        delivery.state = "failed"


async def post(url: str, headers: list[tuple[str, str]], body: bytes) -> int:
    """POSTs JSON and returns the status; raises OSError or ValueError where no HTTP answer came."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or (443 if secure else 80), ssl=context)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        lines = [f"POST {target} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += [f"Content-Length: {len(body)}", "User-Agent: sandbox-webhooks/1", "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        words = (await reader.readline()).split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/"):
            raise ValueError("no HTTP answer")
        return int(words[1])
    finally:
        writer.close()
