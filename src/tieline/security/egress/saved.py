"""Addresses that somebody wants to be called at later: judged when they are saved, and again at each call."""

from __future__ import annotations

import asyncio

from tieline.core.errors import BadInput, TielineError
from tieline.security.egress.policy import Policy
from tieline.security.egress.resolver import check_literal, resolve
from tieline.security.egress.urls import parse


async def check_saved(
    url: str,
    policy: Policy,
    *,
    pointer: str,
    longest: int,
    must_resolve: bool = True,
    timeout: float | None = None,
) -> None:
    """Raises `BadInput` at ``pointer`` for what is no http(s) address, and for one that ``policy`` refuses.

    ``longest`` in characters. A name that does not resolve within ``timeout`` seconds (default: the policy's) is
    refused where it ``must_resolve``; else the call will tell.
    """
    if len(url) > longest:
        raise BadInput(f"The address has {len(url)} characters; at most {longest} are kept.", pointer=pointer)
    try:
        target = parse(url)
        if target.address is not None:
            check_literal(target.host, target.address, policy)
        else:
            async with asyncio.timeout(policy.connect_timeout if timeout is None else timeout):
                await asyncio.to_thread(resolve, target.host, target.port, policy)
    except TielineError as error:
        raise BadInput(error.detail, pointer=pointer) from None
    except (OSError, TimeoutError):
        if must_resolve:
            raise BadInput("The name in the address does not resolve; check its spelling.", pointer=pointer) from None
