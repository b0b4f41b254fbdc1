"""OAuth clients: ``/oauth-clients``."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ValidationError
from sqlalchemy import Select
from starlette.responses import Response

from tieline.api.cloud.oauth_clients.errors import DeleteUnconfirmed, bad_queries_are_forbidden
from tieline.api.cloud.oauth_clients.schemas import (
    ConnectionConfigPatches,
    ConnectionState,
    CreatedOAuthClient,
    CreatedSecret,
    CreateOAuthClient,
    GeneratedSecret,
    OAuthClient,
    OAuthClientList,
    OAuthClientPatches,
    Published,
    show_client,
    show_created,
    show_secret,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, decode, json_body, read_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_text
from tieline.api.edge.lists import query_parameter, truth
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core import filters
from tieline.core.clock import iso
from tieline.core.errors import BadInput
from tieline.core.filters import Attribute
from tieline.storage.tables import oauth_clients
from tieline.storage.unit import Unit
from tieline.tenancy.conditions import Filters, condition
from tieline.tenancy.listing import Listing, by_letters
from tieline.tenancy.oauth import clients as service

router = APIRouter(tags=["oauth-clients"])

CONFIRM = "qlik-confirm-delete"
MOST_OPERATIONS = 100

Reader = Annotated[Call, Depends(access("oauth-clients", "read"))]
Writer = Annotated[Call, Depends(access("oauth-clients", "write"))]
ClientId = Annotated[str, Depends(path_text("id", "OAuth client"))]
Hint = Annotated[str, Depends(path_text("hint", "secret, its last characters"))]
Patches = TypeVar("Patches", bound=BaseModel)

_FILTERS: Filters = {
    "clientId": (Attribute(exact=True), oauth_clients.c.client_id),
    "clientName": (Attribute(), oauth_clients.c.name),
    "appType": (Attribute(), oauth_clients.c.app_type),
    "tenantId": (Attribute(exact=True), oauth_clients.c.tenant_id),
    "createdByType": (Attribute(), sa.literal("user", sa.Text)),
}
_SORTS = {
    "clientId": oauth_clients.c.client_id,
    "clientName": by_letters(oauth_clients.c.name),
    "appType": oauth_clients.c.app_type,
    "tenantId": sa.cast(oauth_clients.c.tenant_id, sa.Text),
    "createdAt": oauth_clients.c.created_at,
    "updatedAt": oauth_clients.c.updated_at,
}
LISTING = Listing(oauth_clients.c.id, filters=_FILTERS, sorts={"id": oauth_clients.c.id, **_SORTS})
LIST = Twoway("oauth-clients", LISTING, sorts=tuple(_SORTS), filters=("filter", "totalResults"))
_CONFIRMATION = {
    "name": CONFIRM,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "The id of the client once more.",
}


async def _query(request: Request) -> TwowayQuery:
    with bad_queries_are_forbidden():
        query = await LIST.read(request)
        for name, value in query.wishes:
            if name == "totalResults":
                truth(name, value)
        return query


@router.get(
    "/oauth-clients",
    **documented(
        "List OAuth clients",
        name="readAllOAuthClients",
        answer=OAuthClientList,
        parameters=[
            *LIST.parameters(),
            query_parameter(
                "filter",
                {"type": "string", "maxLength": filters.MAX_LENGTH},
                f"SCIM expression (RFC 7644 section 3.4.2.2) on {', '.join(f'`{name}`' for name in _FILTERS)}.",
            ),
            query_parameter("totalResults", {"type": "boolean", "default": False}, "Also tell how many there are."),
        ],
    ),
)
async def list_clients(call: Reader, query: Annotated[TwowayQuery, Depends(_query)]) -> Response:
    """The OAuth clients of the tenant. What is wrong with the query is answered with 403, as the document says."""
    everything = call.principal.is_admin
    found: list[dict[str, Any]] = []

    def select(unit: Unit, wishes: dict[str, str]) -> Select[Any]:
        statement = unit.select(oauth_clients)
        text = wishes.get("filter", "").strip()
        return statement.where(condition(filters.parse(text, LISTING.attributes), _FILTERS)) if text else statement

    with bad_queries_are_forbidden():
        async with call.unit() as unit:
            body = await LIST.answer(call, unit, query, lambda wishes: select(unit, wishes), lambda row: row)
            found = await service.with_secrets(unit, body["data"])
            total = None
            wishes = dict(query.wishes)
            if truth("totalResults", wishes.get("totalResults", "false")):
                counted = select(unit, wishes).with_only_columns(sa.func.count())
                total = await unit.scalar(counted)
    body["data"] = [show_client(row, everything=everything) for row in found]
    if total is not None:
        body["totalResults"] = total
    if all(item["allowedOrigins"] is not None for item in body["data"]) and not total:
        # Nothing in the list tells the two views of the document apart, of which exactly one has to fit; false does,
        # and is as good as no number, or 0.
        body["totalResults"] = False
    return Json(body)


@router.post(
    "/oauth-clients",
    **documented(
        "Create an OAuth client",
        name="createOAuthClient",
        answer=CreatedOAuthClient,
        status=201,
        body=CreateOAuthClient,
    ),
)
async def create_client(
    call: Writer, body: Annotated[Incoming[CreateOAuthClient], Depends(json_body(CreateOAuthClient))]
) -> Response:
    """Makes a client. The secret in the answer is not shown again. For tenant administrators."""
    call.principal.require_admin()
    fields = body.model.model_dump(by_alias=True, exclude_unset=True)
    async with call.unit() as unit:
        row, secret = await service.create(unit, call.principal, fields)
    return Json(show_created(row, secret), 201)


@router.get(
    "/oauth-clients/{id}",
    **documented("Get an OAuth client", name="readOAuthClient", answer=OAuthClient, errors=[400, 404]),
)
async def get_client(call: Reader, client_id: ClientId) -> Response:
    """One client; its redirect URIs, keys and secrets' hints are for administrators."""
    async with call.unit() as unit:
        row = await service.get(unit, client_id)
    return Json(show_client(row, everything=call.principal.is_admin))


@router.patch(
    "/oauth-clients/{id}",
    **documented(
        "Update an OAuth client",
        name="patchOAuthClient",
        status=204,
        body=OAuthClientPatches,
        errors=[404],
        also={202: GeneratedSecret},
    ),
)
async def patch_client(call: Writer, client_id: ClientId, request: Request) -> Response:
    """Changes it. 202 with a secret where the change made one. For tenant administrators."""
    call.principal.require_admin()
    patch = await _patch(request, OAuthClientPatches)
    async with call.unit() as unit:
        secret = await service.patch(unit, call.principal, client_id, [one.model_dump() for one in patch.root])
    return Json({"clientSecret": secret}, 202) if secret else Empty()


@router.delete(
    "/oauth-clients/{id}",
    **documented(
        "Delete an OAuth client", name="deleteOAuthClient", status=204, errors=[404], parameters=[_CONFIRMATION]
    ),
)
async def delete_client(call: Writer, client_id: ClientId, request: Request) -> Response:
    """Removes it; what it was given ends within a second. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        await service.get(unit, client_id)
        if request.headers.getlist(CONFIRM) != [client_id]:
            raise DeleteUnconfirmed(f"Send the id of the client in the header {CONFIRM}.")
        await service.delete(unit, call.principal, client_id)
    return Empty()


@router.post(
    "/oauth-clients/{id}/actions/publish",
    **documented("Publish an OAuth client", name="publishOAuthClient", answer=Published, status=201, errors=[400, 404]),
)
async def publish_client(call: Writer, client_id: ClientId) -> Response:
    """Marks it as published; doing it again changes nothing. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        row = await service.publish(unit, call.principal, client_id)
    return Json({"publishedAt": iso(row["published_at"])}, 201)


@router.post(
    "/oauth-clients/{id}/client-secrets",
    **documented(
        "Create an OAuth client secret",
        name="createOAuthClientSecret",
        answer=CreatedSecret,
        status=201,
        errors=[400, 404, 409],
    ),
)
async def create_secret(call: Writer, client_id: ClientId) -> Response:
    """A further secret, of at most five. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        client = await service.get(unit, client_id, lock=True)
        row, secret = await service.add_secret(unit, call.principal, client)
    return Json({"clientId": client_id, "clientSecret": secret, **show_secret(row)}, 201)


@router.delete(
    "/oauth-clients/{id}/client-secrets/{hint}",
    **documented("Delete an OAuth client secret", name="deleteOAuthClientSecret", status=204, errors=[400, 404]),
)
async def delete_secret(call: Writer, client_id: ClientId, hint: Hint) -> Response:
    """Ends a secret at once. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        await service.delete_secret(unit, call.principal, client_id, hint)
    return Empty()


@router.get(
    "/oauth-clients/{id}/connection-configs/me",
    **documented(
        "Get connection config for an OAuth client",
        name="readConnectionConfig",
        answer=ConnectionState,
        errors=[400, 404],
    ),
)
async def get_connection(call: Reader, client_id: ClientId) -> Response:
    """Whether people of the tenant are asked before the client is let in."""
    async with call.unit() as unit:
        row = await service.connection_of(unit, client_id)
    return Json({"status": "enabled", "consentMethod": row["consent_method"], "deletedByOwner": False})


@router.patch(
    "/oauth-clients/{id}/connection-configs/me",
    **documented(
        "Update connection config for an OAuth client",
        name="patchConnectionConfig",
        status=204,
        body=ConnectionConfigPatches,
        errors=[404],
    ),
)
async def patch_connection(call: Writer, client_id: ClientId, request: Request) -> Response:
    """Sets the consent method; makes the connection again where it was deleted. For tenant administrators."""
    call.principal.require_admin()
    patch = await _patch(request, ConnectionConfigPatches)
    async with call.unit() as unit:
        await service.get(unit, client_id)
        for operation in patch.root:
            await service.connect(unit, call.principal, client_id, operation.value)
    return Empty()


@router.delete(
    "/oauth-clients/{id}/connection-configs/me",
    **documented(
        "Delete connection config for an OAuth client", name="deleteConnectionConfig", status=204, errors=[400, 404]
    ),
)
async def delete_connection(call: Writer, client_id: ClientId) -> Response:
    """Nobody can sign in to the client any more, and what people granted it ends. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        await service.disconnect(unit, call.principal, client_id)
    return Empty()


async def _patch(request: Request, model: type[Patches]) -> Patches:
    """The JSON Patch in the body. Raises `BadInput`."""
    content = decode(await read_body(request))
    if not isinstance(content, list) or len(content) > MOST_OPERATIONS:
        raise BadInput(f"The body is a JSON Patch: an array of at most {MOST_OPERATIONS} operations.", pointer="")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "".join(f"/{part}" for part in first["loc"][:2])
        raise BadInput(
            f"The operation at {place or '/'} of the patch is not one of those possible.", pointer=place
        ) from None
