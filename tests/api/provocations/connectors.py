"""Of connectors, their connections, and what vendors deliver."""

from __future__ import annotations

import json

from tests.api.provocations.common import connection, connector, had, hooked, special
from tests.api.provoking import Answer, Operation, Provocation, Stage
from tests.api.test_connectors import DOCUMENT
from tieline.core.ids import new_id


@special("GET /hooks/{token}", 405)
async def delivered_by_get(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation)


@special("GET /hooks/{token}", 410)
@special("POST /hooks/{token}", 410)
async def removed_hook(stage: Stage, operation: Operation) -> Answer:
    hook = await hooked(stage)
    await had(stage, "DELETE", f"/api/v1/webhook-subscriptions/{hook['id']}")
    return await stage.ask(operation, ids=hook)


@special("PUT automation-connections/{id}", 409)
async def stale_connection(stage: Stage, operation: Operation) -> Answer:
    made = await connection(stage)
    headers = {**stage.headers(operation), "if-match": '"stale"'}
    return await stage.ask(operation, ids={"id": made["id"]}, headers=headers)


@special("DELETE automation-connectors/{connectorId}", 409)
async def connector_in_use(stage: Stage, operation: Operation) -> Answer:
    made = await connection(stage)
    return await stage.ask(operation, ids={"connectorId": made["connectorId"]})


@special("GET automation-connectors/{connectorId}/drift", 409)
async def connector_of_no_address(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, ids={"connectorId": await connector(stage)})


@special("POST automation-connectors", 422)
@special("PUT automation-connectors/{connectorId}", 422)
@special("POST automation-connectors/{connectorId}/diff", 422)
@special("POST automation-connectors/actions/preview", 422)
async def document_of_nothing(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, ids=stage.ids, body={"document": {"hello": "world"}})


@special("POST automation-connectors", 502)
@special("PUT automation-connectors/{connectorId}", 502)
@special("POST automation-connectors/{connectorId}/diff", 502)
@special("POST automation-connectors/actions/preview", 502)
async def nobody_at_the_address(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, ids=stage.ids, body={"source": "http://127.0.0.1:1/api.json"})


@special("POST automation-connectors/{connectorId}/diff", 404)
async def diff_of_nothing(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, body={"document": DOCUMENT})


@special("POST webhook-subscriptions", 404)
async def subscription_of_no_connection(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, body={"connectionId": str(new_id()), "event": "x", "consumer": "log:"})


@special("PATCH automation-connectors/{connectorId}/facts", 422)
async def facts_that_fit_nothing(stage: Stage, operation: Operation) -> Answer:
    ids = {"connectorId": await connector(stage)}
    answer = await had(stage, "GET", f"/api/workflows/automation-connectors/{ids['connectorId']}/blocks")
    path = f"/blocks/{answer['data'][0]['key']}/auth"
    return await stage.ask(operation, ids=ids, body={"facts": [{"path": path, "value": ["nobody"]}]})


@special("POST automation-connections/{id}/blocks/{block}/actions/call", 409)
async def call_that_nobody_confirms(stage: Stage, operation: Operation) -> Answer:
    made = await connection(stage)
    where = f"/api/workflows/automation-connectors/{made['connectorId']}/blocks"
    writing = next(one for one in (await had(stage, "GET", where))["data"] if one["writes"])
    return await stage.ask(operation, ids={"id": made["id"], "block": writing["key"]}, body={})


async def upstream(stage: Stage, mode: str) -> str:
    """The id of a connector whose document has an address, which from now on answers so: bad, cut, hang."""
    name = new_id().hex
    made = await connector(stage, source=f"{stage.documents}/{name}")
    stage.modes[name] = mode
    return made


def drifting(mode: str) -> Provocation:
    async def drift(stage: Stage, operation: Operation) -> Answer:
        return await stage.ask(operation, ids={"connectorId": await upstream(stage, mode)})

    return drift


special("GET automation-connectors/{connectorId}/drift", 422)(drifting("bad"))
special("GET automation-connectors/{connectorId}/drift", 502)(drifting("cut"))
special("GET automation-connectors/{connectorId}/drift", 504)(drifting("hang"))


@special("POST automation-connectors", 504)
@special("PUT automation-connectors/{connectorId}", 504)
@special("POST automation-connectors/{connectorId}/diff", 504)
@special("POST automation-connectors/actions/preview", 504)
async def address_that_hangs(stage: Stage, operation: Operation) -> Answer:
    name = new_id().hex
    stage.modes[name] = "hang"
    return await stage.ask(operation, ids=stage.ids, body={"source": f"{stage.documents}/{name}"})


def least_document() -> bytes:
    """What the addresses of connectors give at first."""
    return json.dumps(DOCUMENT).encode()
