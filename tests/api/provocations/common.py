"""What the provocations of all families work with, and what nothing here brings about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.api.provoking import Operation, Provocation, Stage
from tests.api.test_automations import workspace
from tests.api.test_connectors import DOCUMENT
from tieline.core.ids import new_id

SPECIAL: dict[tuple[str, int], Provocation] = {}

EMPTY_LIST = "a list that finds nothing is empty; only the vendor's document has this status"
EXPIRED = "time has to pass: tests/api/test_connect_sessions.py"
RACE = "of two browsers that come back at once, one; tests/api/test_connect_hostile.py lets them"
UPSTREAM = "tests/connectors and tests/api/test_connector_*.py hold it against APIs that fail"

OUT_OF_REACH: dict[tuple[str, int], str] = {
    ("GET items", 404): EMPTY_LIST,
    ("GET users/actions/count", 404): EMPTY_LIST,
    ("GET users/actions/count", 403): "everybody may count the users; the vendor's document has it",
    ("GET csrf-token", 404): "there always is one",
    **{
        (f"{method} automation-connections/{{id}}/{path}", status): UPSTREAM
        for method, path, statuses in (
            ("GET", "objects", (422, 502, 504)),
            ("GET", "objects/{object}/fields", (422, 502, 504)),
            ("POST", "blocks/{block}/inputs/{input}/actions/options", (422, 502, 504)),
            ("POST", "actions/probe", (409, 504)),
            ("POST", "blocks/{block}/actions/call", (422,)),
            ("POST", "actions/reconcile-webhooks", (409, 502, 504)),
        )
        for status in statuses
    },
    **{("POST webhook-subscriptions", status): UPSTREAM for status in (409, 422, 502, 504)},
    ("POST /hooks/{token}", 401): "only of vendors that sign: tests/connectors/webhooks/test_receiving.py",
    ("GET /connect/callback", 409): RACE,
    ("GET /connect/{token}", 410): EXPIRED,
    ("POST /connect/{token}", 410): EXPIRED,
    ("POST automations/{id}/actions/execute", 429): "200 waiting runs: tests/batteries/test_limits.py",
    ("PUT automations/settings", 409): "settings have no versions; only the vendor's document has this status",
    ("POST /connect/callback", 409): RACE,
    ("POST automation-connectors", 409): "of two that save the same name at once, one",
    ("POST automation-connectors/catalog/{name}/actions/add", 409): "of two that save the same name at once, one",
    ("PUT automation-connectors/{connectorId}", 409): "of two that save the same name at once, one",
    ("PATCH automation-connectors/{connectorId}/facts", 409): "of two that save the same name at once, one",
    ("POST automation-connectors/{connectorId}/actions/certify", 504): "a minute has to pass",
    ("PUT items/{itemId}", 409): "nothing of an item is unique; only the vendor's document has this status",
    ("POST spaces/{spaceId}/shares", 409): "there are no shares; every attempt to make one is 403",
}


def out_of_reach(operation: Operation, status: int) -> bool:
    """True for what is listed, and for the states that the partner's API has a folder of tests about."""
    partners = operation.path.startswith(("/oem/", "/api/v1/templates", "/api/v1/integrations"))
    return (operation.family, status) in OUT_OF_REACH or (partners and status == 409)


def special(family: str, *statuses: int) -> Any:
    """Registers how an operation comes to these statuses."""

    def register(provocation: Provocation) -> Provocation:
        for status in statuses:
            SPECIAL[family, status] = provocation
        return provocation

    return register


async def had(
    stage: Stage, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What an administrator gets who does this, which has to go well."""
    sent = {"authorization": f"Bearer {stage.admin}", **(headers or {})}
    answer = await stage.client.request(method, stage.plain + path, json=body, headers=sent)
    assert answer.is_success, f"{method} {path}: {answer.text}"
    content: dict[str, Any] = {"headers": dict(answer.headers)}
    return {**content, **answer.json()} if answer.content else content


async def automation(stage: Stage, mode: str = "manual") -> dict[str, Any]:
    return await had(stage, "POST", "/api/v1/automations", {"name": "A", "workspace": workspace(mode)})


async def connector(stage: Stage, **body: Any) -> str:
    wish = body or {"document": DOCUMENT}
    made = await had(stage, "POST", "/api/workflows/automation-connectors", wish)
    return str(made["id"])


async def hooked(stage: Stage) -> dict[str, str]:
    """The id of a webhook subscription of its own, and the secret part of its address."""
    wish = {"event": f"manual-{new_id()}", "consumer": "log:"}
    made = await had(stage, "POST", "/api/v1/webhook-subscriptions", wish)
    return {"id": made["id"], "token": made["url"].rpartition("/")[2]}


async def connection(stage: Stage) -> dict[str, Any]:
    body = {"connectorId": await connector(stage), "name": "One"}
    return await had(stage, "POST", "/api/v1/automation-connections", body)
