"""Who calls the partner's API, and which of its accounts a call is about.

    Caller = Annotated[PartnerCall, Depends(partner)]           # calls about no account
    Inside = Annotated[AccountCall, Depends(account)]           # /accounts/{account}/...

The two headers come first (401), then how often (429): a call about an account counts for that account, any other for
the partner. An account of somebody else is none (404). In place of the two headers, a person who is signed in to the
studio sends its token in ``Authorization``, and acts for the partner with the role PartnerAdmin (403 without).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from fastapi import Path, Request
from msgspec import Struct

from tieline.api.edge.access import Edge, answer_headers, bearer, edge_of
from tieline.core.errors import NotFound, Unauthorized
from tieline.oem import accounts
from tieline.oem.integrations import Integrations
from tieline.oem.rollout import Rollout
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.limits import OverLimit
from tieline.tenancy.partner_keys import PartnerCaller, PartnerKeys
from tieline.tenancy.studio.sessions import PREFIX as STUDIO_PREFIX

APP_ID, API_KEY = "x-app-id", "x-api-key"


class Side(Struct, frozen=True):
    """What the partner's API keeps for the life of the application."""

    keys: PartnerKeys
    integrations: Integrations
    rollout: Rollout


class PartnerCall(Struct, frozen=True):
    """One authenticated request of a partner."""

    request: Request
    caller: PartnerCaller
    edge: Edge
    side: Side

    @property
    def partner_id(self) -> UUID:
        return self.caller.id

    def system(self) -> AbstractAsyncContextManager[Unit]:
        """A transaction that sees all tenants: every statement in it has to name the partner."""
        return self.edge.services.database.system()

    async def record(
        self, unit: Unit, action: str, subject_id: UUID | str, name: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        """Writes to the partner's own audit log that it did ``action``, such as ``template.created``."""
        subject = f"{action.rpartition('.')[0]}:{subject_id}"
        about = {"action": action, "subject": subject, "name": name}
        await audit.record_of_partner(unit, self.partner_id, self.caller, **about, detail=detail)

    def link(self, path: str) -> str:
        """An absolute link."""
        return f"{self.edge.origin.base(self.request)}{path}"


class AccountCall(PartnerCall, frozen=True):
    """One that is about an account, whose row ``account`` is."""

    account: Mapping[str, Any]

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        """A transaction of the account."""
        return self.edge.services.database.tenant(self.account["id"])


async def partner(request: Request) -> PartnerCall:
    """A dependency: a partner, counted."""
    call = await _known(request)
    await _count(call, call.partner_id, call.caller.settings)
    return call


async def account(
    request: Request, name: str = Path(alias="account", description="External id or GUID of an account.")
) -> AccountCall:
    """A dependency: a partner and one of its accounts, counted for the account."""
    call = await _known(request)
    try:
        async with call.system() as unit:
            row = await accounts.find(unit, call.partner_id, name)
    except NotFound:
        await _count(call, call.partner_id, call.caller.settings)
        raise
    await _count(call, row["id"], row["settings"])
    return AccountCall(request, call.caller, call.edge, call.side, row)


async def _known(request: Request) -> PartnerCall:
    edge, side = edge_of(request), side_of(request)
    sent = [request.headers.getlist(name) for name in (APP_ID, API_KEY)]
    if not any(sent) and "authorization" in request.headers and (token := bearer(request)).startswith(STUDIO_PREFIX):
        return PartnerCall(request, await side.keys.administered(await edge.who.authenticate(token)), edge, side)
    if any(len(values) != 1 or not values[0] for values in sent):
        raise Unauthorized("Send your app id and API key in the headers X-App-Id and X-Api-Key.")
    return PartnerCall(request, await side.keys.authenticate(sent[0][0], sent[1][0]), edge, side)


async def _count(call: PartnerCall, who: UUID, settings: Mapping[str, Any]) -> None:
    try:
        standing = await call.edge.limits.count_account(who, settings)
    except OverLimit:
        call.edge.metrics.limited(2)
        raise
    answer_headers(call.request).extend(
        (
            (b"x-ratelimit-limit", str(standing.limit).encode()),
            (b"x-ratelimit-remaining", str(standing.remaining).encode()),
        )
    )


def side_of(request: Request) -> Side:
    """The partner's side of the application that serves this request."""
    state = request.app.state
    known: Side | None = getattr(state, "oem", None)
    if known is None:
        services = edge_of(request).services
        known = state.oem = Side(
            PartnerKeys(services.database),
            Integrations(services.database, services.automations, services.connectors, services.runs),
            Rollout(services.database, services.automations),
        )
    return known
