"""``/oauth/token`` (RFC 6749 section 3.2) and ``/oauth/revoke`` (RFC 7009)."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import APIRouter, Request
from msgspec.structs import replace
from starlette.responses import Response

from tieline.api.cloud.oauth import errors
from tieline.api.cloud.oauth.intake import FORM, fields_of, lookup, presented, text
from tieline.api.cloud.oauth.schemas import Nothing, RevokeRequest, TokenAnswer, TokenRequest
from tieline.api.edge.access import edge_of, let_read
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.core.clock import iso, now
from tieline.core.errors import BadInput
from tieline.tenancy import audit
from tieline.tenancy.oauth import authentication, grants, rules
from tieline.tenancy.oauth.authentication import Client
from tieline.tenancy.oauth.clients import CODE_GRANT
from tieline.tenancy.oauth.errors import OAuthError, UnsupportedGrantType, UnsupportedTokenType
from tieline.tenancy.principal import Principal

router = APIRouter(tags=["oauth"])

REFRESH = "refresh_token"
HINTS = ("access_token", "refresh_token")
MAX_TEXT = 1000
_SECRETS = {CODE_GRANT: "code", REFRESH: "refresh_token", grants.EXCHANGE: "subject_token"}


def _also_forms(arguments: dict[str, Any]) -> dict[str, Any]:
    content = arguments["openapi_extra"]["requestBody"]["content"]
    content[FORM] = content["application/json"]
    return arguments


@router.post(
    "/oauth/token",
    **_also_forms(
        documented(
            "Get a token",
            name="createOAuthToken",
            answer=TokenAnswer,
            body=TokenRequest,
            errors=[401, 403, 429],
            secured=False,
            never=[415],
        )
    ),
)
async def token(request: Request) -> Response:
    """Gives an OAuth client its tokens. Takes a form or JSON; the client may name itself in `Authorization: Basic`."""
    basic = False
    client: Client | None = None
    try:
        sent = await fields_of(request)
        shown = presented(request, sent)
        basic = shown.basic
        grant_type = text(sent, "grant_type")
        if grant_type not in (*rules.GRANT_TYPES, *_SECRETS):
            raise UnsupportedGrantType(f"The grant type {grant_type[:80]!a} does not exist here.")
        base = edge_of(request).origin.base(request)
        database = edge_of(request).services.database
        if grant_type == REFRESH and not (shown.client_id or shown.assertion):
            shown = replace(shown, client_id=await grants.client_of(database, text(sent, REFRESH)))
        client = await authentication.authenticate(database, shown, {base, f"{base}/oauth/token"})
        await let_read(request, client.tenant_id, client=client.id)
        await _count(request, client, sent.get(_SECRETS.get(grant_type, ""), ""))
        issued = await _issue(request, client, grant_type, sent)
    except BadInput as error:
        if client is not None:
            await _refused(request, client, error)
        return errors.answer(request, error, basic=basic)
    return Json(_shown(issued))


@router.post(
    "/oauth/revoke",
    **_also_forms(
        documented(
            "Revoke a token",
            name="revokeOAuthToken",
            answer=Nothing,
            body=RevokeRequest,
            errors=[400],
            secured=False,
            never=[415],
        )
    ),
)
async def revoke(request: Request) -> Response:
    """Ends a grant, within a second everywhere. Whoever has a token may give it back; unknown tokens are fine."""
    try:
        sent = await fields_of(request)
        given = text(sent, "token")
        hint = sent.get("token_type_hint")
        if hint is not None and hint not in HINTS:
            raise UnsupportedTokenType(f"The token_type_hint is one of {', '.join(HINTS)}.")
        shown = presented(request, sent)
        database = edge_of(request).services.database
        client = None
        if shown.secret or shown.assertion or shown.client_id:
            base = edge_of(request).origin.base(request)
            client = await authentication.authenticate(database, shown, {base, f"{base}/oauth/revoke"})
            await let_read(request, client.tenant_id, client=client.id)
        await grants.revoke(database, given, client)
    except BadInput as error:
        answer = errors.answer(request, error)
        answer.status_code = 400
        return answer
    return Json({})


async def _refused(request: Request, client: Client, error: BadInput) -> None:
    """A client of the tenant asked for a token and got none. What a stranger asks for is in the server's log only: it
    could fill ours.
    """
    if not client.proved:
        return
    by = Principal(tenant_id=client.tenant_id, user_id=client.created_by, client_id=client.client_id)
    async with edge_of(request).services.database.tenant(client.tenant_id) as unit:
        told = {"error": error.code, "reason": error.detail}
        subject = f"oauth-client:{client.id}"
        await audit.record(unit, by, action="oauth-token.refused", subject=subject, detail=told)


async def _issue(request: Request, client: Client, grant_type: str, sent: dict[str, Any]) -> grants.Issued:
    database = edge_of(request).services.database
    scope = sent.get("scope")
    match grant_type:
        case rules.CLIENT_CREDENTIALS:
            async with database.tenant(client.tenant_id) as unit:
                return await grants.for_client(unit, client, scope)
        case rules.IMPERSONATION:
            field, value = lookup(sent)
            async with database.tenant(client.tenant_id) as unit:
                return await grants.for_person(unit, client, field, value, scope)
        case "authorization_code":
            return await grants.for_code(
                database,
                client,
                text(sent, "code"),
                verifier=text(sent, "code_verifier"),
                redirect_uri=text(sent, "redirect_uri"),
                asker=grants.Asker(_short(sent, "description"), _short(sent, "deviceType")),
            )
        case "refresh_token":
            return await grants.refreshed(database, client, text(sent, "refresh_token"), scope)
    if text(sent, "subject_token_type") != grants.ACCESS_TOKEN_TYPE:
        raise OAuthError(f"The subject_token_type has to be {grants.ACCESS_TOKEN_TYPE}.")
    if text(sent, "purpose") not in grants.PURPOSES:
        raise OAuthError(f"The purpose is one of {', '.join(grants.PURPOSES)}.")
    return await grants.exchanged(database, client, text(sent, "subject_token"), scope)


def _short(sent: dict[str, Any], name: str) -> str:
    given = text(sent, name, needed=False)
    if len(given) > MAX_TEXT:
        raise OAuthError(f"The field {name} has at most {MAX_TEXT} characters.")
    return given


async def _count(request: Request, client: Client, secret: str) -> None:
    """A client that proved itself counts as itself; the copies of one that cannot count by what each of them has."""
    name = client.client_id
    if not client.proved:
        name += ":" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    asker = Principal(
        tenant_id=client.tenant_id,
        user_id=client.created_by,
        client_id=name,
        grant_type=rules.CLIENT_CREDENTIALS,
        settings=client.tenant_settings,
    )
    await edge_of(request).limits.count(asker, 2)


def _shown(issued: grants.Issued) -> dict[str, Any]:
    body: dict[str, Any] = {
        "access_token": issued.access,
        "token_type": "bearer",
        "expires_in": max(0, round((issued.expires_at - now()).total_seconds())),
        "expires_at": iso(issued.expires_at),
        "scope": " ".join(issued.scopes),
    }
    if issued.refresh:
        body["refresh_token"] = issued.refresh
    if issued.auth_time is not None:
        body["auth_time"] = int(issued.auth_time.timestamp())
    if issued.exchanged:
        body["issued_token_type"] = grants.ACCESS_TOKEN_TYPE
    return body
