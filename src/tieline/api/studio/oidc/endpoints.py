"""``/studio/session/oidc``: to the identity provider, and back."""

from __future__ import annotations

import hmac
import secrets
import time
from html import escape
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.lists import one_value
from tieline.api.studio.desk import desk_of, put_cookie
from tieline.core.errors import NotFound, TielineError
from tieline.tenancy.studio.oidc import Kept, OidcRefused, Provider

router = APIRouter(include_in_schema=False)

PATH = "/studio/session/oidc"
COOKIE = "tieline-studio-oidc"
PURPOSE = "studio-oidc"
SECONDS = 600
HOME = "/studio/"


class Attempt(msgspec.Struct, frozen=True):
    """What the browser carries while it is away."""

    kept: Kept
    until: float
    back: str


@router.get(PATH, name="studioOidc")
async def begin(request: Request) -> Response:
    """To the identity provider; ``next`` is the page of the studio to come back to."""
    try:
        await desk_of(request).count_attempt()
        url, kept = await _provider(request).begin(_redirect_uri(request))
    except TielineError as error:
        return refused(error)
    back = one_value(request, "next") or HOME
    local = back.startswith(HOME) and len(back) <= 1000 and "\\" not in back and back.isprintable()
    attempt = Attempt(kept, time.time() + SECONDS, back if local else HOME)
    answer = RedirectResponse(url, 303)
    _carry(request, answer, edge_of(request).seals.seal(msgspec.json.encode(attempt), PURPOSE))
    return answer


@router.get(f"{PATH}/callback", name="studioOidcCallback")
async def callback(request: Request) -> Response:
    """Back from the identity provider, signed in."""
    try:
        desk = desk_of(request)
        await desk.count_attempt()
        attempt, code = _returned(request)
        identity = await _provider(request).finish(code, _redirect_uri(request), attempt.kept)
        entered = await desk.sign_in_by(identity)
    except TielineError as error:
        answer = refused(error)
        _carry(request, answer, "")
        return answer
    found = RedirectResponse(attempt.back, 303)
    put_cookie(request, found, entered.cookie or "")
    _carry(request, found, "")
    return found


def refused(error: TielineError) -> Response:
    """What a person sees who was not let in."""
    nonce = secrets.token_urlsafe(16)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(error.title)}</title><style nonce="{nonce}">:root{{color-scheme:light dark}}'
        "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:16px/1.5 system-ui,"
        f"sans-serif}}</style></head><body><main><h1>{escape(error.title)}</h1>"
        f'<p role="alert">{escape(error.detail)}</p><p><a href="{HOME}">Back to the studio</a></p></main></body></html>'
    )
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(html, error.status, headers={"content-security-policy": policy})


def _returned(request: Request) -> tuple[Attempt, str]:
    """The attempt that the browser has begun, and the code it comes back with. Raises `OidcRefused`."""
    sealed = edge_of(request).seals.open(request.cookies.get(COOKIE, ""), PURPOSE)
    state, code = one_value(request, "state") or "", one_value(request, "code") or ""
    if sealed is None:
        raise OidcRefused("This browser has not begun to sign in, or long ago; begin again.")
    attempt = msgspec.json.decode(sealed, type=Attempt)
    if attempt.until < time.time() or not hmac.compare_digest(attempt.kept.state.encode(), state.encode()):
        raise OidcRefused("This is the end of another attempt to sign in; begin again.")
    if not code or len(code) > 4_096:
        raise OidcRefused("The identity provider has not let you in; begin again, or ask who runs it.")
    return attempt, code


def _carry(request: Request, answer: Response, value: str) -> None:
    # Lax: the browser comes back from another site.
    answer.set_cookie(
        COOKIE,
        value,
        max_age=SECONDS if value else 0,
        path=PATH,
        secure=edge_of(request).origin.https,
        httponly=True,
        samesite="lax",
    )


def _redirect_uri(request: Request) -> str:
    return f"{edge_of(request).origin.base(request)}{PATH}/callback"


def _provider(request: Request) -> Provider:
    state: Any = request.app.state
    known: Provider | None = getattr(state, "studio_oidc", None)
    if known is None:
        services = edge_of(request).services
        settings = services.settings
        if settings.oidc_issuer is None:
            raise NotFound("People sign in with passwords here.")
        known = state.studio_oidc = Provider(
            services.egress,
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
        )
    return known
