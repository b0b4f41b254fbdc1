"""Accounts: ``/accounts``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from msgspec import UNSET
from starlette.responses import Response

from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.lists import one_value
from tieline.api.oem.access import AccountCall, PartnerCall, account, partner
from tieline.api.oem.accounts.schemas import (
    Account,
    AccountPerson,
    AccountUser,
    CreateAccount,
    Myself,
    PutAccount,
    show,
    show_person,
)
from tieline.api.oem.lists import PARAMETERS, Paging, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.core.errors import BadInput, TielineError
from tieline.oem import accounts, bindings
from tieline.oem.pages import page_of
from tieline.storage.tables import connections
from tieline.tenancy import audit, standing

router = APIRouter(tags=["accounts"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
Inside = Annotated[AccountCall, Depends(account)]
_STATUSES = (standing.ACTIVE, standing.DISABLED, accounts.ANY)
_FILTERS = (
    {
        "name": "search",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "maxLength": accounts.LONGEST},
        "description": "Only those that have this text in their name or externalid, whatever its case.",
    },
    {
        "name": "status",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "enum": list(_STATUSES), "default": standing.ACTIVE},
        "description": "Only those of this status.",
    },
)
_CONNECTOR = "connector"  # the partner's setting that names its own connector


@router.get(
    "/accounts",
    **described(
        "List accounts",
        name="listAccounts",
        answer=page_model("AccountPage", Account),
        parameters=[*_FILTERS, *PARAMETERS],
        never=[404],
    ),
)
async def list_accounts(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """The partner's accounts, oldest first. Those that are deactivated only where `status` says so."""
    search = one_value(call.request, "search") or ""
    if len(search) > accounts.LONGEST:
        raise BadInput(f"The parameter search has at most {accounts.LONGEST} characters.", parameter="search")
    status = one_value(call.request, "status")
    if status is not None and status not in _STATUSES:
        raise BadInput(f"The parameter status must be one of {', '.join(_STATUSES)}.", parameter="status")
    statement = accounts.listed(call.partner_id, search=search, status=status or standing.ACTIVE)
    async with call.system() as unit:
        found = await page_of(unit, statement, page.number, page.size)
    return paged(call, found, show)


@router.post(
    "/accounts",
    **described(
        "Create an account", name="createAccount", answer=Account, body=CreateAccount, errors=[409], never=[404]
    ),
)
async def create_account(
    call: Caller, body: Annotated[Incoming[CreateAccount], Depends(json_body(CreateAccount))]
) -> Response:
    """Makes an account. Sent again it answers with the same account, with the name that was sent last."""
    wanted = body.model
    async with call.system() as unit:
        row = await accounts.put(unit, call.partner_id, external_id=wanted.externalid, name=wanted.name)
    await _complete(call, row, wanted, "account.created")
    return Json(show(row))


@router.get("/accounts/{account}", **described("Get an account", name="getAccount", answer=Account))
async def get_account(call: Inside) -> Response:
    """One account, by its external id or GUID."""
    return Json(show(dict(call.account)))


@router.put(
    "/accounts/{account}",
    **described("Update an account", name="updateAccount", answer=Account, body=PutAccount, errors=[409]),
)
async def update_account(
    call: Inside, body: Annotated[Incoming[PutAccount], Depends(json_body(PutAccount))]
) -> Response:
    """Changes what is sent."""
    wanted = body.model
    async with call.system() as unit:
        row = await accounts.change(
            unit,
            call.account,
            name=UNSET if wanted.name is None else wanted.name,
            external_id=UNSET if wanted.externalid is None else wanted.externalid,
        )
    await _complete(call, row, wanted, "account.updated")
    return Json(show(row))


@router.delete("/accounts/{account}", **described("Delete an account", name="deleteAccount", status=204))
async def delete_account(call: Inside) -> Response:
    """Removes the account with everything that is its own. Delete flows of templates are not run."""
    services = call.edge.services
    await accounts.remove(services.database, services.automations, call.account, by=call.caller)
    return Empty()


@router.get("/me", **described("Get yourself", name="getMe", answer=Myself, never=[404]))
async def get_me(call: Caller) -> Response:
    """The partner whose key was sent, or that the signed-in person administers."""
    return Json({"guid": str(call.partner_id), "name": call.caller.name, "app_id": call.caller.app_id})


@router.get(
    "/accounts/{account}/users",
    **described(
        "List users", name="listUsers", answer=page_model("AccountPersonPage", AccountPerson), parameters=PARAMETERS
    ),
)
async def list_users(call: Inside, page: Annotated[Paging, Depends(paging)]) -> Response:
    """The people of the account, oldest first. Integrations that nobody was named for belong to `integrations`."""
    async with call.unit() as unit:
        found = await page_of(unit, accounts.persons(unit), page.number, page.size)
    return paged(call, found, show_person)


@router.put(
    "/accounts/{account}/users",
    **described("Create or update a user", name="putUser", answer=None, status=204, body=AccountUser),
)
async def put_user(call: Inside, body: Annotated[Incoming[AccountUser], Depends(json_body(AccountUser))]) -> Response:
    """A person of the account, known by externalid."""
    async with call.unit() as unit:
        user_id = await accounts.put_user(unit, body.model.model_dump(exclude_none=True))
        await audit.record(unit, call.caller, action="user.put", subject=f"user:{user_id}")
    return Empty()


async def _complete(call: PartnerCall, row: dict[str, Any], wanted: PutAccount, action: str) -> None:
    async with call.edge.services.database.tenant(row["id"]) as unit:
        if wanted.user is not None:
            given = wanted.user.model_dump(exclude_none=True)
            if given:
                await accounts.put_user(unit, given)
        await audit.record(unit, call.caller, action=action, subject=f"account:{row['id']}", name=row["name"])
    connector = call.caller.settings.get(_CONNECTOR)
    if wanted.datasource and isinstance(connector, str):
        await _own_connection(call, row, connector, wanted.datasource)


async def _own_connection(call: PartnerCall, row: dict[str, Any], name: str, params: dict[str, Any]) -> None:
    """The account's connection to the partner's own product: made, or given the new answers."""
    services = call.edge.services
    known = await bindings.provide(services.database, services.connectors, call.partner_id, row["id"], [name])
    if name not in known:
        raise TielineError(f"The partner's own connector {name!r} does not exist in any of its accounts.")
    async with services.database.tenant(row["id"]) as unit:
        mine = unit.select(connections, connections.c.id).where(connections.c.connector_id == known[name])
        connection_id = await unit.scalar(mine.order_by(connections.c.id).limit(1))
        if connection_id is None:
            await services.connections.create(
                unit,
                connector_id=known[name],
                name=call.caller.name,
                owner_id=await accounts.owner(unit),
                secrets=params,
            )
        else:
            await services.connections.update(unit, connection_id, secrets=params)
