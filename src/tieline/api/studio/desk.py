"""What the studio's operations share: the desk, the cookie, and whether a page of ours asks."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import UnsupportedMediaType
from tieline.core.clock import iso
from tieline.tenancy.studio.desk import Desk, Entered
from tieline.tenancy.studio.errors import OtherSite, SignedOut
from tieline.tenancy.studio.sessions import LONGEST

COOKIE = "tieline-studio"
# Where the cookie goes, and nowhere else: no other operation ever sees it.
COOKIE_PATH = "/studio/session"


def desk_of(request: Request) -> Desk:
    """The desk of the application that serves this request."""
    state = request.app.state
    known: Desk | None = getattr(state, "studio_desk", None)
    if known is None:
        services = edge_of(request).services
        settings = services.settings
        oidc = bool(getattr(settings, "oidc_issuer", None))
        known = state.studio_desk = Desk(services.database, settings.load_secret_keys(), oidc=oidc)
    return known


def check_page(request: Request, *, told: bool = False) -> None:
    """Refuses what a page of somebody else asks for. ``told``: refuses as well where nobody says which page it is.

    Browsers say it in ``Sec-Fetch-Site`` (W3C Fetch Metadata section 2.3), and where the connection is not secure, in
    ``Origin`` alone. Programs say neither. Raises `OtherSite`.
    """
    sites, origins = request.headers.getlist("sec-fetch-site"), request.headers.getlist("origin")
    origin = edge_of(request).origin
    if sites:
        good = sites == ["same-origin"]
    elif origins:
        good = origins == [origin.own(request)]
    else:
        good = not told
    if not good or not origin.meant(request):
        raise OtherSite("Only Tieline's own pages may ask for this; open the studio itself.")


def check_json(request: Request) -> None:
    """What a form of another page cannot send. Raises `UnsupportedMediaType`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("Send content-type: application/json.")


def cookie_of(request: Request) -> str:
    """The browser's cookie. Raises `SignedOut`."""
    found = request.cookies.get(_name(request), "")
    if not found:
        raise SignedOut("You are signed out; sign in again.")
    return found


def signed_in(request: Request, entered: Entered, status: int = 201) -> Response:
    """The answer to who has been let in."""
    user, account = entered.user, entered.account
    shown = {
        "token": entered.token,
        "expiresAt": iso(entered.expires_at),
        "user": {"id": user["id"], "name": user["name"], "email": user["email"], "roles": user["roles"]},
        "account": {"id": account["id"], "name": account["name"]},
        "partnerAdmin": entered.partner_admin,
    }
    answer = Json(shown, status)
    if entered.cookie is not None:
        put_cookie(request, answer, entered.cookie)
    return answer


def put_cookie(request: Request, answer: Response, value: str) -> None:
    """Gives the browser its cookie; an empty one takes it away."""
    answer.set_cookie(
        _name(request),
        value,
        max_age=int(LONGEST.total_seconds()) if value else 0,
        path=COOKIE_PATH,
        secure=edge_of(request).origin.https,
        httponly=True,
        samesite="strict",
    )


def _name(request: Request) -> str:
    return f"__Secure-{COOKIE}" if edge_of(request).origin.https else COOKIE
