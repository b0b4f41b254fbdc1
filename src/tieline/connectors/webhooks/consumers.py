"""Who is told of deliveries.

A subscription's ``consumer`` is ``<prefix>:<what>``, for example ``automation:018f...``; the function registered for
the prefix gets each delivery at least once. `Delivery.id` stays the same when it comes again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from msgspec import Struct, field

from tieline.core.errors import BadInput

log = structlog.get_logger(__name__)


class Delivery(Struct, kw_only=True):
    """Something that a vendor told us.

    ``payload`` is what the event's ``payload`` path selects, or the object that was fetched for it (a list where the
    notice was a list); ``body`` all that came. ``missing`` objects could not be fetched because they are gone.
    ``merged`` earlier deliveries about the same object are counted in.
    """

    id: UUID
    subscription_id: UUID
    event: str
    received_at: datetime
    payload: Any = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    attempt: int = 1
    merged: int = 0
    missing: int = 0

    def __repr__(self) -> str:
        return f"Delivery({self.id}, {self.event!r})"


Consumer = Callable[[UUID, dict[str, Any], Delivery], Awaitable[None]]
"""Called with the tenant's id, the subscription's row (without its secrets) and the delivery.

A `Terminal` error ends the delivery as failed; any other error brings it back later.
"""


class Consumers:
    """Functions by the prefix of ``consumer``."""

    def __init__(self) -> None:
        self._known: dict[str, Consumer] = {"log": _log}

    def register(self, prefix: str, consumer: Consumer) -> None:
        """``consumer`` is told of what belongs to ``prefix:...``."""
        if not prefix or ":" in prefix or prefix in self._known:
            raise ValueError(f"the prefix {prefix!r} is taken or no prefix")
        self._known[prefix] = consumer

    def of(self, consumer: str) -> Consumer | None:
        """The function for a subscription's ``consumer``, None where this process does not know it."""
        return self._known.get(consumer.partition(":")[0])


def check(consumer: str) -> str:
    """A ``consumer`` that can be stored. Raises `BadInput`."""
    if not consumer or len(consumer) > 200 or not consumer.isascii() or not consumer.isprintable():
        raise BadInput("the consumer of a webhook has to be a word, a colon and an id", pointer="/consumer")
    return consumer


async def _log(tenant_id: UUID, row: dict[str, Any], delivery: Delivery) -> None:
    """For subscriptions that nobody listens to yet."""
    log.info("webhook.delivery", tenant=str(tenant_id), subscription=str(row["id"]), delivery=str(delivery.id))
