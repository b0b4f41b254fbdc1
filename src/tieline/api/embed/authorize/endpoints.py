"""``/oauth/authorize`` (RFC 6749 section 3.1) and the page behind it, ``/oauth/consent``.

A request goes to the page signed, and only in the browser that brought it: that has a cookie which the signed request
names. So nobody can make a person's browser answer a request that it never made, nor send it to an address of his own.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tieline.api.edge.access import Edge, edge_of
from tieline.api.edge.documented import PAGE, documented
from tieline.api.embed.authorize import pages
from tieline.api.embed.authorize.schemas import PARAMETERS
from tieline.core.clock import now
from tieline.core.errors import BadInput, TielineError, Unauthorized
from tieline.tenancy.oauth import authorization, people
from tieline.tenancy.oauth.authentication import Client
from tieline.tenancy.oauth.authorization import Ask, Refused
from tieline.tenancy.oauth.errors import AccessDenied, OAuthError
from tieline.tenancy.oauth.people import Person

router = APIRouter(tags=["oauth"])

PERSON = "tieline_person"
_ASK, _ASKED = "oauth_ask_", "oauth ask"
_FORM = "application/x-www-form-urlencoded"
_DONE: dict[int | str, Any] = {
    302: {
        "description": "To the page, or back to the client with a code or an error.",
        "content": {PAGE: {"schema": {"type": "string"}}},
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
_AUTHORIZE = documented(
    "Let a client in", name="authorizeOAuthClient", status=302, parameters=PARAMETERS, errors=[400], secured=False
)
_AUTHORIZE["responses"].update(_DONE)
_CONSENT: dict[str, Any] = {"secured": False, "media_type": PAGE}
_ANSWER = documented("Answer for the person", name="oauthConsentAnswer", errors=[400, 403, 413], **_CONSENT)
_ANSWER["responses"][303] = {**_DONE[302], "description": "Back to the client."}


@router.get("/oauth/authorize", **_AUTHORIZE)
async def authorize(request: Request) -> Response:
    """Sends the browser to the page that asks the person, or straight back where that need not be."""
    edge = edge_of(request)
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        given.setdefault(name, []).append(value)
    for name in ("client_id", "redirect_uri"):
        if len(given.get(name, ())) != 1 or "\0" in given[name][0]:
            raise OAuthError(f"Send the parameter {name}, and once.", parameter=name)
    database = edge.services.database
    client = await authorization.client_of(database, given["client_id"][0], given["redirect_uri"][0])
    states = given.get("state", [""])
    state = states[0][: authorization.MAX_STATE] if len(states) == 1 else ""
    browser = secrets.token_urlsafe(24)
    try:
        ask = authorization.read(client, given, _named(browser))
        person = await _person(request)
        code = await authorization.without_asking(database, client, ask, person)
    except Refused as refused:
        told = authorization.told(refused.error)
        return _leave(_back(request, given["redirect_uri"][0], state, told), 302)
    if code is not None:
        return _leave(_back(request, ask.redirect_uri, ask.state, {"code": code}), 302)
    base = edge.origin.base(request)
    answer = _leave(f"{base}/oauth/consent?request={edge.seals.seal(ask.packed(), _ASKED)}", 302)
    _keep(request, answer, _ASK + ask.browser[:16], browser, authorization.ASK_LIFETIME.total_seconds())
    return answer


@router.get("/oauth/consent", **documented("Ask the person", name="oauthConsent", errors=[400], **_CONSENT))
async def consent(request: Request) -> Response:
    """The page. It needs the cookie that `/oauth/authorize` has given."""
    try:
        sealed = request.query_params.get("request", "")
        ask, client = await _asked(request, sealed)
        return await _page(request, ask, client, sealed, await _person(request))
    except TielineError as error:
        return pages.failed(error)


@router.post("/oauth/consent", **_ANSWER)
async def decide(request: Request) -> Response:
    """Takes the page's form; 303 back to the client."""
    try:
        sent = await _form(request)
        _check_origin(request)
        ask, client = await _asked(request, sent.get("request", ""))
    except TielineError as error:
        return pages.failed(error)
    try:
        return await _decided(request, ask, client, sent)
    except Refused as refused:
        return _over(request, ask, authorization.told(refused.error))
    except TielineError as error:
        return pages.failed(error)


async def _decided(request: Request, ask: Ask, client: Client, sent: dict[str, str]) -> Response:
    match sent.get("decision"):
        case "deny":
            raise Refused(AccessDenied("The person did not allow it."))
        case "change":
            page = await _page(request, ask, client, sent["request"], None)
            page.delete_cookie(PERSON, path=_path(request))
            return page
        case "allow":
            person = await _shown(request, ask, client, sent.get("key", "").strip())
            if isinstance(person, str):
                return await _page(request, ask, client, sent["request"], None, problem=person)
            code = await authorization.agree(edge_of(request).services.database, client, ask, person)
            answer = _over(request, ask, {"code": code})
            mark = edge_of(request).seals.seal(person.mark(), PERSON)
            _keep(request, answer, PERSON, mark, people.SESSION_LIFETIME.total_seconds())
            return answer
    raise BadInput("The form says neither allow nor deny.")


async def _shown(request: Request, ask: Ask, client: Client, key: str) -> Person | str:
    """Who lets the client in: whoever's key was shown, or who is signed in; a text says why nobody does."""
    edge = edge_of(request)
    person: Person | None = None
    if key:
        try:
            principal = await edge.keys.authenticate(key)
        except Unauthorized:
            principal = None
        if principal is not None and principal.key_id is not None:
            person = await people.of_key(edge.services.database, principal.tenant_id, principal.key_id, now())
        if person is None:
            return "This API key is not valid. Enter one of your own."
    else:
        person = await _person(request)
        if person is None or not authorization.is_recent(ask, person, now()):
            return "Enter your API key."
    if person.tenant_id != client.tenant_id:
        return f"This API key does not belong to {client.tenant_name}."
    if not authorization.possible(ask, person):
        return "This API key has none of the rights that are asked for; use one that has them."
    return person


async def _asked(request: Request, sealed: str) -> tuple[Ask, Client]:
    edge = edge_of(request)
    ask = authorization.unpacked(edge.seals.open(sealed, _ASKED))
    cookie = request.cookies.get(_ASK + ask.browser[:16], "") if ask else ""
    if ask is None or not hmac.compare_digest(_named(cookie), ask.browser):
        raise OAuthError("This page is too old, or was not opened by this browser.")
    return ask, await authorization.client_of(edge.services.database, ask.client_id, ask.redirect_uri)


async def _page(
    request: Request, ask: Ask, client: Client, sealed: str, person: Person | None, *, problem: str = ""
) -> HTMLResponse:
    known = person is not None and person.tenant_id == client.tenant_id and authorization.is_recent(ask, person, now())
    usable = person is not None and known and bool(authorization.possible(ask, person))
    scopes = authorization.possible(ask, person) if person is not None and usable else ask.scopes
    name = person.name if person is not None and usable else None
    return pages.ask(client, scopes, ask.redirect_uri, sealed, person=name, problem=problem)


async def _person(request: Request) -> Person | None:
    edge = edge_of(request)
    mark = edge.seals.open(request.cookies.get(PERSON, ""), PERSON)
    return await people.remembered(edge.services.database, mark) if mark is not None else None


def _check_origin(request: Request) -> None:
    """A browser says where a form comes from; another page's is refused (the cookies stay at home too, SameSite)."""
    base = urlsplit(edge_of(request).origin.base(request))
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if (origin is not None and origin != f"{base.scheme}://{base.netloc}") or site not in (None, "same-origin"):
        raise AccessDenied("The form does not come from this page.")


def _over(request: Request, ask: Ask, told: Mapping[str, str]) -> Response:
    answer = _leave(_back(request, ask.redirect_uri, ask.state, told), 303)
    answer.delete_cookie(_ASK + ask.browser[:16], path=_path(request))
    return answer


def _back(request: Request, redirect_uri: str, state: str, told: Mapping[str, str]) -> str:
    return authorization.back(redirect_uri, state, edge_of(request).origin.base(request), told)


def _leave(where: str, status: int) -> Response:
    return HTMLResponse("", status, headers={"location": where})


def _keep(request: Request, answer: Response, name: str, value: str, seconds: float) -> None:
    edge: Edge = edge_of(request)
    answer.set_cookie(
        name,
        value,
        max_age=round(seconds),
        path=_path(request),
        httponly=True,
        secure=edge.origin.base(request).startswith("https://"),
        samesite="lax",
    )


def _path(request: Request) -> str:
    return f"{urlsplit(edge_of(request).origin.base(request)).path.rstrip('/')}/oauth"


def _named(browser: str) -> str:
    return sha256(browser.encode("utf-8", "surrogatepass")).hexdigest()


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise BadInput(f"The answer has to be {_FORM}.")
    try:
        fields = parse_qsl(body.decode(), max_num_fields=20, errors="strict")
    except ValueError:
        raise BadInput("The form is no UTF-8 text, or has too many fields.") from None
    if any("\0" in value for _, value in fields):
        raise BadInput("The form holds a NUL character.")
    return dict(fields)
