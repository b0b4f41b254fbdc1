"""Of automations, their versions and their runs."""

from __future__ import annotations

from collections.abc import Mapping

from tests.api.provocations.common import automation, connection, had, special
from tests.api.provoking import Answer, Operation, Stage
from tests.api.test_automations import workspace
from tieline.core.ids import new_id


async def saved(stage: Stage) -> tuple[str, Mapping[str, str]]:
    """An automation, and the tag that it had before somebody saved it again."""
    made = await automation(stage)
    where = f"/api/v1/automations/{made['id']}"
    tag = (await had(stage, "GET", where))["headers"]["etag"]
    await had(stage, "PUT", where, {"name": "Changed", "workspace": workspace("manual")})
    return made["id"], {"if-match": tag}


@special("PUT automations/{id}", 409)
@special("POST automations/{id}/actions/unpin", 409)
@special("POST automations/{id}/versions/{version}/actions/publish", 409)
@special("POST automations/{id}/versions/{version}/actions/restore", 409)
@special("PATCH automations/{id}/versions/{version}", 409)
async def stale_automation(stage: Stage, operation: Operation) -> Answer:
    identity, stale = await saved(stage)
    headers = {**stage.headers(operation), **(stale if operation.method != "patch" else {"if-match": '"0-stale"'})}
    return await stage.ask(operation, ids={"id": identity, "version": "1"}, headers=headers)


@special("POST automations/{id}/actions/execute", 409)
async def not_triggered(stage: Stage, operation: Operation) -> Answer:
    made = await automation(stage, "triggered")
    body = {"name": "A", "workspace": workspace("manual")}
    await had(stage, "PUT", f"/api/v1/automations/{made['id']}", body)
    return await stage.ask(operation, ids={"id": made["id"]}, headers={"x-execution-token": made["executionToken"]})


async def run(stage: Stage) -> dict[str, str]:
    made = await automation(stage)
    begun = await had(stage, "POST", f"/api/v1/automations/{made['id']}/runs", {"context": "api"})
    return {"id": made["id"], "runId": begun["id"]}


@special("GET automations/{id}/runs/{runId}/records", 404)
async def records_of_nothing(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, ids=await run(stage), query="?loop=b9999")


@special("GET runs/statistics", 404)
async def figures_of_nothing(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, query=f"?automationId={new_id()}")


@special("POST automations/{id}/runs/{runId}/actions/resume", 409)
async def resumed_without_pause(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, ids=await run(stage))


@special("POST automations/{id}/runs/{runId}/actions/pause", 409)
async def paused_twice(stage: Stage, operation: Operation) -> Answer:
    ids = await run(stage)
    await stage.ask(operation, ids=ids)
    return await stage.ask(operation, ids=ids)


@special("PUT automations/{id}/tool", 409)
@special("PUT automation-connections/{id}/tools", 409)
async def tool_name_taken(stage: Stage, operation: Operation) -> Answer:
    name = f"tool_{new_id().hex[-12:]}"
    ids = []
    for _ in range(2):
        made = await (automation(stage, "triggered") if "automations" in operation.path else connection(stage))
        ids.append({"id": made["id"]})
    await stage.ask(operation, ids=ids[0], body={"enabled": True, "name": name})
    return await stage.ask(operation, ids=ids[1], body={"enabled": True, "name": name})


@special("POST formulas/actions/preview", 404)
async def formula_of_no_run(stage: Stage, operation: Operation) -> Answer:
    body = {**operation.body, "automationId": str(new_id()), "runId": str(new_id())}
    return await stage.ask(operation, body=body)


@special("POST automations/{id}/runs/{runId}/actions/rerun", 409)
async def disabled_automation(stage: Stage, operation: Operation) -> Answer:
    ids = await run(stage)
    await had(stage, "POST", f"/api/v1/automations/{ids['id']}/actions/disable")
    return await stage.ask(operation, ids=ids)


@special("POST automations/{id}/actions/test", 409)
async def automation_of_a_disabled_person(stage: Stage, operation: Operation) -> Answer:
    made = await automation(stage, "manual")
    user = await had(stage, "POST", "/api/v1/users", {"subject": str(new_id())})
    await had(stage, "POST", f"/api/v1/automations/{made['id']}/actions/change-owner", {"userId": user["id"]})
    disabled = [{"op": "replace", "path": "/status", "value": "disabled"}]
    await had(stage, "PATCH", f"/api/v1/users/{user['id']}", disabled)
    return await stage.ask(operation, ids={"id": made["id"]})
