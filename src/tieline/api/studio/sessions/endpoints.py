"""``/studio/session``, ``/studio/setup``, ``/studio/password``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.edge.access import Call, access, edge_of
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.studio.desk import check_json, check_page, cookie_of, desk_of, put_cookie, signed_in
from tieline.api.studio.sessions.schemas import ChangePassword, SetUp, SignIn
from tieline.core.errors import Forbidden
from tieline.tenancy.studio.errors import SignedOut

router = APIRouter(include_in_schema=False)

Person = Annotated[Call, Depends(access(None, "write"))]


@router.get("/studio/session", name="studioState")
async def state(request: Request) -> Response:
    """How one can sign in here."""
    settings = edge_of(request).services.settings
    oidc = {"name": settings.oidc_name} if getattr(settings, "oidc_issuer", None) else None
    to_set_up = await desk_of(request).to_set_up()
    return Json({"state": "setup" if to_set_up else "signed-out", "password": True, "oidc": oidc})


@router.post("/studio/session", name="studioSignIn")
async def sign_in(
    request: Request,
    body: Annotated[Incoming[SignIn], Depends(json_body(SignIn))],
) -> Response:
    """Signs in with e-mail address and password."""
    check_page(request)
    check_json(request)
    return signed_in(request, await desk_of(request).sign_in(body.model.email, body.model.password))


@router.delete("/studio/session", name="studioSignOut")
async def sign_out(request: Request) -> Response:
    """Signs this browser out; fine where it is not signed in."""
    check_page(request, told=True)
    answer = Empty()
    put_cookie(request, answer, "")
    try:
        cookie = cookie_of(request)
    except SignedOut:
        return answer
    await desk_of(request).sign_out(cookie)
    return answer


@router.post("/studio/session/token", name="studioToken")
async def token(request: Request) -> Response:
    """A fresh token for the browser that is signed in."""
    check_page(request, told=True)
    check_json(request)
    return signed_in(request, await desk_of(request).renew(cookie_of(request)), 200)


@router.post("/studio/setup", name="studioSetUp")
async def set_up(request: Request, body: Annotated[Incoming[SetUp], Depends(json_body(SetUp))]) -> Response:
    """The first administrator chooses name, address and password, and is signed in."""
    check_page(request)
    check_json(request)
    wanted = body.model
    entered = await desk_of(request).set_up(wanted.code, email=wanted.email, name=wanted.name, password=wanted.password)
    return signed_in(request, entered)


@router.post("/studio/password", name="studioPassword")
async def change_password(
    request: Request, call: Person, body: Annotated[Incoming[ChangePassword], Depends(json_body(ChangePassword))]
) -> Response:
    """Another password: signed out everywhere, and signed in anew here."""
    check_page(request)
    by = call.principal
    if by.key_id is not None or by.session_id is not None or by.grant_id is not None:
        raise Forbidden("A password is changed by the person, signed in to the studio; not by a key or a program.")
    entered = await desk_of(request).change_password(by, current=body.model.current, password=body.model.password)
    return signed_in(request, entered, 200)
