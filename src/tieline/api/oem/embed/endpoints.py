"""Sign-on and embedding: ``/keys``, ``/embed``, ``/accounts/{account}/sessions``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.ids import path_id
from tieline.api.oem.access import AccountCall, PartnerCall, account, partner
from tieline.api.oem.embed.schemas import AccountSession, AddKey, EmbedSettings, SigningKey, show_key, show_session
from tieline.api.oem.lists import PARAMETERS, Paging, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.oem.pages import page_of
from tieline.oem.sso import embedding, keys
from tieline.storage.tables import embed_sessions as sessions
from tieline.tenancy import audit, embed_sessions

router = APIRouter(tags=["embedding"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
Inside = Annotated[AccountCall, Depends(account)]
KeyName = Annotated[str, Path(alias="key", description="Id or kid of a key.", max_length=255)]
SessionId = Annotated[UUID, Depends(path_id("session", "embed session"))]


@router.get("/keys", **described("List public keys", name="listKeys", answer=list[SigningKey], never=[404]))
async def list_keys(call: Caller) -> Response:
    """The partner's keys, oldest first; revoked ones too."""
    async with call.system() as unit:
        rows = await keys.listed(unit, call.partner_id)
    return Json([show_key(row) for row in rows])


@router.post(
    "/keys",
    **described(
        "Register a public key", name="addKey", answer=SigningKey, status=201, body=AddKey, errors=[409], never=[404]
    ),
)
async def add_key(call: Caller, body: Annotated[Incoming[AddKey], Depends(json_body(AddKey))]) -> Response:
    """An Ed25519 key for EdDSA or an RSA key for RS256. Sent again it is the same key; a private one is refused."""
    async with call.system() as unit:
        row = await keys.add(unit, call.partner_id, body.model.public_key, kid=body.model.kid or "")
        await call.record(unit, "partner-key.registered", row["kid"])
    return Json(show_key(row), 201)


@router.delete("/keys/{key}", **described("Revoke a public key", name="revokeKey", status=204))
async def revoke_key(call: Caller, name: KeyName) -> Response:
    """Tokens signed with it are refused from now on; sessions that were begun with it go on until they end."""
    async with call.system() as unit:
        row = await keys.revoke(unit, call.partner_id, name)
        await call.record(unit, "partner-key.revoked", row["kid"])
    return Empty()


@router.get("/embed", **described("Get the embed settings", name="getEmbedSettings", answer=EmbedSettings, never=[404]))
async def get_embed(call: Caller) -> Response:
    """Which pages may embed Tieline."""
    async with call.system() as unit:
        row = await embedding.find(unit, call.caller.app_id)
    return Json({"origins": embedding.origins_of(row["settings"])})


@router.put(
    "/embed",
    **described(
        "Set the embed settings", name="putEmbedSettings", answer=EmbedSettings, body=EmbedSettings, never=[404]
    ),
)
async def put_embed(
    call: Caller, body: Annotated[Incoming[EmbedSettings], Depends(json_body(EmbedSettings))]
) -> Response:
    """Sessions that were begun for a page of an origin that is left out end within a second."""
    async with call.system() as unit:
        kept = await embedding.put_origins(unit, call.partner_id, body.model.origins)
        await call.record(unit, "embed-settings.updated", call.partner_id, detail={"origins": kept})
    return Json({"origins": kept})


@router.get(
    "/accounts/{account}/sessions",
    **described(
        "List embed sessions",
        name="listSessions",
        answer=page_model("SessionPage", AccountSession),
        parameters=PARAMETERS,
    ),
)
async def list_sessions(call: Inside, page: Annotated[Paging, Depends(paging)]) -> Response:
    """Who of the account came by sign-on, oldest first."""
    async with call.unit() as unit:
        statement = unit.select(sessions, *embed_sessions.COLUMNS).order_by(sessions.c.id)
        found = await page_of(unit, statement, page.number, page.size)
    return paged(call, found, show_session)


@router.delete(
    "/accounts/{account}/sessions/{session:uuid}",
    **described("Revoke an embed session", name="revokeSession", status=204),
)
async def revoke_session(call: Inside, session_id: SessionId) -> Response:
    """Ends it within a second everywhere; runs that it has started stop."""
    async with call.unit() as unit:
        row = await embed_sessions.revoke(unit, session_id)
        await audit.record(
            unit,
            call.caller,
            action="embed-session.revoked",
            subject=f"embed-session:{session_id}",
            detail={"userId": str(row["user_id"])},
        )
    return Empty()
