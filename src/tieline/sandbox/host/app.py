"""Fairground's pages, and the one call that Tieline's elements make of it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tieline.sandbox.host.signing import Signer

COOKIE: Final = "fairground"
_FOLDER = Path(__file__).parent
# Who can be signed in here. A real product has its own sign-in; this one has a list.
PEOPLE: Final[dict[str, dict[str, Any]]] = {
    "ann": {
        "account": {"external_id": "acme", "name": "Acme Events"},
        "user": {"external_id": "ann", "name": "Ann Archer", "email": "ann@acme.example", "locale": "en-GB"},
    },
    "bas": {
        "account": {"external_id": "polder", "name": "Polder Podia"},
        "user": {"external_id": "bas", "name": "Bas Bakker", "email": "bas@polder.example", "locale": "nl-NL"},
    },
}
PARTS: Final = {
    "templates": ("Integrations", "tieline-templates"),
    "connect": ("Accounts", "tieline-connect"),
    "studio": ("Workshop", "tieline-studio"),
}
_LOOKS: Final = ("theme", "language", "hide", "template", "connector", "mode", "height")


def fairground(server: str, app_id: str, signer: Signer) -> Starlette:
    """The application. ``server`` is Tieline's address, ``app_id`` the partner's."""

    def page(request: Request) -> Response:
        part = request.path_params.get("part", "templates")
        if part not in PARTS:
            return RedirectResponse("/")
        who = _who(request)
        content = _signed_out() if who is None else _shown(part, server, app_id, who, request)
        return HTMLResponse(content, headers=_headers(server))

    def token(request: Request) -> Response:
        """Only for this product's own pages, and for whoever is signed in here."""
        origin = f"{request.url.scheme}://{request.url.netloc}"
        who = _who(request)
        if request.headers.get("origin") != origin or who is None:
            return JSONResponse({"error": "nobody is signed in"}, 403)
        person = PEOPLE[who]
        made = signer.token(person["account"], person["user"], origin=origin)
        return JSONResponse({"jwt": made}, headers={"cache-control": "no-store"})

    def enter(request: Request) -> Response:
        who = request.path_params["who"]
        answer = RedirectResponse("/", 303)
        if who in PEOPLE:
            answer.set_cookie(COOKIE, who, httponly=True, samesite="lax")
        else:
            answer.delete_cookie(COOKIE)
        return answer

    def static(request: Request) -> Response:
        return FileResponse(_FOLDER / f"app.{request.path_params['kind']}", headers={"cache-control": "no-cache"})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/tieline-token", token, methods=["POST"]),
            Route("/enter/{who}", enter, methods=["POST"]),
            Route("/app.{kind}", static),
            Route("/{part}", page),
        ]
    )


def _who(request: Request) -> str | None:
    who = request.cookies.get(COOKIE, "")
    return who if who in PEOPLE else None


def _headers(server: str) -> dict[str, str]:
    policy = (
        "default-src 'none'",
        f"script-src 'self' {server}",
        "style-src 'self'",
        "connect-src 'self'",
        f"frame-src {server}",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {"content-security-policy": "; ".join(policy), "cache-control": "no-store"}


def _shown(part: str, server: str, app_id: str, who: str, request: Request) -> str:
    title, element = PARTS[part]
    given = {name: request.query_params[name] for name in _LOOKS if name in request.query_params}
    attributes = {"partner": app_id, "height": "auto", "aria-label": f"{title}, by Tieline", **given}
    told = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    links = "".join(
        f'<a href="/{name}"{" aria-current=page" if name == part else ""}>{label}</a>'
        for name, (label, _) in PARTS.items()
    )
    inner = "<button>Open in a window</button>" if attributes.get("mode") == "popup" else ""
    person = PEOPLE[who]
    return _page(
        title,
        f"<header><strong>Fairground</strong><nav aria-label=Main>{links}</nav>"
        f"<form method=post action=/enter/nobody><span>{escape(person['user']['name'])}, "
        f"{escape(person['account']['name'])}</span> <button>Sign out</button></form></header>"
        f"<main><h1>{title}</h1><{element} {told}>{inner}</{element}>"
        "<details><summary>What Tieline has told this page</summary><ol id=events></ol></details></main>"
        f'<script src="{escape(server)}/embed.js"></script><script src=/app.js></script>',
    )


def _signed_out() -> str:
    people = "".join(
        f"<form method=post action=/enter/{who}><button>{escape(one['user']['name'])}, "
        f"{escape(one['account']['name'])}</button></form>"
        for who, one in PEOPLE.items()
    )
    return _page(
        "Sign in", f"<header><strong>Fairground</strong></header><main><h1>Who are you today?</h1>{people}</main>"
    )


def _page(title: str, body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title} · Fairground</title><link rel=stylesheet href=/app.css><body>{body}</body></html>"
    )
