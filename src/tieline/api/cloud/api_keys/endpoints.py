"""API keys: ``/api-keys``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.cloud.api_keys import errors as errors
from tieline.api.cloud.api_keys.schemas import (
    ApiKey,
    ApiKeyConfigPatches,
    ApiKeyList,
    ApiKeyPatches,
    ApiKeysConfig,
    ApiKeyWithToken,
    CreateApiKey,
    show_key,
    show_new_key,
    user_id,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.anchors import Anchored, AnchorQuery
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import one_value, query_parameter
from tieline.api.edge.patches import Operation, patch
from tieline.core import durations
from tieline.core.errors import BadInput, NotFound
from tieline.tenancy import audit, key_limits, tenants
from tieline.tenancy.keys import EXTERNAL_CLIENT, LISTING, LONGEST_DESCRIPTION

router = APIRouter(tags=["api-keys"])

Reader = Annotated[Call, Depends(access("api-keys", "read"))]
Writer = Annotated[Call, Depends(access("api-keys", "write"))]
KeyId = Annotated[UUID, Depends(path_id("id", "API key"))]
TenantId = Annotated[UUID, Depends(path_id("tenantId", "tenant"))]

SORTS = ("createdByUser", "sub", "status", "description", "created")
STATUSES = ("active", "expired", "revoked")
LIST = Anchored(
    LISTING,
    sorts=SORTS,
    default_sort="-created",
    default_limit=20,
    minimum=1,
    kept=("createdByUser", "status", "sub"),
)
_LIMITS = ("/max_api_key_expiry", "/max_keys_per_user", "/scim_externalClient_expiry")
Description = Annotated[list[Operation], Depends(patch(ops=("replace",), paths=("/description",)))]
Limits = Annotated[list[Operation], Depends(patch(ops=("replace",), paths=_LIMITS))]


@router.get(
    "/api-keys",
    **documented(
        "List API keys",
        name="getApiKeys",
        answer=ApiKeyList,
        parameters=[
            *LIST.parameters(),
            query_parameter("createdByUser", {"type": "string"}, "Only those that this user has made."),
            query_parameter("status", {"type": "string", "enum": [*STATUSES]}, "Only those in this state."),
            query_parameter("sub", {"type": "string"}, "Only those that stand for this user or client."),
        ],
    ),
)
async def list_keys(call: Reader, request: Request, query: Annotated[AnchorQuery, Depends(LIST.read)]) -> Response:
    """The own keys; all of the tenant for an administrator. Secrets are never shown."""
    status = one_value(request, "status")
    if status is not None and status not in STATUSES:
        raise BadInput(f"The parameter status is one of {', '.join(STATUSES)}.", parameter="status")
    keys = call.edge.keys
    async with call.unit() as unit:
        wanted = {"creator": one_value(request, "createdByUser"), "subject": one_value(request, "sub")}
        statement = keys.seen_by(unit, call.principal, status=status, **wanted)
        body = await LIST.answer(call, unit, query, statement, lambda row: show_key(keys.shown(row)))
    return Json(body)


@router.post(
    "/api-keys",
    **documented("Create an API key", name="createApiKey", answer=ApiKeyWithToken, status=201, body=CreateApiKey),
)
async def create_key(
    call: Writer, body: Annotated[Incoming[CreateApiKey], Depends(json_body(CreateApiKey))]
) -> Response:
    """A new key; its token is in this answer and never shown again. For others only by administrators.

    Without `scopes` it may do what the key may that asks for it.
    """
    wish = body.model
    lifetime = None if not body.sent("expiry") else durations.parse(wish.expiry, pointer="/expiry")
    whose, external = None, None
    if wish.sub_type == EXTERNAL_CLIENT:
        if not wish.sub:
            raise BadInput("A key of an external client needs sub, which names the client.", pointer="/sub")
        external = wish.sub
    elif wish.sub:
        whose = user_id(wish.sub)
        if whose is None:
            raise BadInput("There is no such user; name one of this tenant, or leave sub out.", pointer="/sub")
    async with call.unit() as unit:
        try:
            row, secret = await call.edge.keys.issue(
                unit,
                call.principal,
                description=wish.description,
                lifetime=lifetime,
                user_id=whose,
                scopes=wish.scopes or None,
                external=external,
            )
        except NotFound:
            raise BadInput(
                "There is no such user; name one of this tenant, or leave sub out.", pointer="/sub"
            ) from None
        row = await call.edge.keys.made(unit, row["id"])
    return Json(show_new_key(row, secret), 201)


@router.get(
    "/api-keys/{id:uuid}",
    **documented("Get an API key", name="getApiKeyById", answer=ApiKey, errors=[404]),
)
async def get_key(call: Reader, key_id: KeyId) -> Response:
    """One key, without its secret."""
    async with call.unit() as unit:
        row = await call.edge.keys.find(unit, call.principal, key_id)
    return Json(show_key(row))


@router.patch(
    "/api-keys/{id:uuid}",
    **documented("Describe an API key", name="updateApiKey", status=204, body=ApiKeyPatches, errors=[404]),
)
async def patch_key(call: Writer, key_id: KeyId, operations: Description) -> Response:
    """Gives it another description."""
    async with call.unit() as unit:
        await call.edge.keys.find(unit, call.principal, key_id)
        for operation in operations:
            text = operation.text(longest=LONGEST_DESCRIPTION)
            await call.edge.keys.describe(unit, call.principal, key_id, text)
    return Empty()


@router.delete(
    "/api-keys/{id:uuid}",
    **documented("Delete or revoke an API key", name="deleteApiKeyById", status=204, errors=[404]),
)
async def delete_key(call: Writer, key_id: KeyId) -> Response:
    """Removes an own key, revokes that of another. It stops working within a second everywhere, and the runs that it
    started stop at their next block. The key that asks cannot end itself.
    """
    async with call.unit() as unit:
        await call.edge.keys.end(unit, call.principal, key_id)
    return Empty()


@router.get(
    "/api-keys/configs/{tenantId:uuid}",
    **documented("Get what is allowed of API keys", name="getApiKeysConfiguration", answer=ApiKeysConfig, errors=[404]),
)
async def get_limits(call: Reader, tenant_id: TenantId) -> Response:
    """How many keys a user of the tenant may have, and for how long."""
    _own(call, tenant_id)
    async with call.unit() as unit:
        limits = key_limits.of(await tenants.settings_of(unit))
    return Json(limits.as_dict())


@router.patch(
    "/api-keys/configs/{tenantId:uuid}",
    **documented(
        "Change what is allowed of API keys",
        name="updateApiKeyConfiguration",
        status=204,
        body=ApiKeyConfigPatches,
        errors=[404],
    ),
)
async def patch_limits(call: Writer, tenant_id: TenantId, operations: Limits) -> Response:
    """Holds for keys that are made from now on. For tenant administrators."""
    call.principal.require_admin()
    _own(call, tenant_id)
    values: dict[str, Any] = {}
    for operation in operations:
        name = operation.path[1:]
        values[name] = key_limits.checked(name, operation.value, pointer=f"{operation.place}/value")
    async with call.services.database.system() as unit:
        before, after = await key_limits.change(unit, tenant_id, values)
        await audit.record(
            unit,
            call.principal,
            action="api-keys.limits-changed",
            subject=f"tenant:{tenant_id}",
            detail=audit.changes(before.as_dict(), after.as_dict()),
        )
    return Empty()


def _own(call: Call, tenant_id: UUID) -> None:
    if tenant_id != call.principal.tenant_id:
        raise NotFound("There is no such tenant.")
