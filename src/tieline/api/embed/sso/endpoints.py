"""Sign-on: ``/sso...`` for links, ``/embed/{partner}`` for frames.

Tokens in addresses are the old way and are taken for compatibility: such an address is answered at once with the way to
a page whose address holds nothing but a code behind ``#``, which no server is told. Frames get their token by message
and send it in a body. No cookie is set by either.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import RedirectResponse, Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import PAGE, documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import one_value, query_parameter
from tieline.api.embed.sso import pages
from tieline.api.embed.sso.schemas import BeginSession, Session, show
from tieline.core import origins
from tieline.core.errors import BadInput, TielineError
from tieline.oem import templates
from tieline.oem.branding import branding_of
from tieline.oem.sso import embedding, links, tickets, tokens
from tieline.oem.sso.entering import Entered, SignOns
from tieline.oem.sso.errors import SignOnRefused
from tieline.tenancy.embed_sessions import ForeignPage
from tieline.tenancy.partner_keys import PartnerCaller

router = APIRouter(tags=["sso"])

PartnerName = Annotated[str, Path(alias="partner", description="The partner's app id.", max_length=200)]
TemplateName = Annotated[str, Path(alias="guid", description="GUID or external id of a template.", max_length=255)]
IntegrationId = Annotated[UUID, Depends(path_id("id", "integration"))]
Begin = Annotated[Incoming[BeginSession], Depends(json_body(BeginSession))]

_WAYS = [
    query_parameter("jwt", {"type": "string", "maxLength": tokens.MAX_LENGTH}, "A sign-on token."),
    query_parameter("appid", {"type": "string", "maxLength": 200}, "The partner; else the token's `iss` says it."),
    query_parameter("accountid", {"type": "string", "maxLength": 255}, "External id of the account, for `hash`."),
    query_parameter("userid", {"type": "string", "maxLength": 255}, "External id of the user, for `hash`."),
    query_parameter("timestamp", {"type": "integer"}, "Seconds since 1970, for `hash`."),
    query_parameter("hash", {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"}, "The link's signature."),
]
_TICKET = query_parameter("ticket", {"type": "string"}, "What stands in `admin_sso_url`.")


def _link(summary: str, name: str, *more: Mapping[str, Any]) -> dict[str, Any]:
    return documented(
        summary,
        name=name,
        secured=False,
        status=303,
        media_type=PAGE,
        errors=[401, 403, 404, 429],
        parameters=[*_WAYS, *more],
    )


@router.get("/sso", **_link("Sign in by link", "sso"))
async def sign_on(request: Request) -> Response:
    """Leads to `/embed/{partner}`, signed in."""
    return await _by_link(request, {"view": "home"})


@router.get("/sso/templates", **_link("Sign in to the templates", "ssoTemplates"))
async def sign_on_templates(request: Request) -> Response:
    """The same, to choose among the templates."""
    return await _by_link(request, {"view": "templates"})


@router.get("/sso/templates/{guid}/install", **_link("Sign in to install a template", "ssoInstall"))
async def sign_on_install(request: Request, template: TemplateName) -> Response:
    """The same, to switch one template on; `inputs` and `datasource` of the token are taken along."""
    return await _by_link(request, {"view": "install"}, template=template)


@router.get("/sso/integrations/{id:uuid}/settings", **_link("Sign in to an integration", "ssoSettings", _TICKET))
async def sign_on_settings(request: Request, integration_id: IntegrationId) -> Response:
    """The same, to change the settings of one integration; `admin_sso_url` leads here."""
    if one_value(request, "ticket") is None:
        return await _by_link(request, {"view": "settings", "integration": str(integration_id)})
    try:
        _check_opened(request)
        edge = edge_of(request)
        ticket = tickets.read(edge.seals.open(one_value(request, "ticket") or "", tickets.PURPOSE))
        if ticket.automation_id != integration_id:
            raise SignOnRefused("The link is for another integration.")
        partner, entered = await _desk(request).enter_by_ticket(ticket)
    except TielineError as error:
        return pages.refused(error)
    return _on(request, partner, entered)


@router.get(
    "/embed/{partner}",
    **documented("Open the frame", name="embed", secured=False, media_type=PAGE, errors=[400, 404]),
)
async def frame(request: Request, name: PartnerName) -> Response:
    """The page that a partner's product shows in a frame; only the partner's origins may (`frame-ancestors`)."""
    try:
        partner = await _desk(request).partner(name)
    except TielineError as error:
        return pages.refused(error)
    sessions = f"{edge_of(request).origin.base(request)}/embed/{quote(partner.app_id, safe='')}/sessions"
    facts = {
        "partner": {"appId": partner.app_id, "name": partner.name},
        "sessions": sessions,
        "origins": embedding.origins_of(partner.settings),
        "branding": branding_of(partner.settings),
    }
    return await pages.frame(request, facts, embedding.frame_ancestors(partner.settings))


@router.post(
    "/embed/{partner}/sessions",
    **documented(
        "Begin an embed session",
        name="beginEmbedSession",
        answer=Session,
        status=201,
        body=BeginSession,
        secured=False,
        errors=[401, 403, 404, 429],
    ),
)
async def begin_session(request: Request, name: PartnerName, body: Begin) -> Response:
    """Takes a sign-on token, or the code of a link, and gives the token of a session: for Tieline's own pages and for
    programs, not for pages of others. With the token of a session of the same user in `Authorization`, that goes on.
    """
    _check_own_page(request)
    wanted = body.model
    if (wanted.jwt is None) == (wanted.code is None):
        raise BadInput("Send either jwt or code.", pointer="/jwt")
    origin = origins.normalized(wanted.origin, pointer="/origin") if wanted.origin else ""
    desk = _desk(request)
    partner = await desk.partner(name)
    if wanted.code is not None:
        entered = await desk.redeem(partner, wanted.code, origin=origin)
    else:
        proved = await desk.proved(partner, wanted.jwt or "", audience=_audience(request))
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        renewing = shown.strip() if scheme.lower() == "bearer" else ""
        entered = await desk.enter(partner, proved, view={"view": "home"}, origin=origin, renewing=renewing)
    return Json(show(entered), 201)


async def _by_link(request: Request, view: Mapping[str, str], *, template: str = "") -> Response:
    try:
        _check_opened(request)
        partner, entered = await _entered(request, view, template)
    except TielineError as error:
        return pages.refused(error)
    return _on(request, partner, entered)


async def _entered(request: Request, view: Mapping[str, str], template: str) -> tuple[PartnerCaller, Entered]:
    desk = _desk(request)
    token, named = one_value(request, "jwt"), one_value(request, "appid")
    query = request.scope["query_string"].decode("latin-1")
    if token is None and "hash" not in request.query_params:
        raise SignOnRefused("The address has no sign-on token: send jwt, or accountid, userid, timestamp and hash.")
    partner = await desk.partner(named if token is None else named or tokens.issuer(token))
    if token is not None:
        proved = await desk.proved(partner, token, audience=_audience(request))
    else:
        address = f"{edge_of(request).origin.base(request)}{request.scope['path']}"
        proved = await desk.linked(partner, address, query)
    if template:
        async with edge_of(request).services.database.system() as unit:
            row = await templates.find(unit, partner.id, template)
        view = {**view, "template": str(row["id"])}
    return partner, await desk.enter(partner, proved, view=view, as_code=True)


def _on(request: Request, partner: PartnerCaller, entered: Entered) -> Response:
    where = f"{edge_of(request).origin.base(request)}/embed/{quote(partner.app_id, safe='')}"
    return RedirectResponse(f"{where}#code={entered.token}", 303)


def _check_opened(request: Request) -> None:
    """Lets only those in who open the address: not who looks whether it is there, or fetches it in advance."""
    if request.scope.get("tieline.head") or "prefetch" in request.headers.get("sec-purpose", ""):
        raise SignOnRefused("A sign-on link has to be opened; it is not used up by looking at it.")
    for name in ("jwt", "appid", "ticket", "hash", *links.NAMES):
        one_value(request, name)


def _check_own_page(request: Request) -> None:
    sent = request.headers.getlist("origin")
    if sent and sent != [edge_of(request).origin.own(request)]:
        raise ForeignPage("Sessions begin in Tieline's own frame; hand the token over to it by message.")


def _audience(request: Request) -> set[str]:
    edge = edge_of(request)
    return {edge.origin.base(request), edge.origin.own(request)}


def _desk(request: Request) -> SignOns:
    edge = edge_of(request)
    services = edge.services
    lifetime = timedelta(minutes=services.settings.embed_session_minutes)
    return SignOns(services.database, services.vault, edge.limits, lifetime=lifetime)
