"""Of people and what administrators of a tenant keep: spaces, users, tenants, OAuth, origins, webhooks."""

from __future__ import annotations

import httpx

from tests.api.oauth_world import BACK, code_of, make
from tests.api.provocations.common import had, special
from tests.api.provoking import Answer, Operation, Stage
from tieline.core.ids import new_id


@special("GET csp-origins/actions/generate-header", 406)
async def no_form_that_is_wanted(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, headers={**stage.headers(operation), "accept": "image/png"})


@special("POST /oauth/token", 401)
async def wrong_secret(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, body={**stage.doors[operation.name]["body"], "client_secret": "wrong"})


@special("POST spaces", 409)
async def second_space(stage: Stage, operation: Operation) -> Answer:
    body = {"name": f"Twice {new_id()}", "type": "shared"}
    await had(stage, "POST", "/api/v1/spaces", body)
    return await stage.ask(operation, body=body)


async def space(stage: Stage) -> str:
    made = await had(stage, "POST", "/api/v1/spaces", {"name": str(new_id()), "type": "shared"})
    return str(made["id"])


@special("POST spaces/{spaceId}/assignments", 409)
async def second_assignment(stage: Stage, operation: Operation) -> Answer:
    ids = {"spaceId": await space(stage)}
    user = (await had(stage, "POST", "/api/v1/users", {"subject": str(new_id())}))["id"]
    body = {"type": "user", "assigneeId": user, "roles": ["consumer"]}
    await stage.ask(operation, ids=ids, body=body)
    return await stage.ask(operation, ids=ids, body=body)


@special("DELETE spaces/{spaceId}", 412)
async def full_space(stage: Stage, operation: Operation) -> Answer:
    ids = {"spaceId": await space(stage)}
    await had(stage, "POST", "/api/v1/automations", {"name": "a", "spaceId": ids["spaceId"]})
    return await stage.ask(operation, ids=ids)


@special("POST users", 409)
async def second_user(stage: Stage, operation: Operation) -> Answer:
    body = {"subject": str(new_id())}
    await had(stage, "POST", "/api/v1/users", body)
    return await stage.ask(operation, body=body)


@special("POST oauth-clients/{id}/client-secrets", 409)
async def sixth_secret(stage: Stage, operation: Operation) -> Answer:
    made = await had(stage, "POST", "/api/v1/oauth-clients", {"appType": "web", "clientName": "Many"})
    ids = {"id": made["clientId"]}
    for _ in range(4):
        await stage.ask(operation, ids=ids)
    return await stage.ask(operation, ids=ids)


@special("POST tenants/{tenantId}/actions/deactivate", 412)
@special("POST tenants/{tenantId}/actions/reactivate", 412)
async def another_hostname(stage: Stage, operation: Operation) -> Answer:
    made = await had(stage, "POST", "/api/v1/tenants", {"name": "T"})
    headers = {**stage.headers(operation), "qlik-confirm-hostname": "other.example"}
    return await stage.ask(operation, ids={"tenantId": made["id"]}, headers=headers)


@special("POST /oauth/token", 403)
async def disabled_person(stage: Stage, operation: Operation) -> Answer:
    admin = {"authorization": f"Bearer {stage.admin}"}
    async with httpx.AsyncClient(base_url=stage.plain, headers=admin, verify=False, timeout=60) as api:
        client = await make(api)
    user = await had(stage, "POST", "/api/v1/users", {"subject": str(new_id())})
    key = await had(stage, "POST", "/api/v1/api-keys", {"description": "x", "sub": user["id"]})
    code, verifier = await code_of(stage.plain, client, key["token"])
    await had(
        stage,
        "PATCH",
        f"/api/v1/users/{user['id']}",
        [{"op": "replace", "path": "/status", "value": "disabled"}],
    )
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": BACK,
        "client_id": client["clientId"],
        "client_secret": client["clientSecret"],
    }
    return await stage.ask(operation, body=body)


@special("POST /oauth/consent", 403)
async def form_of_another_page(stage: Stage, operation: Operation) -> Answer:
    door = stage.doors[operation.name]
    return await stage.ask(operation, headers={**door["headers"], "origin": "https://evil.example"})


@special("POST webhooks/{id}/actions/replay", 404)
async def replay_of_nothing(stage: Stage, operation: Operation) -> Answer:
    body = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    return await stage.ask(operation, body=body)
