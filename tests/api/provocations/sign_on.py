"""Of the ways in from a partner's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.api.embed import signing
from tests.api.provocations.common import had, special
from tests.api.provoking import Answer, Operation, Stage
from tests.api.test_automations import workspace
from tieline.core.ids import new_id


def sign_on(stage: Stage, **claims: Any) -> dict[str, str]:
    """A good sign-on token of the partner, and whose it is."""
    token = signing.token(stage.partner["x-api-key"], signing.claims(jti=str(new_id()), **claims))
    return {"jwt": token, "appid": stage.partner["x-app-id"]}


SIGN_ON = (
    "GET /sso",
    "GET /sso/templates",
    "GET /sso/templates/{guid}/install",
    "GET /sso/integrations/{id}/settings",
)


async def linked(stage: Stage, operation: Operation, values: Mapping[str, str], address: str = "") -> Answer:
    return await stage.ask(operation, address=address, query=f"?{httpx.QueryParams(values)}")


async def sign_on_of_nobody(stage: Stage, operation: Operation) -> Answer:
    return await linked(stage, operation, {**sign_on(stage), "appid": "nobody"})


async def sign_on_for_another_page(stage: Stage, operation: Operation) -> Answer:
    if "{guid}" in operation.path:
        made = await had(
            stage, "POST", "/oem/v1/templates", {"name": "T", "workspace": workspace("manual")}, stage.partner
        )
        query = f"?{httpx.QueryParams(sign_on(stage, origin='https://evil.example'))}"
        return await stage.ask(operation, ids={"guid": made["guid"]}, query=query)
    return await linked(stage, operation, sign_on(stage, origin="https://evil.example"))


async def too_many_sign_ons(stage: Stage, operation: Operation) -> Answer:
    answer = Answer(0, "", b"")
    ids: dict[str, str] = {}
    if "{guid}" in operation.path:
        made = await had(
            stage, "POST", "/oem/v1/templates", {"name": "T", "workspace": workspace("manual")}, stage.partner
        )
        ids = {"guid": made["guid"]}
    for _ in range(3):
        shown = sign_on(stage)
        if operation.method == "post":
            ids = {"partner": shown["appid"]}
            answer = await stage.ask(operation, address=stage.limited, ids=ids, body={"jwt": shown["jwt"]})
        else:
            answer = await stage.ask(operation, address=stage.limited, ids=ids, query=f"?{httpx.QueryParams(shown)}")
        if answer.status == 429:
            break
    return answer


async def sign_on_without_a_database(stage: Stage, operation: Operation) -> Answer:
    return await linked(stage, operation, sign_on(stage), stage.stopped)


async def sign_on_with_a_fault(stage: Stage, operation: Operation) -> Answer:
    return await linked(stage, operation, sign_on(stage), stage.faulty)


for _family in SIGN_ON:
    special(_family, 403)(sign_on_for_another_page)
    special(_family, 404)(sign_on_of_nobody)
    special(_family, 429)(too_many_sign_ons)
    special(_family, 500)(sign_on_with_a_fault)
    special(_family, 503)(sign_on_without_a_database)
special("POST /embed/{partner}/sessions", 429)(too_many_sign_ons)


@special("POST /embed/{partner}/sessions", 401)
async def token_of_nobody(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, ids={"partner": stage.partner["x-app-id"]}, body={"jwt": "a.b.c"})


@special("POST /embed/{partner}/sessions", 403)
async def sign_on_by_a_foreign_page(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, headers={"origin": "https://evil.example"}, body={"jwt": "a.b.c"})


@special("POST /embed/{partner}/sessions", 404)
async def sign_on_at_nobody(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, body={"jwt": "a.b.c"})


@special("POST /embed/{partner}/sessions", 500)
async def session_with_a_fault(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, address=stage.faulty, body={"jwt": "a.b.c"})


@special("POST /embed/{partner}/sessions", 503)
async def session_without_a_database(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, address=stage.stopped, body={"jwt": "a.b.c"})
