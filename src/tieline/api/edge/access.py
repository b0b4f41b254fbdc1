"""Who asks, and whether they may: the first thing that every operation depends on.

Reader = Annotated[Call, Depends(access("automations", "read"))]

async def get(call: Reader, automation_id: AutomationId) -> Response:
    async with call.unit() as unit: ...
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from fastapi import Request
from msgspec import Struct

from tieline.api.edge import cors
from tieline.api.edge.metrics import Metrics
from tieline.api.edge.origin import Origin
from tieline.api.edge.seals import Seals
from tieline.api.edge.services import Services
from tieline.core.errors import Unauthorized
from tieline.core.paging import Cursors
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.embed_sessions import ForeignPage
from tieline.tenancy.keys import ApiKeys
from tieline.tenancy.limits import OverLimit, RateLimits, Tier, tier_of
from tieline.tenancy.oauth.access import Authenticator
from tieline.tenancy.origins import Origins
from tieline.tenancy.principal import Principal
from tieline.tenancy.scopes import Action

# What each dependency made by `access` asks for; the published documents say it.
NEEDED: dict[object, tuple[str | None, Action]] = {}


class Edge(Struct, frozen=True):
    """What the edge keeps for the life of the application; lies in ``app.state.edge``."""

    services: Services
    keys: ApiKeys
    who: Authenticator
    seals: Seals
    limits: RateLimits
    cursors: Cursors
    origin: Origin
    metrics: Metrics
    origins: Origins


class Call(Struct, frozen=True):
    """One authenticated request."""

    request: Request
    principal: Principal
    edge: Edge

    @property
    def services(self) -> Services:
        """The parts of the platform."""
        return self.edge.services

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        """A transaction of the caller's tenant. It commits at the end of the block, so answers are built after it."""
        return self.services.database.tenant(self.principal.tenant_id)

    async def record(
        self, unit: Unit, action: str, subject_id: UUID | str, name: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        """Writes to the audit log that the caller did ``action`` (``connection.created``) to the connection (or
        whatever the action begins with) of this id."""
        subject = f"{action.rpartition('.')[0]}:{subject_id}"
        await audit.record(unit, self.principal, action=action, subject=subject, name=name, detail=detail)


def edge_of(request: Request) -> Edge:
    """The edge of the application that serves this request."""
    edge: Edge = request.app.state.edge
    return edge


def access(resource: str | None, action: Action) -> Callable[[Request], Coroutine[Any, Any, Call]]:
    """A dependency: who it is (401), how often (429), whether the key's scopes allow it (403), in this order.

    ``resource`` None: whatever the scopes.
    """

    async def enter(request: Request) -> Call:
        edge = edge_of(request)
        principal = await edge.who.authenticate(bearer(request))
        await let_read(request, principal.tenant_id, client=principal.client_id)
        check_page(request, principal)
        await count(edge, request, principal, tier_of(request.method))
        if resource is not None:
            principal.require(resource, action)
        return Call(request, principal, edge)

    NEEDED[enter] = (resource, action)
    return enter


def bearer(request: Request) -> str:
    """The token of ``Authorization: Bearer`` (RFC 6750 section 2.1). Raises `Unauthorized`."""
    sent = request.headers.getlist("authorization")
    if not sent:
        raise Unauthorized("Send an API key in the header Authorization: Bearer <key>.")
    scheme, _, token = sent[0].partition(" ")
    # Only what HTTP calls whitespace (RFC 9110 section 5.6.3): Python's strip takes away more than spaces and tabs.
    token = token.strip(" \t")
    if len(sent) > 1 or scheme.lower() != "bearer" or not token:
        raise Unauthorized("The header Authorization has to be Bearer followed by one API key.")
    return token


def check_page(request: Request, principal: Principal) -> None:
    """Keeps an embed session to our own pages and the page that it was begun for. Raises `ForeignPage`."""
    if principal.session_id is None or "origin" not in request.headers:
        return
    sent = request.headers.getlist("origin")
    if len(sent) > 1 or sent[0] not in {edge_of(request).origin.own(request), principal.origin}:
        raise ForeignPage("An embed session only works for Tieline's own pages and for the page that it was begun for.")


async def let_read(request: Request, tenant_id: UUID, *, client: UUID | str | None = None) -> None:
    """Lets the page that asks read the answer, whatever it turns out to be, where the tenant has registered its origin
    (or the OAuth client that its token was made for)."""
    if "origin" in request.headers:
        headers = await cors.actual(edge_of(request).origins, request, tenant_id, client=client)
        answer_headers(request).extend(headers)


async def count(edge: Edge, request: Request, principal: Principal, tier: Tier) -> None:
    """Counts the request, and says in the answer where the caller stands. Raises `OverLimit`."""
    try:
        standing = await edge.limits.count(principal, tier)
    except OverLimit:
        edge.metrics.limited(tier)
        raise
    answer_headers(request).extend(
        (
            (b"x-ratelimit-limit", str(standing.limit).encode()),
            (b"x-ratelimit-remaining", str(standing.remaining).encode()),
        )
    )


def answer_headers(request: Request) -> list[tuple[bytes, bytes]]:
    """Headers that the answer will get, whatever it turns out to be."""
    headers: list[tuple[bytes, bytes]] = request.scope["tieline.headers"]
    return headers
