"""Names: resolved once, every answer judged, and only judged addresses handed on to be connected to.

A check that resolves and a client that resolves again lose to DNS rebinding. Here the answers that were checked are the
answers that are connected to. There is no cache: a pooled connection is pinned to its address, and each new one is
resolved and checked again.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from tieline.security.egress.addresses import Address, refusal
from tieline.security.egress.errors import BadUrl, EgressDenied, TimedOut
from tieline.security.egress.policy import Policy

MAX_ADDRESSES = 8
_THREADS = 64


def denied(host: str, address: Address, kind: str) -> EgressDenied:
    """The error for an address that the policy refuses, with the setting that permits it."""
    origin = "" if host == str(address) else f" (from {host})"
    return EgressDenied(f"{address}{origin} is {kind}; add its CIDR to TIELINE_EGRESS_ALLOW to permit it.")


def check_literal(host: str, address: Address, policy: Policy) -> None:
    """Raises ``EgressDenied`` for a literal address that the policy refuses."""
    if (kind := refusal(address, policy.allow)) is not None:
        raise denied(host, address, kind)


def resolve(host: str, port: int, policy: Policy) -> list[Address]:
    """The addresses of a name, in the order of the system (RFC 6724), at most eight. Blocks. All answers are judged,
    and one that is forbidden refuses the name.

    ``socket.getaddrinfo`` is looked up at each call, so that what replaces it (tests, monkey patches) is what is
    checked.
    """
    try:
        answers = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except UnicodeError:
        raise BadUrl(f"The host {host[:80]!r} of the URL is not a domain name.") from None
    found: list[Address] = []
    for answer in answers:
        address = ip_address(str(answer[4][0]).partition("%")[0])
        if (kind := refusal(address, policy.allow)) is not None:
            raise denied(host, address, kind)
        if address not in found:
            found.append(address)
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
    return found[:MAX_ADDRESSES]


class CheckingResolver(AbstractResolver):
    """Resolves in threads of its own (a tenant's dead name server must not hold up the others' file work), coalescing
    look-ups of one name that run at the same time."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tieline-dns")
        self._running: dict[tuple[str, int], asyncio.Future[list[Address]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        key = (host, port)
        lookup = self._running.get(key)
        if lookup is None:
            loop = asyncio.get_running_loop()
            lookup = self._running[key] = loop.run_in_executor(self._threads, resolve, host, port, self._policy)
            lookup.add_done_callback(partial(self._forget, key))
        try:
            async with asyncio.timeout(self._policy.connect_timeout):
                addresses = await asyncio.shield(lookup)
        except TimeoutError:
            raise TimedOut(
                f"The name {host} was not resolved within {self._policy.connect_timeout:g} s.", sent=False
            ) from None
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    def _forget(self, key: tuple[str, int], lookup: asyncio.Future[list[Address]]) -> None:
        self._running.pop(key, None)
        if not lookup.cancelled():
            lookup.exception()  # seen, also when everybody who waited has given up

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
