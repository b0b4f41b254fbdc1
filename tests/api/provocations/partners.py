"""Of the partner's API."""

from __future__ import annotations

from tests.api.provocations.common import special
from tests.api.provoking import Answer, Operation, Stage


@special("POST /oem/v1/webhooks/{webhook}/replay", 404)
async def replay_of_no_webhook(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, body={"since": "2026-01-01T00:00:00Z"})


@special("POST /oem/v1/templates/{template}/install", 404)
async def template_of_nobody(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, body={"account": stage.ids["account"]})


@special("GET /oem/v1/health", 404)
async def health_of_no_template(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, query="?template=nothing")


@special("GET /oem/v1/audits", 404)
async def log_of_no_account(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, query="?account=nothing")
