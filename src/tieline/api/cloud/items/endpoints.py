"""Items: ``/items``. Other kinds than automations do not exist here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Depends
from msgspec import UNSET
from sqlalchemy import ColumnElement, Select
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.items.filtering import FILTERS, conditions, reading
from tieline.api.cloud.items.schemas import (
    AUTOMATION,
    COLUMNS,
    LISTING,
    SETTING,
    TYPES,
    CollectionList,
    Item,
    ItemList,
    ItemsSettings,
    ItemsSettingsPatch,
    UpdateItem,
    show_item,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id
from tieline.api.edge.lists import query_parameter, truth
from tieline.api.edge.patches import Operation, patch
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.errors import BadInput, NotFound
from tieline.storage.tables import automations
from tieline.storage.unit import Unit
from tieline.tenancy import audit, space_roles, tenants
from tieline.tenancy.visibility import visible

router = APIRouter(tags=["items"])

Reader = Annotated[Call, Depends(access("items", "read"))]
Writer = Annotated[Call, Depends(access("items", "write"))]
ItemId = Annotated[UUID, Depends(path_id("itemId", "item"))]

LIST = Twoway(
    "items",
    LISTING,
    sorts=("createdAt", "name", "updatedAt", "recentlyUsed"),
    filters=tuple(FILTERS),
    default_sort="createdAt",
    default_limit=10,
)
_SORTS = ("createdAt", "name", "updatedAt")
COLLECTIONS = Twoway("collections", LISTING, sorts=_SORTS, filters=("name", "query", "type"), default_limit=10)
PUBLISHED = Twoway("published", LISTING, sorts=_SORTS, filters=("resourceType",), default_limit=10)
_COLLECTION_TYPES = ("private", "public", "publicgoverned")


def _parameters(twoway: Twoway) -> list[dict[str, Any]]:
    sorts = [sign + name for name in twoway.sorts for sign in ("+", "-")]
    replaced = {"limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}}
    replaced["sort"] = {"type": "string", "enum": sorts}
    return [{**one, "schema": replaced.get(one["name"], one["schema"])} for one in twoway.parameters()]


@router.get(
    "/items",
    **documented(
        "List items",
        name="listItems",
        answer=ItemList,
        errors=[404],
        parameters=[
            *_parameters(LIST),
            *(query_parameter(name, schema, said) for name, (schema, said) in FILTERS.items()),
        ],
    ),
)
async def list_items(call: Reader, query: Annotated[TwowayQuery, Depends(reading(LIST))]) -> Response:
    """The automations that the caller may see, oldest first unless sorted otherwise."""
    async with call.unit() as unit:
        body = await LIST.answer(call, unit, query, lambda wishes: _items(call, unit, wishes), _shower(call))
    return Json(body)


@router.get(
    "/items/settings",
    **documented("Get the settings for items", name="GetSettings", answer=ItemsSettings, errors=[400]),
)
async def get_settings(call: Reader) -> Response:
    """What holds for all items of the tenant."""
    async with call.unit() as unit:
        stored = await tenants.settings_of(unit)
    return _settings(stored)


@router.patch(
    "/items/settings",
    **documented("Patch the settings for items", name="PatchSettings", answer=ItemsSettings, body=ItemsSettingsPatch),
)
async def patch_settings(
    call: Writer,
    operations: Annotated[list[Operation], Depends(patch(ops=("replace",), paths=("/usageMetricsEnabled",)))],
) -> Response:
    """Changes them by a JSON Patch (RFC 6902). For tenant administrators."""
    wanted = [one.truth() for one in operations]
    call.principal.require_admin()
    async with call.services.database.system() as unit:
        changes = {SETTING: wanted[-1]} if wanted else {}
        stored = await tenants.put_settings(unit, call.principal.tenant_id, **changes)
        if wanted:
            told = {"usageMetricsEnabled": wanted[-1]}
            await call.record(unit, "items-settings.updated", call.principal.tenant_id, detail=told)
    return _settings(stored)


@router.get("/items/{itemId:uuid}", **documented("Get an item", name="getItem", answer=Item, errors=[400, 404]))
async def get_item(call: Reader, item_id: ItemId) -> Response:
    """One automation, as an item."""
    async with call.unit() as unit:
        return await _item(call, unit, item_id)


@router.put(
    "/items/{itemId:uuid}",
    **documented("Update an item", name="updateItem", answer=Item, body=UpdateItem, errors=[404, 409]),
)
async def put_item(
    call: Writer, item_id: ItemId, body: Annotated[Incoming[UpdateItem], Depends(json_body(UpdateItem))]
) -> Response:
    """Changes name, description and space of the automation. The key needs the scope `automations` as well."""
    call.principal.require("automations", "write")
    wanted = body.model
    if wanted.resource_type not in TYPES:
        raise BadInput(f"The resourceType is one of {', '.join(TYPES)}.", pointer="/resourceType")
    async with call.unit() as unit:
        before = await _reach(call, unit, item_id, "edit", lock=True)
        if wanted.resource_type != AUTOMATION:
            raise BadInput("The item is an automation; send that as resourceType.", pointer="/resourceType")
        if wanted.resource_id and wanted.resource_id.lower() != str(item_id):
            raise BadInput("An item stays with its resource; leave resourceId out.", pointer="/resourceId")
        if body.sent("spaceId"):
            space_id = parse_id(wanted.space_id, "space", BadInput, "/spaceId") if wanted.space_id else None
            if space_id != before["space_id"]:
                await space_roles.enter(unit, call.principal, space_id, error=BadInput)
                await call.services.automations.change_space(unit, item_id, space_id)
        if body.sent("name") or body.sent("description"):
            await call.services.automations.update(
                unit,
                item_id,
                saved_by=call.principal.user_id,
                name=wanted.name if body.sent("name") else UNSET,
                description=wanted.description if body.sent("description") else UNSET,
            )
        after = await call.services.automations.row(unit, item_id)
        told = audit.changes(before, after, only=("name", "description", "space_id"))
        if told:
            await call.record(unit, "automation.updated", item_id, after["name"], told)
        # Whoever moved it into its owner's personal space sees it here for the last time.
        return await _item(call, unit, item_id, everywhere=True)


@router.delete("/items/{itemId:uuid}", **documented("Delete an item", name="deleteItem", status=204, errors=[404]))
async def delete_item(call: Writer, item_id: ItemId) -> Response:
    """Removes the automation with its versions, runs and pointers. The key needs the scope `automations` as well."""
    call.principal.require("automations", "write")
    async with call.unit() as unit:
        row = await _reach(call, unit, item_id, "edit")
        await call.services.automations.delete(unit, item_id)
        await call.record(unit, "automation.deleted", item_id, row["name"])
    return Empty()


@router.get(
    "/items/{itemId:uuid}/collections",
    **documented(
        "List the collections of an item",
        name="listItemCollections",
        answer=CollectionList,
        errors=[404],
        parameters=[
            *_parameters(COLLECTIONS),
            query_parameter("name", {"type": "string"}, "Finds nothing."),
            query_parameter("query", {"type": "string"}, "Finds nothing."),
            query_parameter("type", {"type": "string", "enum": list(_COLLECTION_TYPES)}, "Finds nothing."),
        ],
    ),
)
async def list_collections(
    call: Reader, item_id: ItemId, query: Annotated[TwowayQuery, Depends(reading(COLLECTIONS))]
) -> Response:
    """None: there are no collections."""
    return await _nothing(call, item_id, COLLECTIONS, query, {"type": _COLLECTION_TYPES})


@router.get(
    "/items/{itemId:uuid}/publisheditems",
    **documented(
        "List the published items of an item",
        name="listPublishedItems",
        answer=CollectionList,
        errors=[404],
        parameters=[
            *_parameters(PUBLISHED),
            query_parameter("resourceType", {"type": "string", "enum": list(TYPES)}, "Finds nothing."),
        ],
    ),
)
async def list_published(
    call: Reader, item_id: ItemId, query: Annotated[TwowayQuery, Depends(reading(PUBLISHED))]
) -> Response:
    """None: automations are not published as copies."""
    return await _nothing(call, item_id, PUBLISHED, query, {"resourceType": TYPES})


async def _nothing(
    call: Call, item_id: UUID, twoway: Twoway, query: TwowayQuery, known: Mapping[str, tuple[str, ...]]
) -> Response:
    for name, text in query.wishes:
        if name in known and text not in known[name]:
            raise BadInput(f"The parameter {name} is one of {', '.join(known[name])}.", parameter=name)
    own = msgspec.structs.replace(twoway, name=f"{twoway.name}-of-{item_id}")
    async with call.unit() as unit:
        await _reach(call, unit, item_id)
        statement = unit.select(automations, *COLUMNS).where(sa.false())
        return Json(await own.answer(call, unit, query, lambda _: statement, dict))


async def _reach(
    call: Call, unit: Unit, item_id: UUID, to: space_roles.Ability = "see", *, lock: bool = False
) -> dict[str, Any]:
    try:
        return await reach(call, unit, item_id, to=to, lock=lock)
    except NotFound:
        raise NotFound("There is no such item.") from None


async def _item(call: Call, unit: Unit, item_id: UUID, *, everywhere: bool = False) -> Response:
    row = await unit.one(_items(call, unit, {}, everywhere=everywhere).where(automations.c.id == item_id))
    if row is None:
        raise NotFound("There is no such item.")
    return Json(_shower(call)(row))


def _items(call: Call, unit: Unit, wishes: Mapping[str, str], *, everywhere: bool = False) -> Select[Any]:
    by = call.principal
    columns: list[ColumnElement[Any]] = [*COLUMNS]
    if not truth("noActions", wishes.get("noActions") or "false"):
        columns += [
            visible(automations, by, ability="run").label("run"),
            visible(automations, by, ability="edit").label("edit"),
            sa.literal(by.is_admin).label("own"),
        ]
    seen = sa.true() if everywhere else visible(automations, by)
    return unit.select(automations, *columns).where(seen, *conditions(wishes, by.user_id))


def _shower(call: Call) -> Any:
    base = call.edge.origin.base(call.request)
    return lambda row: show_item(row, call.principal.tenant_id, base)


def _settings(stored: Mapping[str, Any]) -> Response:
    return Json({"usageMetricsEnabled": stored.get(SETTING) is not False})
