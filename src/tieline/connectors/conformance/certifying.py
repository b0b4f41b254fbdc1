"""Conformance for a server that has other things to do: one at a time, beside its event loop, within a bound of time,
and not again for the same manifest."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime
from typing import Final

from msgspec import Struct

from tieline.connectors.conformance.certificate import Certificate, digest
from tieline.connectors.conformance.run import conform
from tieline.connectors.manifest.model import Manifest
from tieline.core import clock
from tieline.core.errors import RateLimited, Transient

SECONDS: Final = 60.0
AGAIN: Final = 5.0  # seconds
KEPT: Final = 32


class ConformanceTooLong(Transient):
    """The connector has too many blocks for one call, or the server is busy with another certificate."""

    code = "conformance-too-long"
    status = 504
    title = "The certificate takes too long"


class Certified(Struct, frozen=True):
    """A certificate with when it was made, and in how many seconds."""

    certificate: Certificate
    made_at: datetime
    seconds: float


_kept: OrderedDict[tuple[str, str], Certified] = OrderedDict()
_running = asyncio.Lock()
_asking: set[Hashable] = set()


def kept(manifest: Manifest, block: str | None = None) -> Certified | None:
    """The certificate of exactly this manifest, where this process has made one."""
    return _kept.get((digest(manifest), block or ""))


async def certify(
    manifest: Manifest, block: str | None = None, *, who: Hashable = None, seconds: float = SECONDS
) -> Certified:
    """Runs the scenarios of all blocks, or of one, for ``who``: one at a time, so that nobody keeps the others waiting.

    Raises `NotFound` for a block that is not there, `ConformanceTooLong`, and `RateLimited` where another is under way.
    """
    if who in _asking:
        raise RateLimited(
            "A certificate is being made for this account already; try again when it is there.", retry_after=AGAIN
        )
    if who is not None:
        _asking.add(who)
    try:
        return await _certify(manifest, block, seconds)
    finally:
        _asking.discard(who)


async def _certify(manifest: Manifest, block: str | None, seconds: float) -> Certified:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(seconds), _running:
            left = seconds - (time.monotonic() - begun)
            made = await asyncio.to_thread(_run, manifest, block, left)
    except TimeoutError:
        raise ConformanceTooLong(
            f"The certificate was not made within {seconds:g} s; name one block, or use `tieline connectors test`."
        ) from None
    found = Certified(made, clock.now(), round(time.monotonic() - begun, 3))
    _kept[digest(manifest), block or ""] = found
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return found


def _run(manifest: Manifest, block: str | None, seconds: float) -> Certificate:
    async def bounded() -> Certificate:
        async with asyncio.timeout(seconds):
            return await conform(manifest, block=block)

    return asyncio.run(bounded())
