"""The connect window: ``/connect/{token}`` and the address that authorization servers send people back to."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import UnsupportedMediaType
from tieline.api.edge.documented import PAGE, documented
from tieline.api.embed.connect import pages
from tieline.api.embed.connect.schemas import ConnectStatus
from tieline.connectors.connecting import ConnectSessions, Form, window_of
from tieline.connectors.connecting.errors import NoSuchSession
from tieline.connectors.connecting.service import LIFETIME
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.errors import BadInput, TielineError
from tieline.oem.returning import told

router = APIRouter(tags=["connect"])

MAX_FIELDS = 200
_COOKIE = "connect_"
_OVER = ("connected", "expired")
_FORM = "application/x-www-form-urlencoded"


@router.get(
    "/connect/callback",
    **documented(
        "Come back from a sign-in page", name="connectCallback", secured=False, media_type=PAGE, errors=[400, 404, 409]
    ),
)
async def callback(request: Request) -> Response:
    """The redirect URI of every connector (RFC 6749 section 3.1.2, RFC 5849 section 2.1)."""
    return await _returned(request, dict(request.query_params))


@router.post(
    "/connect/callback",
    **documented(
        "Come back from a sign-in page by a form",
        name="connectCallbackForm",
        secured=False,
        media_type=PAGE,
        errors=[400, 404, 409, 413, 415],
    ),
)
async def callback_form(request: Request) -> Response:
    """For servers that send a form (OAuth 2.0 Form Post Response Mode)."""
    try:
        sent = await _form(request)
    except TielineError as error:
        return pages.failed(error)
    confirmed = sent.pop(pages.CONFIRMED, "") == "yes"
    return await _returned(request, {**dict(request.query_params), **sent}, confirmed=confirmed)


@router.get(
    "/connect/{token}",
    **documented("Open the connect window", name="connectWindow", secured=False, media_type=PAGE, errors=[404, 410]),
)
async def window(request: Request, token: str) -> Response:
    """The page that the link of a connect session opens. While he enters a code elsewhere, it asks for the outcome."""
    sessions = _sessions(request)
    try:
        form = await sessions.form(token)
        if form.device is not None:
            with suppress(ReconnectNeeded):  # the form says why
                await sessions.poll(token)
            form = await sessions.form(token)
    except TielineError as error:
        return pages.failed(error)
    return _shown(form)


@router.post(
    "/connect/{token}",
    **documented(
        "Send the answers of the connect window",
        name="connectAnswers",
        secured=False,
        media_type=PAGE,
        errors=[400, 404, 410],
    ),
)
async def answers(request: Request, token: str) -> Response:
    """Takes a form. Leads on to the sign-in page, or says that the account is connected."""
    sessions = _sessions(request)
    try:
        form = await sessions.form(token)
    except TielineError as error:
        return pages.failed(error)
    if form.status in _OVER:
        return pages.over(form)
    entered: dict[str, str] = {}
    try:
        entered = await _form(request)
        step = await sessions.proceed(token, entered, base=edge_of(request).origin.base(request))
        if step.kind == "elsewhere":
            return _leaving(request, token, step.url)
        return _shown(await sessions.form(token))
    except TielineError as error:
        secret = {spec.id for spec in form.fields if spec.secret or spec.type == "password"}
        shown = {name: value for name, value in entered.items() if name not in secret}
        return pages.ask(form, problem=error.detail, answers=shown)


@router.get(
    "/connect/{token}/status",
    **documented(
        "Ask how far a connect session is",
        name="connectStatus",
        answer=ConnectStatus,
        secured=False,
        errors=[404],
    ),
)
async def status(request: Request, token: str) -> Response:
    """For the page that opened the window and waits; it needs nothing from the window itself."""
    form = await _sessions(request).form(token)
    return Json({"status": form.status, "error": form.error or None})


async def _returned(request: Request, answer: dict[str, str], *, confirmed: bool = False) -> Response:
    sessions = _sessions(request)
    try:
        state = answer.get("state", "")
        if not state:
            raise NoSuchSession("the sign-in page sent no state with you; open your link once more")
        pending = await sessions.pending(state)
        if not confirmed and "error" not in answer and _COOKIE + pending.window[:16] not in request.cookies:
            return pages.confirm(pending, answer)
        row = await sessions.callback(state, answer)
        async with edge_of(request).services.database.tenant(row["tenant_id"]) as unit:
            manifest = await edge_of(request).services.connectors.manifest(unit, row["connector_id"])
    except TielineError as error:
        return pages.failed(error)
    back = row["settings"].get("back", "")
    return _sent_back(back, str(row["connection_id"])) if back else pages.connected(manifest.title or manifest.name)


def _sent_back(url: str, connection: str) -> Response:
    """To where the partner wants him; its origin was checked when the session was made."""
    return RedirectResponse(told(url, status="connected", datasource=connection), 303)


def _leaving(request: Request, token: str, url: str) -> Response:
    """To the sign-in page, with a mark in this browser (RFC 9700 section 2.1: an attempt belongs to a user agent).

    Whoever is sent straight to the sign-in page by somebody else has seen no page of ours, and comes back without it.
    """
    away = RedirectResponse(url, 303)
    base = urlsplit(edge_of(request).origin.base(request))
    away.set_cookie(
        _COOKIE + window_of(token)[:16],
        "1",
        max_age=round(LIFETIME.total_seconds()),
        path=f"{base.path.rstrip('/')}/connect",
        httponly=True,
        secure=base.scheme == "https",
        samesite="lax",
    )
    return away


def _shown(form: Form) -> Response:
    if form.status == "connected" and form.back:
        return _sent_back(form.back, form.connection)
    if form.status in _OVER:
        return pages.over(form)
    return pages.ask(form) if form.device is None else pages.wait(form.title, form.device)


def _sessions(request: Request) -> ConnectSessions:
    services: Any = edge_of(request).services
    sessions: ConnectSessions = services.connecting
    return sessions


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise UnsupportedMediaType(f"The answers have to be {_FORM}.")
    try:
        fields = parse_qsl(body.decode(), max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise BadInput(f"The form is no UTF-8 text, or has more than {MAX_FIELDS} fields.") from None
    if any("\x00" in name or "\x00" in value for name, value in fields):
        raise BadInput("The form holds a NUL character, which cannot be stored; remove it.")
    return {name: value.replace("\r\n", "\n") for name, value in fields}
