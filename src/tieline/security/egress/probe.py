"""Questions about egress that need no event loop of one's own."""

from __future__ import annotations

import asyncio

from tieline.core.errors import TielineError
from tieline.security.egress.client import Egress
from tieline.security.egress.policy import Policy
from tieline.security.egress.resolver import check_literal, resolve
from tieline.security.egress.response import Response
from tieline.security.egress.urls import parse


def may_fetch(url: str, policy: Policy | None = None) -> bool:
    """Whether this URL may be called. Resolves names, blocks; a name that does not resolve may not.

    For settings pages and tests. A call goes through ``Egress``, which checks again at the moment of connecting.
    """
    policy = policy if policy is not None else Policy()
    try:
        target = parse(url)
        if target.address is not None:
            check_literal(target.host, target.address, policy)
        else:
            resolve(target.host, target.port, policy)
    except (TielineError, OSError):
        return False
    return True


def fetch_once(url: str, policy: Policy | None = None) -> Response:
    """One GET in an event loop of its own; raises as ``Egress.request`` does."""

    async def fetch() -> Response:
        async with Egress(policy) as egress:
            return await egress.request("GET", url)

    return asyncio.run(fetch())
